/** The variables that the runtime reads: SECURITY.md names each, and what it does. */

import assert from "node:assert/strict";
import { tableOf, variablesRead } from "../../scripts/variables.ts";
import { projectFile } from "../support/program/command.ts";
import { underThisRuntime } from "../support/program/runtimes.ts";

Deno.test("SECURITY.md names every variable that the executable asks for, and what it does", async () => {
  const text = await Deno.readTextFile(projectFile("SECURITY.md"));
  const rows = text.split("\n").map((line) => line.replace(/ +/g, " ").trim());
  const names = await variablesRead();
  assert.ok(names.includes("REDIS_ADDRESS"));
  // Another runtime may ask for less, or for more that the table does not know.
  const wanted = underThisRuntime({ older: tableOf(names), current: [] });
  assert.deepEqual(wanted.filter((row) => !rows.includes(row)), []);
});
