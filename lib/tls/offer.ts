/**
 * Why a server and this program find no TLS that both can speak, in words for an administrator.
 *
 * @module
 */

import { ExitStatus } from "../outcome.ts";
import { parseCertificate } from "./certificate.ts";
import { type ServerFlight, SUITES } from "./hello.ts";

/** What a server has to offer; the runtime knows nothing older. */
export const NEEDED = "TLS 1.2 with ECDHE and AES-GCM or ChaCha20, or TLS 1.3";

/** The words for a server that wants to know who this host is. */
export const CERTIFICATE_DEMANDED =
  "the server demands a certificate of this host, which this program does not have";

/** The curves of a key exchange by their numbers (IANA), as far as the runtime lacks them. */
const CURVES: ReadonlyMap<number, string> = new Map([
  [21, "P-224"],
  [22, "secp256k1"],
  [25, "P-521"],
  [26, "brainpoolP256r1"],
  [27, "brainpoolP384r1"],
  [28, "brainpoolP512r1"],
  [30, "X448"],
]);

/** The keys with which a server can prove itself to the runtime. */
const KEYS = ["RSA", "P-256", "P-384", "P-521", "Ed25519"];

/** Why a handshake came to nothing, with the exit status. */
export type Mismatch = { status: ExitStatus; why: string };

/**
 * Explains a handshake that the server has broken off, by what it answers to a client that offers
 * everything.
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
