/**
 * Connects to a host by name, and finds the real cause of a failed connection.
 *
 * The addresses of a name are tried in order (`socket.ts`). `node:net` and `node:dns` of Deno 2.7
 * report every failure as "connection refused" or "not found". After such a failure `Deno.connect`
 * tries the same, and its error has the real cause (`cause.ts`). Redis, the smarthost and a token
 * server are connected to with these functions.
 *
 * A new kind of connection or lookup failure belongs here.
 *
 * @module
 */

export { connectionCause, isNameUnknown, nameCause } from "./cause.ts";
export { connectSocket } from "./socket.ts";
