/**
 * From standard input, and what is asked of a mail, to the finished message and its envelope.
 *
 * `mime.ts` decides whether the input is a message with a header (`header.ts` finds it,
 * `known_fields.ts` knows the names of mail, `boundary.ts` the parts) or a text. A message is passed
 * on with the fields that it lacks (`relay.ts`), and with complete addresses (`complete.ts`). A text
 * gets a header (`compose.ts`, `fields.ts`), a type (`html.ts`), a charset (`charset.ts`) and, where
 * it needs one, a transfer encoding (`transfer.ts`). A file that is no text becomes an attachment
 * (`binary.ts`). All line ends become CRLF (`lines.ts`). The envelope is made of the request and,
 * where that is asked for, of the header (`envelope.ts`). Everything here is pure: clock, host name
 * and id come in as values.
 *
 * A new charset, a new header field or a new kind of input belongs here.
 *
 * @module
 */

export type { Envelope } from "./envelope.ts";
export type { Context } from "./fields.ts";
export { defaultSender, type Mail } from "./mail.ts";
export { buildMessage, type Message } from "./message.ts";
