/** Servers that chance has made: whatever they do, the exit status can be relied on. */

import assert from "node:assert/strict";
import { certificateAuthority } from "../support/servers/certificates.ts";
import { describeFinding, fuzz, trustIn } from "../support/servers/fuzz.ts";
import { SEED } from "../support/program/property.ts";

/** About twenty seconds; `deno task fuzz` plays more. */
const RUNS = 500;

Deno.test(`whatever a server does, the status is right, in time and tells no secret (${RUNS} times, seed ${SEED})`, async () => {
  await using authority = await certificateAuthority();
  const trust = await trustIn(authority);
  const tally = await fuzz(trust, { seed: SEED, runs: RUNS, atOnce: 6 });
  assert.deepEqual(tally.findings.map(describeFinding), []);
  assert.equal(tally.runs, RUNS);
  // Chance that never gets past the greeting would show nothing.
  assert.ok((tally.statuses.get(0) ?? 0) > RUNS / 20, "some messages get through");
  assert.ok(tally.statuses.size >= 5, "they end in many ways");
});
