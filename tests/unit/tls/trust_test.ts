import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../../../lib/outcome.ts";
import { certificateAuthorities } from "../../../lib/tls/trust.ts";
import { certificateAuthority } from "../../support/servers/certificates.ts";

const BROKEN = "-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----\n";

function environment(values: Record<string, string>) {
  const store = new Map(Object.entries(values));
  return {
    get: (name: string) => store.get(name),
    set: (name: string, value: string) => void store.set(name, value),
    delete: (name: string) => void store.delete(name),
  };
}

/** A certificate as it is given on: its lines joined. */
const joined = (pem: string) => {
  const [first, ...lines] = pem.trim().split("\n");
  return `${first}\n${lines.slice(0, -1).join("")}\n${lines.at(-1)}\n`;
};

async function withFolder(test: (folder: string, PEM: string, OTHER: string) => void) {
  await using one = await certificateAuthority();
  await using other = await certificateAuthority();
  const [PEM, OTHER] = [joined(one.certificate), joined(other.certificate)];
  const folder = await Deno.makeTempDir();
  try {
    writeFileSync(join(folder, "ca.pem"), PEM);
    mkdirSync(join(folder, "hashed"));
    writeFileSync(join(folder, "hashed", "0a1b2c3d.0"), PEM);
    writeFileSync(join(folder, "hashed", "0a1b2c3d.1"), OTHER);
    writeFileSync(join(folder, "hashed", "unhashed.pem"), "-----BEGIN CERTIFICATE-----\nQw==");
    mkdirSync(join(folder, "empty"));
    writeFileSync(join(folder, "notes.txt"), "no certificate");
    test(folder, PEM, OTHER);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const refused = (values: Record<string, string>): string => {
  try {
    certificateAuthorities(environment(values), true);
  } catch (error) {
    assert(error instanceof Failure);
    assert.equal(error.details.status, 77);
    return `${error.details.where}: ${error.details.why}`;
  }
  return assert.fail("was not refused");
};

Deno.test("without variables the system's store stays on", () => {
  const plain = environment({});
  assert.deepEqual(certificateAuthorities(plain, true), []);
  assert.equal(plain.get("DENO_TLS_CA_STORE"), "system");
});

Deno.test("the system's store is on even if the environment turned it off", () => {
  const other = environment({ DENO_TLS_CA_STORE: "mozilla" });
  assert.deepEqual(certificateAuthorities(other, true), []);
  assert.equal(other.get("DENO_TLS_CA_STORE"), "system");
});

Deno.test("empty variables count as not set, and are removed", () => {
  const empty = environment({ SSL_CERT_FILE: "", SSL_CERT_DIR: "" });
  assert.deepEqual(certificateAuthorities(empty, true), []);
  assert.equal(empty.get("SSL_CERT_FILE"), undefined);
  assert.equal(empty.get("DENO_TLS_CA_STORE"), "system");
});

Deno.test("without verification no store is needed, and no file is read", () => {
  const named = environment({ SSL_CERT_FILE: "/nowhere/ca.pem" });
  assert.deepEqual(certificateAuthorities(named, false), []);
  assert.equal(named.get("DENO_TLS_CA_STORE"), "mozilla");
});

Deno.test("a broken certificate is skipped", () =>
  withFolder((folder, PEM, OTHER) => {
    const SSL_CERT_FILE = join(folder, "mixed.pem");
    const cut = OTHER.slice(0, 200);
    writeFileSync(SSL_CERT_FILE, `words\n${BROKEN}${PEM.replaceAll("\n", "\r\n")}${OTHER}${cut}`);
    const named = environment({ SSL_CERT_FILE });
    assert.deepEqual(certificateAuthorities(named, true), [PEM, OTHER]);
  }));

Deno.test("of a trusted certificate of OpenSSL only the certificate is used", () =>
  withFolder((folder, PEM) => {
    const [SSL_CERT_FILE, plain] = [join(folder, "trusted.pem"), join(folder, "ca.pem")];
    const args = [
      "x509",
      "-trustout",
      "-addtrust",
      "serverAuth",
      "-in",
      plain,
      "-out",
      SSL_CERT_FILE,
    ];
    assert(new Deno.Command("openssl", { args }).outputSync().success);
    assert.match(Deno.readTextFileSync(SSL_CERT_FILE), /BEGIN TRUSTED CERTIFICATE/);
    assert.deepEqual(certificateAuthorities(environment({ SSL_CERT_FILE }), true), [PEM]);
  }));

Deno.test("SSL_CERT_FILE alone turns the system's store off", () =>
  withFolder((folder, PEM) => {
    const named = environment({ SSL_CERT_FILE: join(folder, "ca.pem") });
    assert.deepEqual(certificateAuthorities(named, true), [PEM]);
    assert.equal(named.get("DENO_TLS_CA_STORE"), "");
  }));

Deno.test("SSL_CERT_DIR alone turns the system's store off, and counts hashed names only", () =>
  withFolder((folder, PEM, OTHER) => {
    const named = environment({ SSL_CERT_DIR: join(folder, "hashed") });
    assert.deepEqual(certificateAuthorities(named, true), [PEM, OTHER]);
    assert.equal(named.get("DENO_TLS_CA_STORE"), "");
  }));

Deno.test("with both variables all authorities count, each once", () =>
  withFolder((folder, PEM, OTHER) => {
    const SSL_CERT_DIR = `${join(folder, "empty")}:${join(folder, "hashed")}`;
    const named = environment({ SSL_CERT_FILE: join(folder, "ca.pem"), SSL_CERT_DIR });
    assert.deepEqual(certificateAuthorities(named, true), [PEM, OTHER]);
  }));

Deno.test("a missing file does not matter while the directory has authorities", () =>
  withFolder((folder, PEM, OTHER) => {
    const named = environment({
      SSL_CERT_FILE: join(folder, "none.pem"),
      SSL_CERT_DIR: join(folder, "hashed"),
    });
    assert.deepEqual(certificateAuthorities(named, true), [PEM, OTHER]);
  }));

Deno.test("missing authorities are an error that names each reason", () =>
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
    assert.equal(
      refused({ SSL_CERT_DIR: at("ca.pem") }),
      `SSL_CERT_DIR: ${at("ca.pem")}: not a directory`,
    );
  }));
