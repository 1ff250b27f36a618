/**
 * The outcome as one JSON object, for `--json`.
 *
 * @module
 */

import type { CheckReport } from "../delivery/mod.ts";
import { formatJson } from "../text/mod.ts";
import { Failure, type RecipientOutcome, type Reply, type Result } from "../outcome.ts";
import { queueIdOf } from "./queue_id.ts";
import { errorText, replyText } from "./report.ts";

/**
 * Gives one line of JSON for the result of an attempt to send. Unknown values are left out. If the
 * result does not have the smarthost, it is `server`; all recipients are in `everybody`.
 */
export function outcomeJson(
  result: Result,
  server?: string,
  everybody: readonly string[] = [],
): string {
  const isFailure = result instanceof Failure;
  const { reply, recipients, status, transactions = [] } = isFailure ? result.details : result;
  const isSplit = transactions.length > 1 || (isFailure && transactions.length > 0);
  return formatJson({
    status,
    server: isFailure ? server : result.server,
    reply: reply && replyText(reply),
    // Only the reply to the message has a queue id; the reply of a Failure may be to any step.
    queueId: isFailure ? undefined : reply && queueIdOf(reply.text),
    recipients: completed(recipients, everybody)?.map((each) => recipientJson(each, isSplit)),
    transactions: isSplit ? transactions.map(transactionJson) : undefined,
    error: errorText(result),
  });
}

/** Gives all recipients, also those without an answer; nothing if there are none. */
function completed(
  known: readonly RecipientOutcome[] | undefined,
  everybody: readonly string[],
): readonly RecipientOutcome[] | undefined {
  if (everybody.length === 0) return known;
  const outcomes = new Map(known?.map((each) => [each.address, each]));
  return everybody.map((address) => outcomes.get(address) ?? { address, accepted: false });
}

/** Gives one line of JSON for the report of a check. */
export function checkJson(report: CheckReport): string {
  const { status, server, steps, warnings, failure } = report;
  return formatJson({
    status,
    server,
    steps: steps.map(({ name, ok, detail }) => ({ name, ok, detail })),
    warnings,
    error: failure && errorText(failure),
  });
}

/** Gives a recipient, with its transaction if there were several. */
function recipientJson(recipient: RecipientOutcome, isSplit: boolean) {
  const { address, accepted, reply, transaction } = recipient;
  return {
    address,
    accepted,
    reply: reply && replyText(reply),
    transaction: isSplit ? transaction : undefined,
  };
}

function transactionJson(reply: Reply) {
  return { reply: replyText(reply), queueId: queueIdOf(reply.text) };
}
