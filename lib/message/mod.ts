/**
 * Builds the finished message and its envelope from standard input and the request for a mail.
 *
 * `message.ts` does all of it, for a request (`mail.ts`). `mime.ts` decides whether the input is a
 * message with a header (`header.ts`, `known_fields.ts`, `boundary.ts`) or a text. A message is passed
 * on with the fields that it lacks (`relay.ts`) and complete addresses (`complete.ts`, `quoting.ts`).
 * A text gets a header (`compose.ts`, `fields.ts`), a type (`html.ts`), a charset (`charset.ts`) and, if
 * it needs one, a transfer encoding (`transfer.ts`). A file that is not text becomes an attachment
 * (`binary.ts`). All line ends become CRLF (`lines.ts`). The envelope is made from the request and, with
 * `-t`, from the header (`envelope.ts`). Nothing here reads a clock or the host: time, host name and id
 * are parameters.
 *
 * A new charset, a new header field or a new kind of input belongs here.
 *
 * @module
 */

export type { Envelope } from "./envelope.ts";
export type { Context } from "./fields.ts";
export { defaultSender, type Mail } from "./mail.ts";
export { buildMessage, type Message } from "./message.ts";
