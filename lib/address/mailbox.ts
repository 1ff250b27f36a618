/**
 * A mailbox, and how it is written to envelopes and header fields.
 *
 * @module
 */

import { decodeWords, encodeWords, isPlain } from "./encoded_words.ts";
import { quote, writeLocalPart } from "./local_part.ts";

/** One mailbox. */
export type Mailbox = {
  /** The display name, not encoded; "" if there is none. */
  name: string;
  /** The local part without quotes and backslashes. Its case matters (RFC 5321, 2.4). */
  local: string;
  /** In ASCII and lower case, or an address literal in brackets; empty for a bare local name. */
  domain: string;
};

/** Gives the address as it stands between the angle brackets of SMTP (RFC 5321, 4.1.2). */
export function addressOf({ local, domain }: Mailbox, hostName: string): string {
  return `${writeLocalPart(local)}@${domain || hostName}`;
}

/**
 * Gives the mailbox as it stands in a header field (RFC 5322, 3.4), its name encoded where need be,
 * in one line that can be folded at its spaces. A local part outside ASCII has no encoded form; it
 * stays UTF-8 (RFC 6532, 3.2), and such a message only goes to servers that accept it.
 */
export function formatMailbox(mailbox: Mailbox, hostName: string): string {
  const address = addressOf(mailbox, hostName);
  return mailbox.name === "" ? address : `${formatPhrase(mailbox.name)} <${address}>`;
}

/**
 * Writes a display name (RFC 5322, 3.2.5). A name with encoded words is written unchanged only if it
 * consists of atoms, as RFC 2047, 5 (3) demands.
 */
function formatPhrase(name: string): string {
  const plain = isPlain(name);
  if (plain && /^[\w !#$%&'*+\-/=?^`{|}~]+$/.test(name)) return name;
  if (!plain || !name.includes("=?")) return plain ? quote(name) : encodeWords(name);
  // PHP programs write commas and more in encoded words: what they mean is encoded again. Other
  // readers might find an address in quotes or brackets, so these are shown as they are.
  return encodeWords(/["()<>\\]/.test(name) ? name : decodeWords(name));
}

/** True if a text is all ASCII; an address that is not needs SMTPUTF8 (RFC 6531). */
export function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text);
}
