/**
 * The forms in which a server may send a secret back.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { formatJson, visible } from "../text/mod.ts";

/**
 * A secret of at most this many characters is masked only as a separate word: if every "a" were
 * masked, no sentence would be readable, and the gaps would show the secret.
 */
const SHORT = 3;

/** The fewest characters of a secret that are masked if the rest of it is cut off. */
export const FEWEST_CHARACTERS = 4;

/**
 * Longer forms are searched for in pieces of this many characters, so that the search for a secret
 * that was cut stays fast.
 */
export const PIECE = 256;

/** The texts to search for one secret. */
export type Forms = {
  /** Folded and without white space: the secret as it is, escaped, and in hexadecimal. */
  plain: readonly string[];
  /** Folded: the forms that are nearly all white space. */
  spaced: readonly string[];
  /** In base64: the characters that belong to the secret alone, at each of the three alignments. */
  base64: readonly string[];
  /** The forms of a short secret, as words and as the end of base64. */
  words?: { plain: RegExp; base64: RegExp };
};

/** Gives the text in one case, with as many characters (UTF-16 code units) as before. */
export function fold(text: string): string {
  const folded = text.toLowerCase();
  const sameLength = folded.length === text.length ? folded : text.replace(
    /[^\0-\x7f]/g,
    (unit) => unit.toLowerCase().length === 1 ? unit.toLowerCase() : unit,
  );
  // toLowerCase writes a sigma at the end of a word in its other form.
  return sameLength.replaceAll("\u03c2", "\u03c3");
}

/** Gives the forms of a secret that is not empty. The time is linear in its length. */
export function formsOf(secret: string): Forms {
  const bytes = Buffer.from(secret);
  const texts = [...new Set(escapedForms(secret, bytes))];
  if (secret.length <= SHORT) {
    return { plain: [], spaced: [], base64: [], words: wordsOf(texts, bytes) };
  }
  const forms = [...texts, bytes.toString("hex")].map(fold);
  const dense = forms.map((form) => form.replace(/\s+/g, ""));
  return {
    plain: piecesOf(dense.filter((form) => form.length > SHORT)),
    spaced: piecesOf(forms.filter((_, at) => (dense[at] ?? "").length <= SHORT)),
    base64: piecesOf([0, 1, 2].map((before) => base64Core(bytes, before))),
  };
}

function escapedForms(secret: string, bytes: Buffer): string[] {
  // UTF-8 read as Latin-1.
  const latin1 = bytes.toString("latin1");
  return [
    secret,
    latin1,
    visible(secret),
    // The escapes of the log record.
    visible(secret.replace(/["\\]/g, "\\$&")),
    JSON.stringify(secret).slice(1, -1),
    formatJson(secret).slice(1, -1),
    // RFC 3986, 2.1; its form of HTML forms; RFC 2045, 6.7; RFC 3461, 4.
    ...["%", "=", "+"].map((prefix) => escapeBytes(latin1, prefix, /[^A-Za-z0-9]+/g)),
    escapeBytes(latin1, "%", /[^A-Za-z0-9._~-]+/g),
    escapeBytes(latin1, "%", /[^A-Za-z0-9._~!*'()-]+/g),
    escapeBytes(latin1, "%", /[^A-Za-z0-9._~ -]+/g).replaceAll(" ", "+"),
    escapeBytes(latin1, "=", /[^!-<>-~ ]+/g),
    escapeBytes(latin1, "+", /[^!-*,-<>-~]+/g),
  ];
}

/** Writes each of the bytes that are special as the prefix and two hexadecimal digits. */
function escapeBytes(latin1: string, prefix: string, special: RegExp): string {
  return latin1.replace(
    special,
    (run) => Buffer.from(run, "latin1").toString("hex").replace(/../g, `${prefix}$&`),
  );
}

/** The base64 of the bytes behind `before` others, without what depends on their neighbours. */
function base64Core(bytes: Buffer, before: number): string {
  const text = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
  return text.slice(Math.ceil(before * 8 / 6), Math.floor((before + bytes.length) * 8 / 6));
}

/** Cuts the forms that are too long; the last piece of a form overlaps the one before. */
function piecesOf(forms: readonly string[]): string[] {
  const pieces = new Set<string>();
  for (const form of forms) {
    for (let at = 0; at + PIECE < form.length; at += PIECE) pieces.add(form.slice(at, at + PIECE));
    pieces.add(form.slice(-PIECE));
  }
  return [...pieces];
}

/** Expressions for the forms of a short secret. */
function wordsOf(forms: readonly string[], bytes: Buffer) {
  const plain = forms
    .toSorted((a, b) => b.length - a.length)
    .map((form) => `(?<![^\\s"'<>()=:])${literal(form)}(?![^\\s"'<>(),;])`);
  const alone = bytes.toString("base64").replace(/=+$/, "");
  // SASL PLAIN puts the password behind a NUL (RFC 4616, 2), which begins with the third, the second
  // or the first bit pair of a character; what stands before it fills the rest of that character.
  const ends = ["", "[AQgw]", "[AEIMQUYcgkosw048]"].map((shared, before) => {
    const tail = Buffer.concat([Buffer.alloc(before + 1), bytes]).toString("base64");
    return shared + tail.slice(Math.ceil(before * 8 / 6)).replace(/=+$/, "");
  });
  const base64 = `(?:(?<![\\w+/-])${literal(alone)}|${ends.map(literalEnd).join("|")})(?![\\w+/-])`;
  return { plain: new RegExp(plain.join("|"), "gi"), base64: new RegExp(base64, "g") };
}

/** The end of a base64 text behind a class that stays one. */
function literalEnd(end: string): string {
  return end.replace(/[+/]/g, "\\$&");
}

/** A regular expression for exactly this text. */
function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
