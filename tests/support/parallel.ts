/**
 * Rows of a table, several at a time: a run that waits for a time limit to pass costs no processor.
 *
 * @module
 */

/** One row; its name is that of a step. */
export type Row = { name: string };

/** As many runs as two processors keep up with while most of them wait. */
const AT_ONCE = 8;

/** Checks every row as a step of the test; all are checked, whatever becomes of one. */
export async function sideBySide<T extends Row>(
  test: Deno.TestContext,
  rows: readonly T[],
  check: (row: T) => Promise<void>,
): Promise<void> {
  const waiting = rows.values();
  const work = async () => {
    // Each worker takes the next row from the one iterator.
    for (const row of waiting) {
      await test.step({
        name: row.name,
        fn: () => check(row),
        // Steps that run side by side open and close what belongs to each other.
        sanitizeOps: false,
        sanitizeResources: false,
        sanitizeExit: false,
      });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}
