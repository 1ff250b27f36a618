import assert from "node:assert/strict";
import { parseObject } from "../../../lib/text/json.ts";

Deno.test("a JSON object is read with all its members", () => {
  const text = '{"status": "401", "scopes": ["a"], "__proto__": null, "n": 1}';
  const members = parseObject(text);
  assert.deepEqual(Object.keys(members ?? {}), ["status", "scopes", "__proto__", "n"]);
  assert.equal(members?.["status"], "401");
});

for (const text of ["", "{", "null", "1", '"secret"', "{} secret", "\ufeff{}"]) {
  Deno.test(`${JSON.stringify(text)} is no JSON object, and throws nothing`, () => {
    assert.equal(parseObject(text), undefined);
  });
}
