/**
 * The part of an address before the `@`.
 *
 * @module
 */

import { holdsEncodedWord } from "./encoded_words.ts";

/** Quoted strings, and the text between them. */
const PIECES = /"(?:[^"\\]|\\.)*"|(?:\\.|[^"\\])+/gsu;

/** Special characters that a look-alike may become after normalization (NFKC). */
const SPECIAL = /[@<>()[\]\\"',:;]/;

/**
 * Gives the local part without quotes and backslashes; nothing if it is not valid. It is a list of
 * words with dots between them (RFC 5322, 4.4), some of them quoted. Two exceptions are accepted:
 * - Needless backslashes without quotes, as in RFC 821, 4.1.2: ruby-mail writes `o\'brien@x.org`.
 *   They are removed. A backslash before `@`, a blank or a separator is not accepted: other programs
 *   would read another address.
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

/** Removes the backslashes of quoted pairs (RFC 5322, 3.2.1). */
export function unpair(text: string): string {
  return text.replace(/\\(.)/gsu, "$1");
}

/** Writes a local part for SMTP (RFC 5321, 4.1.2), in quotes if it needs them. */
export function writeLocalPart(local: string): string {
  return isDotAtom(local) ? local : quote(local);
}

/** True if a local part needs no quotes (RFC 5321, 4.1.2). */
export function isDotAtom(local: string): boolean {
  if (/^[\w+-]+(?:\.[\w+-]+)*$/.test(local)) return true;
  return isSendable(local) && !/[ ()[\]:;@\\,"]/.test(local) && !local.split(".").includes("");
}

/**
 * True if SMTP can carry the local part: printable (RFC 5321, 4.1.2; RFC 6531, 3.3), and without
 * - a replacement character, which replaced another character before;
 * - an angle bracket, which many programs take for the end of the address;
 * - an encoded word, which RFC 2047, 5 (3) forbids: a server may decode it to another address;
 * - a character that normalization (NFKC) turns into an `@` or a separator.
 */
export function isSendable(local: string): boolean {
  if (local === "" || holdsEncodedWord(local)) return false;
  // Unicode classes are slow at first use, and most addresses do not need them.
  if (/^[ -~]*$/.test(local)) return !/[<>]/.test(local);
  if (/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}<>\ufffd]|(?! )\p{Zs}/u.test(local)) return false;
  return !SPECIAL.test(local.replaceAll(/[\0-\x7f]+/g, "").normalize("NFKC"));
}

/** Writes a quoted string (RFC 5322, 3.2.4). */
export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}
