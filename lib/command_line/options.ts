/**
 * The command line: from arguments to what they ask for. The table in usage.ts says what there is.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { type Mailbox, parseMailboxes } from "../address/mod.ts";
import type { Mail } from "../message/mod.ts";
import { ExitStatus, Failure } from "../outcome.ts";
import { type Option, OPTIONS } from "./usage.ts";

/** What the command line asks for. */
export type Options = {
  mode: Mode;
  /** What is asked of the mail. */
  mail: Mail;
  json: boolean;
  verbose: boolean;
  /** The longest wait for any one whole answer, in milliseconds. */
  timeout: number;
  /** The longest wait for the answer to the final dot, in milliseconds. */
  finalTimeout: number;
  /** How long to try again after an outcome of 75, in milliseconds; 0 without `--retry`. */
  retry: number;
};

/** What the program is to do; `send` is what it does unless told otherwise. */
export type Mode = "send" | "dry-run" | "check" | "settings" | "help" | "version";

/** The longest wait for an answer without `--timeout`, in milliseconds. */
const TIMEOUT = 30_000;

/** The same for the answer to the final dot (RFC 5321, 4.5.3.2.6). */
const FINAL_TIMEOUT = 600_000;

/** The largest value of `--timeout` and `--retry`, one day in seconds: no timer overflows. */
const LONGEST = 86_400;

/** One option as it was given; its value is empty for an option that takes none. */
type Given = { option: Option; value: string };

/**
 * Reads the command line. `--help`, then `--version`, go before everything else that is asked for.
 * Throws a Failure 64 that names the option and the value.
 */
export function parseOptions(args: readonly string[]): Options {
  const { given, rest } = scan(args);
  const parsed = collect(given);
  const flag = (name: string) => parsed[name] === true;
  const last = (name: string) => textsOf(parsed[name]).at(-1);
  if (flag("help") || flag("version")) return informing(flag("help") ? "help" : "version");
  return complete({
    mode: modeOf(flag),
    mail: mailOf(parsed, rest),
    json: flag("json"),
    verbose: flag("verbose"),
    ...timesOf(last("timeout"), last("retry")),
  });
}

/** Options for a text that is printed whatever else stands on the command line. */
function informing(mode: "help" | "version"): Options {
  const mail = { to: [], cc: [], bcc: [], html: false, readRecipients: false };
  return { mode, mail, json: false, verbose: false, ...timesOf(undefined, undefined) };
}

function mailOf(parsed: Record<string, unknown>, rest: readonly string[]): Mail {
  const last = (name: string) => textsOf(parsed[name]).at(-1);
  const mailboxes = (name: string) =>
    textsOf(parsed[name]).flatMap((text) => someMailboxes(text, `--${name}`));
  const from = senderOf(last("from"));
  const fromName = last("F");
  const subject = last("subject");
  return {
    to: rest.flatMap((text) => someMailboxes(text, "the recipients")),
    cc: mailboxes("cc"),
    bcc: mailboxes("bcc"),
    ...(from !== undefined && { from }),
    ...(fromName && { fromName }),
    ...(subject !== undefined && { subject }),
    html: parsed["html"] === true,
    readRecipients: parsed["read-recipients"] === true,
  };
}

/** The options that were given, in their order, and the arguments that are none (POSIX, 12.2). */
function scan(args: readonly string[]): { given: Given[]; rest: string[] } {
  const given: Given[] = [];
  const rest: string[] = [];
  const queue = [...args];
  for (let arg = queue.shift(); arg !== undefined; arg = queue.shift()) {
    if (arg === "--") {
      rest.push(...queue.splice(0));
    } else if (arg.startsWith("--")) {
      given.push(scanLong(arg, queue));
    } else if (arg.startsWith("-") && arg !== "-") {
      given.push(...scanShort(arg, queue));
    } else {
      rest.push(arg);
    }
  }
  return { given, rest };
}

/** `--name`, `--name=value`, or `--name` and the next argument, which leaves the queue. */
function scanLong(arg: string, queue: string[]): Given {
  const [name = ""] = arg.split("=", 1);
  const option = OPTIONS.find(({ long }) => long !== undefined && name === `--${long}`);
  if (option === undefined) throw wrong(`Unknown option ${name}`);
  const glued = arg.length > name.length ? arg.slice(name.length + 1) : undefined;
  if (option.value === undefined) {
    if (glued !== undefined) throw wrong(`${name} takes no value`, JSON.stringify(glued));
    return { option, value: "" };
  }
  return { option, value: valueOf(option, name, glued ?? queue.shift()) };
}

/** A cluster `-ti`, whose last option may take the rest of it as value, or the next argument. */
function scanShort(arg: string, queue: string[]): Given[] {
  const given: Given[] = [];
  for (let at = 1; at < arg.length; at++) {
    const letter = String.fromCodePoint(arg.codePointAt(at) ?? 0);
    const option = OPTIONS.find(({ short, also }) => short === letter || also === letter);
    if (option === undefined) throw wrong(`Unknown option -${letter}`);
    if (option.kind === "refused") throw wrong(`Option -${letter} does not exist`, option.help);
    if (option.value === undefined) {
      given.push({ option, value: "" });
      continue;
    }
    const glued = arg.slice(at + 1) || undefined;
    given.push({ option, value: valueOf(option, `-${letter}`, glued ?? queue.shift()) });
    break;
  }
  return given;
}

/** The value of an option, checked as far as that goes for all of them. */
function valueOf(option: Option, name: string, value: string | undefined): string {
  if (value === undefined) throw wrong(`${name} needs a value`, option.value);
  // The cluster's own caller reads the subject from a file, with the line break at its end.
  const text = option.long === "subject" ? value.replace(/[\r\n]+$/, "") : value;
  if (/[\r\n\0]/.test(text)) {
    throw wrong(`${name} must not hold a line break or NUL`, JSON.stringify(text));
  }
  if (option.short === "b" && text !== "m") {
    throw wrong(`Mode -b${text} does not exist`, option.help);
  }
  return text;
}

/** Repeated options put together, by the name of {@linkcode keyOf}. */
function collect(given: readonly Given[]): Record<string, unknown> {
  const args = given.filter(({ option }) => option.kind !== "ignored")
    // An empty value is one that parseArgs misses behind its option.
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

function textsOf(parsed: unknown): string[] {
  const values: unknown[] = Array.isArray(parsed) ? parsed : [parsed];
  return values.filter((value) => typeof value === "string");
}

function modeOf(flag: (name: string) => boolean): Mode {
  const modes = (["settings", "check", "dry-run"] as const).filter(flag);
  if (modes.length > 1) throw wrong(`--${modes[0]} and --${modes[1]} exclude each other`);
  return modes[0] ?? "send";
}

function someMailboxes(text: string, what: string): Mailbox[] {
  // To many programs a single dash is standard input; nobody means a user of that name.
  const mailboxes = text === "-" ? [] : parseMailboxes(text, what);
  if (mailboxes.length === 0) throw wrong(`No address in ${what}`, JSON.stringify(text));
  return mailboxes;
}

/** The empty sender is that of RFC 5321, 4.5.5, or an empty argument. */
function senderOf(text: string | undefined): Mailbox | null | undefined {
  if (text === undefined) return undefined;
  if (text.trim() === "" || text.trim() === "<>") return null;
  const [mailbox, ...more] = someMailboxes(text, "--from");
  if (more.length > 0) throw wrong("--from takes one address", JSON.stringify(text));
  return mailbox;
}

/** A time limit that the caller gives holds for every answer, also for that to the final dot. */
function timesOf(timeout: string | undefined, retry: string | undefined) {
  const given = timeout === undefined ? undefined : millisecondsOf("--timeout", timeout, 1);
  return {
    timeout: given ?? TIMEOUT,
    finalTimeout: given ?? FINAL_TIMEOUT,
    retry: retry === undefined ? 0 : millisecondsOf("--retry", retry, 0),
  };
}

/** Reads a number of seconds, at least so many milliseconds. */
function millisecondsOf(name: string, text: string, least: number): number {
  const milliseconds = /^\d+(\.\d+)?$/.test(text) ? Math.round(Number(text) * 1000) : -1;
  if (milliseconds >= least && milliseconds <= LONGEST * 1000) return milliseconds;
  const range = least > 0 ? `more than 0, at most ${LONGEST}` : `at most ${LONGEST}`;
  throw wrong(`${name} takes a number of seconds, ${range}`, JSON.stringify(text));
}

/** What has to hold between options. */
function complete(options: Options): Options {
  const { mode, mail: { to, cc, bcc, readRecipients } } = options;
  if (mode === "dry-run" && options.json) throw wrong("--dry-run and --json exclude each other");
  const needsRecipient = mode === "send" || mode === "dry-run";
  if (needsRecipient && !readRecipients && to.length + cc.length + bcc.length === 0) {
    throw wrong("At least one recipient is required.");
  }
  return options;
}

function wrong(what: string, why?: string): Failure {
  return new Failure({ status: ExitStatus.usage, what, ...(why !== undefined && { why }) });
}
