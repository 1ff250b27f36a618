/**
 * Reads mailboxes from arguments and header fields.
 *
 * The grammar is RFC 5322, 3.4, with a few exceptions, each documented where it is read, with the
 * programs that write it. A text is accepted only if it has one meaning: a parser that guesses turns
 * a mistake, or an attack, into a recipient that nobody wrote.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { ExitStatus, Failure } from "../outcome.ts";
import { addressLiteral, asciiDomain } from "./domain.ts";
import { type Entry, splitEntries } from "./entries.ts";
import { isDotAtom, isSendable, readLocalPart, unpair, writeLocalPart } from "./local_part.ts";
import type { Mailbox } from "./mailbox.ts";

/** An entry of a list that is not a valid address. */
export type Unreadable = {
  /** The start of the entry. */
  text: string;
  /** What is wrong with it. */
  why: string;
};

/** The longest path is 256 octets with its angle brackets (RFC 5321, 4.5.3.1.3). */
const LONGEST_ADDRESS = 254;

/** Longer addresses are refused before slow expressions see them; backslashes and blanks count. */
const LONGEST_TEXT = 1000;

/** The longest display name; a longer one is dropped, because no header line can hold it. */
const LONGEST_NAME = 10_000;

/** How much of an unreadable entry is shown, in characters. */
const SHOWN = 100;

/** An address: quoted strings and escaped characters before the `@` hide another `@`. */
const ADDRESS = /^((?:"(?:[^"\\]|\\.)*"|\\.|[^"\\@])*)(?:@(.*))?$/su;

/** One `local@domain` of an argument that holds several with blanks between them. */
const PLAIN_ADDRESS = /^[^@]+@[^@]+$/;

/**
 * The text in place of hidden recipients, if it is not an empty group: programs write it with and
 * without colon, semicolon, quotes, brackets and an empty address behind it. Servers that complete
 * addresses have added their domain to it: `undisclosed-recipients:;@x.org`.
 */
const UNDISCLOSED =
  /^["'<(]*(?:undisclosed|unlisted|hidden|suppressed)[-_ .]*recipients?[">'):; ]*(?:<\s*>|(?<=[:;]["']?)@[\w.-]+)?[ ;]*$/i;

/**
 * Reads the addresses of an argument: a list (see {@linkcode readMailboxes}). Line breaks at the
 * end are dropped, since programs read addresses from files. Blanks separate too, where every piece
 * is a plain `local@domain`, as in cron's `MAILTO="a@x.org b@x.org"`.
 *
 * @param what Where the text stands, for the error: `--from`, `the recipients`.
 * @throws {Failure} `usage` for anything that is not such a list.
 */
export function parseMailboxes(text: string, what: string): Mailbox[] {
  const plain = plainAddress(text);
  if (plain !== undefined) return [plain];
  const { mailboxes, unreadable: [first] } = readList(text.trimEnd(), what, true);
  if (first !== undefined) throw refusal(what, first);
  return mailboxes;
}

/**
 * Reads the addresses of a header field, the readable ones and the others. Commas separate, and
 * semicolons outside quotes. Groups give their members, comments and empty places are skipped.
 *
 * @param text The unfolded value of the field.
 * @param what The field, for the error: `the To header`.
 * @throws {Failure} `usage` for a line break or NUL, which could smuggle something in.
 */
export function readMailboxes(
  text: string,
  what: string,
): { mailboxes: Mailbox[]; unreadable: Unreadable[] } {
  return readList(text, what, false);
}

/** Makes the Failure (64) that says why a text is no address. */
export function refusal(what: string, { text, why }: Unreadable): Failure {
  return new Failure({
    status: ExitStatus.usage,
    what: `Bad address in ${what}`,
    why: `${why}: ${JSON.stringify(text)}`,
  });
}

function readList(text: string, what: string, blanksSeparate: boolean) {
  if (/[\r\n\0]/.test(text)) {
    throw refusal(what, { text: shown(text), why: "a line break or NUL" });
  }
  const mailboxes: Mailbox[] = [];
  const unreadable: Unreadable[] = [];
  for (const entry of isUndisclosed(text) ? [] : splitEntries(text)) {
    for (const part of blanksSeparate ? atBlanks(entry) : [entry]) {
      const read = readEntry(part);
      if (typeof read === "string") unreadable.push({ text: shown(part.source), why: read });
      else if (read !== undefined) mailboxes.push(read);
    }
  }
  return { mailboxes, unreadable };
}

/** Reads a single plain address, as most arguments are, in a tenth of the time. */
function plainAddress(text: string): Mailbox | undefined {
  if (text.length > LONGEST_ADDRESS) return undefined;
  const [, local, domain] = /^([\w+-]+(?:\.[\w+-]+)*)@([a-z\d.-]+)$/.exec(text) ?? [];
  if (local === undefined || domain === undefined) return undefined;
  return asciiDomain(domain) === domain ? { name: "", local, domain } : undefined;
}

/** Splits `a@x.org b@x.org` where every piece is an address of its own, and nothing is quoted. */
function atBlanks(entry: Entry): Entry[] {
  if (!entry.plain || entry.fault !== undefined || !/[ \t]/.test(entry.source)) return [entry];
  const pieces = entry.source.split(/[ \t]+/);
  if (!pieces.every((piece) => PLAIN_ADDRESS.test(piece))) return [entry];
  return pieces.map((piece) => ({ ...entry, source: piece, front: piece }));
}

/** Gives the mailbox of an entry; nothing for a comment or hidden recipients; a text if it is not valid. */
function readEntry(entry: Entry): Mailbox | string | undefined {
  const { front, angle, behind, comment, fault, group = "" } = entry;
  if (fault !== undefined) return fault;
  const isComment = angle === undefined && front.trim() === "";
  if (isComment || isUndisclosed(entry.source)) return undefined;
  if (angle === undefined) {
    const address = readAddress(front);
    return typeof address === "string" ? address : { ...address, name: readName(comment) };
  }
  if (angle.trim() === "" && isUndisclosed(group)) return undefined;
  const address = readAddress(withoutRoute(angle));
  if (typeof address === "string") return address;
  if (behind.trim() !== "" && !isSame(behind, address)) return behindAddress(behind);
  // "u@x.org <u@x.org>": an address is no name for itself.
  const name = front.includes("@") && isSame(front, address) ? "" : readName(front);
  return { ...address, name: name || readName(comment) };
}

/** Reads an address without a name; gives the reason if it is not valid. */
function readAddress(text: string): Mailbox | string {
  const spec = text.trim();
  if (spec.length > LONGEST_TEXT) return `longer than ${LONGEST_ADDRESS} octets`;
  const [, before = spec, after] = ADDRESS.exec(spec) ?? [];
  const raw = before.trim();
  if (raw === "") return after === undefined ? "no address" : "nothing before @";
  const local = readLocalPart(raw);
  if (after === undefined) {
    if (local !== undefined && isDotAtom(local)) {
      return limited({ name: "", local, domain: "" });
    }
    return /\s/.test(raw) ? "more than one word and no address" : "not a valid local name";
  }
  if (local === undefined && /\s/.test(raw)) return "more than one word before @";
  if (local === undefined || !isSendable(local)) return "the part before @ is not valid";
  const domain = readDomain(after.trim());
  if (domain !== undefined) return limited({ name: "", local, domain });
  if (after.trim() === "") return "nothing after @";
  const [, more] = /\S\s+(\S.*)/s.exec(after) ?? [];
  return more === undefined ? "the part after @ is not valid" : behindAddress(more);
}

/** Gives what is wrong with text behind an address; it may be a second address. */
function behindAddress(text: string): string {
  return text.includes("@") ? "two addresses need a comma" : "text behind the address";
}

function limited(mailbox: Mailbox): Mailbox | string {
  const written = `${writeLocalPart(mailbox.local)}@${mailbox.domain}`;
  if (Buffer.byteLength(written) <= LONGEST_ADDRESS) return mailbox;
  return `longer than ${LONGEST_ADDRESS} octets`;
}

/** Reads a domain. A dot at its end, as in zone files and `dig`, is removed. */
function readDomain(text: string): string | undefined {
  if (text.startsWith("[")) return addressLiteral(text);
  return asciiDomain(text.replace(/[.\u3002\uff0e\uff61]$/, ""));
}

/**
 * `<@relay.org,@other.org:u@x.org>`: the route is dropped (RFC 5321, 3.6.1 and appendix C). It may
 * have empty places (RFC 5322, 4.4). Without angle brackets it is no address: nothing stands before @.
 */
function withoutRoute(angle: string): string {
  if (angle.length > LONGEST_TEXT) return angle;
  return angle.replace(/^\s*@[^\s@,:<>"]+(?:\s*,[\s,]*@[^\s@,:<>"]+)*[\s,]*:/, "");
}

/** True if a text is this address, case ignored. */
function isSame(text: string, { local, domain }: Mailbox): boolean {
  if (text.length > LONGEST_TEXT) return false;
  const other = readAddress(text);
  if (typeof other === "string") return false;
  return other.domain === domain && other.local.toLowerCase() === local.toLowerCase();
}

function isUndisclosed(text: string): boolean {
  return text.length <= SHOWN && UNDISCLOSED.test(text.trim());
}

/** Gives a display name without quotes and with single blanks. */
function readName(text: string): string {
  if (text.length > LONGEST_NAME) return "";
  const pieces = text.match(/"(?:[^"\\]|\\.)*"|[^"]+/gsu) ?? [];
  const words = pieces.map((piece) =>
    piece.startsWith('"') ? unpair(piece.slice(1, -1)) : unpair(piece).replace(/\s+/g, " ").trim()
  );
  return words.filter((word) => word !== "").join(" ");
}

function shown(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
