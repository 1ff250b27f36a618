/**
 * The fuzzer, for longer than the tests run it: `deno task fuzz 5m` for five minutes, `deno task
 * fuzz 2000` for so many runs; without an argument for one minute. It names the seed of every run
 * that broke a promise: `NS8_SENDMAIL_SEED=SEED deno task fuzz 1` plays it again.
 *
 * @module
 */

import { certificateAuthority } from "../tests/support/servers/certificates.ts";
import { describeFinding, fuzz, trustIn } from "../tests/support/servers/fuzz.ts";

const AT_ONCE = 6;

/** How many runs, or for how long, in milliseconds. */
function boundOf(text: string): { runs: number; signal?: AbortSignal } {
  const [, number, unit] = /^(\d{1,6})(m?)$/.exec(text) ?? [];
  if (number === undefined) throw new Error(`Neither a number of runs nor minutes: ${text}`);
  if (unit === "") return { runs: Number(number) };
  return { runs: Infinity, signal: AbortSignal.timeout(Number(number) * 60_000) };
}

const { runs, signal } = boundOf(Deno.args[0] ?? "1m");
const seed = Number(Deno.env.get("NS8_SENDMAIL_SEED") ?? Date.now() % 2 ** 30);
console.log(`Seed ${seed}`);
await using authority = await certificateAuthority();
const tally = await fuzz(await trustIn(authority), {
  seed,
  runs,
  ...(signal && { signal }),
  atOnce: AT_ONCE,
  onFinding: (finding) => console.log(describeFinding(finding)),
});
const statuses = [...tally.statuses].sort(([a], [b]) => a - b);
console.log(`${tally.runs} runs, ${tally.findings.length} findings; how often each status:`);
console.log(statuses.map(([status, count]) => `${status}: ${count}`).join(", "));
Deno.exitCode = tally.findings.length > 0 ? 1 : 0;
