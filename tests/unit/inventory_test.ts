/** What the release says the executables are made of. */

import assert from "node:assert/strict";
import {
  type Component,
  jsrComponents,
  npmComponents,
  runtimeComponents,
} from "../../scripts/inventory/components.ts";
import { billOfMaterials, thirdPartyLicenses } from "../../scripts/inventory/documents.ts";
import { temporaryFolder } from "../support/hosts/folder.ts";

const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");
const PRODUCT = { name: "ns8-sendmail", version: "1.2.3", license: "MIT" };

/** Something like a base: paths of crates, and V8's version, among other bytes. */
const BASE =
  "\x7fELF\0/home/r/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/tokio-1.47.1/src" +
  "\0/home/r/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/http-body-1.0.1/src/lib.rs" +
  "\0/home/r/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/tokio-1.47.1/x\xff14.7.173.7-rusty\0";

async function allComponents(): Promise<Component[]> {
  await using folder = await temporaryFolder();
  const base = await folder.write("base", Uint8Array.from(BASE, (c) => c.charCodeAt(0)));
  const texts = { mit: "MIT text", bsd: "BSD text" };
  return [
    ...await npmComponents(ROOT),
    ...await jsrComponents(ROOT, texts.mit),
    ...await runtimeComponents(base, "2.7.11", texts),
  ];
}

Deno.test("the parts are what is bundled and what the runtime is built from, and no tool of the tests", async () => {
  const names = (await allComponents()).map(({ name, version }) => `${name} ${version}`);
  for (const name of ["ioredis 6.0.0", "nodemailer 10.6.0", "denque 2.1.0", "@std/cli 1.0.24"]) {
    assert.ok(names.includes(name), name);
  }
  assert.deepEqual(names.slice(-4), [
    "deno 2.7.11",
    "v8 14.7.173.7",
    "http-body 1.0.1",
    "tokio 1.47.1",
  ]);
  const tools = names.filter((name) => /^(fast-check|smtp-server|debug|pure-rand) /.test(name));
  assert.deepEqual(tools, []);
});

Deno.test("every library comes with the text of its license and a checksum", async () => {
  for (const { purl, name, license, text, hash } of await allComponents()) {
    if (purl.startsWith("pkg:cargo/")) continue;
    assert.ok(license !== undefined && text !== undefined && text.length > 10, name);
    if (!purl.startsWith("pkg:npm/")) continue;
    assert.match(text, /Copyright|Apache License/i, name);
    assert.deepEqual([hash?.alg, hash?.content.length], ["SHA-512", 128], name);
  }
});

Deno.test("the licenses are told with their texts, each under the name of its part", async () => {
  const components = await allComponents();
  const text = thirdPartyLicenses(PRODUCT, components);
  for (const { name, version, license, text: own } of components) {
    assert.ok(
      text.includes(license ? `\n${name} ${version} (${license})\n` : `\n  ${name} ${version}`),
    );
    assert.ok(text.includes(own?.trim() ?? ""));
  }
});

// --- The bill of materials, by the rules of CycloneDX 1.5 ---

type Entry = {
  "type": string;
  "bom-ref": string;
  name: string;
  version: string;
  purl: string;
  licenses?: { license: { id: string } }[];
  hashes?: { alg: string; content: string }[];
};

type Bill = {
  bomFormat: string;
  specVersion: string;
  version: number;
  metadata: { component: Entry };
  components: Entry[];
  dependencies: { ref: string; dependsOn: string[] }[];
};

Deno.test("the bill of materials is CycloneDX: every reference leads somewhere, every part once", async () => {
  const text = JSON.stringify(billOfMaterials(PRODUCT, await allComponents()));
  const bill: Bill = JSON.parse(text);
  assert.deepEqual([bill.bomFormat, bill.specVersion, bill.version], ["CycloneDX", "1.5", 1]);
  const entries = [bill.metadata.component, ...bill.components];
  const refs = entries.map((entry) => entry["bom-ref"]);
  assert.equal(new Set(refs).size, refs.length);
  for (const { type, name, version, purl, hashes = [], licenses = [] } of entries) {
    assert.match(type, /^(application|library)$/);
    assert.ok(name !== "" && version !== "");
    assert.match(purl, /^pkg:(npm|cargo|github|generic)\/[\w.%/-]+@[\w.+-]+$/);
    for (const { content } of hashes) assert.match(content, /^([0-9a-f]{64}|[0-9a-f]{128})$/);
    for (const { license } of licenses) assert.match(license.id, /^[A-Za-z0-9.-]+$/);
  }
  const { dependencies } = bill;
  assert.deepEqual(dependencies.map(({ ref }) => ref).toSorted(), refs.toSorted());
  const unknown = dependencies.flatMap(({ dependsOn }) => dependsOn).filter((ref) =>
    !refs.includes(ref)
  );
  assert.deepEqual(unknown, []);
});

Deno.test("the bill of materials is the same for the same parts", async () => {
  const [first, second] = [await allComponents(), await allComponents()]
    .map((components) => JSON.stringify(billOfMaterials(PRODUCT, components)));
  assert.equal(first, second);
});
