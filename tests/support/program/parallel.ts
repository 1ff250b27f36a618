/**
 * Rows of a table, several at a time: a run that waits for a time limit to pass costs no processor.
 *
 * @module
 */

/** One row; its name is that of a step. */
export type Row = { name: string };

/** As many runs as two processors keep up with while most of them wait. */
const AT_ONCE = 8;

/** What takes too long beside others, on a machine that has other things to do, too. */
export class TooSlow extends Error {}

/**
 * Checks every row as a step of the test; all are checked, whatever becomes of one. Time is only
 * judged in peace: what was too slow beside others is checked once more by itself.
 */
export async function sideBySide<T extends Row>(
  test: Deno.TestContext,
  rows: readonly T[],
  check: (row: T) => Promise<void>,
): Promise<void> {
  const waiting = rows.values();
  const slow: T[] = [];
  const work = async () => {
    // Each worker takes the next row from the one iterator.
    for (const row of waiting) {
      await step(test, row.name, () =>
        check(row).catch((error) => {
          if (!(error instanceof TooSlow)) throw error;
          slow.push(row);
        }));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  for (const row of slow) await step(test, `${row.name}, by itself`, () => check(row));
}

async function step(test: Deno.TestContext, name: string, fn: () => Promise<void>): Promise<void> {
  // Steps that run side by side open and close what belongs to each other.
  const sanitizers = { sanitizeOps: false, sanitizeResources: false, sanitizeExit: false };
  await test.step({ name, fn, ...sanitizers });
}
