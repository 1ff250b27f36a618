/**
 * The options for a connection to the smarthost.
 *
 * @module
 */

/** Where to connect to, and how. */
export type Smarthost = {
  /** A host name or an IP address. */
  host: string;
  port: number;
  /** `tls` from the first byte, `starttls` required, `none` unencrypted. */
  encryption: "none" | "starttls" | "tls";
  /** Whether the certificate has to be valid. */
  verify: boolean;
  /** Certificate authorities in PEM, beside those that the runtime trusts by itself. */
  authorities: readonly string[];
  /** Gives all certificates that this host trusts, in DER, to say why one is not valid. */
  trusted?: () => readonly Uint8Array[];
};

/** The options of openConnection. */
export type ConnectionOptions = {
  /** The host's fully qualified name for EHLO; without one the address literal is used. */
  hostName?: string;
  /** The longest wait for any one whole answer, in milliseconds. */
  timeout: number;
  /** Called with each command and reply, `> EHLO …` and `< 250 …`. */
  transcript: (said: string) => void;
  /** Called after each successful step, with a detail for people. */
  progress: (step: "resolve" | "connect" | "encrypt", detail: string) => void;
};

/** The same, with the smarthost as `host:port` for error messages. */
export type Opening = ConnectionOptions & { where: string };
