/**
 * Repeats attempts to send until every recipient got the message, or the time is over.
 *
 * @module
 */

import type { Message } from "../message/mod.ts";
import {
  ExitStatus,
  Failure,
  type RecipientOutcome,
  type Reply,
  type Result,
  statusOf,
} from "../outcome.ts";

/** Gives the message with only these recipients; with all of its recipients if none are given. */
export function onlyTo(message: Message, recipients?: readonly string[]): Message {
  if (recipients === undefined) return message;
  return { ...message, envelope: { ...message.envelope, recipients: [...recipients] } };
}

/** How long to try again, and how to wait. */
export type RetryOptions = {
  /** For how long attempts are repeated, in milliseconds from the start; 0 for one attempt. */
  duration: number;
  /** Gives the milliseconds since the start. */
  elapsed: () => number;
  /** Waits before the next attempt; gives false if there must be no next attempt. */
  pause: (milliseconds: number, last: Result) => Promise<boolean>;
};

/** The first pause and the longest one, in milliseconds; each is twice as long as the one before. */
const FIRST_PAUSE = 5_000;
const LONGEST_PAUSE = 60_000;

/**
 * Makes attempts until one ends with another status than 75, or the time is over; the last attempt
 * is made at the end of the time. An attempt gets the recipients that do not have the message yet, or
 * nothing for all recipients. Gives the result of all attempts together: status and words are those
 * of the last one.
 */
export async function withRetries(
  attempt: (recipients?: readonly string[]) => Promise<Result>,
  { duration, elapsed, pause }: RetryOptions,
): Promise<Result> {
  let result = await attempt();
  for (let next = FIRST_PAUSE;; next = Math.min(2 * next, LONGEST_PAUSE)) {
    const left = duration - elapsed();
    if (statusOf(result) !== ExitStatus.tryAgain || left <= 0) return result;
    if (!await pause(Math.min(next, left), result)) return result;
    result = combined(result, await attempt(unservedIn(result)));
  }
}

/** Gives the recipients that do not have the message yet; nothing if no recipient has it. */
function unservedIn(result: Result): string[] | undefined {
  const recipients = recipientsOf(result);
  if (!recipients.some(isServed)) return undefined;
  return recipients.filter((each) => !isServed(each)).map(({ address }) => address);
}

/** Adds the recipients that got the message in earlier attempts to the last result. */
function combined(earlier: Result, last: Result): Result {
  const before = transactionsOf(earlier);
  if (before.length === 0) return last;
  const transactions = [...before, ...transactionsOf(last)];
  const known = new Map(recipientsOf(last).map((each) => [each.address, each]));
  const recipients = recipientsOf(earlier).map((each) =>
    isServed(each) ? each : renumbered(known.get(each.address) ?? each, before.length)
  );
  if (last instanceof Failure) return new Failure({ ...last.details, recipients, transactions });
  const [reply] = transactions;
  const several = transactions.length > 1 && { transactions };
  return { ...last, ...(reply && { reply }), ...several, recipients };
}

/** Renumbers the transaction of a later attempt: `before` transactions came earlier. */
function renumbered(recipient: RecipientOutcome, before: number): RecipientOutcome {
  const { transaction } = recipient;
  return transaction === undefined
    ? recipient
    : { ...recipient, transaction: before + transaction };
}

function isServed({ transaction }: RecipientOutcome): boolean {
  return transaction !== undefined;
}

function recipientsOf(result: Result): readonly RecipientOutcome[] {
  return (result instanceof Failure ? result.details.recipients : result.recipients) ?? [];
}

function transactionsOf(result: Result): readonly Reply[] {
  if (result instanceof Failure) return result.details.transactions ?? [];
  return result.transactions ?? (result.reply === undefined ? [] : [result.reply]);
}
