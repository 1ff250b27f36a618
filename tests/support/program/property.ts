/**
 * Properties: what has to hold for any input, tried on many that chance has made.
 *
 * @module
 */

import fc from "fast-check";

/** The seed of all chance. A failure names its own; NS8_SENDMAIL_SEED sets it. */
export const SEED = Number(Deno.env.get("NS8_SENDMAIL_SEED") ?? 20251122);

/** How many programs run at the same time. */
const AT_ONCE = 4;

/** What a property is. */
export type Property<Input, Surroundings> = {
  /** On how many inputs it is tried. */
  runs: number;
  input: fc.Arbitrary<Input>;
  /** Starts what the runs need that follow each other; it is asked once for each row of runs. */
  start: () => Promise<Surroundings>;
  /** Throws where the property does not hold. */
  check: (surroundings: Surroundings, input: Input) => Promise<void>;
};

/** Defines a test that a property holds; its name tells how often and from which seed it is tried. */
export function propertyTest<Input, Surroundings extends AsyncDisposable>(
  name: string,
  { runs, input, start, check }: Property<Input, Surroundings>,
): void {
  const row = async (_: unknown, at: number) => {
    await using surroundings = await start();
    const property = fc.asyncProperty(input, (each) => check(surroundings, each));
    await fc.assert(property, { seed: SEED + at, numRuns: runs / AT_ONCE });
  };
  Deno.test(`${name} (${runs} times, seed ${SEED})`, async () => {
    await Promise.all(Array.from({ length: AT_ONCE }, row));
  });
}
