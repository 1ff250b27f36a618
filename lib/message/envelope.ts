/**
 * The envelope: the sender and the recipients for MAIL and RCPT.
 *
 * @module
 */

import { addressOf, type Mailbox, readMailboxes, refusal } from "../address/mod.ts";
import { fieldsNamed, fieldText, type HeaderBlock } from "./header.ts";
import { defaultSender, type Mail } from "./mail.ts";
import { ExitStatus, Failure, type RecipientOutcome } from "../outcome.ts";

/** The addresses for MAIL and RCPT (RFC 5321, 2.3.1), without the angle brackets. */
export type Envelope = {
  /** Empty for the empty sender. */
  sender: string;
  /** At least one, each once. */
  recipients: string[];
  /** The recipients in the header that are not valid addresses, as they were written; missing if none. */
  unreadable?: RecipientOutcome[];
};

/** An input that is a message with a header. */
export type Received = { octets: Uint8Array; block: HeaderBlock };

/** The fields with recipients. */
const RECIPIENT_FIELDS = ["To", "Cc", "Bcc"];

/** The fields with the sender; the first valid address counts (RFC 5322, 3.6.2 and 3.6.6). */
const SENDER_FIELDS = ["resent-sender", "resent-from", "sender", "from"];

/**
 * Gives sender and recipients: the recipients of the request, and if `mail.readRecipients` is set,
 * those of the header. An invalid recipient in the header does not stop the mail for the others.
 *
 * @throws {Failure} `usage` (64) if there is no recipient at all.
 */
export function envelopeOf(mail: Mail, hostName: string, received?: Received): Envelope {
  const named = received !== undefined && mail.readRecipients ? namedRecipients(received) : NOBODY;
  const mailboxes = [...mail.to, ...mail.cc, ...mail.bcc, ...named.mailboxes];
  const recipients = eachOnce(mailboxes, hostName);
  if (recipients.length === 0) throw named.refusal ?? noRecipient();
  const own = mail.from === undefined && received !== undefined ? ownSender(received) : undefined;
  const sender = own ? addressOf(own, hostName) : defaultSender(mail, hostName);
  for (const address of [sender, ...recipients]) requireOneLine(address);
  const { unreadable } = named;
  return { sender, recipients, ...(unreadable.length > 0 && { unreadable }) };
}

function noRecipient(): Failure {
  const what = "At least one recipient is required.";
  return new Failure({ status: ExitStatus.usage, what });
}

/**
 * Throws a Failure (64) for an address with a line break or NUL, which must never reach MAIL or RCPT.
 * Recipients have been checked before; this is the last check.
 */
function requireOneLine(address: string): void {
  if (!/[\r\n\0]/.test(address)) return;
  throw new Failure({
    status: ExitStatus.usage,
    what: "An address must not hold a line break or NUL",
    why: JSON.stringify(address),
  });
}

/** The recipients in a header. */
type Named = {
  mailboxes: readonly Mailbox[];
  unreadable: RecipientOutcome[];
  /** The error for the first invalid recipient. */
  refusal?: Failure;
};

const NOBODY: Named = { mailboxes: [], unreadable: [] };

/**
 * Gives the recipients in a header. A resent message (RFC 5322, 3.6.6) goes to its Resent- recipients
 * only, as with sendmail.
 */
function namedRecipients({ octets, block }: Received): Named {
  const resent = RECIPIENT_FIELDS.map((name) => `Resent-${name}`);
  const isResent = resent.some((name) => fieldsNamed(block, name.toLowerCase()).length > 0);
  const mailboxes: Mailbox[] = [];
  const unreadable: RecipientOutcome[] = [];
  const refusals: Failure[] = [];
  for (const name of isResent ? resent : RECIPIENT_FIELDS) {
    for (const field of fieldsNamed(block, name.toLowerCase())) {
      const what = `the ${name} header`;
      const found = readMailboxes(fieldText(octets, field), what);
      for (const mailbox of found.mailboxes) mailboxes.push(mailbox);
      for (const { text, why } of found.unreadable) {
        unreadable.push({ address: text, accepted: false, why: `${name}: ${why}` });
        if (refusals.length === 0) refusals.push(refusal(what, { text, why }));
      }
    }
  }
  const [first] = refusals;
  return { mailboxes, unreadable, ...(first && { refusal: first }) };
}

/** Gives each address once. The case of the domain does not matter (RFC 5321, 2.4). */
function eachOnce(mailboxes: Mailbox[], hostName: string): string[] {
  const addresses = new Map<string, string>();
  for (const mailbox of mailboxes) {
    const key = `${mailbox.local}@${(mailbox.domain || hostName).toLowerCase()}`;
    if (!addresses.has(key)) addresses.set(key, addressOf(mailbox, hostName));
  }
  return [...addresses.values()];
}

/** Gives the sender in the header: who resent the message, else Sender, else the first author. */
function ownSender({ octets, block }: Received): Mailbox | undefined {
  for (const name of SENDER_FIELDS) {
    for (const field of fieldsNamed(block, name)) {
      const text = fieldText(octets, field);
      requireOneLine(text);
      const [mailbox] = readMailboxes(text, `the ${name} header`).mailboxes;
      if (mailbox !== undefined) return mailbox;
    }
  }
  return undefined;
}
