/**
 * The envelope: who sends and who receives, whatever the header says.
 *
 * @module
 */

import { addressOf, type Mailbox, readMailboxes, refusal } from "../address/mod.ts";
import { fieldsNamed, fieldText, type HeaderBlock } from "./header.ts";
import { defaultSender, type Mail } from "./mail.ts";
import { ExitStatus, Failure, type RecipientOutcome } from "../outcome.ts";

/** What MAIL and RCPT say (RFC 5321, 2.3.1), without the angle brackets. */
export type Envelope = {
  /** Empty for the empty sender. */
  sender: string;
  /** At least one, each once. */
  recipients: string[];
  /** What the header names as recipients and is no address, as it was written; missing if none. */
  unreadable?: RecipientOutcome[];
};

/** A message that came with a header of its own. */
export type Received = { octets: Uint8Array; block: HeaderBlock };

/** Fields that name recipients, as they are written. */
const RECIPIENT_FIELDS = ["To", "Cc", "Bcc"];

/** Fields that name the sender; the first that can be read counts (RFC 5322, 3.6.2 and 3.6.6). */
const SENDER_FIELDS = ["resent-sender", "resent-from", "sender", "from"];

/**
 * Says who sends and who receives: the recipients of the command line, then, where they are to be
 * read, those of the message. One that cannot be read does not keep the others from their mail.
 *
 * @throws {Failure} `usage` where there is no recipient at all.
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
 * Keeps what could be more than one line from MAIL and RCPT: a sender that is otherwise unreadable
 * stops nothing, and for recipients, checked as they are read, this is the last gate.
 */
function requireOneLine(address: string): void {
  if (!/[\r\n\0]/.test(address)) return;
  throw new Failure({
    status: ExitStatus.usage,
    what: "An address must not hold a line break or NUL",
    why: JSON.stringify(address),
  });
}

/** The recipients that a header names. */
type Named = {
  mailboxes: readonly Mailbox[];
  unreadable: RecipientOutcome[];
  /** What is wrong with the first that cannot be read. */
  refusal?: Failure;
};

const NOBODY: Named = { mailboxes: [], unreadable: [] };

/**
 * A message that has been sent on (RFC 5322, 3.6.6) goes to those whom it has been sent on to, as
 * with sendmail; its To and Cc are history.
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

/** Two addresses are the same where domains differ in case at most (RFC 5321, 2.4). */
function eachOnce(mailboxes: Mailbox[], hostName: string): string[] {
  const addresses = new Map<string, string>();
  for (const mailbox of mailboxes) {
    const key = `${mailbox.local}@${(mailbox.domain || hostName).toLowerCase()}`;
    if (!addresses.has(key)) addresses.set(key, addressOf(mailbox, hostName));
  }
  return [...addresses.values()];
}

/** Who has sent the message on, else who sent it, else its first author. */
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
