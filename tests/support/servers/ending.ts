/**
 * How an attempt to send ends, in all three places where it is said: the exit status, the line on
 * stderr, and the record in the system log.
 *
 * @module
 */

import assert from "node:assert/strict";
import { withToday } from "./dates.ts";
import type { LogSocket } from "./log_socket.ts";
import { TooSlow } from "../program/parallel.ts";
import { type Circumstances, type Run, sendmail } from "../program/program.ts";
import { sandbox } from "../hosts/sandbox.ts";

/** How an attempt has to end. */
export type Ending = {
  status: number;
  /**
   * What stands behind `Error: `; `SERVER` stands for host and port, `RECIPIENT` for the address.
   * Nothing where all is well.
   */
  error?: string | RegExp;
  /** A second line, which says who has been served all the same. */
  also?: string;
  /** The end of the record, from `code=` on. */
  log: string | RegExp;
};

/** The refusals that name whom they are about. */
export const RECIPIENT_REFUSED = "Recipient refused";
export const SENDER_REFUSED = "Sender refused";

/** The sender of every attempt. */
const SENDER = "from@from.test";

/** The server takes the message for everybody: status 0 and silence. */
export function sent(code = 250): Ending {
  return { status: 0, log: `code=${code}` };
}

/**
 * The server refuses; `reply` is code and words as it says them, the lines side by side, and a hint
 * may end the error.
 */
export function refused(status: number, what: string, reply: string, hint?: string): Ending {
  const [, code, text] = /^(\d{3}) ?(.*)$/.exec(reply) ?? [];
  const message = text || `${what}`;
  const whom = what === RECIPIENT_REFUSED
    ? "RECIPIENT: "
    : what === SENDER_REFUSED
    ? `${SENDER}: `
    : "";
  const error = `${what} (SERVER): ${whom}${reply}${hint === undefined ? "" : `; ${hint}`}`;
  return { status, error, log: `code=${code} message="${message}"` };
}

/** There is no answer to speak of; `why` is in words of ours. */
export function failed(status: number, what: string, why: string): Ending {
  return {
    status,
    error: `${what} (SERVER): ${why}`,
    log: `code=-1 message="${what}: ${why.replaceAll('"', '\\"')}"`,
  };
}

/** The same for what is not the smarthost; the log then names the place, too. */
export function failedAt(status: number, what: string, why: string): Ending {
  const error = `${what} (SERVER): ${why}`;
  return { status, error, log: `code=-1 message="${error}"` };
}

/** The same in words that are not known to the letter; both stand somewhere in the line. */
export function failedLike(status: number, what: string | RegExp, why: string | RegExp): Ending {
  const pattern = (part: string | RegExp) =>
    typeof part === "string" ? RegExp.escape(part) : part.source;
  const log = `^code=-1 message="${pattern(what)}(?: \\(.*\\))?: ${pattern(why)}`;
  return {
    status,
    error: new RegExp(`^${pattern(what)} \\(SERVER\\): ${pattern(why)}`),
    log: new RegExp(log),
  };
}

/** An attempt that is recognized in a log that others write to as well. */
export type Attempt = { run: Run; record: string; to: string };

/** No run lasts longer than its limit and this, in milliseconds. */
const GRACE = 2000;

/** Makes an attempt; `timeout` is in seconds, `args` are further arguments. */
export type MakeAttempt = (
  circumstances: Circumstances,
  options?: { timeout?: number; args?: string[] },
) => Promise<Attempt>;

/** Makes attempts that share a log: each has a recipient of its own, by which it is found there. */
export function attempts(log: LogSocket): MakeAttempt {
  let count = 0;
  const under = sandbox({ log, hostName: "node.example.org" });
  return async (circumstances, { timeout = 10, args = [] } = {}) => {
    const to = `row${++count}@to.test`;
    const all = ["-f", SENDER, "-s", "Row", "--timeout", `${timeout}`, to, ...args];
    const run = await sendmail(all, { stdin: "Hello\n", log, under, ...circumstances });
    if (run.elapsed > timeout * 1000 + GRACE) throw new TooSlow(`It took ${run.elapsed} ms`);
    const records = run.records.filter(({ text }) => text.includes(` to=${to} `));
    assert.equal(records.length, 1, "one attempt, one record");
    const [record] = records;
    assert.equal(record?.ident, "ns8-sendmail");
    assert.equal(record?.priority, run.status === 0 ? 22 : 19);
    return { run, record: record?.text ?? "", to };
  };
}

/**
 * Compares how an attempt has ended with how it had to. `where` is the place that the error names,
 * as `host:port`, and `server` the smarthost in the log.
 */
export function assertEnding(
  { run, record, to }: Attempt,
  ending: Ending,
  where: string,
  server: string | RegExp = where,
): void {
  const { status, error, also, log } = ending;
  assert.deepEqual({ status: run.status, stdout: run.stdout }, { status, stdout: "" }, run.stderr);
  const expected = error === undefined ? "" : withNames(error, where, to);
  if (expected instanceof RegExp) {
    const [first = ""] = run.stderr.split("\n");
    assert.match(first.replace(/^Error: /, ""), expected);
    assert.match(run.stderr, /^Error: [^\n]+\n$/);
  } else {
    const lines = [expected && `Error: ${expected}`, also].filter(Boolean);
    assert.deepEqual(run.stderr.split("\n").slice(0, -1), lines);
  }
  const [, head = "", tail = ""] = /^(.*?) (code=.*)$/s.exec(record) ?? [];
  const outcome = status === 0 ? "sent" : "error";
  const start = `status=${outcome} from=${SENDER} to=${to} subject="Row" server=`;
  assert.ok(head.startsWith(start), record);
  const named = head.slice(start.length);
  if (server instanceof RegExp) assert.match(named, server);
  else assert.equal(named, server);
  const logged = withNames(log, where, to);
  if (logged instanceof RegExp) assert.match(tail, logged);
  else assert.equal(tail, logged);
}

function withNames(text: string | RegExp, server: string, to: string): string | RegExp {
  return typeof text === "string"
    ? withToday(text).replace("SERVER", server).replace("RECIPIENT", to)
    : new RegExp(text.source.replace("SERVER", RegExp.escape(server)), text.flags);
}
