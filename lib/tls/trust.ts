/**
 * The certificate authorities that this host trusts: the system's store, or what its environment
 * names in its place.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { X509Certificate } from "node:crypto";
import { closeSync, openSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { ExitStatus, Failure } from "../outcome.ts";
import { reasonOf, systemCode } from "../text/mod.ts";
import { pemOf } from "./certificate.ts";

/** The part of the process environment that certificateAuthorities needs; `Deno.env` is one. */
export type Environment = {
  get(name: string): string | undefined;
  set(name: string, value: string): void;
  delete(name: string): void;
};

/** Which store the runtime takes when it first needs one; it adds what it is given to that. */
const STORE = "DENO_TLS_CA_STORE";

/** A file of authorities that the runtime would add, and wait for without end where it is none. */
const RUNTIME_FILE = "DENO_CERT";

/** Where the system's store is, on Debian and its kin, on Red Hat's, on SUSE and elsewhere. */
const SYSTEM_STORES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

// OpenSSL looks up authorities in a directory by these names only (see openssl-rehash(1)).
const HASHED_NAME = /^[0-9a-f]{8}\.\d+$/;

/** The largest file of authorities that is read, in octets; those of systems have a quarter of 1 MB. */
const LARGEST = 16 * 1024 * 1024;

const CERTIFICATES = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----([^-]*)-----END /g;

/**
 * The authorities in PEM that `SSL_CERT_FILE` (one file) and `SSL_CERT_DIR` (directories with
 * hashed names, separated by colons) name, as OpenSSL reads them; none where neither is set, and
 * the system's store counts. Either of them turns that store off, and no other variable counts.
 * Where nothing is verified, no file is read, so that a broken one does no harm. An authority that
 * has expired is none.
 *
 * Throws a Failure (77) where there is no authority at all, since no certificate can be valid then;
 * the runtime itself waits for ever on a file that it cannot read, and on a certificate that is none.
 */
export function certificateAuthorities(environment: Environment, verify: boolean): string[] {
  environment.delete(RUNTIME_FILE);
  const named = namedStores(environment);
  const isSystem = verify && named === undefined;
  // Deno 2.9 refuses every certificate without a store, also where none is to be verified; the one
  // that is built in needs no file.
  environment.set(STORE, isSystem ? "system" : verify ? "" : "mozilla");
  if (isSystem) requireReadable(SYSTEM_STORES);
  return verify && named !== undefined ? validAuthorities(named) : [];
}

/**
 * All certificates that this host trusts, in DER, those that have expired too: to say why a
 * server's certificate is not valid. Never throws; what cannot be read is left out.
 */
export function trustedCertificates(environment: Environment): Uint8Array[] {
  const named = namedStores(environment);
  if (named !== undefined) return storeIn(named).certificates;
  const store = SYSTEM_STORES.map((path) => storeIn({ file: path }))
    .find(({ certificates }) => certificates.length > 0);
  return store?.certificates ?? [];
}

/** What the environment names in place of the system's store. */
type NamedStores = { file?: string; directories?: string };

function namedStores(environment: Environment): NamedStores | undefined {
  const [file, directories] = ["SSL_CERT_FILE", "SSL_CERT_DIR"].map((name) => {
    const value = environment.get(name);
    // To the runtime an empty name is a file that is not there.
    if (value === "") environment.delete(name);
    return value || undefined;
  });
  if (file === undefined && directories === undefined) return undefined;
  return { ...(file !== undefined && { file }), ...(directories !== undefined && { directories }) };
}

function validAuthorities(named: NamedStores): string[] {
  const { certificates, problems } = storeIn(named);
  const now = new Date();
  const valid = certificates.filter((der) => endOf(der) > now);
  if (valid.length > 0) return valid.map(pemOf);
  const variables = [named.file && "SSL_CERT_FILE", named.directories && "SSL_CERT_DIR"];
  const [expired] = certificates;
  const ended = expired === undefined
    ? []
    : [`all authorities have expired, the first on ${endOf(expired).toISOString().slice(0, 10)}`];
  throw noAuthority(variables.filter(Boolean).join(", "), [...problems, ...ended].join("; "));
}

function endOf(der: Uint8Array): Date {
  return new Date(new X509Certificate(der).validTo);
}

/** The certificates in files, each once, and in words why there are none in some. */
function storeIn({ file, directories = "" }: NamedStores) {
  const problems: string[] = [];
  const found = new Map<string, Uint8Array>();
  const read = (path: string) => {
    const list = attempt(path, () => certificatesIn(readBounded(path)));
    list?.forEach((der) => found.set(pemOf(der), der));
    if (list?.length === 0) problems.push(`${path}: holds no certificate`);
  };
  const attempt = <T>(path: string, action: () => T): T | undefined => {
    try {
      return action();
    } catch (error) {
      problems.push(`${path}: ${whyUnreadable(error)}`);
      return undefined;
    }
  };
  if (file !== undefined) read(file);
  for (const directory of directories.split(":").filter((name) => name !== "")) {
    const names = attempt(directory, () => readdirSync(directory)) ?? [];
    const hashed = names.filter((name) => HASHED_NAME.test(name));
    if (hashed.length === 0 && problems.every((problem) => !problem.startsWith(`${directory}: `))) {
      problems.push(`${directory}: holds no hashed certificates`);
    }
    for (const name of hashed) read(join(directory, name));
  }
  return { certificates: [...found.values()], problems };
}

/** Reads a file that has an end. A pipe may never have one, and a device has none. */
function readBounded(path: string): string {
  const status = statSync(path);
  if (status.isDirectory()) throw new Error("is a directory");
  if (!status.isFile()) throw new Error("is not a regular file");
  if (status.size > LARGEST) throw new Error(`is larger than ${LARGEST / 1024 / 1024} MB`);
  return readFileSync(path, "utf8");
}

/** Files of /proc and /dev are closed to this program, whoever runs it. */
function whyUnreadable(error: unknown): string {
  const isClosed = error instanceof Error && error.name === "NotCapable";
  return isClosed ? "this program may not read below /proc and /dev" : reasonOf(error);
}

/** The certificates in a text, in DER, without those that are broken. */
function certificatesIn(text: string): Uint8Array[] {
  return [...text.matchAll(CERTIFICATES)].flatMap(([, base64 = ""]) => {
    const bytes = Buffer.from(base64, "base64");
    // Behind a trusted certificate stands what it is trusted for (see openssl-x509(1)).
    const der = bytes.subarray(0, 4 + (bytes.length < 4 ? 0 : bytes.readUInt16BE(2)));
    try {
      // From bytes this is quick even for a whole bundle; from PEM it is not.
      new X509Certificate(der);
    } catch {
      return [];
    }
    return [der];
  });
}

/** Throws where a store is there and may not be read. */
function requireReadable(stores: readonly string[]): void {
  for (const store of stores) {
    try {
      if (!statSync(store).isFile()) throw new Error("is not a regular file");
      closeSync(openSync(store, "r"));
    } catch (error) {
      if (systemCode(error) !== "ENOENT") throw noAuthority(store, whyUnreadable(error));
    }
  }
}

function noAuthority(where: string, why: string): Failure {
  return new Failure({
    status: ExitStatus.notAllowed,
    what: "No certificate authority to check the smarthost's certificate with",
    where,
    why,
  });
}
