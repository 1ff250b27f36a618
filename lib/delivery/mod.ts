/**
 * The rules of a delivery.
 *
 * `delivery.ts` checks what must be true before a message is sent, sends it, and decides the exit
 * status. `login.ts` decides whether and how to log in; an access token is requested while the
 * connection is opened (`token.ts`). If a server accepts only some recipients at a time, further
 * transactions send to the others (`transactions.ts`). Temporary failures are tried again for as long
 * as the caller wants (`retry.ts`). `--check` runs the same steps without a message (`check.ts`).
 *
 * A new condition for sending a message, or a new step of `--check`, belongs here.
 *
 * @module
 */

export { check, checkLines, type CheckReport, type CheckStep } from "./check.ts";
export { deliver, type DeliveryContext, deliveryContext, requireSmarthost } from "./delivery.ts";
export { onlyTo, withRetries } from "./retry.ts";
