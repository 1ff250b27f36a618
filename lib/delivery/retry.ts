/**
 * Attempts until everybody is served, or the time for it is over.
 *
 * @module
 */

import type { Message } from "../message/mod.ts";
import {
  ExitStatus,
  Failure,
  type Outcome,
  type RecipientOutcome,
  type Reply,
  statusOf,
} from "../outcome.ts";

/** The message to some of its recipients; to all of them where none are given. */
export function onlyTo(message: Message, recipients?: readonly string[]): Message {
  if (recipients === undefined) return message;
  return { ...message, envelope: { ...message.envelope, recipients: [...recipients] } };
}

/** How one attempt ended, or all of them together. */
export type Result = Failure | Outcome;

/** When and how to try again. */
export type RetryOptions = {
  /** How long to try again, in milliseconds from the start; 0 is one attempt. */
  duration: number;
  /** Gives the milliseconds since the start. */
  elapsed: () => number;
  /** Waits so many milliseconds before another attempt; gives false where there is to be none. */
  pause: (milliseconds: number, last: Result) => Promise<boolean>;
};

/** The first pause and the longest one, in milliseconds; each is twice as long as the one before. */
const FIRST_PAUSE = 5_000;
const LONGEST_PAUSE = 60_000;

/**
 * Makes attempts until one ends with another status than 75, or the time is over; the last one is
 * made when it is over. An attempt gets the recipients who have not been served, or nothing for all.
 * Gives what all attempts together have come to: the status and the words are those of the last.
 */
export async function retried(
  attempt: (recipients?: readonly string[]) => Promise<Result>,
  { duration, elapsed, pause }: RetryOptions,
): Promise<Result> {
  let result = await attempt();
  for (let next = FIRST_PAUSE;; next = Math.min(2 * next, LONGEST_PAUSE)) {
    const left = duration - elapsed();
    if (statusOf(result) !== ExitStatus.tryAgain || left <= 0) return result;
    if (!await pause(Math.min(next, left), result)) return result;
    result = together(result, await attempt(unservedIn(result)));
  }
}

/** The recipients who have not got the message; nothing where nobody has. */
function unservedIn(result: Result): string[] | undefined {
  const recipients = recipientsOf(result);
  if (!recipients.some(isServed)) return undefined;
  return recipients.filter((each) => !isServed(each)).map(({ address }) => address);
}

/** A result, and who has been served before. */
function together(earlier: Result, last: Result): Result {
  const before = transactionsOf(earlier);
  if (before.length === 0) return last;
  const transactions = [...before, ...transactionsOf(last)];
  const known = new Map(recipientsOf(last).map((each) => [each.address, each]));
  const recipients = recipientsOf(earlier).map((each) =>
    isServed(each) ? each : counted(known.get(each.address) ?? each, before.length)
  );
  if (last instanceof Failure) return new Failure({ ...last.details, recipients, transactions });
  const [reply] = transactions;
  const several = transactions.length > 1 && { transactions };
  return { ...last, ...(reply && { reply }), ...several, recipients };
}

/** The recipient of a later attempt, whose transactions are counted on. */
function counted(recipient: RecipientOutcome, before: number): RecipientOutcome {
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
