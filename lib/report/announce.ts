/**
 * Says how a run has ended: lines on stderr, JSON, the record in the system log, the exit status.
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
  type Failure,
  type Outcome,
  statusOf,
} from "../outcome.ts";
import { LIMITS, type Redact, redactReport, redactResult } from "./redact.ts";
import { type Attempt, attemptOf } from "./attempt.ts";
import { errorLines, errorText, type LogRecord, logRecord, unreadableText } from "./report.ts";

/** Standard output and standard error. */
export type Output = {
  /** Writes to standard output, and gives status 0; throws a Failure (74) where it cannot. */
  print(what: string | Iterable<Uint8Array>): Promise<ExitStatus>;
  /** Writes a line to standard error, as far as that can be done. */
  writeError(line: string): void;
};

/** Where to announce a result, and what masks secrets in the words of others. */
export type Audience = Output & { redact: Redact };

/** Takes the record of an attempt for the system log. */
export type Log = { write(record: LogRecord): Promise<void> };

/** Writes the record of an attempt to send to the system log. */
export async function recordResult(
  result: Failure | Outcome,
  attempt: Attempt,
  redact: Redact,
  log: Log,
): Promise<void> {
  await log.write(logRecord(attempt, result, redact));
}

/** Says on stderr how long the next attempt is waited for, and why. */
export function announcePause(
  milliseconds: number,
  last: Failure | Outcome,
  { writeError, redact }: Audience,
): void {
  const seconds = Math.ceil(milliseconds / 1000);
  writeError(`* Next attempt in ${seconds} s: ${errorText(last, redact)}`);
}

/**
 * Announces the result of all attempts to send on stderr, with `json` also as an object on standard
 * output, and gives its exit status. An error in here does not change that status: the message was
 * sent, or it was not.
 */
export async function announceResult(
  result: Failure | Outcome,
  attempt: Attempt,
  json: boolean,
  { print, writeError, redact }: Audience,
): Promise<ExitStatus> {
  // Only what is shown is redacted; without --json nobody sees the replies of a success.
  errorLines(result, redact).forEach(writeError);
  if (json) {
    const server = attempt.server && clip(attempt.server, LIMITS.place);
    const shown = outcomeJson(redactResult(result, redact), server, attempt.recipients);
    await print(`${shown}\n`).catch(() => {});
  }
  return statusOf(result);
}

/**
 * Announces an address on the command line that cannot be read, in the log too: it may come out of a
 * directory. Gives the exit status. Nothing was attempted, so there is no JSON.
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

/** Announces the report of a check, and gives its exit status. Throws a Failure (74) as `print`. */
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

/** Announces an error that ended the run before any attempt to send, and gives its exit status. */
export function announceFailure(error: unknown, { writeError }: Output): ExitStatus {
  const shown = asFailure(error);
  errorLines(shown).forEach(writeError);
  return statusOf(shown);
}

/**
 * Prints the message, and gives the exit status: that of recipients in its header that cannot be
 * read, where there are any. Throws a Failure (74) as `print`.
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
