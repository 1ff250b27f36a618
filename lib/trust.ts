/**
 * The certificate authorities that this host trusts, where its environment names others than the
 * system's store.
 *
 * @module
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ExitStatus, Failure } from "./outcome.ts";
import { reasonOf } from "./reason.ts";

/** The part of the process environment that certificateAuthorities needs; `Deno.env` is one. */
export type Environment = {
  get(name: string): string | undefined;
  set(name: string, value: string): void;
};

// OpenSSL looks up authorities in a directory by these names only (see openssl-rehash(1)).
const HASHED_NAME = /^[0-9a-f]{8}\.\d+$/;

const CERTIFICATE = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----/;

/**
 * The authorities in PEM that `SSL_CERT_FILE` (one file) and `SSL_CERT_DIR` (directories with
 * hashed names, separated by colons) name, as OpenSSL reads them; none where neither is set, and
 * the system's store counts. Either of them turns that store off: the runtime reads
 * `DENO_TLS_CA_STORE` when it first needs a store, and adds what it is given to it.
 *
 * Throws a Failure (77) when they name no authority at all, for then no certificate can pass; the
 * runtime itself would wait for ever on a file that is not there.
 */
export function certificateAuthorities(environment: Environment): string[] {
  const file = environment.get("SSL_CERT_FILE");
  const directories = environment.get("SSL_CERT_DIR");
  if (!file && !directories) return [];
  environment.set("DENO_TLS_CA_STORE", "");
  const problems: string[] = [];
  const authorities = new Set<string>();
  const read = (path: string) => {
    try {
      const text = readFileSync(path, "utf8");
      if (CERTIFICATE.test(text)) authorities.add(text);
      else problems.push(`${path}: holds no certificate`);
    } catch (error) {
      problems.push(`${path}: ${reasonOf(error)}`);
    }
  };
  if (file) read(file);
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
  throw new Failure({
    status: ExitStatus.notAllowed,
    what: "No certificate authority to check the smarthost's certificate with",
    where: [file && "SSL_CERT_FILE", directories && "SSL_CERT_DIR"].filter(Boolean).join(", "),
    why: problems.join("; "),
  });
}
