/**
 * The SMTP client: connects to a smarthost (`smarthost.ts`) and sends a message.
 *
 * It opens a socket, reads the greeting (`greeting.ts`), and encrypts from the first byte or with
 * STARTTLS (`connection.ts`, `start_tls.ts`). If TLS fails, further connections find out why
 * (`tls_diagnosis.ts`). Up to this point it reads one reply at a time (`dialogue.ts`).
 *
 * From EHLO on nodemailer sends the commands (`client.ts`). Replies are parsed (`reply.ts`), matched
 * with their commands and judged (`exchange.ts`, `status.ts`); nodemailer is told only "accepted" or
 * "refused". The login is sent without nodemailer (`login.ts`, `mechanism.ts`). A session joins these
 * (`session.ts`), reports its progress (`progress.ts`) and gives the result for each recipient
 * (`receipt.ts`).
 *
 * A new reply code (`status.ts`), capability (`reply.ts`) or AUTH mechanism (`mechanism.ts`) belongs here.
 *
 * @module
 */

export { type Connection, openConnection, openTls } from "./connection.ts";
export { tokenResponses } from "./mechanism.ts";
export type { Capabilities } from "./reply.ts";
export { openSession, type Session, type Transaction } from "./session.ts";
export type { ConnectionOptions } from "./smarthost.ts";
