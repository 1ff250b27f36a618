/**
 * From standard input, and what is asked of a mail, to the finished message and its envelope.
 *
 * The input is either a message with a header block (`header.ts`, `mime.ts` decide that) or a text.
 * A message is passed on with the fields that it lacks (`relay.ts`). A text gets a header
 * (`compose.ts`, `fields.ts`), a type (`html.ts`), a charset (`charset.ts`) and, where it needs one,
 * a transfer encoding (`transfer.ts`). All line ends become CRLF (`lines.ts`). The envelope is made
 * of the request and, where that is asked for, of the header (`envelope.ts`). Everything here is
 * pure: clock, host name and id come in as values.
 *
 * A new charset, a new header field or a new kind of input belongs here.
 *
 * @module
 */

export type { Envelope } from "./envelope.ts";
export type { Context } from "./fields.ts";
export { defaultSender, type Mail } from "./mail.ts";
export { buildMessage, type Message } from "./message.ts";
