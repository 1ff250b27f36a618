/**
 * The certificate authorities that this host trusts: the system's store, or the files that the
 * environment names instead.
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

/** The part of the process environment that certificateAuthorities needs; `Deno.env` has it. */
export type Environment = {
  get(name: string): string | undefined;
  set(name: string, value: string): void;
  delete(name: string): void;
};

/** Which certificates of a server are accepted. */
export type Trust = {
  /** Whether the certificate has to be valid. */
  verify: boolean;
  /** Certificate authorities in PEM, beside those that the runtime trusts by itself. */
  authorities: readonly string[];
  /** Gives all certificates that this host trusts, in DER, to say why one is not valid. */
  trusted?: () => readonly Uint8Array[];
};

/** The variable for the runtime's store; given authorities are added to that store. */
const STORE = "DENO_TLS_CA_STORE";

/** The variable for a file of authorities that the runtime would add; it waits forever on a wrong file. */
const RUNTIME_FILE = "DENO_CERT";

/** The places of the system's store: Debian, Red Hat, SUSE, others. */
const SYSTEM_STORES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

// OpenSSL looks up authorities in a directory by these names only (see openssl-rehash(1)).
const HASHED_NAME = /^[0-9a-f]{8}\.\d+$/;

/** The largest file of authorities that is read, in octets; a system's store has about 250,000. */
const LARGEST = 16 * 1024 * 1024;

const CERTIFICATES = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----([^-]*)-----END /g;

/**
 * Gives the authorities in PEM in `SSL_CERT_FILE` (one file) and `SSL_CERT_DIR` (directories with
 * hashed names, separated by colons), as OpenSSL reads them. Gives none if neither is set: then the
 * runtime uses the system's store. Either of them turns that store off; no other variable counts.
 * Expired authorities are left out. With `verify` false no file is read, so that a broken file does
 * no harm.
 *
 * Throws a Failure (77) if there is no authority at all, because then no certificate can be valid.
 * The runtime itself would wait forever on a file that it cannot read or a broken certificate.
 */
export function certificateAuthorities(environment: Environment, verify: boolean): string[] {
  environment.delete(RUNTIME_FILE);
  const named = namedStores(environment);
  const isSystem = verify && named === undefined;
  // Without a store Deno 2.9 refuses every certificate, also if it need not be valid; the built-in
  // store needs no file.
  environment.set(STORE, isSystem ? "system" : verify ? "" : "mozilla");
  if (isSystem) requireReadable(SYSTEM_STORES);
  return verify && named !== undefined ? validAuthorities(named) : [];
}

/**
 * Gives all certificates that this host trusts, in DER, expired ones too. They are used to explain
 * why a server's certificate is not valid. Never throws; files that cannot be read are left out.
 */
export function trustedCertificates(environment: Environment): Uint8Array[] {
  const named = namedStores(environment);
  if (named !== undefined) return storeIn(named).certificates;
  const store = SYSTEM_STORES.map((path) => storeIn({ file: path }))
    .find(({ certificates }) => certificates.length > 0);
  return store?.certificates ?? [];
}

/** The values of `SSL_CERT_FILE` and `SSL_CERT_DIR`. */
type NamedStores = { file?: string; directories?: string };

function namedStores(environment: Environment): NamedStores | undefined {
  const [file, directories] = ["SSL_CERT_FILE", "SSL_CERT_DIR"].map((name) => {
    const value = environment.get(name);
    // The runtime takes an empty value for a missing file.
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

/** Reads the certificates in files, each once, and the reasons for which some files have none. */
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
    const names = attempt(directory, () => readdirSync(directory));
    const hashed = names?.filter((name) => HASHED_NAME.test(name));
    if (hashed?.length === 0) problems.push(`${directory}: holds no hashed certificates`);
    for (const name of hashed ?? []) read(join(directory, name));
  }
  return { certificates: [...found.values()], problems };
}

/** Reads a regular file of limited size: a pipe or a device may have no end. */
function readBounded(path: string): string {
  const status = statSync(path);
  if (status.isDirectory()) throw new Error("is a directory");
  if (!status.isFile()) throw new Error("is not a regular file");
  if (status.size > LARGEST) throw new Error(`is larger than ${LARGEST / 1024 / 1024} MB`);
  return readFileSync(path, "utf8");
}

/** This program has no permission for files in /proc and /dev, also as root. */
function whyUnreadable(error: unknown): string {
  const isClosed = error instanceof Error && error.name === "NotCapable";
  return isClosed ? "this program may not read below /proc and /dev" : reasonOf(error);
}

/** Gives the certificates in a PEM text, in DER; broken ones are left out. */
function certificatesIn(text: string): Uint8Array[] {
  return [...text.matchAll(CERTIFICATES)].flatMap(([, base64 = ""]) => {
    const bytes = Buffer.from(base64, "base64");
    // In a TRUSTED CERTIFICATE its purposes follow the certificate (see openssl-x509(1)).
    const der = bytes.subarray(0, 4 + (bytes.length < 4 ? 0 : bytes.readUInt16BE(2)));
    try {
      // Reading from DER is fast even for a whole bundle; reading from PEM is slow.
      new X509Certificate(der);
    } catch {
      return [];
    }
    return [der];
  });
}

/** Throws a Failure (77) if a store exists and cannot be read. */
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
