/**
 * The replies of the smarthost before nodemailer takes over: one whole reply at a time, each within
 * the time limit, and nothing that the server was not asked for.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { ExitStatus, Failure, type Reply } from "../outcome.ts";
import { reasonOf, timedOut } from "../text/mod.ts";
import { decodeLines, isLastLine, parseReply } from "./reply.ts";
import { connectionLost, nameOf, noAnswer, notSmtp, type Step } from "./status.ts";

/** How to read a reply. */
export type ReadOptions = {
  /** What the server answers. */
  step: Step;
  /** The smarthost as `host:port`, for a failure. */
  where: string;
  /** The longest wait for the whole reply, in milliseconds, however slowly it drips. */
  timeout: number;
  /** Takes the whole reply, whose lines `\n` separates, as `< 250 …`. */
  transcript: (said: string) => void;
  /** Takes the reply in the event that completes it, when it is all that came. */
  onReply?: (reply: Reply) => void;
};

/** The longest reply in bytes, as in nodemailer. */
const MAX_REPLY = 1024 * 1024;

const LF = 0x0a;

/**
 * Reads one whole reply and leaves a plain socket paused. Throws a Failure: 75 when the server falls
 * silent or hangs up, 76 when it does not speak SMTP, never ends its reply, or says more than it
 * was asked (a reply nobody asked for would be taken for the answer to the next command).
 */
export function readReply(socket: Socket, options: ReadOptions): Promise<Reply> {
  const { step, where, timeout, transcript, onReply } = options;
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  const fail = (status: ExitStatus, what: string, why: string, cause?: unknown) => {
    leave();
    reject(new Failure({ status, what, where, why, cause }));
  };
  const onLost = (error?: unknown) =>
    fail(
      ExitStatus.tryAgain,
      connectionLost(step),
      error instanceof Error ? reasonOf(error) : "the server closed the connection",
      error,
    );
  const onTimeout = () => fail(ExitStatus.tryAgain, noAnswer(step), timedOut(timeout));
  const collect = replyCollector();
  const onData = (chunk: Buffer) => {
    const collected = collect(chunk);
    if (collected === "endless") {
      return fail(ExitStatus.protocol, notSmtp(step), `more than ${MAX_REPLY} bytes`);
    }
    const [text, ...more] = collected.replies;
    if (text === undefined) return;
    const reply = parseReply(text);
    if (reply === undefined) return fail(ExitStatus.protocol, notSmtp(step), text);
    transcript(`< ${text}`);
    if (more.length > 0 || collected.hasBegun) {
      const what = `Smarthost sent more than its answer to ${nameOf(step)}`;
      return fail(ExitStatus.protocol, what, "nothing more was said to it");
    }
    leave();
    onReply?.(reply);
    resolve(reply);
  };
  const leave = () => {
    clearTimeout(timer);
    // Deno 2.7 would read twice into the same memory when a TLS socket goes on after a pause.
    if (!(socket instanceof TLSSocket)) socket.pause();
    socket.off("error", onLost).off("end", onLost).off("close", onLost).off("data", onData);
  };
  const timer = setTimeout(onTimeout, timeout);
  socket.on("error", onLost).on("end", onLost).on("close", onLost).on("data", onData);
  socket.resume();
  if (socket.destroyed) onLost(socket.errored);
  return promise;
}

/** How long QUIT may take, in milliseconds: nothing depends on its answer. */
export const PARTING = 1000;

/**
 * Cuts a connection on which a step has failed. Where the server has refused that step and may still
 * listen, QUIT is said before (RFC 5321, 3.1 and 4.1.1.10). Never throws.
 */
export async function partFrom(
  socket: Socket,
  error: unknown,
  { transcript }: Pick<ReadOptions, "transcript">,
): Promise<void> {
  const code = error instanceof Failure ? error.details.reply?.code ?? 0 : 0;
  if (code >= 400 && code !== 421 && socket.writable) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, PARTING);
    transcript("> QUIT");
    socket.on("error", () => resolve()).once("close", () => resolve());
    socket.once("data", () => resolve()).write("QUIT\r\n");
    socket.resume();
    await promise;
    clearTimeout(timer);
  }
  socket.destroy();
}

/**
 * Calls back when a connection has ended and all others that listen know it; also when it had ended
 * before, of which nobody is told any more.
 */
export function afterClose(socket: Socket, onClosed: () => void): void {
  const later = () => setImmediate(onClosed);
  if (socket.destroyed) later();
  else socket.once("close", later);
}

/** What a chunk has completed: replies without their last line end; and whether one more has begun. */
export type Collected = { replies: string[]; hasBegun: boolean } | "endless";

/** Collects the chunks of a connection to whole replies; `endless` is one that is too long. */
export function replyCollector(): (chunk: Buffer) => Collected {
  let lines: string[] = [];
  let unfinishedLine: Buffer[] = [];
  let size = 0;
  return (chunk) => {
    size += chunk.length;
    if (size > MAX_REPLY) return "endless";
    const end = chunk.lastIndexOf(LF) + 1;
    if (end === 0) {
      unfinishedLine.push(chunk);
      return { replies: [], hasBegun: true };
    }
    const replies: string[] = [];
    for (const line of decodeLines(Buffer.concat([...unfinishedLine, chunk.subarray(0, end)]))) {
      lines.push(line);
      if (!isLastLine(line)) continue;
      replies.push(lines.join("\n"));
      lines = [];
    }
    unfinishedLine = end < chunk.length ? [chunk.subarray(end)] : [];
    if (replies.length > 0) size = chunk.length - end;
    return { replies, hasBegun: lines.length + unfinishedLine.length > 0 };
  };
}

/** The time limit of the answer that is due. */
export type AnswerClock = {
  /** Starts anew for this step, which has so many milliseconds; without a step nothing is due. */
  restart(step: Step | undefined, limit: number): void;
  /** Stops, and does not go again. */
  stop(): void;
  hasStopped(): boolean;
};

/**
 * Calls back when the answer to a step does not come within its limit in milliseconds.
 */
export function answerClock(onLate: (step: Step, limit: number) => void): AnswerClock {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let hasStopped = false;
  return {
    restart(step: Step | undefined, limit: number) {
      clearTimeout(timer);
      if (step !== undefined && !hasStopped) timer = setTimeout(onLate, limit, step, limit);
    },
    stop() {
      hasStopped = true;
      clearTimeout(timer);
    },
    hasStopped: () => hasStopped,
  };
}
