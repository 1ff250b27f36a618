/**
 * Text for people and machines.
 *
 * Text from outside (a server's words, a subject, a value in Redis) is escaped here before it goes
 * to a terminal, to the system log or into JSON, and clipped where it is too long. An error of the
 * operating system becomes words that an administrator understands: "connection refused" and not
 * `connect ECONNREFUSED 192.0.2.1:587`. Nothing here knows mail.
 *
 * A new escape, a new word for an error of the system, or a new form of output belongs here.
 *
 * @module
 */

export { clip, excerpt, logText, logWord, visible } from "./escape.ts";
export { formatJson, type JsonValue } from "./json.ts";
export { latin1, latin1Octets } from "./latin1.ts";
export { reasonOf, systemCode, timedOut, tlsAlert } from "./reason.ts";
