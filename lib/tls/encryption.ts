/**
 * TLS on an open socket: the handshake, and what the runtime says where it fails.
 *
 * @module
 */

import { isIP, type Socket } from "node:net";
import { connect as connectTls, type PeerCertificate, type TLSSocket } from "node:tls";
import { ExitStatus, Failure } from "../outcome.ts";
import { reasonOf, systemCode, timedOut, tlsAlert } from "../text/mod.ts";
import { certificateName } from "./certificate_name.ts";
import { CERTIFICATE_DEMANDED, NEEDED } from "./offer.ts";

/** The words for a server that says something else than TLS. */
export const NOT_TLS = "the server does not answer in TLS";

/** How a connection is encrypted. */
export type Encryption = {
  /** `TLSv1.3`, or `TLSv1.2 or newer` where the runtime does not tell. */
  protocol: string;
  /** The name in the server's certificate. */
  subject: string;
  /** The name of the authority that issued it. */
  issuer: string;
  /** When the certificate ends. */
  validTo: Date;
};

/** For people: the protocol, whose certificate, from whom, and until when. */
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
  /** The first error of the socket, which Deno 2.9 tells nobody who listens later. */
  tlsError: () => unknown;
};

/** What encrypt needs to know of the smarthost. */
export type TlsSettings = { host: string; verify: boolean; authorities: readonly string[] };

/** What the runtimes say of a certificate, in words, where the certificate itself tells nothing. */
const CERTIFICATE_REASONS: readonly [RegExp, string][] = [
  [
    /UnknownIssuer|UNABLE_TO_GET_ISSUER|SELF_SIGNED_CERT_IN_CHAIN/,
    "issued by an authority that this host does not trust",
  ],
  [
    // Deno 2.9 says this of all four.
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

/** What a handshake has failed of, where a second look at the server can tell more. */
export type TlsFault =
  /** The certificate. */
  | "certificate"
  /** The signature of the certificate, or of the handshake by the certificate's key. */
  | "signature"
  /** What both sides can speak, or a certificate that the server demands. */
  | "offer";

/** The error of the runtime in a failure of {@linkcode encrypt}. */
export function tlsFault({ details: { cause } }: Failure): TlsFault | undefined {
  if (!(cause instanceof Error)) return undefined;
  const text = textOf(cause);
  if (SIGNATURE.test(text)) return "signature";
  if (CERTIFICATE.test(text)) return "certificate";
  const alert = tlsAlert(cause);
  return alert !== undefined && OFFER_ALERTS.includes(alert) ? "offer" : undefined;
}

/** Whether the runtime takes for a server neither an authority, nor X.509 v1, nor a common name. */
export function isStrictRuntime({ details: { cause } }: Failure): boolean {
  return cause instanceof Error && /^invalid peer certificate/.test(cause.message);
}

const SIGNATURE = /BadSignature|CERT_SIGNATURE_FAILURE|decrypt_error|DECRYPT_ERROR|bad signature/;
const CERTIFICATE = /invalid peer certificate|UNABLE_TO_|SELF_SIGNED|CERT_/;
const OFFER_ALERTS = ["HandshakeFailure", "InsufficientSecurity", "ProtocolVersion"]
  .concat(["BadCertificate", "CertificateUnknown"]);

/**
 * Encrypts the connection to the smarthost. It has to be called in the very event that says that
 * the socket is ready for it, before any `await`: a read that Deno 2.7 begins behind that event
 * swallows what the server says in the handshake. `where` is its `host:port`, `timeout` the longest
 * wait for the handshake in milliseconds. Throws a Failure: 77 for a certificate that is not valid,
 * 76 when the server does not speak TLS 1.2 or newer or has sent something before the handshake, 75
 * when it hangs up or falls silent. Its cause is the runtime's error.
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
      new Failure({ status: ExitStatus.tryAgain, what: "TLS handshake failed", where, why }),
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
    // Deno 2.7 says 'secureConnect' after a failed handshake too, without a certificate; its
    // 'error' with the reason follows.
    if (!certificate?.subject) return;
    const encryption = describe(secured, certificate);
    resolve({ socket: secured, encryption, certificate: certificate.raw, tlsError: () => first });
  });
  let first: unknown;
  secured.on("error", (error) => {
    first ??= error;
    reject(handshakeFailure(error, where));
  });
  secured.once("close", () => fail("the server closed the connection"));
  return promise.finally(() => clearTimeout(timer)).catch((error) => {
    secured.destroy();
    throw error;
  });
}

/** Stands in for a name where none is told and none is verified. */
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
    what: "TLS handshake failed",
    where,
    cause: error,
  });
}

/** The words of the runtime, which are its own, are never shown. */
function certificateReason(text: string): string {
  return CERTIFICATE_REASONS.find(([pattern]) => pattern.test(text))?.[1] ??
    "this program cannot check it";
}

function brokenHandshake(error: Error, text: string) {
  const isHangUp = /disconnected before secure TLS/.test(text);
  // Deno 2.9 has the code of a reset for a hang-up in the handshake, and other words.
  if (isHangUp) return { status: ExitStatus.tryAgain, why: "the server closed the connection" };
  const isOfTls = systemCode(error) === undefined || /ERR_SSL|ERR_TLS/.test(text);
  if (!isOfTls) return { status: ExitStatus.tryAgain, why: reasonOf(error) };
  const isGarbage = /corrupt message|InvalidContentType|InvalidMessage|WRONG_VERSION/.test(text);
  const why = isGarbage ? NOT_TLS : "the server's answer is not valid";
  return { status: ExitStatus.protocol, why };
}

/**
 * The failure that an alert of the server's means, also after the handshake: in TLS 1.3 the client
 * has finished before the server says no (RFC 8446, 2). Nothing where the error is no alert.
 */
export function alertFailure(error: unknown, where: string): Failure | undefined {
  const alert = tlsAlert(error);
  if (alert === undefined) return undefined;
  const isDemanded = alert === "CertificateRequired";
  const isOffer = alert === "HandshakeFailure" || alert === "InsufficientSecurity";
  const nothing = `the server accepts nothing that this host offers (${NEEDED})`;
  return new Failure({
    status: isDemanded ? ExitStatus.notAllowed : ExitStatus.protocol,
    what: "TLS handshake failed",
    where,
    why: isDemanded ? CERTIFICATE_DEMANDED : isOffer ? nothing : reasonOf(error),
    cause: error,
  });
}

/** The failure of a certificate, with the reason in words. */
export function notValid(why: string, where: string, cause?: unknown): Failure {
  const what = "Certificate of the smarthost is not valid";
  return new Failure({ status: ExitStatus.notAllowed, what, where, why, cause });
}
