/**
 * The certificate authorities that this host trusts: the system's store, or what its environment
 * names in its place.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { X509Certificate } from "node:crypto";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ExitStatus, Failure } from "../outcome.ts";
import { reasonOf, systemCode } from "../text/mod.ts";

/** The part of the process environment that certificateAuthorities needs; `Deno.env` is one. */
export type Environment = {
  get(name: string): string | undefined;
  set(name: string, value: string): void;
  delete(name: string): void;
};

/** Which store the runtime takes when it first needs one; it adds what it is given to that. */
const STORE = "DENO_TLS_CA_STORE";

/** Where the system's store is, on Debian and its kin, and on Red Hat's. */
const SYSTEM_STORES = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];

// OpenSSL looks up authorities in a directory by these names only (see openssl-rehash(1)).
const HASHED_NAME = /^[0-9a-f]{8}\.\d+$/;

const BEGIN = "-----BEGIN CERTIFICATE-----";
const END = "-----END CERTIFICATE-----";
const CERTIFICATES = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----([^-]*)-----END /g;

/**
 * The authorities in PEM that `SSL_CERT_FILE` (one file) and `SSL_CERT_DIR` (directories with
 * hashed names, separated by colons) name, as OpenSSL reads them; none where neither is set, and
 * the system's store counts. Either of them turns that store off. Where nothing is verified, no
 * file is read, so that a broken one does no harm.
 *
 * Throws a Failure (77) where there is no authority at all, for then no certificate can pass; the
 * runtime itself waits for ever on a file that it cannot read, and on a certificate that is none.
 */
export function certificateAuthorities(environment: Environment, verify: boolean): string[] {
  const [file, directories] = ["SSL_CERT_FILE", "SSL_CERT_DIR"].map((name) => {
    const value = environment.get(name);
    // To the runtime an empty name is a file that is not there.
    if (value === "") environment.delete(name);
    return value || undefined;
  });
  const isSystem = verify && file === undefined && directories === undefined;
  // Deno 2.9 refuses every certificate without a store, also where none is to be verified; the one
  // that is built in needs no file.
  environment.set(STORE, isSystem ? "system" : verify ? "" : "mozilla");
  if (isSystem) requireReadable(SYSTEM_STORES);
  return verify && !isSystem ? namedAuthorities(file, directories) : [];
}

function namedAuthorities(file?: string, directories?: string): string[] {
  const problems: string[] = [];
  const authorities = new Set<string>();
  const read = (path: string) => {
    try {
      const found = certificatesIn(readFileSync(path, "utf8"));
      found.forEach((certificate) => authorities.add(certificate));
      if (found.length === 0) problems.push(`${path}: holds no certificate`);
    } catch (error) {
      problems.push(`${path}: ${reasonOf(error)}`);
    }
  };
  if (file !== undefined) read(file);
  for (const directory of (directories ?? "").split(":").filter((name) => name !== "")) {
    try {
      const names = readdirSync(directory).filter((name) => HASHED_NAME.test(name));
      if (names.length === 0) problems.push(`${directory}: holds no hashed certificates`);
      for (const name of names) read(join(directory, name));
    } catch (error) {
      problems.push(`${directory}: ${reasonOf(error)}`);
    }
  }
  if (authorities.size > 0) return [...authorities];
  const variables = [file && "SSL_CERT_FILE", directories && "SSL_CERT_DIR"];
  throw noAuthority(variables.filter(Boolean).join(", "), problems.join("; "));
}

/** The certificates in a text, each by itself, without those that are broken. */
function certificatesIn(text: string): string[] {
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
    return [`${BEGIN}\n${der.toString("base64")}\n${END}\n`];
  });
}

/** Throws where a store is there and may not be read. */
function requireReadable(stores: readonly string[]): void {
  for (const store of stores) {
    try {
      closeSync(openSync(store, "r"));
    } catch (error) {
      if (systemCode(error) !== "ENOENT") throw noAuthority(store, reasonOf(error));
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
