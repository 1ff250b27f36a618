/**
 * The fuzzer, for longer than the tests run it: `deno task fuzz 5m` for five minutes, `deno task
 * fuzz 2000` for so many runs; without an argument for one minute. It names the seed of every run
 * that broke a promise: `NS8_SENDMAIL_SEED=SEED deno task fuzz 1` plays it again.
 *
 * @module
 */

import { certificateAuthority } from "../tests/support/servers/certificates.ts";
import { describeFinding, fuzz, trustIn } from "../tests/support/servers/fuzz.ts";
import { boundOf } from "./fuzz/bound.ts";

const AT_ONCE = 6;

const { runs, time } = boundOf(Deno.args[0] ?? "1m");
const seed = Number(Deno.env.get("NS8_SENDMAIL_SEED") ?? Date.now() % 2 ** 30);
console.log(`Seed ${seed}`);
await using authority = await certificateAuthority();
const tally = await fuzz(await trustIn(authority), {
  seed,
  runs,
  ...(time !== undefined && { signal: AbortSignal.timeout(time) }),
  atOnce: AT_ONCE,
  onFinding: (finding) => console.log(describeFinding(finding)),
});
const statuses = [...tally.statuses].sort(([a], [b]) => a - b);
console.log(`${tally.runs} runs, ${tally.findings.length} findings; how often each status:`);
console.log(statuses.map(([status, count]) => `${status}: ${count}`).join(", "));
Deno.exitCode = tally.findings.length > 0 ? 1 : 0;
