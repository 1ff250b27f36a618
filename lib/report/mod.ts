/**
 * What is said about a run.
 *
 * An outcome or a failure becomes lines on standard error and a record of the system log
 * (`report.ts`), and one object of JSON (`json.ts`). `redact.ts` masks secrets in everything that a
 * server or a library has said: `forms.ts` has the forms in which a secret may come back, `search.ts`
 * finds them. `sign_of_life.ts` tells somebody at a terminal what is waited for. `announce.ts` does all of it in the right order and gives the exit status.
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
  type Output,
  recordResult,
} from "./announce.ts";
export {
  LIMITS,
  type Redact,
  redactor,
  redactResult,
  type SecretKeeper,
  secretKeeper,
} from "./redact.ts";
export { type Attempt, attemptOf } from "./attempt.ts";
export { type Later, type SignOfLife, signOfLife } from "./sign_of_life.ts";
export { errorLines, errorText, transcriptLines } from "./report.ts";
