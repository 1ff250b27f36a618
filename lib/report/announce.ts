/**
 * How a run ends for those who wait for it: lines, JSON, the record in the log, and the status.
 *
 * @module
 */

import { checkLines, type CheckReport } from "../delivery/mod.ts";
import { checkJson, outcomeJson } from "./json.ts";
import { asFailure, type ExitStatus, type Failure, type Outcome, statusOf } from "../outcome.ts";
import { type Redact, redactReport, redactResult } from "./redact.ts";
import { type Attempt, errorLines, type LogRecord, logRecord } from "./report.ts";

/** Standard output and standard error. */
export type Output = {
  /** Writes to standard output, and gives status 0; throws a Failure (74) where it cannot. */
  print(...pieces: readonly (string | Uint8Array)[]): Promise<ExitStatus>;
  /** Writes a line to standard error, as far as that can be done. */
  writeError(line: string): void;
};

/** Where to announce, and how secrets are masked in the words of others. */
export type Audience = Output & { redact: Redact };

/** Takes the record of an attempt for the system log. */
export type Log = { write(record: LogRecord): Promise<void> };

/**
 * Announces what came of an attempt to send, and gives its exit status; with `json` also as an
 * object on standard output, and in the log. Nothing that goes wrong here changes
 * that: the message has been taken, or it has not.
 */
export async function announceResult(
  result: Failure | Outcome,
  attempt: Attempt,
  json: boolean,
  { print, writeError, redact }: Audience,
  log: Log,
): Promise<ExitStatus> {
  const shown = redactResult(result, redact);
  await log.write(logRecord(attempt, shown));
  errorLines(shown).forEach(writeError);
  if (json) await print(`${outcomeJson(shown, attempt.server)}\n`).catch(() => {});
  return statusOf(result);
}

/** Announces what a check has found, and gives its exit status; throws a Failure (74) as `print`. */
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

/** Announces what stopped a run before there was anything to attempt, and gives its exit status. */
export function announceFailure(error: unknown, { writeError }: Output): ExitStatus {
  const shown = asFailure(error);
  errorLines(shown).forEach(writeError);
  return statusOf(shown);
}
