/**
 * TLS with a smarthost or a token server: the handshake, whom this host trusts, and words for what
 * goes wrong.
 *
 * A socket is encrypted with the authorities that this host trusts (`encryption.ts`, `trust.ts`).
 * Where that fails, a hello of our own on a connection that ends there shows the server's certificates
 * and what it would use (`hello.ts`). The certificates are read (`certificate.ts`, `der.ts`) and judged
 * in words (`verdict.ts`), and so is an offer that does not fit (`offer.ts`). Nothing is trusted
 * because of these words.
 *
 * A new fault of a certificate, a new alert or a new store of authorities belongs here.
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
  tlsFault,
} from "./encryption.ts";
export { seedRandomness } from "./entropy.ts";
export { probeServer, type ServerFlight } from "./hello.ts";
export { mismatchOf } from "./offer.ts";
export { certificateAuthorities, type Environment, trustedCertificates } from "./trust.ts";
export { judge, UNKNOWN_EXTENSION, unusableIn } from "./verdict.ts";
