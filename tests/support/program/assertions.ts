/**
 * How a run has to end, in the words of the contract.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Run } from "./program.ts";

/** Success is status 0 and silence. */
export function assertSilentSuccess(run: Run): void {
  const { status, stdout, stderr } = run;
  assert.deepEqual({ stderr, stdout, status }, { stderr: "", stdout: "", status: 0 });
}

/**
 * A failure is its status, nothing on stdout, and one line on stderr that starts with `Error: ` and
 * says all this.
 */
export function assertFailure(run: Run, status: number, ...says: (string | RegExp)[]): void {
  const { stdout, stderr } = run;
  assert.deepEqual({ stdout, status: run.status }, { stdout: "", status }, stderr);
  assert.match(stderr, /^Error: [^\n]+\n$/);
  for (const part of says) {
    const said = typeof part === "string" ? stderr.includes(part) : part.test(stderr);
    assert.ok(said, `${JSON.stringify(stderr)} does not say ${part}`);
  }
}
