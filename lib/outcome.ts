/**
 * Types and values shared by all modules: exit statuses, default time limits, server replies,
 * delivery results, the one error, and the ways out of the program.
 *
 * @module
 */

import { isIPv6 } from "node:net";

/** The exit statuses of the program, named and numbered as in sysexits.h. */
export const ExitStatus = {
  ok: 0,
  usage: 64,
  data: 65,
  noUser: 67,
  noHost: 68,
  unavailable: 69,
  internal: 70,
  io: 74,
  tryAgain: 75,
  protocol: 76,
  notAllowed: 77,
  configuration: 78,
} as const;

/** One of the numbers of {@linkcode ExitStatus}. */
export type ExitStatus = (typeof ExitStatus)[keyof typeof ExitStatus];

/** The longest waits for one whole answer if the caller names none, in milliseconds. */
export const DEFAULT_TIMEOUTS: {
  /** For every answer of Redis or the smarthost, except that to the final dot. */
  readonly answer: number;
  /** For the answer to the final dot (RFC 5321, 4.5.3.2.6). */
  readonly finalAnswer: number;
} = { answer: 30_000, finalAnswer: 600_000 };

/** A whole reply of an SMTP server (RFC 5321, 4.2). */
export type Reply = {
  /** The three digits. */
  code: number;
  /** The text behind the code; the lines of a multi-line reply are joined by `\n`. */
  text: string;
};

/** How the server answered one recipient. */
export type RecipientOutcome = {
  /** The address in the envelope, or the text in a header that is not an address. */
  address: string;
  /** Whether the server accepted the recipient; `transaction` tells whether it took the message. */
  accepted: boolean;
  /** The server's reply to RCPT, if one came. */
  reply?: Reply;
  /** The transaction in which the server took the message for this recipient, counted from 1. */
  transaction?: number;
  /** If this is not an address, and the server was not asked: the header field and the reason. */
  why?: string;
};

/** The result of a delivery in which the server answered the message, or every recipient. */
export type Outcome = {
  /** `ok`, or `noUser` or `tryAgain` if some recipients were refused. */
  status: ExitStatus;
  /** The smarthost, as `host:port`. */
  server: string;
  /** The reply to the first final dot; missing if every recipient was refused. */
  reply?: Reply;
  /** The replies to all final dots, if there were several transactions. */
  transactions?: Reply[];
  /** Every recipient of the envelope once, in its order. */
  recipients: RecipientOutcome[];
};

/** The parts of a failure. */
export type FailureDetails = {
  status: ExitStatus;
  /** What failed: a sentence of this program, starting with a capital letter. */
  what: string;
  /** Where it failed: `host:port`, a field of the settings, a file. */
  where?: string;
  /** Why, in words of this program or the system; the words of a server are in `reply`. */
  why?: string;
  reply?: Reply;
  /** What is probably wrong on this side, in words of ours; it ends the line. */
  hint?: string;
  /** The recipients answered before the failure. */
  recipients?: RecipientOutcome[];
  /** The replies to the final dots of transactions before the failure. */
  transactions?: Reply[];
  /** The error of a library that caused this, for debugging; never printed. */
  cause?: unknown;
};

/**
 * The only error that modules throw: it has the exit status, what failed, where and why. Its
 * `message` is the whole sentence.
 */
export class Failure extends Error {
  /** The parts of the sentence, and the exit status. */
  readonly details: Readonly<FailureDetails>;

  /** Makes a failure from its parts. */
  constructor(details: FailureDetails) {
    super(sentenceOf(details), { cause: details.cause });
    this.name = "Failure";
    this.details = details;
  }
}

/** Joins what failed, where, why, the words of the server and the hint to one line. */
function sentenceOf({ what, where, why, reply, hint }: FailureDetails): string {
  const place = where === undefined ? "" : ` (${where})`;
  const reasons = [why, reply && `${reply.code} ${reply.text}`]
    .flatMap((reason) => reason === undefined ? [] : [reason.replaceAll(/[\r\n]+/g, " ").trim()]);
  return [what + place, ...reasons].join(": ") + (hint === undefined ? "" : `; ${hint}`);
}

/** The result of one attempt to send, or of all attempts together. */
export type Result = Failure | Outcome;

/** An argument that is not a valid address. */
export type BadAddress = { failure: Failure; text: string; role: "sender" | "recipient" };

/** Standard output and standard error. */
export type Output = {
  /** Writes to standard output and gives status 0; throws a Failure (74) if writing fails. */
  print(what: string | Iterable<Uint8Array>): Promise<ExitStatus>;
  /** Writes a line to standard error; never throws. */
  writeError(line: string): void;
};

/** One record for the system log: its severity (RFC 5424, 6.2.1), and one line of text. */
export type LogRecord = { severity: "info" | "err"; text: string };

/** Gives `host:port`, with brackets round an IPv6 address. */
export function formatAddress({ host, port }: { host: string; port: number }): string {
  // isIPv6 is slow at its first call; a name has no colon and does not need it.
  return host.includes(":") && isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Converts any thrown value to a Failure. An error that is not a Failure is an internal error
 * (status 70).
 */
export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new Failure({ status: ExitStatus.internal, what: "Internal error", why, cause: error });
}

/** Gives the exit status of the result of an attempt. */
export function statusOf(result: Result): ExitStatus {
  return result instanceof Failure ? result.details.status : result.status;
}
