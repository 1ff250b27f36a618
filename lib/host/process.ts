/**
 * The events of the process: signals that end it, unhandled errors, and timers.
 *
 * @module
 */

import { ExitStatus, Failure } from "../outcome.ts";

/** The numbers of the signals that ask a process to end (signal(7)). */
const NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** A signal that asks a process to end. */
export type EndingSignal = keyof typeof NUMBERS;

const SIGNALS: readonly EndingSignal[] = ["SIGHUP", "SIGINT", "SIGTERM"];

/** The program that sends a signal; Deno 2.7 does not let a process send one to itself. */
const KILL = "/usr/bin/kill";

/** The longest wait for a sent signal to end this process, in milliseconds. */
const GRACE = 100;

/** The effect of an ending signal on the attempts of a run. */
export type SignalWatch = {
  /** Starts an attempt: from now on a signal stops it. */
  begin(): void;
  /** Ends the attempt: from now on a signal does not change its result. */
  settle(): void;
  /** Waits this many milliseconds; gives false, at once, if a signal has come. */
  pause(milliseconds: number): Promise<boolean>;
  /** Aborts if a signal stops an attempt. */
  aborted: AbortSignal;
  /** Rejects if a signal stops an attempt, with a Failure (75) that names the signal. */
  stopped: Promise<never>;
  /**
   * Ends this process, whose id is `pid`, by the signal that stopped an attempt, so that the parent
   * sees the signal. If that is not possible, gives the status that a shell uses for it (128 + n).
   */
  endBySignal(pid: number): Promise<number>;
};

/**
 * Calls `onError` if a library throws in an event, or a rejection is not handled, or nothing is left to
 * wait for. In the last case the runtime would end the process with status 0, which means "sent".
 */
export function watchUnhandledErrors(onError: (cause: unknown) => void): void {
  const onEvent = (event: Event) => {
    event.preventDefault();
    const cause = event instanceof ErrorEvent ? event.error : Reflect.get(event, "reason");
    onError(cause ?? new Error("there is nothing left to wait for"));
  };
  for (const type of ["error", "unhandledrejection", "beforeunload"]) {
    addEventListener(type, onEvent);
  }
}

/** Calls back after this many milliseconds, without keeping the process alive; gives a function to cancel it. */
export function later(milliseconds: number, callback: () => void): () => void {
  const timer = setTimeout(callback, milliseconds);
  Deno.unrefTimer(timer);
  return () => clearTimeout(timer);
}

/** Listens for the ending signals; their default action is off from then on. */
export function watchSignals(): SignalWatch {
  const controller = new AbortController();
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  stopped.catch(() => {});
  let stoppingSignal: EndingSignal | undefined;
  let phase: "attempt" | "settled" = "attempt";
  let hasCome = false;
  let endPause = () => {};
  const onSignal = (signal: EndingSignal) => {
    hasCome = true;
    endPause();
    if (phase === "settled" || stoppingSignal !== undefined) return;
    stoppingSignal = signal;
    controller.abort();
    reject(stoppedBySignal(signal));
  };
  const listeners = SIGNALS.map((signal) => ({ signal, listener: () => onSignal(signal) }));
  for (const { signal, listener } of listeners) Deno.addSignalListener(signal, listener);
  return {
    begin: () => void (phase = "attempt"),
    settle: () => void (phase = "settled"),
    async pause(milliseconds) {
      if (hasCome) return false;
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const timer = setTimeout(resolve, milliseconds, true);
      endPause = () => resolve(false);
      const isOver = await promise;
      clearTimeout(timer);
      return isOver;
    },
    aborted: controller.signal,
    stopped,
    async endBySignal(pid) {
      for (const { signal, listener } of listeners) Deno.removeSignalListener(signal, listener);
      return await endBySignal(stoppingSignal ?? "SIGTERM", pid);
    },
  };
}

function stoppedBySignal(signal: EndingSignal): Failure {
  const why = "the smarthost had not said that it has the message";
  return new Failure({ status: ExitStatus.tryAgain, what: `Stopped by ${signal}`, why });
}

/** Ends this process by a signal whose default action is on. */
async function endBySignal(signal: EndingSignal, pid: number): Promise<number> {
  try {
    Deno.kill(pid, signal);
  } catch {
    await sendSignal(signal, pid);
  }
  await new Promise((resolve) => setTimeout(resolve, GRACE));
  return 128 + NUMBERS[signal];
}

async function sendSignal(signal: EndingSignal, pid: number): Promise<void> {
  try {
    await new Deno.Command(KILL, {
      args: [`-${NUMBERS[signal]}`, `${pid}`],
      clearEnv: true,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
  } catch {
    // Without this program only the status is left.
  }
}
