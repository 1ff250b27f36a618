/**
 * The SMTP client: from the name of a smarthost to a message that is taken.
 *
 * A name becomes addresses and a socket (`socket.ts`). The greeting is read, and the connection is
 * encrypted from the first byte or by STARTTLS (`connection.ts`, `reach.ts`, `encryption.ts`), with
 * the authorities that this host trusts (`trust.ts`). Where TLS fails, a second look at the server
 * (`second_look.ts`) says why: what is wrong with its certificate (`verdict.ts`), or what it would
 * have to offer (`offer.ts`). Up to there one reply is read at a time (`dialogue.ts`).
 *
 * From EHLO on nodemailer says the commands (`client.ts`). Every reply is read and judged here, and
 * nodemailer hears a plain yes or no (`exchange.ts`); the login is said beside it (`login.ts`). A
 * session joins both (`session.ts`), and tells what became of a message (`receipt.ts`). What a reply
 * means, as an exit status and a sentence, stands in one table (`status.ts`).
 *
 * A new reply code, a new capability or a new fault of a certificate belongs here.
 *
 * @module
 */

export { type Connection, openConnection, openTls } from "./connection.ts";
export { seedRandomness } from "./entropy.ts";
export { tokenResponses } from "./mechanism.ts";
export type { Capabilities } from "./reply.ts";
export { openSession, type Session, type Transaction } from "./session.ts";
export { connectSocket } from "./socket.ts";
export type { ConnectionOptions } from "./smarthost.ts";
export { certificateAuthorities, type Environment, trustedCertificates } from "./trust.ts";
