/**
 * The options for a connection to the smarthost.
 *
 * @module
 */

import type { Trust } from "../tls/mod.ts";

/** Where to connect to, and how. */
export type Smarthost = Trust & {
  /** A host name or an IP address. */
  host: string;
  port: number;
  /** `tls` from the first byte, `starttls` required, `none` unencrypted. */
  encryption: "none" | "starttls" | "tls";
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
