/**
 * The meaning of the smarthost's replies: one table maps the step and the reply code to the exit
 * status and the sentence.
 *
 * @module
 */

import { ExitStatus, Failure, type RecipientOutcome, type Reply } from "../outcome.ts";
import { parseReply } from "./reply.ts";

/** The steps of a dialogue that a server answers; `message` is the final dot (RFC 5321, 3.3). */
export type Step =
  | "greeting"
  | "EHLO"
  | "HELO"
  | "STARTTLS"
  | "AUTH"
  | "MAIL"
  | "RCPT"
  | "DATA"
  | "message"
  | "RSET"
  | "QUIT";

type Row = {
  /** The sentence for a refusal of this step. */
  refused: string;
  /** The exit status for a 5xx. */
  permanent: ExitStatus;
  /** Exit statuses for single codes. */
  exceptions?: Readonly<Record<number, ExitStatus>>;
};

const TABLE: Readonly<Record<Step, Row>> = {
  greeting: { refused: "The smarthost said no", permanent: ExitStatus.unavailable },
  EHLO: { refused: "EHLO refused", permanent: ExitStatus.unavailable },
  HELO: { refused: "HELO refused", permanent: ExitStatus.unavailable },
  STARTTLS: { refused: "STARTTLS refused", permanent: ExitStatus.protocol },
  AUTH: { refused: "Login refused", permanent: ExitStatus.notAllowed },
  MAIL: {
    refused: "Sender refused",
    permanent: ExitStatus.unavailable,
    // 530: RFC 4954, 6. 552: RFC 1870, 6.1, the declared size is more than the server takes.
    exceptions: { 530: ExitStatus.notAllowed, 552: ExitStatus.data },
  },
  RCPT: {
    refused: "Recipient refused",
    permanent: ExitStatus.noUser,
    exceptions: { 530: ExitStatus.notAllowed },
  },
  DATA: { refused: "Message refused", permanent: ExitStatus.unavailable },
  message: { refused: "Message refused", permanent: ExitStatus.unavailable },
  RSET: { refused: "RSET refused", permanent: ExitStatus.unavailable },
  QUIT: { refused: "QUIT refused", permanent: ExitStatus.unavailable },
};

/**
 * The exit status for a reply that is not positive. Every 4xx is 75, also 421, which ends the session
 * at any step (RFC 5321, 3.8). A code that is neither 4xx nor 5xx is not a valid answer: 76.
 */
export function statusFor(step: Step, reply: Reply): ExitStatus {
  if (reply.code >= 400 && reply.code < 500) return ExitStatus.tryAgain;
  if (reply.code < 500 || reply.code > 599) return ExitStatus.protocol;
  return TABLE[step].exceptions?.[reply.code] ?? TABLE[step].permanent;
}

/**
 * True if a code accepts the step. For most steps the first digit decides (RFC 5321, 4.2). The
 * greeting and STARTTLS have one code each (RFC 5321, 3.1; RFC 3207, 4).
 */
function isPositive(step: Step, code: number): boolean {
  switch (step) {
    case "greeting":
    case "STARTTLS":
      return code === 220;
    case "DATA":
      return code >= 300 && code < 400;
    default:
      return code >= 200 && code < 300;
  }
}

/** The step to which a command line belongs. */
export function stepOf(command: string): Step {
  const verb = command.slice(0, 4).toUpperCase();
  switch (verb) {
    case "EHLO":
    case "HELO":
    case "AUTH":
    case "MAIL":
    case "RCPT":
    case "DATA":
    case "QUIT":
      return verb;
    default:
      // The lone dot that ends an empty message to nobody (RFC 2920, 3.1).
      return "message";
  }
}

/** The name of a step in a sentence: `the greeting`, `EHLO`, `the message`. */
export function nameOf(step: Step): string {
  return step === "greeting" || step === "message" ? `the ${step}` : step;
}

/** Builds the Failure for a step that the server at `where` has refused with `reply`. */
export function refusal(
  step: Step,
  where: string,
  reply: Reply,
  recipients?: RecipientOutcome[],
): Failure {
  const status = statusFor(step, reply);
  const what = sentenceFor(step, reply);
  return new Failure({ status, what, where, reply, ...(recipients && { recipients }) });
}

function sentenceFor(step: Step, { code }: Reply): string {
  if (code < 400 || code > 599) return `Unexpected answer to ${nameOf(step)}`;
  const endsSession = code === 421 && step !== "greeting";
  return endsSession ? `Smarthost ended the session at ${nameOf(step)}` : TABLE[step].refused;
}

/** The sentence for an answer to `step` that does not come in time. */
export function noAnswer(step: Step): string {
  return step === "greeting" ? "No greeting from the smarthost" : `No answer to ${nameOf(step)}`;
}

/**
 * The sentence for a connection that ends before the answer to the step `awaited`, or, where no answer
 * was due, after the answer to the step `answered`.
 */
export function connectionLost(awaited: Step | undefined, answered: Step = "greeting"): string {
  const answerTo = (step: Step) =>
    step === "greeting" ? "the greeting" : `the answer to ${nameOf(step)}`;
  return awaited === undefined
    ? `Connection lost after ${answerTo(answered)}`
    : `Connection lost while waiting for ${answerTo(awaited)}`;
}

/** The sentence for an answer to `step` that is not SMTP. */
export function notSmtp(step: Step): string {
  return step === "greeting"
    ? "The smarthost's greeting is not SMTP"
    : `The smarthost's answer to ${nameOf(step)} is not SMTP`;
}

/** A reply, and the step that it answers. */
export type Answer = { step: Step; reply: Reply };

/** True if an answer accepts its step. */
export function isAccepted({ step, reply }: Answer): boolean {
  return isPositive(step, reply.code);
}

/** Builds the Failure (76) for data that is not an SMTP answer to `step`; without a step none was due. */
export function protocolFailure(step: Step | undefined, where: string, why: string): Failure {
  const what = step === undefined ? "Smarthost sent something unasked" : notSmtp(step);
  return new Failure({ status: ExitStatus.protocol, what, where, why });
}

/**
 * Reads the text of a reply as the answer to `step`. Gives a Failure if the exchange must end at
 * once: the text is not SMTP, no answer was due, the code is 421, or the answer makes all further
 * commands useless. `isMessageWhole` is true if the whole message has been sent.
 */
export function judge(
  step: Step | undefined,
  text: string,
  where: string,
  isMessageWhole: boolean,
): Answer | Failure {
  const reply = parseReply(text);
  if (step === undefined && reply?.code === 421) {
    const what = "Smarthost ended the session";
    return new Failure({ status: ExitStatus.tryAgain, what, where, reply });
  }
  if (step === undefined || reply === undefined) return protocolFailure(step, where, text);
  if (reply.code === 421 || endsExchange(step, reply.code)) return refusal(step, where, reply);
  if (step !== "message" || isMessageWhole || reply.code >= 400) return { step, reply };
  const what = `Smarthost answered before ${nameOf(step)} was sent`;
  return new Failure({ status: ExitStatus.protocol, what, where, reply });
}

/**
 * True if a code ends the exchange, even if more answers are outstanding. A refused MAIL makes the
 * commands behind it void (RFC 5321, 4.1.4), and 530 asks for a login (RFC 4954, 6).
 */
function endsExchange(step: Step, code: number): boolean {
  if (isPositive(step, code)) return false;
  switch (step) {
    case "AUTH":
    case "QUIT":
      return false;
    case "EHLO":
      // After a 5xx HELO is tried.
      return code < 500;
    case "HELO":
    case "MAIL":
      return true;
    case "RCPT":
      return code < 400 || code === 530;
    default:
      return code < 400;
  }
}
