/**
 * The policy of a delivery.
 *
 * What must hold before a message is offered, which recipients were refused and what that means for
 * the exit status (`delivery.ts`). Whether to log in, and how (`login.ts`): by OAuth 2.0 with a
 * token, which is asked for while the connection is opened (`token.ts`). Recipients beyond what a
 * server takes at a time get the message in further transactions (`transactions.ts`); what fails for
 * now is tried again as long as the caller wants (`retry.ts`). `--check` takes the same steps without
 * a message (`check.ts`).
 *
 * A new rule about when a message may be sent, or a new step of `--check`, belongs here.
 *
 * @module
 */

export { check, checkLines, type CheckReport, type CheckStep } from "./check.ts";
export { contextIn, deliver, type DeliveryContext, requireSmarthost } from "./delivery.ts";
export { onlyTo, type Result, retried } from "./retry.ts";
