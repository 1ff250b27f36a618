/**
 * The part of an address before the `@`.
 *
 * @module
 */

import { holdsEncodedWord } from "./encoded_words.ts";

/** Quoted strings, and what stands between them. */
const PIECES = /"(?:[^"\\]|\\.)*"|(?:\\.|[^"\\])+/gsu;

/** What the commercial at, brackets, quotes and separators look like in other scripts (NFKC). */
const SPECIAL = /[@<>()[\]\\"',:;]/;

/**
 * Gives the local part without the quoting of its syntax, or nothing where it is none: words with
 * dots between them (RFC 5322, 4.4), some of them quoted. Two leniencies:
 * - Needless backslashes without quotes: ruby-mail writes `o\'brien@x.org`, RFC 821, 4.1.2 had it
 *   so. They go. Outside quotes a backslash makes no `@`, blank or separator part of an address:
 *   other readers would find another address there.
 * - Dots at either end or side by side: `taro..1.@x.org` is an address of a Japanese provider.
 */
export function readLocalPart(raw: string): string | undefined {
  const pieces = raw.match(PIECES) ?? [];
  if (pieces.join("") !== raw) return undefined;
  const isRead = pieces.every((piece, index) => {
    if (!piece.startsWith('"')) return !/[\s()[\]<>,:;@]|\\[\\"]/.test(piece);
    const isFirst = index === 0 || (pieces[index - 1] ?? "").endsWith(".");
    const isLast = index === pieces.length - 1 || (pieces[index + 1] ?? "").startsWith(".");
    return isFirst && isLast;
  });
  if (!isRead) return undefined;
  return pieces.map((piece) => unpair(piece.startsWith('"') ? piece.slice(1, -1) : piece)).join("");
}

/** Takes the backslashes off quoted pairs (RFC 5322, 3.2.1). */
export function unpair(text: string): string {
  return text.replace(/\\(.)/gsu, "$1");
}

/** Writes a local part for SMTP (RFC 5321, 4.1.2), in quotes where it needs them. */
export function writeLocalPart(local: string): string {
  return isDotAtom(local) ? local : quote(local);
}

/** True if a local part needs no quotes (RFC 5321, 4.1.2). */
export function isDotAtom(local: string): boolean {
  if (/^[\w+-]+(?:\.[\w+-]+)*$/.test(local)) return true;
  return isSendable(local) && !/[ ()[\]:;@\\,"]/.test(local) && !local.split(".").includes("");
}

/**
 * True if SMTP can carry the local part: printable (RFC 5321, 4.1.2; RFC 6531, 3.3), no
 * replacement character, which stands for something else that was typed, no angle bracket, which
 * too many readers take for the end of the address, and no encoded word: RFC 2047, 5 (3) forbids
 * one there, and a server that decodes it all the same would find another address in it. Nor a
 * character that a server which normalizes (NFKC) would take for an `@` or a separator.
 */
export function isSendable(local: string): boolean {
  if (local === "" || holdsEncodedWord(local)) return false;
  // Classes of Unicode take their time to set up, which most addresses need not spend.
  if (/^[ -~]*$/.test(local)) return !/[<>]/.test(local);
  if (/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}<>\ufffd]|(?! )\p{Zs}/u.test(local)) return false;
  return !SPECIAL.test(local.replaceAll(/[\0-\x7f]+/g, "").normalize("NFKC"));
}

/** Writes a quoted string (RFC 5322, 3.2.4). */
export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}
