/**
 * Explains why a server and this program have no TLS version or cipher suite in common.
 *
 * @module
 */

import { ExitStatus } from "../outcome.ts";
import { parseCertificate } from "./certificate.ts";
import { type ServerFlight, SUITES } from "./hello.ts";

/** What a server has to support; the runtime supports nothing older. */
export const NEEDED = "TLS 1.2 with ECDHE and AES-GCM or ChaCha20, or TLS 1.3";

/** The reason if the server demands a client certificate. */
export const CERTIFICATE_DEMANDED =
  "the server demands a certificate of this host, which this program does not have";

/** The curves that the runtime does not support, by their numbers (IANA). */
const CURVES: ReadonlyMap<number, string> = new Map([
  [21, "P-224"],
  [22, "secp256k1"],
  [25, "P-521"],
  [26, "brainpoolP256r1"],
  [27, "brainpoolP384r1"],
  [28, "brainpoolP512r1"],
  [30, "X448"],
]);

/** The kinds of server keys that the runtime supports. */
const KEYS = ["RSA", "P-256", "P-384", "P-521", "Ed25519"];

/** The reason for a failed handshake, and the exit status. */
export type Mismatch = { status: ExitStatus; why: string };

/**
 * Explains a handshake that the server refused, by its answer to a hello that offers everything;
 * without an answer the reason is a general one.
 */
export function mismatchOf(flight: ServerFlight | undefined): Mismatch {
  const protocol = (why: string): Mismatch => ({ status: ExitStatus.protocol, why });
  const { version, suite, curve, certificates = [], asksForCertificate } = flight ?? {};
  if (version !== undefined && version < 0x0303) {
    return protocol(`the server speaks TLS ${oldVersion(version)} at most; it needs ${NEEDED}`);
  }
  const lacks = SUITES.find(({ numbers }) => suite !== undefined && numbers.includes(suite))?.lacks;
  if (lacks) {
    return protocol(`the server offers only cipher suites without ${lacks}; it needs ${NEEDED}`);
  }
  const name = CURVES.get(curve ?? 0);
  if (name !== undefined) {
    const needed = "it needs X25519, P-256 or P-384";
    return protocol(`the server offers only the curve ${name} for the key exchange; ${needed}`);
  }
  const [own] = certificates;
  const kind = own && parseCertificate(own)?.keyKind;
  if (kind !== undefined && !KEYS.includes(kind)) {
    const needed = "it needs one of RSA, P-256, P-384, P-521 or Ed25519";
    return protocol(`the key of the server's certificate is of the kind ${kind}; ${needed}`);
  }
  if (asksForCertificate) return { status: ExitStatus.notAllowed, why: CERTIFICATE_DEMANDED };
  return protocol(`the server accepts nothing that this host offers (${NEEDED})`);
}

function oldVersion(version: number): string {
  return version === 0x0302 ? "1.1" : version === 0x0301 ? "1.0" : "older than 1.0";
}
