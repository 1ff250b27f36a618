import assert from "node:assert/strict";
import { OPTIONS, usage } from "../../../lib/command_line/usage.ts";

Deno.test("no two options share a name", () => {
  const names = OPTIONS.flatMap(({ short, also, long }) => [short, also, long])
    .filter((name) => name !== undefined);
  assert.deepEqual(names, [...new Set(names)]);
});

for (const { short, also, long, kind } of OPTIONS) {
  if (kind === "refused") continue;
  for (const name of [short && `-${short}`, also && `-${also}`, long && `--${long}`]) {
    if (!name) continue;
    Deno.test(`--help names ${name}`, () => {
      assert.match(usage(), new RegExp(`^.*(?:^|[ ,])${name}(?:[ ,]|$)`, "m"));
    });
  }
}

Deno.test("--help and the next prompt fit on a screen of 24 lines", () => {
  assert.ok(usage().split("\n").length < 24, usage());
});

Deno.test("--help fits on a screen of 80 columns, and ends without white space", () => {
  for (const line of usage().split("\n")) {
    assert(line.length <= 80, line);
    assert.equal(line, line.trimEnd());
  }
});
