/** What the executable may do is baked in from one file, and SECURITY.md gives the reasons. */

import assert from "node:assert/strict";

const read = (path: string) => Deno.readTextFile(new URL(`../../${path}`, import.meta.url));

/** One flag for each variable: a list of them is one flag in the file. */
function splitList(flag: string): string[] {
  const [name = "", values] = flag.split("=");
  return values === undefined ? [name] : values.split(",").map((value) => `${name}=${value}`);
}

/** The flags that are baked in, in the order of the file. */
async function bakedFlags(): Promise<string[]> {
  const lines = (await read("scripts/bundle/permissions.txt")).split("\n");
  return lines.filter((line) => line.startsWith("--")).flatMap(splitList);
}

Deno.test("SECURITY.md gives the reason for each permission that is baked in, and for no other", async () => {
  const rows = [...(await read("SECURITY.md")).matchAll(/^\| `(--[^`]+)` *\| *(\S.*\S) *\|$/gm)];
  assert.deepEqual(rows.map(([, flag]) => flag), await bakedFlags());
});

Deno.test("the executable may write no file and load no native code, and never has everything", async () => {
  const forbidden = /^(-A|--allow-(all|write|ffi|import|hrtime)\b|--allow-(env|run|sys)$)/;
  assert.deepEqual((await bakedFlags()).filter((flag) => forbidden.test(flag)), []);
});
