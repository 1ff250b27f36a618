import assert from "node:assert/strict";
import { seedRandomness } from "../../../lib/tls/encryption.ts";

Deno.test("seedRandomness asks for random numbers once, does not wait, and ignores an error", async () => {
  const { subtle } = crypto;
  const { promise: refused, reject: refuse } = Promise.withResolvers<never>();
  let asked = 0;
  const generateKey = () => {
    asked++;
    return refused;
  };
  Object.defineProperty(subtle, "generateKey", { value: generateKey, configurable: true });
  try {
    assert.equal(seedRandomness(), undefined);
  } finally {
    Reflect.deleteProperty(subtle, "generateKey");
  }
  assert.equal(asked, 1);
  // Nobody else takes this rejection: one that is not taken fails the test.
  refuse(new Error("No random numbers"));
  await Promise.resolve();
});
