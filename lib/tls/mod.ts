/**
 * TLS with a smarthost or a token server: the handshake, the authorities that this host trusts, and
 * the reasons for failures.
 *
 * A socket is encrypted with the authorities that this host trusts (`encryption.ts`, `trust.ts`). If
 * that fails, a hello on another connection shows the server's certificates and its cipher suite
 * (`hello.ts`). The certificates are read (`certificate.ts`, `certificate_name.ts`, `der.ts`,
 * `oids.ts`) and judged (`verdict.ts`), and so is the cipher suite (`offer.ts`). This only explains
 * the failure; nothing is trusted because of it.
 *
 * A new fault of a certificate (`verdict.ts`), alert (`encryption.ts`) or store (`trust.ts`) belongs here.
 *
 * @module
 */

export { pemOf } from "./certificate.ts";
export { certificateName } from "./certificate_name.ts";
export {
  alertFailure,
  describeEncryption,
  encrypt,
  type Encrypted,
  type Encryption,
  isStrictRuntime,
  NOT_TLS,
  notValid,
  seedRandomness,
  tlsFault,
} from "./encryption.ts";
export { probeServer, type ServerFlight } from "./hello.ts";
export { mismatchOf } from "./offer.ts";
export {
  certificateAuthorities,
  type Environment,
  type Trust,
  trustedCertificates,
} from "./trust.ts";
export { judge, UNKNOWN_EXTENSION, unusableIn } from "./verdict.ts";
