/**
 * The output about a run.
 *
 * An outcome or a failure of an attempt (`attempt.ts`) becomes lines on standard error and a record
 * for the system log (`report.ts`), and one JSON object (`json.ts`, `queue_id.ts`). `redact.ts` masks
 * secrets in the words of servers and libraries: `forms.ts` has the forms of a secret, `search.ts`
 * finds them (`positions.ts`). `announce.ts` does this in the right order and gives the exit status.
 * `waiting_notice.ts` tells somebody at a terminal what a long delivery is waiting for.
 *
 * A new key of the JSON, a new field of the log record or a new form of queue id belongs here.
 *
 * @module
 */

export {
  announceBadAddress,
  announceFailure,
  announceMessage,
  announcePause,
  announceReport,
  announceResult,
  recordResult,
} from "./announce.ts";
export { type Redact, redactResult, type SecretKeeper, secretKeeper } from "./redact.ts";
export { attemptOf } from "./attempt.ts";
export { waitingNotice } from "./waiting_notice.ts";
export { errorLines, errorText, transcriptLines } from "./report.ts";
