/**
 * The exchange of commands and replies that nodemailer leads, watched from outside: which reply
 * answers which command, that each comes in time, and that none comes unasked.
 *
 * nodemailer itself times out on silence only, does not say at which step a connection was lost,
 * takes a reply that comes early for the answer to the next command, and a fragment at the end of a
 * connection for a reply. A program whose status 0 is trusted blindly must not.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import { connectionLost, noAnswer, notSmtp, replyCollector } from "./dialogue.ts";
import { ExitStatus, Failure, type Reply } from "../outcome.ts";
import { timedOut } from "../text/mod.ts";
import { parseReply } from "./reply.ts";
import { nameOf, refusal, type Step, stepOf } from "./status.ts";

/** A reply, and what it answers. */
export type Answer = { step: Step; reply: Reply };

/** The watched exchange. */
export type Exchange = {
  /** Every answer so far, in order. */
  answers: readonly Answer[];
  /** Tells that nodemailer says this command; `secret` keeps it out of the transcript. */
  said(command: string, secret: boolean): void;
  /** Takes the bytes that came from the server. */
  received(chunk: Buffer): void;
  /** Tells that another piece of the message has left. */
  progressed(): void;
  /** Tells that the message has been handed over whole, with its final dot. */
  messageEnded(): void;
  /** The failure of a connection that ends now, with the reason in words. */
  lost(why: string): Failure;
  /** Whether the server owes nothing and waits for a command. */
  isIdle(): boolean;
  /** Stops watching. */
  end(): void;
};

/** What an exchange needs. */
export type ExchangeOptions = {
  /** The smarthost as `host:port`. */
  server: string;
  /** The longest wait for any one whole answer, in milliseconds. */
  timeout: number;
  /** Takes the lines of the dialogue. */
  transcript: (line: string) => void;
  /** Takes the first thing that goes wrong; nothing more may be said to the server then. */
  onFailure: (failure: Failure) => void;
};

/** How often a login may be asked: LOGIN wants to know user name and password. */
const MOST_QUESTIONS = 2;

/** Starts to watch an exchange in which the server's greeting is read once more. */
export function watchExchange(options: ExchangeOptions): Exchange {
  const { server, timeout, transcript, onFailure } = options;
  const answers: Answer[] = [];
  const awaited: Step[] = ["greeting"];
  let isMessageWhole = false;
  let hasBegun = false;
  const fail = (failure: Failure) => {
    clock.stop();
    onFailure(failure);
  };
  const clock = answerClock(timeout, (step) => {
    fail(tryAgain(noAnswer(step), server, timedOut(timeout)));
  });
  const restartClock = () => clock.restart(awaited[0]);
  const take = (text: string) => {
    const step = awaited.shift();
    if (step !== "greeting") text.split("\n").forEach((line) => transcript(`< ${line}`));
    const answer = judge(step, text, server, { answers, isMessageWhole });
    if (answer instanceof Failure) return fail(answer);
    answers.push(answer);
    if (isMessageDue(answers)) awaited.push("message");
  };
  const breach = (why: string) => fail(protocolFailure(awaited[0], server, why));
  const isReplyDue = () => awaited.length > 0;
  const split = replySplitter({ take, breach, isReplyDue, hasStopped: clock.hasStopped });

  return {
    answers,
    said(command, secret) {
      transcript(`> ${secret ? maskCommand(command) : command}`);
      awaited.push(secret ? "AUTH" : stepOf(command));
      if (awaited.length === 1) restartClock();
    },
    received(chunk) {
      const answered = answers.length;
      hasBegun = split(chunk);
      if (answers.length > answered) restartClock();
    },
    progressed: restartClock,
    messageEnded() {
      // A reply that has begun by now is no answer to it, whenever it ends.
      isMessageWhole = !hasBegun;
      restartClock();
    },
    isIdle: () =>
      !clock.hasStopped() && !isReplyDue() && (isMessageWhole || !answers.some(isGoAhead)),
    lost: (why) => tryAgain(connectionLost(awaited[0] ?? lastStep(answers)), server, why),
    end: clock.stop,
  };
}

/**
 * Calls back when the answer to a step does not come within `timeout` milliseconds; once stopped, it
 * does not go again.
 */
function answerClock(timeout: number, onLate: (step: Step) => void) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let hasStopped = false;
  return {
    restart(step: Step | undefined) {
      clearTimeout(timer);
      if (step !== undefined && !hasStopped) timer = setTimeout(onLate, timeout, step);
    },
    stop() {
      hasStopped = true;
      clearTimeout(timer);
    },
    hasStopped: () => hasStopped,
  };
}

function tryAgain(what: string, where: string, why: string): Failure {
  return new Failure({ status: ExitStatus.tryAgain, what, where, why });
}

function protocolFailure(step: Step | undefined, where: string, why: string): Failure {
  const what = step === undefined ? "Smarthost sent something unasked" : notSmtp(step);
  return new Failure({ status: ExitStatus.protocol, what, where, why });
}

function lastStep(answers: readonly Answer[]): Step {
  return answers.at(-1)?.step ?? "EHLO";
}

/** Cuts what comes from the server into whole replies; tells whether one has begun and not ended. */
function replySplitter({ take, breach, isReplyDue, hasStopped }: {
  take: (text: string) => void;
  breach: (why: string) => void;
  isReplyDue: () => boolean;
  hasStopped: () => boolean;
}) {
  const collect = replyCollector();
  return (chunk: Buffer): boolean => {
    if (hasStopped()) return false;
    const collected = collect(chunk);
    if (collected === "endless") {
      breach("a reply without end");
      return true;
    }
    for (const text of collected.replies) {
      take(text);
      if (hasStopped()) return false;
    }
    // nodemailer would wait for the rest before it looks at the reply in front of it.
    if (collected.hasBegun && !isReplyDue()) breach("the beginning of a reply");
    return collected.hasBegun;
  };
}

/** Whether a recipient's, or any other, reply is a yes (RFC 5321, 4.2.1). */
export function isAccepted({ reply }: Answer): boolean {
  return reply.code >= 200 && reply.code < 300;
}

/** Whether the last answer lets the message go, to at least one recipient. */
function isMessageDue(answers: readonly Answer[]): boolean {
  const last = answers.at(-1);
  return last !== undefined && isGoAhead(last) && answers.some(isAcceptedRecipient);
}

function isAcceptedRecipient(answer: Answer): boolean {
  return answer.step === "RCPT" && isAccepted(answer);
}

function isGoAhead({ step, reply }: Answer): boolean {
  return step === "DATA" && reply.code === 354;
}

/**
 * The reply as the answer to `step`, or the failure that ends the exchange at once: what is not
 * SMTP, what was not asked for, 421, and the answers on which nodemailer would go on and must not.
 */
function judge(
  step: Step | undefined,
  text: string,
  server: string,
  { answers, isMessageWhole }: { answers: readonly Answer[]; isMessageWhole: boolean },
): Answer | Failure {
  const reply = parseReply(text);
  if (step === undefined && reply?.code === 421) {
    const what = "Smarthost ended the session";
    return new Failure({ status: ExitStatus.tryAgain, what, where: server, reply });
  }
  if (step === undefined || reply === undefined) return protocolFailure(step, server, text);
  if (reply.code === 421) return refusal(step, server, reply);
  if (!goesOn(step, reply.code, answers)) return refusal(step, server, reply);
  if (step !== "message" || isMessageWhole || reply.code >= 400) return { step, reply };
  const what = `Smarthost answered before ${nameOf(step)} was sent`;
  return new Failure({ status: ExitStatus.protocol, what, where: server, reply });
}

/** Whether nodemailer may go on with this code, or sees by itself that it may not. */
function goesOn(step: Step, code: number, answers: readonly Answer[]): boolean {
  switch (step) {
    case "AUTH":
      // nodemailer answers as often as it is asked.
      return code !== 334 || answers.filter(isQuestion).length < MOST_QUESTIONS;
    case "EHLO":
      // After a 5xx nodemailer tries HELO; it would after a 4xx too.
      return code === 250 || code >= 500;
    case "HELO":
      return code === 250;
    case "DATA":
      return code === 354 || code >= 400;
    case "MAIL":
    case "RCPT":
    case "message":
      return code < 300 || code >= 400;
    default:
      return true;
  }
}

function isQuestion({ step, reply }: Answer): boolean {
  return step === "AUTH" && reply.code === 334;
}

function maskCommand(command: string): string {
  const mechanism = /^AUTH \S+/.exec(command)?.[0];
  if (mechanism === command) return command;
  return mechanism === undefined ? "***" : `${mechanism} ***`;
}
