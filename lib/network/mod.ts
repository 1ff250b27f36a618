/**
 * From a name to a connected socket, and what the system really says where there is none.
 *
 * The addresses of a name are tried in turn (`socket.ts`). `node:net` and `node:dns` of Deno 2.7 call
 * every failure "connection refused" or "not found". After such a failure `Deno.connect` is asked the
 * same, and it knows the truth (`cause.ts`). The cluster's Redis, the smarthost and a token server are
 * reached through it.
 *
 * A new way in which a connection or a name may fail belongs here.
 *
 * @module
 */

export { type Connect, connectionCause, isNameUnknown, nameCause } from "./cause.ts";
export { connectSocket } from "./socket.ts";
