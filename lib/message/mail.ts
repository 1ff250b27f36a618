/**
 * The request for a mail: recipients, sender, subject.
 *
 * @module
 */

import { addressOf, type Mailbox } from "../address/mod.ts";

/** The request for a mail, without its content. */
export type Mail = {
  to: readonly Mailbox[];
  cc: readonly Mailbox[];
  bcc: readonly Mailbox[];
  /** Sender and author; `null` is the empty sender; missing means the default. */
  from?: Mailbox | null;
  /** The display name of a From field that the program writes. */
  fromName?: string;
  /** Without line breaks at its end; may be empty. */
  subject?: string;
  /** Whether the body is HTML, whatever it looks like. */
  html: boolean;
  /** Whether the message's own To, Cc and Bcc name recipients too. */
  readRecipients: boolean;
};

/** The local part of the default sender. */
const DEFAULT_LOCAL = "no-reply";

/** Gives the envelope sender of the request, or the default; "" for the empty sender. */
export function defaultSender(mail: Mail, hostName: string): string {
  return mail.from === null ? "" : addressOf(author(mail), hostName);
}

/** Gives the author for a From field that the program writes. */
export function author({ from, fromName }: Mail): Mailbox {
  const mailbox = from ?? { name: "", local: DEFAULT_LOCAL, domain: "" };
  return { ...mailbox, name: fromName ?? mailbox.name };
}
