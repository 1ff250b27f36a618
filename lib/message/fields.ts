/**
 * The header fields that the program writes.
 *
 * @module
 */

import { foldLines } from "nodemailer/lib/mime-funcs";
import { encodeWords, formatMailbox, isPlain, type Mailbox } from "../address/mod.ts";
import { ExitStatus, Failure } from "../outcome.ts";
import { author, type Mail } from "./mail.ts";

/** The host name, time and id for a message. */
export type Context = {
  hostName: string;
  now: Date;
  /** The left part of the Message-ID; unique. */
  id: string;
};

/** Lines of a header that the program writes are folded to this length (RFC 5322, 2.1.1). */
const LINE_LENGTH = 76;

/** The fields that every message has, in the order in which they are written. */
export const STANDARD_FIELDS = [
  "Date",
  "From",
  "To",
  "Subject",
  "Message-ID",
  "MIME-Version",
] as const;

/**
 * Writes one of the standard fields for the request, without a line end at its end.
 *
 * @throws {Failure} `usage` (64), see {@linkcode textField}.
 */
export function standardField(
  name: (typeof STANDARD_FIELDS)[number],
  mail: Mail,
  context: Context,
): string {
  const { hostName, now, id } = context;
  switch (name) {
    case "Date":
      return `Date: ${now.toUTCString().replace("GMT", "+0000")}`;
    case "From":
      return mailboxField("From", [author(mail)], hostName);
    case "To":
      return mail.to.length === 0 ? UNDISCLOSED : mailboxField("To", mail.to, hostName);
    case "Subject":
      return textField("Subject", mail.subject ?? "");
    case "Message-ID":
      return `Message-ID: <${id}@${hostName}>`;
    case "MIME-Version":
      return "MIME-Version: 1.0";
  }
}

/** The To field that is used when all recipients are hidden (RFC 5322, 3.4 and A.1.3). */
export const UNDISCLOSED = "To: undisclosed-recipients:;";

/** Joins fields to bytes, each with its line end. */
export function fieldBytes(fields: string[]): Uint8Array {
  return new TextEncoder().encode(fields.map((field) => `${field}\r\n`).join(""));
}

/**
 * Writes a field of free text, encoded if necessary, folded, without a line end at its end.
 *
 * @throws {Failure} `usage` for a line break or NUL, with which the text could be taken for more
 * than one field.
 */
export function textField(name: string, text: string): string {
  requireOneLine(name, text);
  return foldLines(`${name}: ${isPlain(text) ? text : encodeWords(text)}`, LINE_LENGTH);
}

/** Writes a field of addresses in the same way, and throws the same. */
export function mailboxField(
  name: string,
  mailboxes: readonly Mailbox[],
  hostName: string,
): string {
  for (const mailbox of mailboxes) requireOneLine(name, Object.values(mailbox).join(""));
  const list = mailboxes.map((mailbox) => formatMailbox(mailbox, hostName)).join(", ");
  return foldLines(`${name}: ${list}`, LINE_LENGTH);
}

/** Throws a Failure (64) for a line break or NUL. Arguments have been checked before; this is the last check. */
function requireOneLine(name: string, text: string): void {
  if (!/[\r\n\0]/.test(text)) return;
  throw new Failure({
    status: ExitStatus.usage,
    what: `The ${name} field must not hold a line break or NUL`,
    why: JSON.stringify(text),
  });
}
