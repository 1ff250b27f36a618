/**
 * Sends one message in several transactions if the server does not accept all of its recipients in one
 * (RFC 5321, 4.5.3.1.10; RFC 9422).
 *
 * @module
 */

import type { Session, Transaction } from "../smtp/mod.ts";
import { Failure, type RecipientOutcome, type Reply } from "../outcome.ts";

/**
 * The most recipients of one transaction. nodemailer takes each from the front of an array, which
 * costs as much as the array is long: 100,000 in one transaction took 13 s of computing.
 */
const MOST_RECIPIENTS = 10_000;

/** The result for each recipient, and the reply to each final dot that the server accepted. */
export type Receipts = { recipients: RecipientOutcome[]; transactions: Reply[] };

/**
 * Sends the message in one session. Recipients that are refused only because there are too many are
 * tried again in the next transaction, as long as each transaction accepts at least one more.
 *
 * Throws the Failure of the first transaction that fails, with the recipients that got the message
 * before.
 */
export async function sendToAll(session: Session, transaction: Transaction): Promise<Receipts> {
  const { recipients } = transaction;
  const queue = [...recipients];
  const known = new Map<string, RecipientOutcome>();
  const transactions: Reply[] = [];
  let most = Math.min(session.capabilities.recipientLimit ?? MOST_RECIPIENTS, MOST_RECIPIENTS);
  for (let at = 0; at < queue.length;) {
    const batch = queue.slice(at, at + most);
    at += batch.length;
    const receipt = await session.send({ ...transaction, recipients: batch })
      .catch((error) =>
        Promise.reject(withKnownRecipients(error, known, recipients, transactions))
      );
    const { reply } = receipt;
    if (reply !== undefined) transactions.push(reply);
    // All recipients have been tried once; only those for a further attempt are left.
    else if (at >= recipients.length) queue.length = at;
    const number = transactions.length;
    for (const each of receipt.recipients) {
      const isServed = each.accepted && reply !== undefined;
      known.set(each.address, isServed ? { ...each, transaction: number } : each);
      if (reply !== undefined && isOneTooMany(each)) queue.push(each.address);
    }
    if (reply !== undefined && receipt.recipients.some(isOneTooMany)) {
      most = Math.min(most, receipt.recipients.filter(({ accepted }) => accepted).length);
    }
  }
  return { recipients: recipients.map((address) => outcomeOf(known, address)), transactions };
}

/**
 * True if a recipient was refused because there are too many. The code 452 always counts as such
 * (RFC 5321, 4.5.3.1.10), 552 only with the enhanced code (RFC 3463, 3.6) or words that say so.
 */
function isOneTooMany({ accepted, reply }: RecipientOutcome): boolean {
  if (accepted || reply === undefined) return false;
  const { code, text } = reply;
  if (code === 452 || /^[45]\.5\.3\b/.test(text)) return true;
  return code === 552 && /\brecipients?\b/i.test(text) &&
    /many|max|limit|number|exceed/i.test(text);
}

/** Adds the known results of all recipients to the failure of a transaction. */
function withKnownRecipients(
  error: unknown,
  known: ReadonlyMap<string, RecipientOutcome>,
  recipients: readonly string[],
  transactions: Reply[],
): unknown {
  if (!(error instanceof Failure) || transactions.length === 0) return error;
  const all = new Map(known);
  for (const each of error.details.recipients ?? []) all.set(each.address, each);
  return new Failure({
    ...error.details,
    recipients: recipients.map((address) => outcomeOf(all, address)),
    transactions,
  });
}

function outcomeOf(
  known: ReadonlyMap<string, RecipientOutcome>,
  address: string,
): RecipientOutcome {
  return known.get(address) ?? { address, accepted: false };
}
