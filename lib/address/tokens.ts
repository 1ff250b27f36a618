/**
 * The tokens of structured header fields: atoms, quoted strings and comments (RFC 5322, 3.2).
 *
 * @module
 */

import { ExitStatus, Failure } from "../outcome.ts";

/** What an atom is made of (RFC 5322, 3.2.3; RFC 6532, 3.2), and the dot, which joins atoms. */
const ATOM = /[^\0-\x1f\x7f-\x9f ()<>[\]:;@\\,"]+/yu;

/** A domain literal without folding (RFC 5322, 3.4.1). */
const LITERAL = /\[[^[\]\\\s]*\]/y;

/** A place in a text. `comment` is the last comment passed, an old form of display name. */
export type Scanner = { readonly text: string; readonly what: string; at: number; comment: string };

/** A word of a phrase (RFC 5322, 3.2.5). */
export type Word = { text: string; quoted: boolean };

/** Reads the words up to the next character that is part of none. */
export function readWords(scanner: Scanner): Word[] {
  const words: Word[] = [];
  for (;;) {
    if (peek(scanner) === '"') {
      words.push({ text: readQuoted(scanner), quoted: true });
      continue;
    }
    const atom = take(scanner, ATOM);
    if (atom === "") return words;
    words.push({ text: atom, quoted: false });
  }
}

/** Reads a domain, a literal with its brackets (RFC 5322, 3.4.1); nothing is "". */
export function readDomain(scanner: Scanner): string {
  return take(scanner, peek(scanner) === "[" ? LITERAL : ATOM);
}

/** Reads a quoted string (RFC 5322, 3.2.4); a pattern would overflow on a long one. */
function readQuoted(scanner: Scanner): string {
  const { text } = scanner;
  for (let at = scanner.at + 1; at < text.length; at++) {
    const next = text.charAt(at);
    if (next === "\\") at++;
    if (next !== '"') continue;
    const inside = text.slice(scanner.at + 1, at);
    scanner.at = at + 1;
    return unpair(inside);
  }
  throw refusal(scanner, "a quote without an end");
}

/** Passes over white space and comments, and gives the character that follows, or "" at the end. */
export function peek(scanner: Scanner): string {
  const { text } = scanner;
  for (;; scanner.at++) {
    const next = text.charAt(scanner.at);
    if (next === "(") skipComment(scanner);
    else if (next !== " " && next !== "\t") return next;
  }
}

/** Passes over a comment to its last character; comments nest (RFC 5322, 3.2.2). */
function skipComment(scanner: Scanner): void {
  const { text, at: start } = scanner;
  for (let depth = 0; scanner.at < text.length; scanner.at++) {
    const next = text.charAt(scanner.at);
    if (next === "\\") scanner.at++;
    else if (next === "(") depth++;
    else if (next === ")" && --depth === 0) {
      scanner.comment = unpair(text.slice(start + 1, scanner.at)).trim();
      return;
    }
  }
  throw refusal(scanner, "a comment without an end");
}

/** Takes the backslashes off quoted pairs (RFC 5322, 3.2.1). */
function unpair(text: string): string {
  return text.replace(/\\(.)/gs, "$1");
}

/** Takes what a sticky pattern finds at the place reached; nothing is "". */
function take(scanner: Scanner, pattern: RegExp): string {
  pattern.lastIndex = scanner.at;
  const found = pattern.exec(scanner.text)?.[0] ?? "";
  scanner.at += found.length;
  return found;
}

/** Makes the Failure (64) that says why the text is no list of mailboxes, and shows its start. */
export function refusal(scanner: Scanner, why: string): Failure {
  const { text, what } = scanner;
  const shown = JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
  return new Failure({
    status: ExitStatus.usage,
    what: `Bad address in ${what}`,
    why: `${why}: ${shown}`,
  });
}
