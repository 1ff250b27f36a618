/**
 * Turns arguments into options and a request for a mail. The options are in the table of usage.ts.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { type Mailbox, parseMailboxes } from "../address/mod.ts";
import type { Mail } from "../message/mod.ts";
import { type BadAddress, DEFAULT_TIMEOUTS, Failure } from "../outcome.ts";
import { type Given, lineBreak, scan, wrong } from "./scan.ts";
import { type Option, OPTIONS } from "./usage.ts";

/** The meaning of the command line. */
export type Options = {
  mode: Mode;
  /** The request for the mail. */
  mail: Mail;
  /** A wrong address: nothing is sent, but the system log gets a record. */
  badAddress?: BadAddress;
  json: boolean;
  verbose: boolean;
  /** The longest wait for any one whole answer, in milliseconds. */
  timeout: number;
  /** The longest wait for the answer to the final dot, in milliseconds. */
  finalTimeout: number;
  /** How long to try again after an outcome of 75, in milliseconds; 0 without `--retry`. */
  retry: number;
};

/** What the program does; `send` by default. */
export type Mode =
  | "send"
  | "dry-run"
  | "check"
  | "settings"
  | "help"
  | "version"
  | "mailq"
  | "newaliases";

/** What the program does without sending anything. */
export type OtherMode = Exclude<Mode, "send">;

/** The largest value of `--timeout` and `--retry`, one day in seconds: no timer overflows. */
const LONGEST = 86_400;

const NOTHING: Mail = { to: [], cc: [], bcc: [], html: false, readRecipients: false };

/**
 * Reads the command line. `--help`, then `--version`, have priority over all other options.
 *
 * @param calledAs The name that the program was started by; `mailq` and `newaliases` are sendmail's.
 * @throws {Failure} `usage` that names the option and the value.
 */
export function parseOptions(args: readonly string[], calledAs = ""): Options {
  const name = calledAs.slice(calledAs.lastIndexOf("/") + 1);
  if (name === "mailq" || name === "newaliases") return informing(name);
  const { given, operands } = scan(args);
  const values = valuesOf(given);
  const flag = (long: string) => values[long] === true;
  if (flag("help") || flag("version")) return informing(flag("help") ? "help" : "version");
  return complete({
    mode: modeOf(flag),
    ...mailOf(given, values, operands),
    json: flag("json"),
    verbose: flag("verbose"),
    ...timesOf(textOf(values, "timeout"), textOf(values, "retry")),
  });
}

/** The options for a mode that only prints a text. */
function informing(mode: Mode): Options {
  const times = timesOf(undefined, undefined);
  return { mode, mail: NOTHING, json: false, verbose: false, ...times };
}

/** The values of the options by long name, or by letter if there is no long name. */
type Values = Readonly<Record<string, unknown>>;

/** Combines repeated options: the last value counts, or all of them. */
function valuesOf(given: readonly Given[]): Values {
  const args = given.filter(({ option }) => option.kind !== "ignored")
    // parseArgs reads an empty value only if it is missing, and not after `=`.
    .map(({ option, value }) => `--${keyOf(option)}${value === "" ? "" : `=${value}`}`);
  const keys = (wanted: (option: Option) => boolean) => OPTIONS.filter(wanted).map(keyOf);
  return parseArgs(args, {
    string: keys(({ value }) => value !== undefined),
    boolean: keys(({ value }) => value === undefined),
    collect: keys(({ kind }) => kind === "list"),
  });
}

function keyOf({ long, short }: Option): string {
  return long ?? short ?? "";
}

function textOf(values: Values, name: string): string | undefined {
  const value = values[name];
  return typeof value === "string" ? value : undefined;
}

function textsOf(values: Values, name: string): string[] {
  const found = values[name];
  const list: unknown[] = Array.isArray(found) ? found : [];
  return list.filter((value) => typeof value === "string");
}

/** Gives the request for the mail, and the first wrong address. */
function mailOf(given: readonly Given[], values: Values, operands: readonly string[]) {
  const bad: BadAddress[] = [];
  const read = (text: string, what: string) => readable(text, what, bad);
  const mailboxes = (long: string) =>
    textsOf(values, long).flatMap((text) => read(text, `--${long}`));
  const to = operands.flatMap((text) => read(text, "the recipients"));
  const cc = mailboxes("cc");
  const bcc = mailboxes("bcc");
  const from = senderOf(given, bad);
  const fromName = textOf(values, "F");
  const subject = textOf(values, "subject");
  const mail: Mail = {
    to,
    cc,
    bcc,
    ...(from !== undefined && { from }),
    ...(fromName && { fromName }),
    ...(subject !== undefined && { subject }),
    html: values["html"] === true,
    readRecipients: values["read-recipients"] === true,
  };
  const [badAddress] = bad;
  return { mail, ...(badAddress && { badAddress }) };
}

/** Reads the addresses of an argument; empty ones are skipped, a wrong one is added to `bad`. */
function readable(
  text: string,
  what: string,
  bad: BadAddress[],
  role: BadAddress["role"] = "recipient",
): Mailbox[] {
  try {
    // For many programs a single dash means standard input; it is not a user name.
    if (text === "-") throw wrong(`No address in ${what}`, JSON.stringify(text));
    if (what.startsWith("-") && /[\r\n\0]/.test(text)) throw lineBreak(what, text);
    return parseMailboxes(text, what);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    bad.push({ failure: error, text, role });
    return [];
  }
}

/** Reads the sender; `<>` (RFC 5321, 4.5.5) or an empty argument is the empty sender. */
function senderOf(given: readonly Given[], bad: BadAddress[]): Mailbox | null | undefined {
  const last = given.findLast(({ option }) => option.long === "from");
  if (last === undefined) return undefined;
  const { value } = last;
  if (value.trim() === "" || value.trim() === "<>") return null;
  const known = bad.length;
  const [mailbox, ...more] = readable(value, last.name, bad, "sender");
  if (bad.length > known) return undefined;
  if (mailbox !== undefined && more.length === 0) return mailbox;
  const what = mailbox === undefined ? `No address in ${last.name}` : "--from takes one address";
  bad.push({ failure: wrong(what, JSON.stringify(value)), text: value, role: "sender" });
  return undefined;
}

function modeOf(flag: (name: string) => boolean): Mode {
  const modes = (["settings", "check", "dry-run"] as const).filter(flag);
  if (modes.length > 1) throw wrong(`--${modes[0]} and --${modes[1]} cannot be used together`);
  return modes[0] ?? "send";
}

/** A time limit that the caller gives holds for every answer, also for that to the final dot. */
function timesOf(timeout: string | undefined, retry: string | undefined) {
  const given = timeout === undefined ? undefined : millisecondsOf("--timeout", timeout, 1);
  return {
    timeout: given ?? DEFAULT_TIMEOUTS.answer,
    finalTimeout: given ?? DEFAULT_TIMEOUTS.finalAnswer,
    retry: retry === undefined ? 0 : millisecondsOf("--retry", retry, 0),
  };
}

/** Gives a number of seconds in milliseconds; throws a Failure (64) if it is not in the range. */
function millisecondsOf(name: string, text: string, least: number): number {
  const milliseconds = /^\d+(\.\d+)?$/.test(text) ? Math.round(Number(text) * 1000) : -1;
  if (milliseconds >= least && milliseconds <= LONGEST * 1000) return milliseconds;
  const range = least > 0 ? `more than 0, at most ${LONGEST}` : `at most ${LONGEST}`;
  throw wrong(`${name} takes a number of seconds, ${range}`, JSON.stringify(text));
}

/** Checks the options together. */
function complete(options: Options): Options {
  const { mode, mail: { to, cc, bcc, readRecipients }, badAddress } = options;
  if (mode === "dry-run" && options.json) {
    throw wrong("--dry-run and --json cannot be used together");
  }
  if (badAddress !== undefined) {
    if (mode === "send") return options;
    throw badAddress.failure;
  }
  const needsRecipient = mode === "send" || mode === "dry-run";
  if (needsRecipient && !readRecipients && to.length + cc.length + bcc.length === 0) {
    throw wrong("At least one recipient is required.");
  }
  return options;
}
