/**
 * Splits the command line into options with their values, and operands, as getopt_long does.
 *
 * @module
 */

import { ExitStatus, Failure } from "../outcome.ts";
import { MODES, type Option, OPTIONS } from "./usage.ts";

/** One option as it was given. */
export type Given = {
  option: Option;
  /** The name that was written, for errors: `-f`, `--from`. */
  name: string;
  /** Without the line breaks at its end; empty for an option that takes no value. */
  value: string;
};

/** The options in their order, and the arguments that are not options (POSIX, 12.2). */
export type Scanned = { given: Given[]; operands: string[] };

/** The arguments, and the index of the next one. */
type Queue = { readonly args: readonly string[]; at: number };

/** The end of an error about an option. */
const SEE_HELP = "see ns8-sendmail --help";

/** How much of an unknown option is shown, in characters. */
const SHOWN = 40;

/** The most letters by which an option may differ from a suggested one. */
const FARTHEST = 2;

/** Reads the arguments. Throws a Failure 64 that names the option. */
export function scan(args: readonly string[]): Scanned {
  const given: Given[] = [];
  const operands: string[] = [];
  const queue: Queue = { args, at: 0 };
  for (let arg = next(queue); arg !== undefined; arg = next(queue)) {
    if (arg === "--") {
      for (; queue.at < args.length; queue.at++) operands.push(args[queue.at] ?? "");
    } else if (arg.startsWith("--")) {
      given.push(scanLong(arg, queue));
    } else if (arg.startsWith("-") && arg !== "-") {
      scanShort(arg, queue, given);
    } else {
      operands.push(arg);
    }
  }
  return { given, operands };
}

/** Makes the Failure (64) for a wrong command line. */
export function wrong(what: string, why?: string): Failure {
  return new Failure({ status: ExitStatus.usage, what, ...(why !== undefined && { why }) });
}

function next(queue: Queue): string | undefined {
  return queue.args[queue.at++];
}

/** Reads `--name`, `--name=value`, or `--name` and the next argument. */
function scanLong(arg: string, queue: Queue): Given {
  const [written = ""] = arg.split("=", 1);
  const option = longOption(written.slice(2));
  const name = `--${option.long}`;
  const glued = arg.length > written.length ? arg.slice(written.length + 1) : undefined;
  if (option.value !== undefined) {
    return { option, name, value: valueOf(option, name, glued ?? next(queue)) };
  }
  if (glued !== undefined) throw wrong(`${name} takes no value`, JSON.stringify(glued));
  return { option, name, value: "" };
}

/** Finds an option by its name, or by the start of only one name, as argparse does. */
function longOption(name: string): Option {
  const candidates = OPTIONS.filter(({ long }) => name !== "" && long?.startsWith(name));
  const option = candidates.find(({ long }) => long === name) ?? candidates[0];
  if (option !== undefined && (option.long === name || candidates.length === 1)) return option;
  if (option !== undefined) {
    const names = candidates.map(({ long }) => `--${long}`).join(", ");
    throw wrong(`Option --${name} is ambiguous`, `${names}; ${SEE_HELP}`);
  }
  throw unknown(`--${name}`, nearest(name));
}

/** Reads letters behind one dash (`-ti`); the last may have the rest, or the next argument, as value. */
function scanShort(arg: string, queue: Queue, given: Given[]): void {
  const isAlone = queue.args.length === 1 && arg.length === 2;
  for (let at = 1; at < arg.length; at++) {
    const letter = String.fromCodePoint(arg.codePointAt(at) ?? 0);
    const name = `-${letter}`;
    const option = OPTIONS.find(({ short, also }) => short === letter || also === letter);
    if (option === undefined) throw unknown(name, longNamed(arg.slice(at)) ?? otherCase(letter));
    if (option.kind === "refused") throw wrong(`${name} is not supported`, option.help);
    const { value = isAlone ? undefined : option.besideValue } = option;
    if (value === undefined) {
      if (option.kind !== "ignored") given.push({ option, name, value: "" });
      continue;
    }
    const glued = arg.slice(at + 1) || undefined;
    if (glued === undefined && option.mayLackValue && !isProtocol(queue)) continue;
    const text = valueOf({ ...option, value }, name, glued ?? next(queue));
    // With other arguments the letter has another meaning, which has no effect.
    if (option.value !== undefined) given.push({ option, name, value: text });
    return;
  }
}

/** True if the next argument is the value of `-p`, such as `SMTP:host`, and no option or address. */
function isProtocol({ args, at }: Queue): boolean {
  const following = args[at];
  return following !== undefined && !following.startsWith("-") && !following.includes("@");
}

/** Checks the value of an option. Removes line breaks at its end: they come from a file. */
function valueOf(option: Option, name: string, value: string | undefined): string {
  if (value === undefined) throw wrong(`${name} needs a value`, option.value);
  const text = /[\r\n]$/.test(value) ? /^[^]*[^\r\n]/.exec(value)?.[0] ?? "" : value;
  if (option.short === "b" && text !== "m") {
    if (text === "cc" || text.includes("@")) throw unknown("-b", "--bcc");
    throw wrong(`-b${text.slice(0, SHOWN)} is not supported`, MODES[text] ?? MODES[""]);
  }
  if (option.value !== "ADDRESS" && /[\r\n\0]/.test(text)) throw lineBreak(name, text);
  return text;
}

/** Makes the Failure (64) for a value that could be taken for more than one line. */
export function lineBreak(name: string, text: string): Failure {
  return wrong(`${name} must not hold a line break or NUL`, JSON.stringify(text));
}

function unknown(name: string, meant: string | undefined): Failure {
  const shown = name.length > SHOWN ? `${name.slice(0, SHOWN)}…` : name;
  const hint = meant === undefined ? "" : `did you mean ${meant}? `;
  return wrong(`Unknown option ${shown}`, hint + SEE_HELP);
}

/** The long option that differs in the fewest letters, if it differs in few. */
function nearest(written: string): string | undefined {
  if (written.length > SHOWN) return undefined;
  const name = written.toLowerCase();
  let best: { long: string; distance: number } | undefined;
  for (const { long } of OPTIONS) {
    if (long === undefined) continue;
    const distance = distanceOf(name, long);
    if (distance < (best?.distance ?? Math.min(FARTHEST + 1, name.length))) {
      best = { long, distance };
    }
  }
  return best && `--${best.long}`;
}

/** Gives the long option that was written with one dash; `-c` is a Cc of the mail command. */
function longNamed(name: string): string | undefined {
  const option = OPTIONS.find(({ long }) => long === (name === "c" ? "cc" : name));
  return option && `--${option.long}`;
}

/** Gives the option with the same letter in the other case, if it has an effect. */
function otherCase(letter: string): string | undefined {
  const other = letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase();
  const option = OPTIONS.find(({ short, also }) => short === other || also === other);
  return option?.kind === "once" ? `-${other}` : undefined;
}

/** How many letters to add, drop or change to make one word the other (Levenshtein). */
function distanceOf(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [line, letter] of [...one].entries()) {
    const following = [line + 1];
    for (const [column, otherLetter] of [...other].entries()) {
      const change = (row[column] ?? 0) + (letter === otherLetter ? 0 : 1);
      const add = Math.min(row[column + 1] ?? 0, following[column] ?? 0) + 1;
      following.push(Math.min(change, add));
    }
    row = following;
  }
  return row.at(-1) ?? 0;
}
