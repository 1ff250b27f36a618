/**
 * Text for people and machines.
 *
 * Text from outside (a server's words, a subject, a value in Redis) is escaped and clipped
 * (`escape.ts`) before it goes to a terminal, to the system log or into JSON (`json.ts`). A system
 * error becomes words that an administrator understands (`reason.ts`). Octets become text with one
 * character each, for native searches (`latin1.ts`). Nothing here is specific to mail.
 *
 * A new escape, new words for a system error, or a new form of output belongs here.
 *
 * @module
 */

export { clip, excerpt, logText, logWord, visible } from "./escape.ts";
export { formatJson, parseObject } from "./json.ts";
export { latin1, latin1Octets } from "./latin1.ts";
export { reasonOf, systemCode, timedOut, tlsAlert } from "./reason.ts";
