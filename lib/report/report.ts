/**
 * Turns the result of an attempt into lines for stderr and a record for the system log. It joins the
 * words of this program, the place and the server's words. Every line has a bounded length, whatever
 * a server, a certificate, Redis or an argument contains.
 *
 * @module
 */

import { clip, excerpt, logText, logWord } from "../text/mod.ts";
import type { Attempt } from "./attempt.ts";
import { LIMITS, type Redact } from "./redact.ts";
import {
  ExitStatus,
  Failure,
  type LogRecord,
  type Outcome,
  type RecipientOutcome,
  type Reply,
  type Result,
} from "../outcome.ts";

/** The most characters of a list of recipients on stderr; JSON has all of them. */
const LONGEST_LIST = 8000;

/** The most characters for one recipient of the list. */
const LONGEST_ENTRY = 1500;

/**
 * The most bytes of each value in the log. With their names they are less than the 1024 bytes
 * at which logger(1) and RFC 3164, 4.1 cut.
 */
const LOG_LIMITS = {
  from: 160,
  to: 160,
  subject: 160,
  server: 120,
  message: 280,
  transactions: 280,
  transactionsBesideMessage: 48,
} as const;

/**
 * Gives the lines for stderr, without their line ends; none if every recipient was accepted. The
 * first begins with `Error: `; after a partial refusal a second one names who got the message.
 */
export function errorLines(result: Result, redact: Redact = clipOnly): string[] {
  const error = errorText(result, redact);
  if (error === undefined) return [];
  const lines = [`Error: ${error}`];
  const isFailure = result instanceof Failure;
  const { recipients = [] } = isFailure ? result.details : result;
  const served = recipients.filter(({ accepted, transaction }) =>
    isFailure ? transaction !== undefined : accepted
  );
  if (served.length > 0) {
    const who = isFailure ? "These recipients" : "The others";
    lines.push(`${who} got the message: ${listOf(served, ", ", ({ address }) => address)}`);
  }
  return lines;
}

/** Gives what failed, where and why, on one line; nothing if every recipient was accepted. */
export function errorText(
  result: Result,
  redact: Redact = clipOnly,
): string | undefined {
  if (result instanceof Failure) return failureText(result, redact);
  const others = result.recipients.filter((recipient) => !recipient.accepted);
  const refused = others.filter(({ why }) => why === undefined);
  const unreadable = others.filter(({ why }) => why !== undefined);
  const sentences: string[] = [];
  if (refused.length > 0) {
    const what = refused.length === 1 ? "Recipient refused" : "Recipients refused";
    const list = listOf(refused, "; ", (recipient) => refusalText(recipient, redact));
    sentences.push(`${what} (${excerpt(result.server, LIMITS.place)}): ${list}`);
  }
  if (unreadable.length > 0) sentences.push(unreadableText(unreadable));
  return sentences.length === 0 ? undefined : sentences.join("; ");
}

/** Gives the text about recipients in the header that are not valid addresses. */
export function unreadableText(unreadable: readonly RecipientOutcome[]): string {
  const list = listOf(unreadable, "; ", ({ address, why = "" }) => `"${address}" (${why})`);
  return `${unreadable.length === 1 ? "Bad address" : "Bad addresses"} in the header: ${list}`;
}

/**
 * Gives the lines of the transcript for `> command`, or for `< reply` with all its lines: a secret may
 * begin in one of them and end in another.
 */
export function transcriptLines(said: string, redact: Redact): string[] {
  const mark = said.slice(0, "< ".length);
  const words = redact(said.slice(mark.length), LIMITS.transcript);
  return words.split("\n").map((line) => mark + excerpt(line, LIMITS.transcript));
}

/** Gives the log record of an attempt to send. */
export function logRecord(
  attempt: Attempt,
  result: Result,
  redact: Redact = clipOnly,
): LogRecord {
  const failed = result instanceof Failure || result.status !== ExitStatus.ok;
  const reply = result instanceof Failure ? result.details.reply : decisiveReply(result);
  const fields = [
    `status=${failed ? "error" : "sent"}`,
    `from=${logWord(attempt.from, LOG_LIMITS.from) || "<>"}`,
    `to=${logWord(attempt.to, LOG_LIMITS.to) || "-"}`,
    `subject=${logText(attempt.subject, LOG_LIMITS.subject)}`,
    `server=${logWord(attempt.server ?? "", LOG_LIMITS.server) || "-"}`,
    `code=${reply?.code ?? -1}`,
  ];
  if (failed) {
    const message = reply?.text ? oneLine(redact(reply.text)) : ownWords(attempt, result, redact);
    fields.push(`message=${logText(message, LOG_LIMITS.message)}`);
  }
  const split = transactionsText(result);
  if (split !== undefined) {
    const limit = failed ? LOG_LIMITS.transactionsBesideMessage : LOG_LIMITS.transactions;
    fields.push(`transactions=${logText(split, limit)}`);
  }
  return { severity: failed ? "err" : "info", text: fields.join(" ") };
}

/**
 * Gives the recipients of each transaction, if there were several: the first one, and how many more.
 */
function transactionsText(result: Result): string | undefined {
  const { recipients = [], transactions = [] } = result instanceof Failure
    ? result.details
    : result;
  if (transactions.length < (result instanceof Failure ? 1 : 2)) return undefined;
  const groups = transactions.map((): { first: string; count: number } => ({
    first: "-",
    count: 0,
  }));
  for (const { address, transaction } of recipients) {
    const group = transaction === undefined ? undefined : groups[transaction - 1];
    if (group && group.count++ === 0) group.first = address;
  }
  const more = (count: number) => count > 1 ? ` and ${count - 1} more` : "";
  return groups.map(({ first, count }, at) => `${at + 1}: ${first}${more(count)}`).join(", ");
}

/** Gives the reply as one line, `250 2.0.0 Ok`, clipped; nothing in it is escaped yet. */
export function replyText({ code, text }: Reply, redact: Redact = clipOnly): string {
  return `${code} ${oneLine(redact(text, LIMITS.reply))}`.trimEnd();
}

/** Gives the reply to the final dot, or the first refusal if a recipient was refused. */
function decisiveReply({ recipients, reply, status }: Outcome): Reply | undefined {
  if (status === ExitStatus.ok) return reply;
  return recipients.find((recipient) => !recipient.accepted)?.reply;
}

/** Gives the message of the log if there is no reply: the error without the parts in other fields. */
function ownWords({ server }: Attempt, result: Result, redact: Redact): string {
  if (!(result instanceof Failure)) {
    const [first] = result.recipients.filter(({ accepted }) => !accepted);
    return first?.why === undefined ? "Recipient refused" : unreadableText([first]);
  }
  const { what, where, why: cause, reply, hint } = result.details;
  // If the server refused without words, `why` names the sender, which the record has already.
  const why = reply === undefined ? cause : undefined;
  const place = where === undefined || where === server ? "" : ` (${clip(where, LIMITS.place)})`;
  const reason = why === undefined ? "" : `: ${oneLine(redact(why))}`;
  return `${clip(what, LIMITS.words)}${place}${reason}${hint === undefined ? "" : `; ${hint}`}`;
}

function failureText({ details }: Failure, redact: Redact): string {
  const { what, where, why, reply, hint } = details;
  const place = where === undefined ? "" : ` (${excerpt(where, LIMITS.place)})`;
  const reason = why === undefined ? [] : [excerpt(oneLine(redact(why)), LIMITS.words)];
  const words = reply === undefined ? [] : [excerpt(replyText(reply, redact), LIMITS.words)];
  const end = hint === undefined ? "" : `; ${excerpt(hint, LIMITS.words)}`;
  return [excerpt(what, LIMITS.words) + place, ...reason, ...words].join(": ") + end;
}

function refusalText({ address, reply }: RecipientOutcome, redact: Redact): string {
  return address + (reply === undefined ? "" : `: ${replyText(reply, redact)}`);
}

/** Joins the texts for recipients until the list is too long, and counts the others. */
function listOf(
  recipients: readonly RecipientOutcome[],
  separator: string,
  describe: (recipient: RecipientOutcome) => string,
): string {
  let list = "";
  for (const [at, recipient] of recipients.entries()) {
    const entry = (at === 0 ? "" : separator) + excerpt(describe(recipient), LONGEST_ENTRY);
    if (list.length + entry.length > LONGEST_LIST) {
      return `${list}${separator}and ${recipients.length - at} more`;
    }
    list += entry;
  }
  return list;
}

/** Masks nothing: used if there are no secrets, or they are masked already. */
const clipOnly: Redact = (text, limit = LIMITS.words) => clip(text, limit);

/** Joins the lines of a reply. */
function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, " ").trim();
}
