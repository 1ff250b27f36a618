/**
 * The envelope: who sends and who receives, whatever the header says.
 *
 * @module
 */

import { addressOf, type Mailbox, parseMailboxes } from "../address/mod.ts";
import { fieldsNamed, fieldText, type HeaderBlock } from "./header.ts";
import { defaultSender, type Mail } from "./mail.ts";
import { ExitStatus, Failure } from "../outcome.ts";

/** What MAIL and RCPT say (RFC 5321, 2.3.1), without the angle brackets. */
export type Envelope = {
  /** Empty for the empty sender. */
  sender: string;
  /** At least one, each once. */
  recipients: string[];
};

/** A message that came with a header of its own. */
export type Received = { octets: Uint8Array; block: HeaderBlock };

/** Fields that name recipients, as they are written. */
const RECIPIENT_FIELDS = ["To", "Cc", "Bcc"];

/**
 * Says who sends and who receives: the recipients of the command line, then, where they are to be
 * read, those of the message.
 *
 * @throws {Failure} `usage` where there is no recipient, or the message names one that is none.
 */
export function envelopeOf(mail: Mail, hostName: string, received?: Received): Envelope {
  const mailboxes = [...mail.to, ...mail.cc, ...mail.bcc];
  if (received !== undefined && mail.readRecipients) {
    for (const mailbox of namedRecipients(received)) mailboxes.push(mailbox);
  }
  const recipients = eachOnce(mailboxes, hostName);
  if (recipients.length === 0) {
    const what = "At least one recipient is required.";
    throw new Failure({ status: ExitStatus.usage, what });
  }
  const own = mail.from === undefined && received !== undefined ? ownSender(received) : undefined;
  const sender = own ? addressOf(own, hostName) : defaultSender(mail, hostName);
  for (const address of [sender, ...recipients]) requireOneLine(address);
  return { sender, recipients };
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

/**
 * A message that has been sent on (RFC 5322, 3.6.6) goes to those whom it has been sent on to, as
 * with sendmail; its To and Cc are history.
 */
function namedRecipients({ octets, block }: Received): Mailbox[] {
  const resent = RECIPIENT_FIELDS.map((name) => `Resent-${name}`);
  const isResent = resent.some((name) => fieldsNamed(block, name.toLowerCase()).length > 0);
  return (isResent ? resent : RECIPIENT_FIELDS).flatMap((name) =>
    fieldsNamed(block, name.toLowerCase()).flatMap((field) =>
      parseMailboxes(fieldText(octets, field), `the ${name} header`)
    )
  );
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

/** The one who sent the message, else its first author (RFC 5322, 3.6.2). */
function ownSender({ octets, block }: Received): Mailbox | undefined {
  for (const field of [...fieldsNamed(block, "sender"), ...fieldsNamed(block, "from")]) {
    const text = fieldText(octets, field);
    requireOneLine(text);
    // Some programs leave out the quotes that a name like "Jane [IT]" needs.
    const angle = /<[^<>]*>$/.exec(text)?.[0] ?? "";
    const mailbox = firstMailbox(text) ?? firstMailbox(angle);
    if (mailbox !== undefined) return mailbox;
  }
  return undefined;
}

function firstMailbox(text: string): Mailbox | undefined {
  try {
    return parseMailboxes(text, "the From header")[0];
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}
