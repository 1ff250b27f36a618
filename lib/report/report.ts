/**
 * What is said about an attempt: the lines on stderr, and the record for the system log. Here and
 * nowhere else are our words, the place and the server's words joined.
 *
 * @module
 */

import { addressOf } from "../address/mod.ts";
import { defaultSender, type Mail, type Message } from "../message/mod.ts";
import type { SmarthostSettings } from "../cluster/mod.ts";
import { clip, logText, logWord, visible } from "../text/mod.ts";
import {
  ExitStatus,
  Failure,
  formatAddress,
  type Outcome,
  type RecipientOutcome,
  type Reply,
} from "../outcome.ts";

/** What was to be sent, as far as the log names it. */
export type Attempt = {
  /** The envelope sender; empty for the empty one. */
  from: string;
  /** The first recipient. */
  to: string;
  subject: string;
  /** The smarthost as `host:port`, where it is known. */
  server?: string | undefined;
};

/** One record for the system log (RFC 5424, 6.2.1 has the severities). */
export type LogRecord = { severity: "info" | "err"; text: string };

/** The longest reply of a server that is shown whole, in characters. */
const REPLY_LIMIT = 1000;

/**
 * The bytes of a value in the log. All together, with their names, stay below the 1024 bytes where
 * logger(1) and RFC 3164, 4.1 cut.
 */
const LIMITS = { from: 160, to: 160, subject: 160, server: 120, message: 280 } as const;

/**
 * The lines for stderr, without their line ends; none where everybody was served. The first begins
 * with `Error: `; after a partial refusal a second one names those who were served.
 */
export function errorLines(result: Failure | Outcome): string[] {
  const error = errorText(result);
  if (error === undefined) return [];
  const lines = [`Error: ${error}`];
  if (result instanceof Failure) return lines;
  const served = result.recipients.filter((recipient) => recipient.accepted);
  if (served.length > 0) {
    lines.push(`The message was accepted for ${served.map(addressText).join(", ")}`);
  }
  return lines;
}

/** What went wrong, where and why, on one line; nothing where everybody was served. */
export function errorText(result: Failure | Outcome): string | undefined {
  if (result instanceof Failure) return failureText(result);
  const refused = result.recipients.filter((recipient) => !recipient.accepted);
  if (refused.length === 0) return undefined;
  const what = refused.length === 1 ? "Recipient refused" : "Recipients refused";
  return `${what} (${visible(result.server)}): ${refused.map(refusalText).join("; ")}`;
}

/** The log record of an attempt to send (the contract's chapter "The log"). */
export function logRecord(attempt: Attempt, result: Failure | Outcome): LogRecord {
  const failed = result instanceof Failure || result.status !== ExitStatus.ok;
  const reply = result instanceof Failure ? result.details.reply : decisiveReply(result);
  const fields = [
    `status=${failed ? "error" : "sent"}`,
    `from=${logWord(attempt.from, LIMITS.from) || "<>"}`,
    `to=${logWord(attempt.to, LIMITS.to) || "-"}`,
    `subject=${logText(attempt.subject, LIMITS.subject)}`,
    `server=${logWord(attempt.server ?? "", LIMITS.server) || "-"}`,
    `code=${reply?.code ?? -1}`,
  ];
  if (failed) {
    const message = reply?.text ? oneLine(reply.text) : ownWords(attempt, result);
    fields.push(`message=${logText(message, LIMITS.message)}`);
  }
  return { severity: failed ? "err" : "info", text: fields.join(" ") };
}

/** The reply as one line, `250 2.0.0 Ok`; a very long one is cut. Nothing in it is escaped yet. */
export function replyText({ code, text }: Reply): string {
  return clip(`${code} ${oneLine(text)}`.trimEnd(), REPLY_LIMIT);
}

/** The reply to the final dot, or the first refusal where somebody was refused. */
function decisiveReply({ recipients, reply, status }: Outcome): Reply | undefined {
  if (status === ExitStatus.ok) return reply;
  return recipients.find((recipient) => !recipient.accepted)?.reply;
}

/** What the log says where the server said nothing: the error, less what another field holds. */
function ownWords({ server }: Attempt, result: Failure | Outcome): string {
  if (!(result instanceof Failure)) return "Recipient refused";
  const { what, where, why } = result.details;
  const place = where === undefined || where === server ? "" : ` (${where})`;
  return `${what}${place}${why === undefined ? "" : `: ${oneLine(why)}`}`;
}

function failureText({ details: { what, where, why, reply } }: Failure): string {
  const place = where === undefined ? "" : ` (${where})`;
  const reason = why === undefined ? [] : [clip(oneLine(why), REPLY_LIMIT)];
  const words = reply === undefined ? [] : [replyText(reply)];
  return visible([what + place, ...reason, ...words].join(": "));
}

function refusalText({ address, reply }: RecipientOutcome): string {
  return visible(address + (reply === undefined ? "" : `: ${replyText(reply)}`));
}

function addressText({ address }: RecipientOutcome): string {
  return visible(address);
}

/** The lines of a reply side by side. */
function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, " ").trim();
}

/**
 * Describes an attempt: by the finished message and the settings where they are known, else by the
 * request alone.
 */
export function attemptOf(
  mail: Mail,
  hostName: string,
  { message, settings }: {
    message?: Message | undefined;
    settings?: SmarthostSettings | undefined;
  },
): Attempt {
  const [first] = [...mail.to, ...mail.cc, ...mail.bcc];
  const server = settings && serverIn(settings);
  if (message !== undefined) {
    const { subject, envelope: { sender, recipients } } = message;
    return { from: sender, to: recipients[0] ?? "", subject, server };
  }
  return {
    from: defaultSender(mail, hostName),
    to: first === undefined ? "" : addressOf(first, hostName),
    subject: mail.subject ?? "",
    server,
  };
}

/** The smarthost of the settings as `host:port`, where they name one. */
function serverIn({ host, port }: SmarthostSettings): string | undefined {
  return host === "" ? undefined : formatAddress({ host, port });
}
