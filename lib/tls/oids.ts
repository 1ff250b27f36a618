/**
 * The object identifiers in certificates that this program knows, in hexadecimal.
 *
 * @module
 */

/** Attributes of a name (X.520). */
export const COMMON_NAME = "550403";
export const ORGANIZATION = "55040a";

/** Purposes of a key (RFC 5280, 4.2.1.12). */
export const ANY_PURPOSE = "551d2500";
export const SERVER_PURPOSE = "2b06010505070301";

/** The extensions that this program knows (RFC 5280, 4.2.1). */
export const EXTENSIONS = {
  keyUsage: "551d0f",
  subjectAltName: "551d11",
  basicConstraints: "551d13",
  nameConstraints: "551d1e",
  extendedKeyUsage: "551d25",
} as const;

/** The names of the kinds of keys; for elliptic curves the name of the curve. */
export const KEYS: ReadonlyMap<string, string> = new Map([
  ["2a864886f70d010101", "RSA"],
  ["2a864886f70d01010a", "RSA-PSS"],
  ["2b6570", "Ed25519"],
  ["2b6571", "Ed448"],
  ["2a8648ce3d030107", "P-256"],
  ["2b81040021", "P-224"],
  ["2b81040022", "P-384"],
  ["2b81040023", "P-521"],
  ["2b8104000a", "secp256k1"],
]);

/** The kind of all elliptic curve keys; the parameter is the curve (RFC 5480, 2.1.1). */
export const ELLIPTIC_CURVE = "2a8648ce3d0201";

/** The names of the signature algorithms. */
export const SIGNATURES: ReadonlyMap<string, string> = new Map([
  ["2a864886f70d010104", "RSA with MD5"],
  ["2a864886f70d010105", "RSA with SHA-1"],
  ["2a864886f70d01010a", "RSA-PSS"],
  ["2a864886f70d01010b", "RSA with SHA-256"],
  ["2a864886f70d01010c", "RSA with SHA-384"],
  ["2a864886f70d01010d", "RSA with SHA-512"],
  ["2a8648ce3d0401", "ECDSA with SHA-1"],
  ["2a8648ce3d040302", "ECDSA with SHA-256"],
  ["2a8648ce3d040303", "ECDSA with SHA-384"],
  ["2a8648ce3d040304", "ECDSA with SHA-512"],
  ["2b6570", "Ed25519"],
  ["2b6571", "Ed448"],
]);
