/**
 * Runs the executable with arguments and inputs that chance has made, and holds every run to what is
 * promised for all of them.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { HOST_NAME, smarthost } from "../servers/smarthost.ts";
import type { SubmittedMessage } from "../servers/smtp_conversation.ts";
import { type InputCase, inputCase } from "./input_cases.ts";
import type { Run } from "./program.ts";

/** How often, from which seed on, and for how long at most, in milliseconds. */
export type InputFuzzOptions = { seed: number; runs: number; time?: number; atOnce: number };

/** How often each status came, and what broke a promise, with how to play it again. */
export type InputTally = { statuses: Map<number, number>; findings: string[] };

/** The statuses that a run can end with whose server is honest. */
const STATUSES = [0, 64, 65, 67, 69];

/** What the server offers: nothing that chance makes is beyond it. */
const CAPABILITIES = ["PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 100000000"];

/** Lines of the conversation, which `-v` shows. */
const TRANSCRIPT = /^[<>*] /;

/** How many characters of a finding are shown. */
const MOST_SHOWN = 4000;

/** Plays cases, some at the same time; of each row the first that breaks a promise is made small. */
export async function fuzzInput(options: InputFuzzOptions): Promise<InputTally> {
  const { seed, runs, time, atOnce } = options;
  const tally: InputTally = { statuses: new Map(), findings: [] };
  const property = fc.asyncProperty(inputCase, async (each) => {
    const { status } = await play(each);
    tally.statuses.set(status, (tally.statuses.get(status) ?? 0) + 1);
  });
  const row = async (_: unknown, at: number) => {
    const details = await fc.check(property, {
      seed: seed + at,
      numRuns: Math.ceil(runs / atOnce),
      ...(time !== undefined && { interruptAfterTimeLimit: time }),
    });
    if (!details.failed || details.counterexample === null) return;
    const [{ args, stdin }] = details.counterexample;
    const { errorInstance: error } = details;
    tally.findings.push([
      `NS8_SENDMAIL_SEED=${seed + at}`,
      error instanceof Error ? error.message.slice(0, MOST_SHOWN) : `${error}`,
      JSON.stringify(args).slice(0, MOST_SHOWN),
      JSON.stringify(Buffer.from(stdin).toString("latin1")).slice(0, MOST_SHOWN),
    ].join("\n"));
  };
  await Promise.all(Array.from({ length: atOnce }, row));
  return tally;
}

/** Plays one case; throws where a promise is broken. */
async function play({ args, stdin }: InputCase): Promise<Run> {
  await using host = await smarthost({}, { capabilities: CAPABILITIES });
  const run = await host.submit(args, stdin);
  assertEnd(run);
  const messages = host.server.messages();
  assert.ok(messages.length <= 1, "one message at most");
  if (run.status === 64 || run.status === 65) assert.deepEqual(messages, []);
  const readsHeader = args.some((word) => /^-[a-zA-Z]*t|^--read/.test(word));
  for (const message of messages) assertMessage(message, readsHeader);
  const rcpt = host.server.commands().filter((line) => /^RCPT/i.test(line));
  assert.equal(rcpt.length, messages[0]?.recipients.length ?? 0);
  const isDry = args.some((word) => word.startsWith("--dry")) && !args.includes("--help");
  if (isDry && run.stdout !== "") assertHeader(run.output);
  return run;
}

/** The status is one of the contract's, and standard error says why it is not 0 in one line. */
function assertEnd({ status, signal, stderr }: Run): void {
  assert.equal(signal, null);
  assert.ok(STATUSES.includes(status), `status ${status}: ${stderr}`);
  const lines = stderr.split("\n").filter((line) => line !== "" && !TRANSCRIPT.test(line));
  const [error, others, ...more] = lines;
  assert.deepEqual(more, []);
  assert.equal(error?.startsWith("Error: ") ?? false, status !== 0, stderr);
  if (others !== undefined) assert.match(others, /^The others got the message: /);
  assert.doesNotMatch(stderr.replaceAll("\n", ""), /[\x00-\x1f\x7f]/);
}

/** Nobody gets the message but who may, and the message says nothing else. */
function assertMessage(
  { sender, recipients, content }: SubmittedMessage,
  readsHeader: boolean,
): void {
  const domains = ["good.test", HOST_NAME, ...readsHeader ? ["head.test"] : []];
  for (const recipient of recipients) {
    const domain = recipient.slice(recipient.lastIndexOf("@") + 1);
    assert.ok(domains.includes(domain), `${recipient} is no recipient`);
    assert.doesNotMatch(recipient, /[\x00-\x1f\x7f<>]/);
  }
  assert.equal(new Set(recipients).size, recipients.length);
  assert.match(sender, /^(?:.*@(?:sender\.test|node\.example\.org))?$/);
  assertHeader(content);
}

/** Nothing is in the header that was only text. */
function assertHeader(content: Uint8Array): void {
  const message = Buffer.from(content).toString("latin1");
  assert.doesNotMatch(message, /(?<!\r)\n|\r(?!\n)/, "every line ends in CRLF");
  const [header = ""] = message.split("\r\n\r\n", 1);
  for (const line of header.split("\r\n")) {
    // A field may be folded so that one of its lines is blank (RFC 5322, 4.2).
    assert.match(line, /^[!-9;-~]+[ \t]*:|^[ \t]/);
    assert.doesNotMatch(line, /^(?:X-Bait|Bcc|Resent-Bcc|Return-Path)\b/i);
  }
}
