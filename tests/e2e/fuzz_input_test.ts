/** Arguments and inputs that chance has made: nothing stops the program, and nothing gets through it. */

import assert from "node:assert/strict";
import { fuzzInput } from "../support/program/input_fuzz.ts";
import { SEED } from "../support/program/property.ts";

/** About a minute; `deno task fuzz-input` plays more. */
const RUNS = 600;

Deno.test(`whatever the arguments and the input, the status is right and nobody else gets mail (${RUNS} times, seed ${SEED})`, async () => {
  const { statuses, findings } = await fuzzInput({ seed: SEED, runs: RUNS, atOnce: 4 });
  assert.deepEqual(findings, []);
  // Chance that never gets a message out would show nothing.
  assert.ok((statuses.get(0) ?? 0) > RUNS / 20, "some messages get through");
  assert.ok((statuses.get(67) ?? 0) > 0 && (statuses.get(64) ?? 0) > 0, "some addresses are bad");
});
