/**
 * Tells somebody at a terminal what a long delivery is waiting for.
 *
 * @module
 */

import { formatAddress } from "../outcome.ts";
import { excerpt } from "../text/mod.ts";
import { LIMITS } from "./redact.ts";

/** Calls back after this many milliseconds; gives a function to cancel it. */
export type Later = (milliseconds: number, callback: () => void) => () => void;

/** To be called with each step of a delivery. */
export type WaitingNotice = {
  /** Starts the timer, when the input has been read: from now on only servers can cause a wait. */
  begin(): void;
  /** The program waits for the settings. */
  waitForRedis(): void;
  /** The program waits for the smarthost. */
  waitForSmarthost(smarthost: { host: string; port: number }): void;
  /** The program waits for the next attempt. */
  waitForRetry(): void;
  /** This many octets of the message have been sent. */
  sent(octets: number, total: number): void;
  /** Stops the timer. */
  end(): void;
};

/** The wait before the first line, and the longest wait between two lines, in milliseconds. */
const FIRST = 2000;
const LONGEST = 32_000;

/**
 * Writes a line when a delivery takes more than two seconds, and again after pauses that double. The
 * line names what the program waits for. Without `writeError` nothing is written.
 */
export function waitingNotice(
  writeError: ((line: string) => void) | undefined,
  later: Later,
): WaitingNotice {
  if (writeError === undefined) return SILENT;
  let what = "";
  let cancel: (() => void) | undefined;
  const wait = (milliseconds: number) => {
    cancel = later(milliseconds, () => {
      writeError(`* ${excerpt(what, LIMITS.place)} ...`);
      wait(Math.min(2 * milliseconds, LONGEST));
    });
  };
  return {
    begin() {
      if (cancel === undefined) wait(FIRST);
    },
    waitForRedis: () => void (what = "Waiting for the settings from Redis"),
    waitForSmarthost: (smarthost) =>
      void (what = `Waiting for the smarthost at ${formatAddress(smarthost)}`),
    waitForRetry: () => void (what = "Waiting to try again"),
    sent: (octets, total) =>
      void (what = octets < total
        ? `Sending the message, ${Math.floor(100 * octets / total)} % of ${total} bytes are sent`
        : "The message is sent; waiting for the smarthost's answer"),
    end: () => cancel?.(),
  };
}

const SILENT: WaitingNotice = {
  begin() {},
  waitForRedis() {},
  waitForSmarthost() {},
  waitForRetry() {},
  sent() {},
  end() {},
};
