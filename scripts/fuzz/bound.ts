/**
 * The argument of the two fuzzers: how many runs, or for how many minutes.
 *
 * @module
 */

/** More runs than a fuzzer makes in any time that it is given. */
const MOST_RUNS = 1_000_000;

/**
 * Reads `2000` for that many runs, or `5m` for five minutes: gives the most runs, and the longest time
 * in milliseconds if there is one. Throws an Error for any other text.
 */
export function boundOf(text: string): { runs: number; time?: number } {
  const [, number, unit] = /^(\d{1,6})(m?)$/.exec(text) ?? [];
  if (number === undefined) throw new Error(`Neither a number of runs nor minutes: ${text}`);
  if (unit === "") return { runs: Number(number) };
  return { runs: MOST_RUNS, time: Number(number) * 60_000 };
}
