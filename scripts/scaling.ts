/**
 * Worst cases: how the time of the executable grows when what strangers send it doubles. A case is
 * a row of one of the tables in `scripts/scaling/`; twice the size must take about twice the time:
 * `deno task scaling`, or `deno task scaling TEXT` for the cases with this in their name.
 *
 * @module
 */

import { ANSWER_CASES } from "./scaling/answers.ts";
import { type Case, measureCase, type Measured } from "./scaling/case.ts";
import { INPUT_CASES } from "./scaling/input.ts";

const CASES: Case[] = [...INPUT_CASES, ...ANSWER_CASES];

/** Time that grows by more than this, when the size doubles, is not linear. */
const MOST_GROWTH = 3;

/** What a run takes whatever its size is, and what chance adds, in milliseconds. */
const NOISE = 150;

/** How often a case is measured that does not look linear. */
const ATTEMPTS = 4;

function isLinear({ times }: Measured): boolean {
  return times.every((time, index) => {
    const before = times[index - 1];
    return before === undefined || time <= MOST_GROWTH * before + NOISE;
  });
}

function row({ name, sizes, unit }: Case, measured: Measured): string {
  const times = measured.times.map((time) => `${time.toFixed(0)} ms`).join(" | ");
  const largest = `${sizes.at(-1)?.toLocaleString("en")} ${unit}`;
  const memory = `${(measured.peak / 2 ** 20).toFixed(0)} MiB`;
  const verdict = isLinear(measured) ? "linear" : "NOT LINEAR";
  return `| ${name} | ${times} | ${largest} | ${memory} | ${verdict} |`;
}

/**
 * Measures a case, again where the time did not grow as it should: other programs on the host make
 * runs slower, and none faster, so that the least time of each size counts.
 */
async function measure(test: Case): Promise<Measured> {
  let measured = await measureCase(test);
  for (let attempt = 2; attempt <= ATTEMPTS && !isLinear(measured); attempt++) {
    const { times, peak } = await measureCase(test);
    const least = times.map((time, index) => Math.min(time, measured.times[index] ?? time));
    measured = { times: least, peak };
  }
  return measured;
}

/** Measures a case and prints its row; gives whether all is as it should be. */
async function judge(test: Case): Promise<boolean> {
  try {
    const measured = await measure(test);
    console.log(row(test, measured));
    return isLinear(measured);
  } catch (error) {
    console.log(`| ${test.name} | FAILED: ${error instanceof Error ? error.message : error} |`);
    return false;
  }
}

const cases = CASES.filter(({ name }) => name.includes(Deno.args[0] ?? ""));
console.log("| case | a quarter | a half | whole | whole is | peak of memory | time is |");
console.log("| --- | ---: | ---: | ---: | ---: | ---: | --- |");
let failures = cases.length === 0 ? 1 : 0;
for (const test of cases) {
  if (!await judge(test)) failures++;
}
Deno.exitCode = failures > 0 ? 1 : 0;
