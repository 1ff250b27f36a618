/**
 * What an answer of the smarthost means: one table from the step of the dialogue and the reply to
 * the exit status and the sentence.
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
  | "QUIT";

type Row = {
  /** What failed, when the server refuses this step. */
  refused: string;
  /** The status of a 5xx. */
  permanent: ExitStatus;
  /** Codes that do not follow their first digit. */
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
  QUIT: { refused: "QUIT refused", permanent: ExitStatus.unavailable },
};

/**
 * The exit status of a reply that is not the wanted one. 421 ends the session wherever it comes
 * (RFC 5321, 3.8) and is worth another try, as is every 4xx; what is neither 4xx nor 5xx is no
 * answer to this step.
 */
export function statusFor(step: Step, reply: Reply): ExitStatus {
  if (reply.code >= 400 && reply.code < 500) return ExitStatus.tryAgain;
  if (reply.code < 500 || reply.code > 599) return ExitStatus.protocol;
  return TABLE[step].exceptions?.[reply.code] ?? TABLE[step].permanent;
}

/**
 * Whether a code is the wanted one. Most count by their first digit (RFC 5321, 4.2); a greeting and
 * the answer to STARTTLS have one code each (RFC 5321, 3.1; RFC 3207, 4).
 */
export function isYes(step: Step, code: number): boolean {
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

/** The step that a client takes with this line. */
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

/** How a step is named in a sentence: `the greeting`, `EHLO`, `the message`. */
export function nameOf(step: Step): string {
  return step === "greeting" || step === "message" ? `the ${step}` : step;
}

/** The failure of a step that the server at `where` has answered with `reply`. */
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
  const isFarewell = code === 421 && step !== "greeting";
  return isFarewell ? `Smarthost ended the session at ${nameOf(step)}` : TABLE[step].refused;
}

/** The sentence for a server that falls silent where it owes an answer to `step`. */
export function noAnswer(step: Step): string {
  return step === "greeting" ? "No greeting from the smarthost" : `No answer to ${nameOf(step)}`;
}

/** The sentence for a connection that ends where the server owes an answer to `step`. */
export function connectionLost(step: Step): string {
  const awaited = step === "greeting" ? "the greeting" : `the answer to ${nameOf(step)}`;
  return `Connection lost while waiting for ${awaited}`;
}

/** The sentence for an answer to `step` that is not SMTP. */
export function notSmtp(step: Step): string {
  return step === "greeting"
    ? "The smarthost's greeting is not SMTP"
    : `The smarthost's answer to ${nameOf(step)} is not SMTP`;
}

/** A reply, and what it answers. */
export type Answer = { step: Step; reply: Reply };

/** Whether an answer is a yes to its step. */
export function isAccepted({ step, reply }: Answer): boolean {
  return isYes(step, reply.code);
}

/** The failure of a server that does not keep to SMTP where it owes an answer to `step`, or to none. */
export function protocolFailure(step: Step | undefined, where: string, why: string): Failure {
  const what = step === undefined ? "Smarthost sent something unasked" : notSmtp(step);
  return new Failure({ status: ExitStatus.protocol, what, where, why });
}

/**
 * The text of a reply as the answer to `step`, or the failure that ends the exchange at once: what
 * is not SMTP, what was not asked for, 421, and the answers after which nothing else can follow.
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
 * Whether a code ends the exchange, whatever else is on its way: a refused MAIL makes all that was
 * sent with it void (RFC 5321, 4.1.4), and 530 asks for a login (RFC 4954, 6).
 */
function endsExchange(step: Step, code: number): boolean {
  if (isYes(step, code)) return false;
  switch (step) {
    case "AUTH":
    case "QUIT":
      return false;
    case "EHLO":
      // HELO is tried.
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
