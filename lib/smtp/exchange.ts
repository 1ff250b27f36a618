/**
 * The exchange of commands and replies with a smarthost, from EHLO on. It matches each reply with its
 * command, checks that each reply comes in time, and rejects a reply to no command.
 *
 * nodemailer sends EHLO and the commands of a transaction, but it does not see the replies. They are
 * read and judged here, and nodemailer is only told "accepted" or "refused". nodemailer by itself
 * limits only silence, does not say at which step a connection was lost, takes a reply that comes
 * early for the answer to the next command, and knows fewer codes than servers use.
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

/** An exchange with a smarthost. */
export type Exchange = {
  /** All answers so far, in order. */
  answers: readonly Answer[];
  /** To be called with each command that nodemailer sends. */
  commandSent(command: string): void;
  /**
   * Sends a line without nodemailer and gives the reply, whatever its code. `shown` replaces the
   * line in the transcript if the line has a secret in it.
   */
  ask(step: Step, line: string, shown?: string): Promise<Reply>;
  /** To be called with all bytes from the server, in order. */
  receive(chunk: Buffer): void;
  /** To be called when another slice of the message is sent: the time limit starts again. */
  sliceSent(): void;
  /** To be called when the whole message and the final dot have been written. */
  messageEnded(): void;
  /** Builds the Failure (75) for a lost connection; `why` is the reason in words. */
  connectionFailure(why: string): Failure;
  /** True if the server would read a QUIT as a command, and not as part of the message. */
  canQuit(): boolean;
  /** True if no reply is outstanding and the server waits for a command. */
  isIdle(): boolean;
  /** True if a time limit has passed. */
  hasTimedOut(): boolean;
  /** True if no answer came after MAIL or RCPT although more than one answer was outstanding. */
  hasLostPipeline(): boolean;
  /** Stops the clock, and ignores what still comes from the server. */
  end(): void;
};

/** The settings and callbacks of an exchange. */
export type ExchangeOptions = {
  /** The smarthost as `host:port`. */
  server: string;
  /** The longest wait for any one whole answer, in milliseconds. */
  timeout: number;
  /** The longest wait for the answer to the final dot, in milliseconds. */
  finalTimeout: number;
  /** Called with each command as `> …`, and each reply as `< …`, its lines separated by `\n`. */
  transcript: (line: string) => void;
  /** Sends a line to the server, without its line end. */
  send: (line: string) => void;
  /** Called with the answers to commands of nodemailer, all that have come at once. */
  onAnswers: (answers: readonly Answer[]) => void;
  /** Called with the first failure of the exchange. */
  onFailure: (failure: Failure) => void;
};

/** How much of the message of a transaction has been sent. */
type MessageState = "not begun" | "on its way" | "whole";

/** Added to the reason if the whole message was sent and no answer came. */
const MAY_BE_TAKEN = "the server may have the message";

/** Starts an exchange in which no command has been sent yet. */
export function startExchange(options: ExchangeOptions): Exchange {
  const ledger = openLedger();
  const clock = answerClock((step, limit) => failTimeout(exchange, step, limit));
  const state: ExchangeState["state"] = {
    isIncomplete: false,
    canQuit: true,
    hasTimedOut: false,
    hasLostPipeline: false,
  };
  const exchange: ExchangeState = { options, ledger, clock, collect: replyCollector(), state };
  const expect = (step: Step) => {
    ledger.expect(step);
    if (ledger.awaited.length === 1) restartClock(exchange);
  };
  return {
    answers: ledger.answers,
    commandSent(command) {
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
    receive: (chunk) => receive(exchange, chunk),
    sliceSent: () => restartClock(exchange),
    messageEnded() {
      // A reply that began before this point does not answer the message, even if it ends later.
      if (!state.isIncomplete) ledger.complete();
      restartClock(exchange);
    },
    isIdle: () =>
      !clock.hasStopped() && ledger.awaited.length === 0 && ledger.message() !== "on its way",
    canQuit: () => state.canQuit && ledger.message() !== "on its way",
    hasTimedOut: () => state.hasTimedOut,
    hasLostPipeline: () => state.hasLostPipeline,
    connectionFailure(why) {
      state.canQuit = false;
      const what = connectionLost(ledger.awaited[0], ledger.answers.at(-1)?.step);
      return tryAgain(what, options.server, reasonWithMessageState(exchange, why));
    },
    end: clock.stop,
  };
}

/** The state that the functions of this file share. */
type ExchangeState = {
  options: ExchangeOptions;
  ledger: ReturnType<typeof openLedger>;
  clock: AnswerClock;
  collect: ReturnType<typeof replyCollector>;
  state: {
    /** Gets the next reply in place of nodemailer. */
    asking?: ((reply: Reply) => void) | undefined;
    /** True if part of a reply has come. */
    isIncomplete: boolean;
    canQuit: boolean;
    hasTimedOut: boolean;
    hasLostPipeline: boolean;
  };
};

/** The record of commands and answers. */
function openLedger() {
  const answers: Answer[] = [];
  const awaited: Step[] = [];
  let message: MessageState = "not begun";
  let hasRecipient = false;
  return {
    answers,
    /** The steps whose answers are outstanding, in order. */
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

function restartClock({ options: { timeout, finalTimeout }, ledger, clock }: ExchangeState): void {
  clock.restart(ledger.awaited[0], ledger.message() === "whole" ? finalTimeout : timeout);
}

/** Reads bytes from the server. nodemailer is told only if all replies in them are in order. */
function receive(exchange: ExchangeState, chunk: Buffer): void {
  const { collect, clock, ledger, state, options: { onAnswers } } = exchange;
  if (clock.hasStopped()) return;
  const collected = collect(chunk);
  if (collected === "endless") return failProtocol(exchange, "a reply without end");
  state.isIncomplete = collected.isIncomplete;
  const answers: Answer[] = [];
  for (const text of collected.replies) {
    const answer = readAnswer(exchange, text);
    if (answer instanceof Failure) return fail(exchange, answer, isRefusal(answer));
    ledger.add(answer);
    answers.push(answer);
  }
  if (collected.isIncomplete && ledger.awaited.length === 0) {
    return failProtocol(exchange, "the beginning of a reply");
  }
  const [first] = answers;
  if (first === undefined) return;
  restartClock(exchange);
  const { asking } = state;
  state.asking = undefined;
  if (asking) asking(first.reply);
  const others = asking ? answers.slice(1) : answers;
  if (others.length > 0) onAnswers(others);
}

function readAnswer({ ledger, options: { server, transcript } }: ExchangeState, text: string) {
  const step = ledger.awaited.shift();
  transcript(`< ${text}`);
  return judge(step, text, server, ledger.message() === "whole");
}

function failProtocol(exchange: ExchangeState, why: string): void {
  fail(exchange, protocolFailure(exchange.ledger.awaited[0], exchange.options.server, why), false);
}

function failTimeout(exchange: ExchangeState, step: Step, limit: number): void {
  const { state, ledger: { awaited, answers }, options: { server } } = exchange;
  state.hasTimedOut = true;
  state.hasLostPipeline = awaited.length > 1 && /^(?:MAIL|RCPT)$/.test(answers.at(-1)?.step ?? "");
  // The server would take a QUIT for part of the login or of the message.
  const canQuit = !awaited.includes("AUTH") && !awaited.includes("DATA");
  fail(
    exchange,
    tryAgain(noAnswer(step), server, reasonWithMessageState(exchange, timedOut(limit))),
    canQuit,
  );
}

function fail({ clock, state, options }: ExchangeState, failure: Failure, canQuit: boolean): void {
  clock.stop();
  state.canQuit = canQuit;
  options.onFailure(failure);
}

function tryAgain(what: string, where: string, why: string): Failure {
  return new Failure({ status: ExitStatus.tryAgain, what, where, why });
}

function reasonWithMessageState({ ledger }: ExchangeState, why: string): string {
  const isWhole = ledger.message() === "whole" && ledger.awaited[0] === "message";
  return isWhole ? `${why}; ${MAY_BE_TAKEN}` : why;
}

/** True if the server has refused something and still waits for commands. */
function isRefusal({ details: { reply } }: Failure): boolean {
  return reply !== undefined && reply.code !== 421;
}
