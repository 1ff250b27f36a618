/**
 * The exchange of commands and replies with a smarthost, from EHLO on: which reply answers which
 * command, that each comes in time, and that none comes unasked.
 *
 * nodemailer says EHLO and the commands of a transaction. It hears no reply itself: a reply is read
 * here, judged here, and then told to nodemailer as a plain yes or no. By itself it times out on
 * silence only, does not say at which step a connection was lost, takes a reply that comes early
 * for the answer to the next command, and knows fewer codes than servers use.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import { type AnswerClock, answerClock, replyCollector } from "./dialogue.ts";
import { ExitStatus, Failure, type Reply } from "../outcome.ts";
import { timedOut } from "../text/mod.ts";
import {
  type Answer,
  connectionLost,
  isAccepted,
  judge,
  noAnswer,
  protocolFailure,
  type Step,
  stepOf,
} from "./status.ts";

/** The watched exchange. */
export type Exchange = {
  /** Every answer so far, in order. */
  answers: readonly Answer[];
  /** Tells that nodemailer says this command. */
  said(command: string): void;
  /**
   * Says a line beside nodemailer and gives the reply, whatever its code; `shown` stands in the
   * transcript in place of a line with a secret in it.
   */
  ask(step: Step, line: string, shown?: string): Promise<Reply>;
  /** Takes the bytes that came from the server. */
  received(chunk: Buffer): void;
  /** Tells that another piece of the message has left. */
  progressed(): void;
  /** Tells that the message has been handed over whole, with its final dot. */
  messageEnded(): void;
  /** The failure of a connection that ends now, with the reason in words. */
  lost(why: string): Failure;
  /** Whether the server may take a QUIT for what it is. */
  mayListen(): boolean;
  /** Whether the server owes nothing and waits for a command. */
  isIdle(): boolean;
  /** Whether a time limit has passed. */
  isSilent(): boolean;
  /** Whether the server fell silent after MAIL or RCPT with more than one answer due. */
  hasLostPipeline(): boolean;
  /** Stops watching. */
  end(): void;
};

/** What an exchange needs. */
export type ExchangeOptions = {
  /** The smarthost as `host:port`. */
  server: string;
  /** The longest wait for any one whole answer, in milliseconds. */
  timeout: number;
  /** The longest wait for the answer to the final dot, in milliseconds. */
  finalTimeout: number;
  /** Takes a command as `> …`, or a whole reply, whose lines `\n` separates, as `< …`. */
  transcript: (said: string) => void;
  /** Sends a line to the server, without its line end. */
  send: (line: string) => void;
  /** Tells nodemailer how its command has been answered. */
  hear: (answer: Answer) => void;
  /** Takes the first thing that goes wrong. */
  onFailure: (failure: Failure) => void;
};

/** Where the message of a transaction is. */
type MessageState = "not begun" | "on its way" | "whole";

/** What is said where the whole message was sent and no answer came. */
const MAY_BE_TAKEN = "the server may have the message";

/** Starts to watch an exchange; nothing has been said yet. */
export function watchExchange(options: ExchangeOptions): Exchange {
  const ledger = openLedger();
  const clock = answerClock((step, limit) => passLimit(watch, step, limit));
  const state: Watch["state"] = {
    hasBegun: false,
    mayListen: true,
    isSilent: false,
    hasLostPipeline: false,
  };
  const watch: Watch = { options, ledger, clock, collect: replyCollector(), state };
  const expect = (step: Step) => {
    ledger.expect(step);
    if (ledger.awaited.length === 1) restartClock(watch);
  };
  return {
    answers: ledger.answers,
    said(command) {
      options.transcript(`> ${command}`);
      expect(stepOf(command));
    },
    ask(step, line, shown = line) {
      options.transcript(`> ${shown}`);
      const { promise, resolve } = Promise.withResolvers<Reply>();
      state.asking = resolve;
      expect(step);
      options.send(line);
      return promise;
    },
    received: (chunk) => receive(watch, chunk),
    progressed: () => restartClock(watch),
    messageEnded() {
      // A reply that has begun by now is no answer to it, whenever it ends.
      if (!state.hasBegun) ledger.complete();
      restartClock(watch);
    },
    isIdle: () =>
      !clock.hasStopped() && ledger.awaited.length === 0 && ledger.message() !== "on its way",
    mayListen: () => state.mayListen && ledger.message() !== "on its way",
    isSilent: () => state.isSilent,
    hasLostPipeline: () => state.hasLostPipeline,
    lost(why) {
      state.mayListen = false;
      const step = ledger.awaited[0] ?? ledger.answers.at(-1)?.step ?? "EHLO";
      return tryAgain(connectionLost(step), options.server, whyLate(watch, why));
    },
    end: clock.stop,
  };
}

/** What the functions of this file share. */
type Watch = {
  options: ExchangeOptions;
  ledger: ReturnType<typeof openLedger>;
  clock: AnswerClock;
  collect: ReturnType<typeof replyCollector>;
  state: {
    /** Takes the next reply in place of nodemailer. */
    asking?: ((reply: Reply) => void) | undefined;
    /** Whether a reply has begun and not ended. */
    hasBegun: boolean;
    mayListen: boolean;
    isSilent: boolean;
    hasLostPipeline: boolean;
  };
};

/** What has been said and answered. */
function openLedger() {
  const answers: Answer[] = [];
  const awaited: Step[] = [];
  let message: MessageState = "not begun";
  let hasRecipient = false;
  return {
    answers,
    /** The steps that the server owes an answer to, in order. */
    awaited,
    message: () => message,
    expect(step: Step) {
      if (step === "MAIL") [message, hasRecipient] = ["not begun", false];
      if (step === "message") message = "whole";
      awaited.push(step);
    },
    add(answer: Answer) {
      answers.push(answer);
      if (!isAccepted(answer)) return;
      if (answer.step === "RCPT") hasRecipient = true;
      if (answer.step !== "DATA") return;
      message = "on its way";
      if (hasRecipient) awaited.push("message");
    },
    complete: () => void (message = "whole"),
  };
}

function restartClock({ options: { timeout, finalTimeout }, ledger, clock }: Watch): void {
  clock.restart(ledger.awaited[0], ledger.message() === "whole" ? finalTimeout : timeout);
}

/** Reads what came from the server; nodemailer hears of it when all of it is in order. */
function receive(watch: Watch, chunk: Buffer): void {
  const { collect, clock, ledger, state, options: { hear } } = watch;
  if (clock.hasStopped()) return;
  const collected = collect(chunk);
  if (collected === "endless") return breach(watch, "a reply without end");
  state.hasBegun = collected.hasBegun;
  const answers: Answer[] = [];
  for (const text of collected.replies) {
    const answer = readAnswer(watch, text);
    if (answer instanceof Failure) return fail(watch, answer, isRefusal(answer));
    ledger.add(answer);
    answers.push(answer);
  }
  if (collected.hasBegun && ledger.awaited.length === 0) {
    return breach(watch, "the beginning of a reply");
  }
  if (answers.length > 0) restartClock(watch);
  for (const answer of answers) {
    const { asking } = state;
    state.asking = undefined;
    if (asking) asking(answer.reply);
    else hear(answer);
  }
}

function readAnswer({ ledger, options: { server, transcript } }: Watch, text: string) {
  const step = ledger.awaited.shift();
  transcript(`< ${text}`);
  return judge(step, text, server, ledger.message() === "whole");
}

function breach(watch: Watch, why: string): void {
  fail(watch, protocolFailure(watch.ledger.awaited[0], watch.options.server, why), false);
}

function passLimit(watch: Watch, step: Step, limit: number): void {
  const { state, ledger: { awaited, answers }, options: { server } } = watch;
  state.isSilent = true;
  state.hasLostPipeline = awaited.length > 1 && /^(?:MAIL|RCPT)$/.test(answers.at(-1)?.step ?? "");
  // What follows AUTH or DATA would be taken for a part of it.
  const listens = !awaited.includes("AUTH") && !awaited.includes("DATA");
  fail(watch, tryAgain(noAnswer(step), server, whyLate(watch, timedOut(limit))), listens);
}

function fail({ clock, state, options }: Watch, failure: Failure, mayListen: boolean): void {
  clock.stop();
  state.mayListen = mayListen;
  options.onFailure(failure);
}

function tryAgain(what: string, where: string, why: string): Failure {
  return new Failure({ status: ExitStatus.tryAgain, what, where, why });
}

function whyLate({ ledger }: Watch, why: string): string {
  const isWhole = ledger.message() === "whole" && ledger.awaited[0] === "message";
  return isWhole ? `${why}; ${MAY_BE_TAKEN}` : why;
}

/** Whether the server has answered in SMTP, and does not end the session by that. */
function isRefusal({ details: { reply } }: Failure): boolean {
  return reply !== undefined && reply.code !== 421;
}
