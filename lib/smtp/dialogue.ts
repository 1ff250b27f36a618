/**
 * Reads the replies of the smarthost. Before EHLO: one whole reply at a time, within the time limit,
 * and without anything behind it. Later replies use the same collector and the same clock.
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
  /** The step that the reply answers. */
  step: Step;
  /** The smarthost as `host:port`, for error messages. */
  where: string;
  /** The longest wait for the whole reply, in milliseconds, also if it arrives in small pieces. */
  timeout: number;
  /** Called with the whole reply as `< 250 …`; its lines are separated by `\n`. */
  transcript: (said: string) => void;
  /** Called synchronously with the reply, if nothing else came with it. */
  onReply?: (reply: Reply) => void;
};

/** The longest reply, in bytes; nodemailer has the same limit. */
const MAX_REPLY = 1024 * 1024;

const LF = 0x0a;

/**
 * Reads one whole reply. A socket without TLS is paused afterwards. Throws a Failure: 75 if no whole
 * reply comes in time or the server closes the connection, 76 if the reply is not SMTP, is too long,
 * or is followed by more data (which would be taken for the answer to the next command).
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
    if (more.length > 0 || collected.isIncomplete) {
      const what = `Smarthost sent more than its answer to ${nameOf(step)}`;
      return fail(ExitStatus.protocol, what, "nothing more was said to it");
    }
    leave();
    onReply?.(reply);
    resolve(reply);
  };
  const leave = () => {
    clearTimeout(timer);
    // When a paused TLS socket is resumed, Deno 2.7 reads twice into the same memory.
    if (!(socket instanceof TLSSocket)) socket.pause();
    socket.off("error", onLost).off("end", onLost).off("close", onLost).off("data", onData);
  };
  const timer = setTimeout(onTimeout, timeout);
  socket.on("error", onLost).on("end", onLost).on("close", onLost).on("data", onData);
  socket.resume();
  if (socket.destroyed) onLost(socket.errored);
  return promise;
}

/** The longest wait for the answer to QUIT, in milliseconds; nothing depends on that answer. */
export const QUIT_TIMEOUT = 1000;

/**
 * Closes a connection after a failed step. If the server has refused the step with 4xx or 5xx, but
 * not 421, QUIT is sent first (RFC 5321, 3.1 and 4.1.1.10). Never throws.
 */
export async function closeAfterFailure(
  socket: Socket,
  error: unknown,
  { transcript }: Pick<ReadOptions, "transcript">,
): Promise<void> {
  const code = error instanceof Failure ? error.details.reply?.code ?? 0 : 0;
  if (code >= 400 && code !== 421 && socket.writable) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, QUIT_TIMEOUT);
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
 * Calls `onClosed` once the connection is closed, after all other listeners of that event. If the
 * connection is closed already, no event comes, and `onClosed` is called soon.
 */
export function onceClosed(socket: Socket, onClosed: () => void): void {
  const later = () => setImmediate(onClosed);
  if (socket.destroyed) later();
  else socket.once("close", later);
}

/** The replies that a chunk completes, without their last line end; and whether part of a reply is left. */
export type Collected = { replies: string[]; isIncomplete: boolean } | "endless";

/** Collects chunks into whole replies. Gives `endless` if a reply is too long. */
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
      return { replies: [], isIncomplete: true };
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
    return { replies, isIncomplete: lines.length + unfinishedLine.length > 0 };
  };
}

/** The time limit for the answer that the server owes. */
export type AnswerClock = {
  /** Starts the wait for this step again, in milliseconds; without a step nothing is due. */
  restart(step: Step | undefined, limit: number): void;
  /** Stops permanently. */
  stop(): void;
  hasStopped(): boolean;
};

/** Makes a clock that calls `onLate` if the answer to a step does not come within its limit. */
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
