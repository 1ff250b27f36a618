import assert from "node:assert/strict";
import { numberOf } from "../../../lib/tls/der.ts";

Deno.test("a number is read from its octets, the most significant first", () => {
  assert.equal(numberOf(Uint8Array.of()), 0);
  assert.equal(numberOf(Uint8Array.of(0x01, 0x00)), 256);
  assert.equal(numberOf(new Uint8Array(6).fill(0xff)), 2 ** 48 - 1);
});

Deno.test("only the first six octets of a number are read, however long a certificate makes it", () => {
  const octets = new Uint8Array(100_000).fill(1);
  assert.equal(numberOf(octets), numberOf(octets.subarray(0, 6)));
});
