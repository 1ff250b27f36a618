/**
 * The smarthost as a connection is opened to it.
 *
 * @module
 */

/** Where to connect to, and how. */
export type Smarthost = {
  /** A host name or an IP address. */
  host: string;
  port: number;
  /** `tls` from the first byte, `starttls` demanded, `none` in the clear. */
  encryption: "none" | "starttls" | "tls";
  /** Whether the certificate has to be valid. */
  verify: boolean;
  /** Certificate authorities in PEM, beside those that the runtime trusts by itself. */
  authorities: readonly string[];
  /** Gives all certificates that this host trusts, in DER, to say why one is not valid. */
  trusted?: () => readonly Uint8Array[];
};

/** What openConnection needs to know beside the smarthost. */
export type ConnectionOptions = {
  /** The host's fully qualified name for EHLO; without one the address literal is used. */
  hostName?: string;
  /** The longest wait for any one whole answer, in milliseconds. */
  timeout: number;
  /** Takes the lines of the dialogue, `> EHLO …` and `< 250 …`, for whoever wants to see them. */
  transcript: (said: string) => void;
  /** Takes each step that has worked, with a detail for people. */
  progress: (step: "resolve" | "connect" | "encrypt", detail: string) => void;
};

/** How to open a connection; `where` is the smarthost as `host:port`. */
export type Opening = ConnectionOptions & { where: string };
