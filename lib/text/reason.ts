/**
 * Turns system errors into words: an administrator reads "connection refused" and not
 * `connect ECONNREFUSED 192.0.2.1:587`.
 *
 * @module
 */

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EADDRNOTAVAIL: "address not available",
  EAFNOSUPPORT: "this host does not have that kind of address",
  EAI_AGAIN: "the name service does not answer",
  EAI_FAIL: "the name service has failed",
  EAI_SYSTEM: "the name service cannot be asked",
  EBADF: "not open for this",
  ECONNABORTED: "connection aborted",
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset by the server",
  EHOSTDOWN: "host is down",
  EHOSTUNREACH: "no route to host",
  EINVAL: "invalid address",
  EIO: "input/output error",
  EISDIR: "is a directory",
  EMFILE: "too many open files",
  ENFILE: "too many open files on this host",
  ENOBUFS: "no memory for connections",
  ENODATA: "the name has no address",
  ENOMEM: "out of memory",
  ENOSPC: "no space left on the device",
  ENETDOWN: "network is down",
  ENETUNREACH: "network is unreachable",
  ENOENT: "no such file or directory",
  ENOTDIR: "not a directory",
  ENOTFOUND: "name not found",
  EPERM: "permission denied",
  EPIPE: "connection closed by the server",
  ETIMEDOUT: "timed out",
  // The code of Deno 2.7 if it cannot write to a connection, for any reason.
  UNKNOWN: "connection broken off",
};

/** TLS alerts (RFC 8446, 6.2), by the names that the runtime gives them. */
const ALERTS: Readonly<Record<string, string>> = {
  AccessDenied: "the server denies access",
  CertificateRequired: "the server demands a certificate of this host",
  HandshakeFailure: "the server accepts nothing that this host offers",
  InsufficientSecurity: "the server accepts nothing that this host offers",
  InternalError: "the server has a fault",
  ProtocolVersion: "the server speaks no TLS that is new enough (1.2 or 1.3)",
  UnrecognizedName: "the server does not know the name that it was asked for",
  UnrecognisedName: "the server does not know the name that it was asked for",
};

/** Gives the name of the TLS alert in an error; nothing if the error is not an alert. */
export function tlsAlert(error: unknown): string | undefined {
  const message = error instanceof Error ? error.message : "";
  return /received fatal alert: (\w+)/.exec(message)?.[1];
}

function alertWords(alert: string): string {
  const words = alert.replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase();
  return ALERTS[alert] ?? `the server broke off TLS: ${words}`;
}

/** Gives the system code of an error (`ECONNREFUSED`), also if a library replaced it by its own. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  for (const key of ["originalCode", "code"]) {
    const code: unknown = Reflect.get(error, key);
    if (typeof code === "string") return code;
  }
  return undefined;
}

/** Gives the reason of an error in words; an error without words here keeps its own message. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return [...new Set(error.errors.map(reasonOf))].join("; ");
  }
  const message = error instanceof Error ? error.message : String(error);
  const alert = tlsAlert(error);
  if (alert !== undefined) return alertWords(alert);
  const code = systemCode(error);
  const words = code === undefined ? undefined : REASONS[code];
  if (words !== undefined) return words;
  return message === "" ? (code ?? "unknown error") : message;
}

/** Gives `timed out after 30 s`; `timeout` is in milliseconds. */
export function timedOut(timeout: number): string {
  return `timed out after ${timeout / 1000} s`;
}
