/**
 * TLS on an open socket: the handshake, the certificate, and in words why one did not pass.
 *
 * @module
 */

import { isIP, type Socket } from "node:net";
import { connect as connectTls, type PeerCertificate, type TLSSocket } from "node:tls";
import { asciiDomain } from "../address/mod.ts";
import { ExitStatus, Failure } from "../outcome.ts";
import { reasonOf, systemCode, timedOut } from "../text/mod.ts";

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

/** An encrypted socket, and how it is. */
export type Encrypted = { socket: TLSSocket; encryption: Encryption };

/** What encrypt needs to know of the smarthost. */
export type TlsSettings = { host: string; verify: boolean; authorities: readonly string[] };

/** A certificate that does not pass, as the runtimes say it, in words for an administrator. */
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
  [/BadSignature|CERT_SIGNATURE_FAILURE/, "not signed by the authority that it names"],
  [/CaUsedAsEndEntity|DEPTH_ZERO_SELF_SIGNED/, "self-signed, and not trusted by this host"],
  [/certificate expired|CERT_HAS_EXPIRED/, "expired"],
  [/not valid yet|CERT_NOT_YET_VALID/, "not valid yet"],
  [/extended key usage|InvalidPurpose|INVALID_PURPOSE/, "not made for a server"],
  [/UnsupportedCertVersion/, "of a version older than X.509 v3"],
];

/**
 * Encrypts the connection to the smarthost. It has to be called in the very event that says that
 * the socket is ready for it, before any `await`: a read that Deno 2.7 begins behind that event
 * swallows what the server says in the handshake. `where` is its `host:port`, `timeout` the longest wait
 * for the handshake in milliseconds. Throws a Failure: 77 for a certificate that does not pass, 76
 * when the server does not speak TLS 1.2 or newer or has sent something before the handshake, 75
 * when it hangs up or falls silent.
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
    reject(notPassing(`${host} is no name that a certificate can be made for`, where));
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
    resolve({ socket: secured, encryption: describe(secured, certificate) });
  });
  secured.on("error", (error) => reject(handshakeFailure(error, host, where)));
  secured.once("close", () => fail("the server closed the connection"));
  return promise.finally(() => clearTimeout(timer)).catch((error) => {
    secured.destroy();
    throw error;
  });
}

/** Stands in for a name where none is told and none is verified. */
const LOOPBACK = "127.0.0.1";

/**
 * The name or the address of a host that has to stand in its certificate: in ASCII, and without the
 * dot behind a name in DNS. Nothing where none can stand there; the runtime would wait for ever.
 */
function certificateName(host: string): string | undefined {
  if (isIP(host) !== 0) return host;
  const name = asciiDomain(host.replace(/\.$/, ""));
  // `127.1` is an address to the name service, and to nobody else.
  return name !== undefined && /(?:^|\.)\d+$/.test(name) ? undefined : name;
}

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

function handshakeFailure(error: Error, host: string, where: string): Failure {
  const text = `${systemCode(error) ?? ""} ${error.message}`;
  const names = /only valid for (.*)$/.exec(error.message)?.[1] ??
    /altnames: .*altnames: (.*)$/.exec(error.message)?.[1];
  const known = names !== undefined || /not valid for name|ALTNAME_INVALID/.test(text)
    ? `not made for ${host}${names === undefined ? "" : `, only for ${plainNames(names)}`}`
    : CERTIFICATE_REASONS.find(([pattern]) => pattern.test(text))?.[1];
  if (known !== undefined || /invalid peer certificate|CERT_/.test(text)) {
    const why = known ?? error.message.replace(/^invalid peer certificate: /, "");
    return notPassing(why, where, error);
  }
  const isGarbage = /corrupt message|InvalidContentType|InvalidMessage/.test(text);
  const isConnection = systemCode(error) !== undefined && !/ERR_SSL|ERR_TLS/.test(text);
  return new Failure({
    status: isConnection && !isGarbage ? ExitStatus.tryAgain : ExitStatus.protocol,
    what: "TLS handshake failed",
    where,
    why: isGarbage ? "the server does not answer in TLS" : lossOf(error),
    cause: error,
  });
}

function notPassing(why: string, where: string, cause?: Error): Failure {
  const what = "Certificate of the smarthost does not pass";
  return new Failure({ status: ExitStatus.notAllowed, what, where, why, cause });
}

/** Deno 2.9 has the code of a reset for a hang-up in the handshake, and other words. */
function lossOf(error: Error): string {
  const isHangUp = /disconnected before secure TLS/.test(error.message);
  return isHangUp ? "the server closed the connection" : reasonOf(error);
}

/** The names in a certificate without the notation of the library that lists them. */
function plainNames(names: string): string {
  return names.replace(/DnsName\("([^"]*)"\)|IpAddress\(([^)]*)\)|DNS:|IP Address:/g, "$1$2");
}
