/**
 * Certificates made by openssl at run time: a private authority, and servers' certificates that
 * are right, or wrong in one way each.
 *
 * @module
 */

import { opensslTime } from "./dates.ts";
import { type Folder, temporaryFolder } from "../hosts/folder.ts";

/** A server's certificate with its key, in PEM. */
export type Certificate = {
  key: string;
  /** The certificate alone; the authority is not sent along. */
  chain: string;
  /** The files of both, for servers that are programs. */
  keyFile: string;
  chainFile: string;
};

/** What is special about a certificate; without anything it is right for the test's servers. */
export type CertificateOptions = {
  /** Subject alternative names as openssl writes them. */
  names?: string[];
  /** Days from now, from when to when it is valid. */
  valid?: [from: number, until: number];
  /** Extended key usage as openssl writes it. */
  purpose?: string;
  /** The subject as openssl writes it; `/` is an empty one, as some authorities leave it. */
  subject?: string;
  /** X.509 version 1: no extensions, the name in the subject alone. */
  version1?: boolean;
};

/** A private certificate authority. */
export type Authority = AsyncDisposable & {
  readonly name: string;
  /** Its own certificate: PEM, and a file that every user may read. */
  readonly certificate: string;
  readonly certificateFile: string;
  issue(options?: CertificateOptions): Promise<Certificate>;
};

/** The names under which the tests reach their servers. */
const SERVER_NAMES = ["DNS:localhost", "DNS:mail.test", "IP:127.0.0.1"];

const EC_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/** Makes a private authority; each has a name of its own unless it is given one. */
export async function certificateAuthority(
  name = `Private authority ${crypto.randomUUID()}`,
): Promise<Authority> {
  const folder = await temporaryFolder();
  await folder.write("ca.cnf", authorityConfig(folder));
  await folder.write("index.txt", "");
  const certificateFile = folder.file("ca.pem");
  await openssl(
    ["req", "-x509", "-config", folder.file("ca.cnf"), "-extensions", "authority", ...EC_KEY],
    ["-subj", `/CN=${name}`, "-days", "30"],
    ["-keyout", folder.file("ca.key"), "-out", certificateFile],
  );
  let serial = 0;
  return {
    name,
    certificate: await Deno.readTextFile(certificateFile),
    certificateFile,
    issue: (options = {}) => issue(folder, `leaf${++serial}`, options),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** Makes a certificate that has signed itself and is nobody's authority. */
export async function selfSigned(folder: Folder): Promise<Certificate> {
  const [keyFile, chainFile] = [folder.file("self.key"), folder.file("self.pem")];
  await openssl(
    ["req", "-x509", ...EC_KEY, "-subj", "/CN=mail.test", "-days", "30"],
    ["-addext", `subjectAltName=${SERVER_NAMES.join(",")}`],
    ["-addext", "basicConstraints=critical,CA:FALSE"],
    ["-keyout", keyFile, "-out", chainFile],
  );
  return await readCertificate(keyFile, chainFile);
}

async function issue(
  folder: Folder,
  name: string,
  options: CertificateOptions,
): Promise<Certificate> {
  const { names = SERVER_NAMES, valid: [from, until] = [-1, 30], purpose = "serverAuth" } = options;
  const { subject = "/CN=mail.test" } = options;
  const extensions = [
    "basicConstraints = critical, CA:FALSE",
    "keyUsage = critical, digitalSignature",
    `extendedKeyUsage = ${purpose}`,
    `subjectAltName = ${names.join(",")}`,
  ];
  const extensionFile = await folder.write(`${name}.ext`, extensions.join("\n"));
  const [keyFile, chainFile] = [folder.file(`${name}.key`), folder.file(`${name}.pem`)];
  const requestFile = folder.file(`${name}.csr`);
  const config = ["-config", folder.file("ca.cnf")];
  await openssl(
    ["req", "-new", ...config, ...EC_KEY, "-subj", subject],
    ["-keyout", keyFile, "-out", requestFile],
  );
  await openssl(
    ["ca", "-batch", "-notext", ...config, "-in", requestFile, "-out", chainFile],
    ["-startdate", opensslTime(from), "-enddate", opensslTime(until)],
    options.version1 ? [] : ["-extfile", extensionFile],
  );
  return await readCertificate(keyFile, chainFile);
}

async function readCertificate(keyFile: string, chainFile: string): Promise<Certificate> {
  const [key, chain] = [await Deno.readTextFile(keyFile), await Deno.readTextFile(chainFile)];
  return { key, chain, keyFile, chainFile };
}

async function openssl(...args: string[][]): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", { args: args.flat() }).output();
  if (!success) {
    throw new Error(`openssl ${args.flat().join(" ")}\n${new TextDecoder().decode(stderr)}`);
  }
}

/** What `openssl ca` cannot be told by options. */
function authorityConfig(folder: Folder): string {
  return `
[req]
distinguished_name = subject
[subject]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[ca]
default_ca = private
[private]
database = ${folder.file("index.txt")}
new_certs_dir = ${folder.path}
certificate = ${folder.file("ca.pem")}
private_key = ${folder.file("ca.key")}
rand_serial = yes
default_md = sha256
policy = policy
unique_subject = no
[policy]
commonName = optional
`;
}
