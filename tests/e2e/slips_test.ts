/** The contract's chapter "Exit status": what an administrator reads after each of the usual slips. */

import assert from "node:assert/strict";
import { sendmail } from "../support/program/program.ts";
import { sideBySide } from "../support/program/parallel.ts";
import { prepareSlips } from "../support/servers/slips.ts";

Deno.test("each usual slip of an administrator has its status and its exact words", async (test) => {
  await using prepared = await prepareSlips();
  assert.ok(prepared.slips.length >= 26);
  await sideBySide(test, prepared.slips, async ({ args, circumstances, status, says }) => {
    const run = await sendmail(args, circumstances);
    assert.deepEqual([run.status, run.stdout, run.stderr], [status, "", says]);
  });
});
