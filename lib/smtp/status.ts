/**
 * What an answer of the smarthost means: one table from the step of the dialogue and the reply to
 * the exit status and the sentence.
 *
 * @module
 */

import { ExitStatus, Failure, type RecipientOutcome, type Reply } from "../outcome.ts";

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
  greeting: { refused: "Connection refused by the smarthost", permanent: ExitStatus.unavailable },
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
  RCPT: { refused: "Recipient refused", permanent: ExitStatus.noUser },
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
