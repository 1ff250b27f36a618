/**
 * Certificates of every kind, made by openssl at run time: chains, keys, dates, digests and
 * extensions as a table wants them.
 *
 * @module
 */

import { opensslTime } from "./dates.ts";
import type { Folder } from "../hosts/folder.ts";

/** A certificate with its key, in files. */
export type Made = { name: string; certificate: string; key: string; pem: string };

/** How a certificate is made; without anything it is right for the test's servers. */
export type How = {
  /** Who signs; without, it signs itself. */
  issuer?: Made;
  /** The key as `openssl genpkey` wants it. */
  key?: string[];
  /** The subject as openssl writes it. */
  subject?: string;
  /** The extensions as openssl writes them; none makes X.509 v1. */
  extensions?: string[];
  /** Days from now, from when to when it is valid. */
  valid?: [from: number, until: number];
  digest?: string;
  /** Further options of `openssl ca`. */
  options?: string[];
};

/** Keys as `openssl genpkey` wants them. */
export const KEYS = {
  p256: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
  p384: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
  p521: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"],
  secp256k1: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"],
  rsa1024: ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"],
  rsa2048: ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
  rsaPss: ["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"],
  ed25519: ["-algorithm", "ED25519"],
  ed448: ["-algorithm", "ED448"],
} as const;

/** The extensions of a server's certificate for these names. */
export function forServer(...names: string[]): string[] {
  return [
    "basicConstraints = critical, CA:FALSE",
    "keyUsage = critical, digitalSignature",
    "extendedKeyUsage = serverAuth",
    ...(names.length > 0 ? [`subjectAltName = ${names.join(",")}`] : []),
  ];
}

/** The extensions of an authority's certificate. */
export const FOR_AUTHORITY = [
  "basicConstraints = critical, CA:TRUE",
  "keyUsage = critical, keyCertSign, cRLSign",
];

/** Makes a certificate of this name in a folder. */
export async function makeCertificate(
  folder: Folder,
  name: string,
  how: How = {},
): Promise<Made> {
  const { issuer, key = KEYS.p256, subject = "/CN=localhost", valid: [from, until] = [-1, 30] } =
    how;
  const { extensions = forServer("DNS:localhost"), digest = "sha256", options = [] } = how;
  const file = (end: string) => folder.file(`${name}.${end}`);
  await openssl("genpkey", ...key, "-out", file("key"));
  await folder.write(`${name}.db`, "");
  await folder.write(`${name}.ext`, extensions.join("\n"));
  await folder.write(`${name}.cnf`, configuration(folder, name));
  const config = ["-config", file("cnf")];
  await openssl(
    "req",
    "-new",
    ...config,
    "-key",
    file("key"),
    "-subj",
    subject,
    "-out",
    file("csr"),
  );
  const signer = issuer === undefined
    ? ["-selfsign", "-keyfile", file("key")]
    : ["-cert", issuer.certificate, "-keyfile", issuer.key];
  const args = ["-startdate", opensslTime(from), "-enddate", opensslTime(until), "-md", digest];
  const extfile = extensions.length > 0 ? ["-extfile", file("ext")] : [];
  await openssl(
    ...["ca", "-batch", "-notext", ...config, "-in", file("csr"), "-out", file("pem")],
    ...[...signer, ...args, ...extfile, ...options],
  );
  return {
    name,
    certificate: file("pem"),
    key: file("key"),
    pem: await Deno.readTextFile(file("pem")),
  };
}

/**
 * The key of a certificate with one octet of its secret half changed: openssl loads it, and what it
 * signs is wrong. Only keys on P-256.
 */
export async function brokenKey(folder: Folder, { name, key }: Made): Promise<string> {
  const [der, broken] = [folder.file(`${name}.der`), folder.file(`${name}-broken.key`)];
  await openssl("ec", "-in", key, "-outform", "DER", "-out", der);
  const bytes = await Deno.readFile(der);
  const at = 20;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await Deno.writeFile(der, bytes);
  await openssl("ec", "-in", der, "-inform", "DER", "-out", broken);
  return broken;
}

async function openssl(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", { args }).output();
  if (!success) {
    throw new Error(`openssl ${args.join(" ")}\n${new TextDecoder().decode(stderr)}`);
  }
}

function configuration(folder: Folder, name: string): string {
  return `
[req]
distinguished_name = subject
[subject]
[ca]
default_ca = own
[own]
database = ${folder.file(`${name}.db`)}
new_certs_dir = ${folder.path}
rand_serial = yes
policy = policy
unique_subject = no
[policy]
commonName = optional
organizationName = optional
`;
}
