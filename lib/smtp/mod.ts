/**
 * The SMTP client: from the name of a smarthost to a message that is taken.
 *
 * A socket is opened, the greeting is read, and the connection is encrypted from the first byte or by
 * STARTTLS (`connection.ts`, `reach.ts`). Where TLS fails, a second look at the server says why
 * (`second_look.ts`). Up to there one reply is read at a time (`dialogue.ts`).
 *
 * From EHLO on nodemailer says the commands (`client.ts`). Every reply is read and judged here, and
 * nodemailer hears a plain yes or no (`exchange.ts`); the login is said beside it (`login.ts`). A
 * session joins both (`session.ts`), and tells what became of a message (`receipt.ts`). What a reply
 * means, as an exit status and a sentence, stands in one table (`status.ts`).
 *
 * A new reply code, a new capability or a new mechanism of AUTH belongs here.
 *
 * @module
 */

export { type Connection, openConnection, openTls } from "./connection.ts";
export { tokenResponses } from "./mechanism.ts";
export type { Capabilities } from "./reply.ts";
export { openSession, type Session, type Transaction } from "./session.ts";
export type { ConnectionOptions } from "./smarthost.ts";
