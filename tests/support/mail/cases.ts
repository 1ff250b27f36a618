/**
 * Cases from public reports: what callers hand in, and what has to come of it.
 *
 * Each folder of `tests/fixtures/cases` holds two files: `input`, the standard input, and
 * `case.json`, the arguments, the outcome, and what is special about server and host.
 *
 * @module
 */

import type { SmarthostHash } from "../servers/redis.ts";

/** What has to come of a case; what is not named is not looked at. */
export type Expected = {
  status: number;
  /** Everybody in the envelope, in its order. */
  recipients?: string[];
  /** Some of them. */
  recipients_include?: string[];
  sender?: string;
  subject?: string;
  /** The text that arrives, or "input" for the whole input. */
  body?: string;
  /** How that text begins. */
  text_starts?: string;
  /** "input" for the whole input as an attachment. */
  attachment?: "input";
  /** Whether the input arrives as a message or as the text of one. */
  taken_as?: "message" | "text";
  /** Fields and their values. */
  header?: Record<string, string>;
  /** What stands in the message as it arrives, and what does not. */
  present?: string[];
  absent?: string[];
  /** What stderr says. */
  stderr?: string[];
  /** How many times the server gets a message. */
  transactions?: number;
  /** What the host is called. */
  host?: string;
};

/** One folder. */
export type Case = {
  name: string;
  /** What the contract promises, as a sentence. */
  promise: string;
  arguments: string[];
  input: Uint8Array;
  expected: Expected;
  server?: {
    /** Replies in place of the usual ones, by what the client says. */
    replies?: Record<string, string>;
    /** How AUTH is offered. */
    auth?: string;
    rcpt_max_per_transaction?: number;
    /** The reply to a recipient beyond that. */
    reply?: string;
  };
  /** Fields of the settings in place of the usual ones. */
  settings?: SmarthostHash;
};

const FOLDER = new URL("../../fixtures/cases/", import.meta.url).pathname;

/** Reads every case, in the order of their names. */
export function cases(): Case[] {
  const names = [...Deno.readDirSync(FOLDER)].map(({ name }) => name).toSorted();
  return names.map((name) => ({
    name,
    input: Deno.readFileSync(`${FOLDER}${name}/input`),
    ...JSON.parse(Deno.readTextFileSync(`${FOLDER}${name}/case.json`)),
  }));
}
