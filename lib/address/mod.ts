/**
 * Mailboxes and domains, in and out.
 *
 * The text of an argument or a header field becomes tokens (`tokens.ts`), and tokens become
 * mailboxes (`mailbox.ts`): a display name, a local part, a domain in its ASCII form (`domain.ts`).
 * A mailbox is written again as an address of the envelope or as an entry of a header field, where
 * the name is encoded if it has to be (`encoded_words.ts`).
 *
 * A new way to write an address that callers use, or a new rule for domains, belongs here.
 *
 * @module
 */

export { asciiDomain } from "./domain.ts";
export { decodeWords, encodeWords, isPlain } from "./encoded_words.ts";
export { addressOf, formatMailbox, type Mailbox, parseMailboxes } from "./mailbox.ts";
