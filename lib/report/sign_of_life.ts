/**
 * Signs of life for somebody who waits at a terminal: what a long send is waiting for.
 *
 * @module
 */

import { formatAddress } from "../outcome.ts";
import { excerpt } from "../text/mod.ts";
import { LIMITS } from "./redact.ts";

/** Calls back after so many milliseconds; gives a function that prevents it. */
export type Later = (milliseconds: number, callback: () => void) => () => void;

/** What a send tells of itself; without somebody who reads it, nothing comes of it. */
export type SignOfLife = {
  /** The program has all that the caller gives: from now on a wait is the smarthost's or Redis'. */
  begin(): void;
  /** Tells that the settings are waited for. */
  waitForRedis(): void;
  /** Tells that the smarthost is waited for. */
  waitForSmarthost(smarthost: { host: string; port: number }): void;
  /** Tells that another attempt follows. */
  waitForRetry(): void;
  /** Tells how many octets of the message have gone. */
  sent(octets: number, total: number): void;
  /** Says nothing more. */
  end(): void;
};

/** The wait before the first sign, and the longest between two of them, in milliseconds. */
const FIRST = 2000;
const LONGEST = 32_000;

/**
 * Writes a line when a send takes more than two seconds, and again after pauses that double, with
 * what is waited for then. Without `writeError` it does nothing.
 */
export function signOfLife(
  writeError: ((line: string) => void) | undefined,
  later: Later,
): SignOfLife {
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
        ? `Sending the message, ${Math.floor(100 * octets / total)} % of ${total} bytes have gone`
        : "The message has gone; waiting for the smarthost's answer"),
    end: () => cancel?.(),
  };
}

const SILENT: SignOfLife = {
  begin() {},
  waitForRedis() {},
  waitForSmarthost() {},
  waitForRetry() {},
  sent() {},
  end() {},
};
