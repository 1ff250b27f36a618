/**
 * TLS on an open socket: the handshake, and the reason if it fails.
 *
 * @module
 */

import { isIP, type Socket } from "node:net";
import { connect as connectTls, type PeerCertificate, type TLSSocket } from "node:tls";
import { ExitStatus, Failure } from "../outcome.ts";
import { reasonOf, systemCode, timedOut, tlsAlert } from "../text/mod.ts";
import { certificateName } from "./certificate_name.ts";
import { CERTIFICATE_DEMANDED, NEEDED } from "./offer.ts";
import type { Trust } from "./trust.ts";

/** The reason for an answer that is not TLS. */
export const NOT_TLS = "the server does not answer in TLS";

/** How a connection is encrypted. */
export type Encryption = {
  /** `TLSv1.3`, or `TLSv1.2 or newer` if the runtime does not tell. */
  protocol: string;
  /** The name in the server's certificate. */
  subject: string;
  /** The name of the authority that issued it. */
  issuer: string;
  /** The end of the certificate's validity. */
  validTo: Date;
};

/** Gives a text for people: protocol, subject, issuer and end of validity. */
export function describeEncryption(encryption: Encryption): string {
  const { protocol, subject, issuer, validTo } = encryption;
  const end = Number.isNaN(validTo.getTime()) ? "?" : validTo.toISOString().slice(0, 10);
  return `${protocol}, certificate of ${subject} from ${issuer}, valid until ${end}`;
}

/** An encrypted socket, how it is encrypted, and the server's certificate in DER. */
export type Encrypted = {
  socket: TLSSocket;
  encryption: Encryption;
  certificate: Uint8Array;
  /**
   * Gives the first error of the socket, also before the event `error`; Deno 2.9 does not repeat that
   * event for later listeners.
   */
  tlsError: () => unknown;
};

/** The settings of encrypt. */
export type TlsSettings = Pick<Trust, "verify" | "authorities"> & { host: string };

/** The reasons for the runtimes' certificate errors, used if the certificate itself does not show one. */
const CERTIFICATE_REASONS: readonly [RegExp, string][] = [
  [
    /UnknownIssuer|UNABLE_TO_GET_ISSUER|SELF_SIGNED_CERT_IN_CHAIN/,
    "issued by an authority that this host does not trust",
  ],
  [
    // Deno 2.9 gives this error for all four.
    /UNABLE_TO_VERIFY_LEAF_SIGNATURE/,
    "issued by an authority that this host does not trust, or expired, or not valid yet, or not " +
    "made for a server",
  ],
  [/DEPTH_ZERO_SELF_SIGNED/, "self-signed, and not trusted by this host"],
  [/CaUsedAsEndEntity/, "it is an authority's (CA:TRUE), which cannot be a server's"],
  [/certificate expired|CERT_HAS_EXPIRED/, "expired"],
  [/not valid yet|CERT_NOT_YET_VALID/, "not valid yet"],
  [/extended key usage|InvalidPurpose|INVALID_PURPOSE/, "not made for a server"],
  [/UnsupportedCertVersion/, "it is not of version 3 of X.509"],
  [/not valid for name|ALTNAME_INVALID/, "not made for this host"],
];

/** The kinds of handshake failures for which further connections can find the reason. */
export type TlsFault =
  /** The certificate. */
  | "certificate"
  /** The signature of the certificate, or the signature of the handshake. */
  | "signature"
  /** No common protocol or cipher suite, or the server demands a client certificate. */
  | "offer"
  /** The connection was lost; the server may have sent an alert that could not be read any more. */
  | "lost";

/** Gives the kind of a failure of {@linkcode encrypt}; nothing for any other failure. */
export function tlsFault({ details }: Failure): TlsFault | undefined {
  const { cause, what, why, status } = details;
  const isLost = what === HANDSHAKE_FAILED && status === ExitStatus.tryAgain;
  if (isLost && !/^timed out/.test(why ?? "")) return "lost";
  if (!(cause instanceof Error)) return undefined;
  const text = textOf(cause);
  if (SIGNATURE.test(text)) return "signature";
  if (CERTIFICATE.test(text)) return "certificate";
  const alert = tlsAlert(cause);
  return alert !== undefined && OFFER_ALERTS.includes(alert) ? "offer" : undefined;
}

/** True if the runtime rejects CA:TRUE, X.509 v1 and a common name without subjectAltName for a server. */
export function isStrictRuntime({ details: { cause } }: Failure): boolean {
  return cause instanceof Error && /^invalid peer certificate/.test(cause.message);
}

const SIGNATURE = /BadSignature|CERT_SIGNATURE_FAILURE|decrypt_error|DECRYPT_ERROR|bad signature/;
const CERTIFICATE = /invalid peer certificate|UNABLE_TO_|SELF_SIGNED|CERT_/;
const HANDSHAKE_FAILED = "TLS handshake failed";
const OFFER_ALERTS = ["HandshakeFailure", "InsufficientSecurity", "ProtocolVersion"]
  .concat(["BadCertificate", "CertificateUnknown"]);

/**
 * Encrypts the connection to the smarthost. It must be called synchronously in the event after which
 * TLS may start, before any `await`: after that event Deno 2.7 starts a read that loses the server's
 * first TLS data. `where` is the server's `host:port`, `timeout` the longest wait for the handshake
 * in milliseconds. Throws a Failure: 77 if the certificate is not valid, 76 if the server does not
 * speak TLS 1.2 or newer or sent data before the handshake, 75 if it closes the connection or does
 * not answer. The cause of the Failure is the runtime's error.
 */
export function encrypt(
  socket: Socket,
  { host, verify, authorities }: TlsSettings,
  where: string,
  timeout: number,
): Promise<Encrypted> {
  const { promise, resolve, reject } = Promise.withResolvers<Encrypted>();
  const fail = (why: string) =>
    reject(
      new Failure({ status: ExitStatus.tryAgain, what: HANDSHAKE_FAILED, where, why }),
    );
  const name = certificateName(host);
  if (name === undefined && verify) {
    reject(notValid(`${host} is no name that a certificate can be made for`, where));
    return promise;
  }
  const secured = connectTls({
    socket,
    host: name ?? LOOPBACK,
    ...(name !== undefined && isIP(name) === 0 && { servername: name }),
    rejectUnauthorized: verify,
    ...(authorities.length > 0 && { ca: [...authorities] }),
  });
  const timer = setTimeout(() => fail(timedOut(timeout)), timeout);
  secured.once("secureConnect", () => {
    const certificate = secured.getPeerCertificate();
    // Deno 2.7 emits 'secureConnect' also after a failed handshake, without a certificate; 'error'
    // follows.
    if (!certificate?.subject) return;
    const encryption = describe(secured, certificate);
    resolve({
      socket: secured,
      encryption,
      certificate: certificate.raw,
      // The socket knows an error before its listeners do.
      tlsError: () => firstError ?? secured.errored,
    });
  });
  let firstError: unknown;
  secured.on("error", (error) => {
    firstError ??= error;
    reject(handshakeFailure(error, where));
  });
  secured.once("close", () => fail("the server closed the connection"));
  return promise.finally(() => clearTimeout(timer)).catch((error) => {
    secured.destroy();
    throw error;
  });
}

/** Used as the name if none is sent and none is verified. */
const LOOPBACK = "127.0.0.1";

function describe(socket: TLSSocket, certificate: PeerCertificate): Encryption {
  // Deno 2.7 has no getProtocol, and speaks nothing older than 1.2.
  const protocol = socket.getProtocol?.() ?? "TLSv1.2 or newer";
  const nameIn = (name: PeerCertificate["subject"] | undefined) =>
    String(name?.CN ?? name?.O ?? "no name");
  return {
    protocol,
    subject: nameIn(certificate.subject),
    issuer: nameIn(certificate.issuer),
    validTo: new Date(certificate.valid_to),
  };
}

function textOf(error: Error): string {
  return `${systemCode(error) ?? ""} ${error.message}`;
}

function handshakeFailure(error: Error, where: string): Failure {
  const text = textOf(error);
  const fault = CERTIFICATE.test(text) || SIGNATURE.test(text);
  if (fault) return notValid(certificateReason(text), where, error);
  return alertFailure(error, where) ?? new Failure({
    ...brokenHandshake(error, text),
    what: HANDSHAKE_FAILED,
    where,
    cause: error,
  });
}

/** The runtime's own words are never shown. */
function certificateReason(text: string): string {
  return CERTIFICATE_REASONS.find(([pattern]) => pattern.test(text))?.[1] ??
    "this program cannot check it";
}

function brokenHandshake(error: Error, text: string) {
  const isHangUp = /disconnected before secure TLS/.test(text);
  // Deno 2.9 gives the code of a reset if the connection is closed in the handshake.
  if (isHangUp) return { status: ExitStatus.tryAgain, why: "the server closed the connection" };
  const isOfTls = systemCode(error) === undefined || /ERR_SSL|ERR_TLS/.test(text);
  if (!isOfTls) return { status: ExitStatus.tryAgain, why: reasonOf(error) };
  const isGarbage = /corrupt message|InvalidContentType|InvalidMessage|WRONG_VERSION/.test(text);
  const why = isGarbage ? NOT_TLS : "the server's answer is not valid";
  return { status: ExitStatus.protocol, why };
}

/**
 * Builds the Failure for a TLS alert of the server; gives nothing if the error is not an alert. An
 * alert may come after the handshake: in TLS 1.3 the client finishes first (RFC 8446, 2).
 */
export function alertFailure(error: unknown, where: string): Failure | undefined {
  const alert = tlsAlert(error);
  if (alert === undefined) return undefined;
  const isDemanded = alert === "CertificateRequired";
  const isOffer = alert === "HandshakeFailure" || alert === "InsufficientSecurity";
  const nothing = `the server accepts nothing that this host offers (${NEEDED})`;
  return new Failure({
    status: isDemanded ? ExitStatus.notAllowed : ExitStatus.protocol,
    what: HANDSHAKE_FAILED,
    where,
    why: isDemanded ? CERTIFICATE_DEMANDED : isOffer ? nothing : reasonOf(error),
    cause: error,
  });
}

/** Builds the Failure (77) for a certificate; `why` is the reason in words. */
export function notValid(why: string, where: string, cause?: unknown): Failure {
  const what = "Certificate of the smarthost is not valid";
  return new Failure({ status: ExitStatus.notAllowed, what, where, why, cause });
}

/**
 * Starts to seed the random numbers of the TLS library, on a thread of its own. The library does
 * this once in a process, when it first needs a random number, and it takes 15 to 25 ms: AWS-LC
 * measures the jitter of the processor's clock. Called as soon as TLS is known to be needed, it runs
 * while the connection is made. Waits for nothing and never fails.
 */
export function seedRandomness(): void {
  // The cheapest call that needs random numbers of that library and does not block.
  crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign"]).catch(() => {});
}
