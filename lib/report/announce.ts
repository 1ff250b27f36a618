/**
 * Reports the result of a run: lines on stderr, JSON, the record in the system log, the exit status.
 *
 * @module
 */

import { checkLines, type CheckReport } from "../delivery/mod.ts";
import type { Mail, Message } from "../message/mod.ts";
import { checkJson, outcomeJson } from "./json.ts";
import { clip } from "../text/mod.ts";
import {
  asFailure,
  type BadAddress,
  ExitStatus,
  type LogRecord,
  type Output,
  type Result,
  statusOf,
} from "../outcome.ts";
import { LIMITS, type Redact, redactReport, redactResult } from "./redact.ts";
import { type Attempt, attemptOf } from "./attempt.ts";
import { errorLines, errorText, logRecord, unreadableText } from "./report.ts";

/** The output for a result, and the function that masks secrets in the words of servers. */
export type Audience = Output & { redact: Redact };

/** The system log. */
export type Log = { write(record: LogRecord): Promise<void> };

/** Writes the record of an attempt to send to the system log. */
export async function recordResult(
  result: Result,
  attempt: Attempt,
  redact: Redact,
  log: Log,
): Promise<void> {
  await log.write(logRecord(attempt, result, redact));
}

/** Writes to stderr how long the pause before the next attempt is, and why. */
export function announcePause(
  milliseconds: number,
  last: Result,
  { writeError, redact }: Audience,
): void {
  const seconds = Math.ceil(milliseconds / 1000);
  writeError(`* Next attempt in ${seconds} s: ${errorText(last, redact)}`);
}

/**
 * Writes the result of all attempts to stderr, and with `json` also as an object to standard output.
 * Gives the exit status, which an error while writing does not change: the message was sent, or not.
 */
export async function announceResult(
  result: Result,
  attempt: Attempt,
  json: boolean,
  { print, writeError, redact }: Audience,
): Promise<ExitStatus> {
  // Redacting takes time, so only what is shown is redacted; without --json no replies are shown.
  errorLines(result, redact).forEach(writeError);
  if (json) {
    const server = attempt.server && clip(attempt.server, LIMITS.place);
    const shown = outcomeJson(redactResult(result, redact), server, attempt.recipients);
    await print(`${shown}\n`).catch(() => {});
  }
  return statusOf(result);
}

/**
 * Writes the error for a wrong address on the command line, also to the system log, because the
 * address may come from a directory. Gives the exit status. There was no attempt, so there is no JSON.
 */
export async function announceBadAddress(
  { failure, text, role }: BadAddress,
  mail: Mail,
  hostName: string,
  { writeError }: Output,
  log: Log,
): Promise<ExitStatus> {
  const { from, to, ...attempt } = attemptOf(mail, hostName, {});
  const named = role === "sender" ? { from: text, to } : { from, to: to || text };
  const redact: Redact = (words, limit = LIMITS.words) => clip(words, limit);
  await recordResult(failure, { ...attempt, ...named }, redact, log);
  errorLines(failure).forEach(writeError);
  return statusOf(failure);
}

/** Prints the report of a check, and gives its exit status. Throws a Failure (74) if printing fails. */
export async function announceReport(
  report: CheckReport,
  json: boolean,
  { print, writeError, redact }: Audience,
): Promise<ExitStatus> {
  const shown = redactReport(report, redact);
  await print(json ? `${checkJson(shown)}\n` : `${checkLines(shown).join("\n")}\n`);
  if (shown.failure) errorLines(shown.failure).forEach(writeError);
  return report.status;
}

/** Writes an error that ended the run before any attempt to send, and gives its exit status. */
export function announceFailure(error: unknown, { writeError }: Output): ExitStatus {
  const shown = asFailure(error);
  errorLines(shown).forEach(writeError);
  return statusOf(shown);
}

/**
 * Prints the message. Gives the exit status: 67 if a recipient in its header is not a valid address,
 * else 0. Throws a Failure (74) if printing fails.
 */
export async function announceMessage(
  { content, envelope: { unreadable } }: Message,
  { print, writeError }: Output,
): Promise<ExitStatus> {
  const status = await print(content);
  if (unreadable === undefined) return status;
  writeError(`Error: ${unreadableText(unreadable)}`);
  return ExitStatus.noUser;
}
