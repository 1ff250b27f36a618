/**
 * How a run ends for those who wait for it: lines, JSON, the record in the log, and the status.
 *
 * @module
 */

import { checkLines, type CheckReport } from "./check.ts";
import { checkJson, outcomeJson } from "./json.ts";
import { asFailure, type ExitStatus, type Failure, type Outcome, statusOf } from "./outcome.ts";
import type { Output } from "./output.ts";
import { type Redact, redactReport, redactResult } from "./redact.ts";
import { type Attempt, errorLines, logRecord } from "./report.ts";
import type { SystemLog } from "./syslog.ts";

/** Where and how to announce. */
export type Audience = Output & {
  /** Masks the secrets of this run in the words of others. */
  redact: Redact;
};

/**
 * Announces what came of an attempt to send, and gives its exit status; with `json` also as an
 * object on standard output, and in the log. Nothing that goes wrong here changes
 * that: the message has been taken, or it has not.
 */
export async function announceResult(
  result: Failure | Outcome,
  attempt: Attempt,
  json: boolean,
  { print, say, redact }: Audience,
  log: Pick<SystemLog, "write">,
): Promise<ExitStatus> {
  const shown = redactResult(result, redact);
  await log.write(logRecord(attempt, shown));
  errorLines(shown).forEach(say);
  if (json) await print(`${outcomeJson(shown, attempt.server)}\n`).catch(() => {});
  return statusOf(result);
}

/** Announces what a check has found, and gives its exit status; throws a Failure (74) as `print`. */
export async function announceReport(
  report: CheckReport,
  json: boolean,
  { print, say, redact }: Audience,
): Promise<ExitStatus> {
  const shown = redactReport(report, redact);
  await print(json ? `${checkJson(shown)}\n` : `${checkLines(shown).join("\n")}\n`);
  if (shown.failure) errorLines(shown.failure).forEach(say);
  return report.status;
}

/** Announces what stopped a run before there was anything to attempt, and gives its exit status. */
export function announceFailure(error: unknown, { say, redact }: Audience): ExitStatus {
  const shown = redactResult(asFailure(error), redact);
  errorLines(shown).forEach(say);
  return statusOf(shown);
}
