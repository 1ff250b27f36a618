/**
 * The result of a transaction, from the server's answers.
 *
 * @module
 */

import { Failure, type RecipientOutcome, type Reply } from "../outcome.ts";
import { type Answer, isAccepted, refusal, type Step } from "./status.ts";

/** The server's answers to one message and its recipients. */
export type Receipt = {
  /** Every recipient in the order of the envelope. */
  recipients: RecipientOutcome[];
  /** The reply to the final dot; missing if every recipient was refused. */
  reply?: Reply;
};

/**
 * Judges a transaction by the server's answers to it. `problem`, an error during the transaction,
 * counts only if there is no answer to the message: after the reply to the final dot nothing turns
 * success into failure. Throws the Failure of the message, with the recipients answered before.
 */
export function receiptOf(
  answers: readonly Answer[],
  addresses: readonly string[],
  server: string,
  problem: unknown,
): Receipt {
  const to = (step: Step) => answers.filter((answer) => answer.step === step);
  const [[data], [final]] = [to("DATA"), to("message")];
  const replies = to("RCPT");
  const recipients = replies.map((answer, index) => ({
    address: addresses[index] ?? "",
    accepted: isAccepted(answer),
    reply: answer.reply,
  }));
  const isEveryoneRefused = recipients.length === addresses.length &&
    recipients.every(({ accepted }) => !accepted);
  if (isEveryoneRefused) return { recipients };
  if (data !== undefined && data.reply.code >= 400) {
    throw refusal("DATA", server, data.reply, recipients);
  }
  if (final !== undefined && isAccepted(final)) return { recipients, reply: final.reply };
  if (final !== undefined) throw refusal("message", server, final.reply, recipients);
  if (problem instanceof Failure) throw withRefusals(problem, recipients);
  throw problem;
}

/**
 * True if the last transaction in these answers was not ended, because every recipient was refused and
 * no message was sent.
 */
export function isTransactionOpen(answers: readonly Answer[]): boolean {
  const bounds: readonly Step[] = ["MAIL", "message", "RSET"];
  return answers.findLast(({ step }) => bounds.includes(step))?.step === "MAIL";
}

/** The most refusals that are named beside another failure. */
const MOST_NAMED = 3;

/**
 * Adds the recipients to the failure of a transaction. If the failure has no reply of its own, its
 * reason names the first refused recipients.
 */
function withRefusals({ details }: Failure, recipients: RecipientOutcome[]): Failure {
  const refused = recipients.filter(({ accepted }) => !accepted);
  if (details.reply !== undefined || refused.length === 0) {
    return new Failure({ ...details, recipients });
  }
  const named = refused.slice(0, MOST_NAMED)
    .map(({ address, reply }) => `${address}: ${reply?.code} ${reply?.text}`);
  const more = refused.length > MOST_NAMED ? [`${refused.length - MOST_NAMED} more`] : [];
  const why = `${details.why}; refused before: ${[...named, ...more].join(", ")}`;
  return new Failure({ ...details, why, recipients });
}
