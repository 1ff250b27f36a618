import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../../lib/outcome.ts";
import { certificateAuthorities } from "../../lib/trust.ts";

const PEM = "-----BEGIN CERTIFICATE-----\nQQ==\n-----END CERTIFICATE-----\n";
const OTHER = "-----BEGIN CERTIFICATE-----\nQg==\n-----END CERTIFICATE-----\n";

function environment(values: Record<string, string>) {
  const store = new Map(Object.entries(values));
  return {
    get: (name: string) => store.get(name),
    set: (name: string, value: string) => void store.set(name, value),
  };
}

async function withFolder(test: (folder: string) => void) {
  const folder = await Deno.makeTempDir();
  try {
    writeFileSync(join(folder, "ca.pem"), PEM);
    mkdirSync(join(folder, "hashed"));
    writeFileSync(join(folder, "hashed", "0a1b2c3d.0"), PEM);
    writeFileSync(join(folder, "hashed", "0a1b2c3d.1"), OTHER);
    writeFileSync(join(folder, "hashed", "unhashed.pem"), "-----BEGIN CERTIFICATE-----\nQw==");
    mkdirSync(join(folder, "empty"));
    writeFileSync(join(folder, "notes.txt"), "no certificate");
    test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const refused = (values: Record<string, string>): string => {
  try {
    certificateAuthorities(environment(values));
  } catch (error) {
    assert(error instanceof Failure);
    assert.equal(error.details.status, 77);
    return `${error.details.where}: ${error.details.why}`;
  }
  return assert.fail("was not refused");
};

Deno.test("without variables the system's store stays on", () => {
  const plain = environment({});
  assert.deepEqual(certificateAuthorities(plain), []);
  assert.equal(plain.get("DENO_TLS_CA_STORE"), undefined);
});

Deno.test("SSL_CERT_FILE alone turns the system's store off", () =>
  withFolder((folder) => {
    const named = environment({ SSL_CERT_FILE: join(folder, "ca.pem") });
    assert.deepEqual(certificateAuthorities(named), [PEM]);
    assert.equal(named.get("DENO_TLS_CA_STORE"), "");
  }));

Deno.test("SSL_CERT_DIR alone turns the system's store off, and counts hashed names only", () =>
  withFolder((folder) => {
    const named = environment({ SSL_CERT_DIR: join(folder, "hashed") });
    assert.deepEqual(certificateAuthorities(named), [PEM, OTHER]);
    assert.equal(named.get("DENO_TLS_CA_STORE"), "");
  }));

Deno.test("both together are added up, and each authority counts once", () =>
  withFolder((folder) => {
    const SSL_CERT_DIR = `${join(folder, "empty")}:${join(folder, "hashed")}`;
    const named = environment({ SSL_CERT_FILE: join(folder, "ca.pem"), SSL_CERT_DIR });
    assert.deepEqual(certificateAuthorities(named), [PEM, OTHER]);
  }));

Deno.test("a missing file does not matter while the directory has authorities", () =>
  withFolder((folder) => {
    const named = environment({
      SSL_CERT_FILE: join(folder, "none.pem"),
      SSL_CERT_DIR: join(folder, "hashed"),
    });
    assert.deepEqual(certificateAuthorities(named), [PEM, OTHER]);
  }));

Deno.test("authorities that cannot be had are refused, and each reason is named", () =>
  withFolder((folder) => {
    const at = (name: string) => join(folder, name);
    assert.equal(
      refused({ SSL_CERT_FILE: at("none.pem") }),
      `SSL_CERT_FILE: ${at("none.pem")}: no such file or directory`,
    );
    assert.equal(refused({ SSL_CERT_FILE: folder }), `SSL_CERT_FILE: ${folder}: is a directory`);
    assert.equal(
      refused({ SSL_CERT_FILE: at("notes.txt") }),
      `SSL_CERT_FILE: ${at("notes.txt")}: holds no certificate`,
    );
    assert.equal(
      refused({ SSL_CERT_DIR: at("empty") }),
      `SSL_CERT_DIR: ${at("empty")}: holds no hashed certificates`,
    );
    assert.match(refused({ SSL_CERT_DIR: at("ca.pem") }), /^SSL_CERT_DIR: /);
  }));
