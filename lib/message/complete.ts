/**
 * Completes bare local names in address fields: "To: root" becomes "To: root@node.example.org".
 *
 * Nothing else in a field changes: folds, comments and encoded names stay as they are.
 *
 * @module
 */

import { ENCODED_NAME, type Mailbox, parseMailboxes } from "../address/mod.ts";
import { Failure } from "../outcome.ts";
import { asCharacters } from "./header.ts";
import { commentEnd, quotedEnd } from "./quoting.ts";

/** A stretch of a field; the numbers are offsets into it. */
type Span = { start: number; end: number };

/**
 * Gives the value of an address field with `@hostName` added to every bare local name; nothing if
 * there is no bare local name.
 */
export function completeAddresses(value: Uint8Array, hostName: string): Uint8Array | undefined {
  const text = asCharacters(value);
  const places = entriesOf(text).flatMap((entry) => bareNameEnd(text, entry) ?? []);
  if (places.length === 0) return undefined;
  const domain = new TextEncoder().encode(`@${hostName}`);
  const complete = new Uint8Array(value.length + places.length * domain.length);
  let from = 0;
  let to = 0;
  for (const place of places) {
    complete.set(value.subarray(from, place), to);
    to += place - from;
    complete.set(domain, to);
    to += domain.length;
    from = place;
  }
  complete.set(value.subarray(from), to);
  return complete;
}

/**
 * Finds the entries of a list and of its groups; the name of a group is not an entry. A comma inside
 * an encoded word separates nothing.
 */
function entriesOf(text: string): Span[] {
  const entries: Span[] = [];
  // An encoded word begins where it does for the envelope: at the start of a word.
  const sign = new RegExp(
    String.raw`["(,:;]|(?<![^\s"(),:;<>@\\])${ENCODED_NAME.source}`,
    "gi",
  );
  let start = 0;
  for (let at = 0;;) {
    sign.lastIndex = at;
    const next = sign.exec(text)?.index ?? text.length;
    if (text[next] === "=") at = sign.lastIndex;
    else if (text[next] === '"') at = quotedEnd(text, next);
    else if (text[next] === "(") at = commentEnd(text, next);
    else {
      if (text[next] !== ":" && next > start) entries.push({ start, end: next });
      if (next === text.length) return entries;
      at = start = next + 1;
    }
  }
}

/** Gives the position behind the local name of an entry that lacks only a domain; else nothing. */
function bareNameEnd(text: string, { start, end }: Span): number | undefined {
  const entry = text.slice(start, end);
  const bracket = entry.lastIndexOf("<");
  const nameEnd = wordEnd(entry, behindBlanks(entry, bracket + 1));
  let rest = behindBlanks(entry, nameEnd);
  if (bracket !== -1) rest = entry[rest] === ">" ? behindBlanks(entry, rest + 1) : 0;
  if (rest !== entry.length) return undefined;
  const [mailbox, ...others] = mailboxesIn(entry);
  const isBare = mailbox !== undefined && mailbox.domain === "" && others.length === 0;
  return isBare ? start + nameEnd : undefined;
}

/** Gives the position behind a word, quoted or not; an encoded word is not a local name. */
function wordEnd(entry: string, start: number): number {
  if (entry[start] === '"') return quotedEnd(entry, start);
  const atom = /(?!=\?)[^\s()<>@,;:\\"[\]]+/y;
  atom.lastIndex = start;
  return atom.test(entry) ? atom.lastIndex : start;
}

/** Gives the position behind white space, line ends and comments. */
function behindBlanks(entry: string, start: number): number {
  const blanks = /[ \t\r\n]*/y;
  for (let at = start;; at = commentEnd(entry, at)) {
    blanks.lastIndex = at;
    blanks.test(entry);
    at = blanks.lastIndex;
    if (entry[at] !== "(") return at;
  }
}

/** Reads an entry in the same way as for the envelope; gives none if it is not an address. */
function mailboxesIn(entry: string): Mailbox[] {
  try {
    return parseMailboxes(entry.replaceAll(/\r?\n/g, ""), "a header");
  } catch (error) {
    if (error instanceof Failure) return [];
    throw error;
  }
}
