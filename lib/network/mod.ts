/**
 * What the system really says of a connection that cannot be made.
 *
 * `node:net` and `node:dns` of Deno 2.7 call every failure "connection refused" or "not found".
 * After such a failure `Deno.connect` is asked the same, and it knows the truth (`cause.ts`). Both
 * the cluster's Redis and the smarthost are reached through it.
 *
 * A new way in which a connection or a name may fail belongs here.
 *
 * @module
 */

export { type Connect, connectionCause, isNameUnknown, nameCause } from "./cause.ts";
