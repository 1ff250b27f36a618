/** The gate runs the tests of the executable under two runtimes. */

import assert from "node:assert/strict";
import { ONCE } from "../support/program/runtimes.ts";

const read = (path: string) => Deno.readTextFile(new URL(`../../${path}`, import.meta.url));

Deno.test("what the second run leaves out are files of tests, each with a reason", async () => {
  const folder = new URL("../e2e/", import.meta.url);
  const files = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  assert.deepEqual(Object.keys(ONCE).filter((name) => !files.includes(name)), []);
  assert.ok(files.length > 2 * Object.keys(ONCE).length);
  assert.deepEqual(Object.values(ONCE).filter((reason) => reason === ""), []);
});

Deno.test("both runs have the same V8 flags and the same permissions: they read the same files", async () => {
  const [compile, current] = await Promise.all(["compile.sh", "bundle/current.sh"]
    .map((name) => read(`scripts/${name}`)));
  for (const file of ["v8_flags.txt", "permissions.txt"]) {
    for (const script of [compile, current]) assert.ok(script?.includes(file));
  }
});
