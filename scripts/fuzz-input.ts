/**
 * The fuzzer of arguments and standard input, for longer than the tests run it: `deno task
 * fuzz-input 5m` for five minutes, `deno task fuzz-input 2000` for so many runs; without an argument
 * for one minute. `NS8_SENDMAIL_SEED=SEED deno task fuzz-input 100` plays a finding again.
 *
 * @module
 */

import { fuzzInput } from "../tests/support/program/input_fuzz.ts";
import { boundOf } from "./fuzz/bound.ts";

const AT_ONCE = 4;

const seed = Number(Deno.env.get("NS8_SENDMAIL_SEED") ?? Date.now() % 2 ** 30);
console.log(`Seed ${seed}`);
const tally = await fuzzInput({ seed, atOnce: AT_ONCE, ...boundOf(Deno.args[0] ?? "1m") });
for (const finding of tally.findings) console.log(finding);
const statuses = [...tally.statuses].sort(([a], [b]) => a - b);
console.log(`${tally.findings.length} findings; how often each status:`);
console.log(statuses.map(([status, count]) => `${status}: ${count}`).join(", "));
Deno.exitCode = tally.findings.length > 0 ? 1 : 0;
