/**
 * What is asked of a mail.
 *
 * @module
 */

import { addressOf, type Mailbox } from "../address/mod.ts";

/** What a caller asks of a mail, beside its content. */
export type Mail = {
  to: readonly Mailbox[];
  cc: readonly Mailbox[];
  bcc: readonly Mailbox[];
  /** Sender and author; `null` is the empty sender, missing is the default. */
  from?: Mailbox | null;
  /** The display name of a From field that the program writes. */
  fromName?: string;
  /** Without line breaks at its end; the empty text is a subject too. */
  subject?: string;
  /** Whether the body is HTML, whatever it looks like. */
  html: boolean;
  /** Whether the message's own To, Cc and Bcc name recipients too. */
  readRecipients: boolean;
};

/** The local part of the sender where the caller has named none. */
const DEFAULT_LOCAL = "no-reply";

/** Gives the envelope sender as far as the caller has named one; empty for the empty sender. */
export function defaultSender(mail: Mail, hostName: string): string {
  return mail.from === null ? "" : addressOf(author(mail), hostName);
}

/** Gives the author that a From field names where the message has none. */
export function author({ from, fromName }: Mail): Mailbox {
  const mailbox = from ?? { name: "", local: DEFAULT_LOCAL, domain: "" };
  return { ...mailbox, name: fromName ?? mailbox.name };
}
