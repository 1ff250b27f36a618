/**
 * The events of a process: signals that end it, and how it ends by one of them after all; errors
 * that nobody waits for; time that has passed.
 *
 * @module
 */

import { ExitStatus, Failure } from "../outcome.ts";

/** The numbers of the signals that ask a process to end (signal(7)). */
const NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** A signal that asks a process to end. */
export type EndingSignal = keyof typeof NUMBERS;

const SIGNALS: readonly EndingSignal[] = ["SIGHUP", "SIGINT", "SIGTERM"];

/** Sends a signal where the runtime does not let a process send one to itself (Deno 2.7). */
const KILL = "/usr/bin/kill";

/** How long a signal that has been sent may take to end this process, in milliseconds. */
const GRACE = 100;

/** What an ending signal does to the attempts of a run. */
export type Stop = {
  /** An attempt begins, which a signal stops. */
  begin(): void;
  /** The attempt has come to its result, which a signal does not change. */
  settle(): void;
  /** Waits so many milliseconds; gives false, at once, where a signal has come. */
  pause(milliseconds: number): Promise<boolean>;
  /** Aborts when a signal stops an attempt. */
  aborted: AbortSignal;
  /** Rejects then, with a Failure that names the signal. */
  stopped: Promise<never>;
  /**
   * Ends this process, whose id is `pid`, by the signal that has stopped an attempt, so that its
   * parent learns of it. Where that cannot be done, gives the status by which a shell tells of it.
   */
  endBySignal(pid: number): Promise<number>;
};

/**
 * Calls back when something goes wrong that nobody waits for: a library throws from an event, or
 * nothing is left to wait for, where the runtime would end with status 0, which says that all is well.
 */
export function watchLateErrors(onError: (cause: unknown) => void): void {
  const onLate = (event: Event) => {
    event.preventDefault();
    const cause = event instanceof ErrorEvent ? event.error : Reflect.get(event, "reason");
    onError(cause ?? new Error("there is nothing left to wait for"));
  };
  for (const type of ["error", "unhandledrejection", "beforeunload"]) {
    addEventListener(type, onLate);
  }
}

/** Calls back after so many milliseconds, if the process lasts; gives a function that prevents it. */
export function later(milliseconds: number, callback: () => void): () => void {
  const timer = setTimeout(callback, milliseconds);
  Deno.unrefTimer(timer);
  return () => clearTimeout(timer);
}

/** Listens for the ending signals, in place of their default action. */
export function watchSignals(): Stop {
  const controller = new AbortController();
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  stopped.catch(() => {});
  let stoppedBy: EndingSignal | undefined;
  let phase: "attempt" | "settled" = "attempt";
  let hasCome = false;
  let endPause = () => {};
  const onSignal = (signal: EndingSignal) => {
    hasCome = true;
    endPause();
    if (phase === "settled" || stoppedBy !== undefined) return;
    stoppedBy = signal;
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
      return await endBySignal(stoppedBy ?? "SIGTERM", pid);
    },
  };
}

function stoppedBySignal(signal: EndingSignal): Failure {
  const why = "the smarthost had not said that it has the message";
  return new Failure({ status: ExitStatus.tryAgain, what: `Stopped by ${signal}`, why });
}

/** Ends this process by a signal, which has its default action. */
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
    // A host without it has the status alone.
  }
}
