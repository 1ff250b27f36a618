/**
 * Worst cases: how the time of the executable grows when the input from outside doubles. Twice the
 * size must take about twice the time. A case is a row of one of the tables in `scripts/scaling/`.
 * Run all cases with `deno task scaling`, or those with TEXT in their name with
 * `deno task scaling TEXT`.
 *
 * @module
 */

import { ANSWER_CASES } from "./scaling/answers.ts";
import { type Case, measureCase, type Measured } from "./scaling/case.ts";
import { INPUT_CASES } from "./scaling/input.ts";

const CASES: Case[] = [...INPUT_CASES, ...ANSWER_CASES];

/** The time is not linear if it grows by more than this factor when the size doubles. */
const MOST_GROWTH = 3;

/** The time of a run that does not depend on its size, and its random part, in milliseconds. */
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
 * Measures a case, and measures it again if the time does not look linear. Other programs on the host
 * only make a run slower, so the least time of each size counts.
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
