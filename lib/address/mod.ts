/**
 * Reads and writes mailboxes and domains.
 *
 * The text of an argument or a header field is split into entries (`entries.ts`), and each entry is
 * read as a mailbox (`parser.ts`): a display name, a local part (`local_part.ts`), a domain in its
 * ASCII form (`domain.ts`). A mailbox is written again (`mailbox.ts`) as an address of the envelope
 * or as an entry of a header field, where the name is encoded if it has to be (`encoded_words.ts`).
 *
 * A new way to write an address that callers use, or a new rule for domains, belongs here.
 *
 * @module
 */

export { asciiDomain } from "./domain.ts";
export { decodeWords, encodeWords, isPlain } from "./encoded_words.ts";
export { ENCODED_NAME } from "./entries.ts";
export { addressOf, formatMailbox, isAscii, type Mailbox } from "./mailbox.ts";
export { parseMailboxes, readMailboxes, refusal } from "./parser.ts";
