import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { latin1, latin1Octets } from "../../../lib/text/latin1.ts";
import { SEED } from "../../support/program/property.ts";

Deno.test("every octet is the character of its number", () => {
  const octets = Uint8Array.from({ length: 256 }, (_, index) => index);
  const text = String.fromCharCode(...octets);
  assert.equal(latin1(octets), text);
  assert.deepEqual(latin1Octets(text), octets);
});

Deno.test("no octet is taken for a byte order mark", () => {
  assert.equal(latin1(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61)), "\xef\xbb\xbfa");
});

Deno.test("any octets become text and octets again, ASCII or not", () => {
  const ascii = fc.string({ unit: "binary-ascii" }).map((text) => new TextEncoder().encode(text));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), ascii), (octets) => {
      assert.equal(latin1(octets), Buffer.from(octets).toString("latin1"));
      assert.deepEqual(latin1Octets(latin1(octets)), octets);
    }),
    { seed: SEED },
  );
});

Deno.test("a character above U+00FF is refused", () => {
  assert.throws(() => latin1Octets("\u0100"), DOMException);
});
