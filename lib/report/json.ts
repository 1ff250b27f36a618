/**
 * The outcome as one JSON object, for `--json`.
 *
 * @module
 */

import type { CheckReport } from "../delivery/mod.ts";
import { formatJson } from "../text/mod.ts";
import { Failure, type Outcome, type RecipientOutcome, type Reply } from "../outcome.ts";
import { queueIdOf } from "./queue_id.ts";
import { errorText, replyText } from "./report.ts";

/**
 * One line of JSON that says how an attempt to send ended. What is not known is left out; the
 * smarthost is taken from `server` where the result does not name it, and so are recipients from
 * `everybody`.
 */
export function outcomeJson(
  result: Failure | Outcome,
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
    // The reply of a Failure may be to any step; only the one to the message makes a queue entry.
    queueId: isFailure ? undefined : reply && queueIdOf(reply.text),
    recipients: completed(recipients, everybody)?.map((each) => recipientJson(each, isSplit)),
    transactions: isSplit ? transactions.map(transactionJson) : undefined,
    error: errorText(result),
  });
}

/** All recipients, those included of whom nothing is known; nothing where there are none. */
function completed(
  known: readonly RecipientOutcome[] | undefined,
  everybody: readonly string[],
): readonly RecipientOutcome[] | undefined {
  if (everybody.length === 0) return known;
  const outcomes = new Map(known?.map((each) => [each.address, each]));
  return everybody.map((address) => outcomes.get(address) ?? { address, accepted: false });
}

/** One line of JSON that says what a check has found. */
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

/** A recipient; where there were several transactions, also who got the message in which. */
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
