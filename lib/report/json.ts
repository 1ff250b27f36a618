/**
 * The outcome as one JSON object, for `--json`.
 *
 * @module
 */

import type { CheckReport } from "../delivery/mod.ts";
import { formatJson } from "../text/mod.ts";
import { Failure, type Outcome, type RecipientOutcome } from "../outcome.ts";
import { errorText, replyText } from "./report.ts";

/** How servers name the queue entry in their reply to the final dot, each with the words around. */
const QUEUE_IDS: readonly RegExp[] = [
  // Postfix, Sendgrid and others: "2.0.0 Ok: queued as 4F1".
  /\bqueued as ([\w.-]*\w)/i,
  // Haraka: "Message Queued (4F1.1)". Stalwart: "Message queued with id 4f1".
  /\bMessage queued (?:\(|with id )([\w.-]*\w)/i,
  // Exchange: "2.6.0 <id@host> [InternalId=4, Hostname=host] Queued mail for delivery".
  /\[InternalId=(\d+)/,
  // Exim: "OK id=1qABcd-0001Ab-2C".
  /^(?:2\.\d\.\d )?OK id=([\w-]+)/i,
  // Sendmail and OpenSMTPD: "2.0.0 4F1 Message accepted for delivery".
  /^(?:2\.\d\.\d )?((?=\w*\d)\w+) Message accepted for delivery/i,
  // qmail: "ok 1700000000 qp 4711".
  /^ok \d+ qp (\d+)/i,
  // Gmail: "2.0.0 OK  1700000000 a1b2-20020a.4 - gsmtp".
  /^(?:2\.\d\.\d )?OK\s+\d+ ([\w.-]+) - gsmtp/,
];

/**
 * One line of JSON that says how an attempt to send ended. What is not known is left out; the
 * smarthost is taken from `server` where the result does not name it.
 */
export function outcomeJson(result: Failure | Outcome, server?: string): string {
  const { reply, recipients, status } = result instanceof Failure ? result.details : result;
  // The reply of a Failure may be to any step; only the one to the message makes a queue entry.
  const isQueued = !(result instanceof Failure) && reply !== undefined;
  return formatJson({
    status,
    server: result instanceof Failure ? server : result.server,
    reply: reply && replyText(reply),
    queueId: isQueued ? queueIdOf(reply.text) : undefined,
    recipients: recipients?.map(recipientJson),
    error: errorText(result),
  });
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

/** The queue entry that a server names in its reply to the final dot, where its form is known. */
export function queueIdOf(reply: string): string | undefined {
  for (const pattern of QUEUE_IDS) {
    const match = pattern.exec(reply);
    if (match) return match[1];
  }
  return undefined;
}

function recipientJson({ address, accepted, reply }: RecipientOutcome) {
  return { address, accepted, reply: reply && replyText(reply) };
}
