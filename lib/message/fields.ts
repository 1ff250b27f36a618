/**
 * The header fields that the program writes.
 *
 * @module
 */

import { author, type Mail } from "./mail.ts";
import { mailboxField, textField } from "./header.ts";

/** What a message needs to know of host and time. */
export type Context = {
  hostName: string;
  now: Date;
  /** The left part of a Message-ID; no other message has it. */
  id: string;
};

/** The fields that every message has, in the order in which they are written. */
export const STANDARD_FIELDS = [
  "Date",
  "From",
  "To",
  "Subject",
  "Message-ID",
  "MIME-Version",
] as const;

/** Writes one of the standard fields from what is asked of the mail, without the line end at its end. */
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

/** What stands for recipients who are not to be shown (RFC 5322, 3.4 and A.1.3). */
export const UNDISCLOSED = "To: undisclosed-recipients:;";

/** Joins fields to bytes, each with its line end. */
export function fieldBytes(fields: string[]): Uint8Array {
  return new TextEncoder().encode(fields.map((field) => `${field}\r\n`).join(""));
}
