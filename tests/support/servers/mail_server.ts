/**
 * What the honest mail servers of the tests have in common, whoever wrote them.
 *
 * @module
 */

import type { Certificate } from "./certificates.ts";
import type { Login } from "./smtp_login.ts";

/** How an honest server is set up. */
export type MailServerOptions = {
  /** In the clear, with STARTTLS demanded from the client, or TLS from the first byte. */
  encryption: "none" | "starttls" | "tls";
  /** Wanted for everything but `none`. */
  certificate?: Certificate;
  /** Whom it lets in, and nobody else; without, anybody may send. */
  login?: Login;
  /** How it offers that; by XOAUTH2 the password is an access token. */
  mechanisms?: string[];
  /** The largest message that it takes, in octets. */
  size?: number;
  /** Whether it takes addresses outside ASCII (RFC 6531); it does unless told otherwise. */
  smtputf8?: boolean;
};

/** A message that a server has taken. */
export type StoredMessage = {
  sender: string;
  recipients: string[];
  /** The message as it came, without the doubled dots. */
  content: Uint8Array;
  /** Whether it came inside TLS. */
  encrypted: boolean;
  /** Who had logged in. */
  username?: string;
};

/** A running mail server, ended by its disposal. */
export type MailServer = AsyncDisposable & {
  readonly host: string;
  readonly port: number;
  /** The messages that it has taken, in order. */
  messages(): Promise<StoredMessage[]>;
};
