/**
 * Golden messages: what a caller hands in, and every byte that the smarthost then hears.
 *
 * Each folder of `tests/fixtures/messages` holds three files: `arguments`, one a line; `input`, the
 * standard input; `wire`, all that is said to the server, with the dates and ids that the program
 * makes in one fixed form. With NS8_SENDMAIL_RECORD set, a test run writes `wire` anew: read what
 * `git diff` then shows.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { HOST_NAME } from "../servers/smarthost.ts";

/** One folder. */
export type GoldenMessage = {
  name: string;
  arguments: string[];
  input: Uint8Array;
  /** One character a byte, as strings are shown better than bytes when they differ. */
  wire: string;
};

const FOLDER = new URL("../../fixtures/messages/", import.meta.url).pathname;

/** Reads every golden message, in the order of their names. */
export function goldenMessages(): GoldenMessage[] {
  const folders = [...Deno.readDirSync(FOLDER)].filter(({ isDirectory }) => isDirectory);
  return folders.map(({ name }) => name).sort().map(goldenMessage);
}

/** Reads one of them. */
export function goldenMessage(name: string): GoldenMessage {
  const file = (part: string) => Deno.readFileSync(`${FOLDER}${name}/${part}`);
  const lines = new TextDecoder().decode(file("arguments")).split("\n");
  const isRecorded = [...Deno.readDirSync(FOLDER + name)].some((entry) => entry.name === "wire");
  return {
    name,
    arguments: lines.slice(0, -1),
    input: file("input"),
    wire: isRecorded ? Buffer.from(file("wire")).toString("latin1") : "",
  };
}

/** Compares what has been said to a server with a golden message, or records it. */
export function assertGolden({ name, wire }: GoldenMessage, said: string): void {
  if (!Deno.env.get("NS8_SENDMAIL_RECORD")) return assert.equal(said, wire);
  Deno.writeFileSync(`${FOLDER}${name}/wire`, Buffer.from(said, "latin1"));
}

/** What stands for a date and an id of the program's; as long as those are. */
const SOME_DATE = "Thu, 01 Jan 1970 00:00:00 +0000";
const SOME_ID = `<00000000-0000-4000-8000-000000000000@${HOST_NAME}>`;

const DATE = /(?<=^Date: )\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000(?=\r$)/gm;
const ID = new RegExp(
  `(?<=^Message-ID: )<[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}@${
    RegExp.escape(HOST_NAME)
  }>(?=\r$)`,
  "gm",
);

/**
 * Puts what was said to a server in the fixed form. A date counts as the program's only where it is
 * one of the time since `start`, which is in milliseconds.
 */
export function inFixedForm(said: string, start: number): string {
  const second = Math.floor(start / 1000) * 1000;
  const isNow = (date: string) => Date.parse(date) >= second && Date.parse(date) <= Date.now();
  return said.replace(DATE, (date) => isNow(date) ? SOME_DATE : date).replace(ID, SOME_ID);
}
