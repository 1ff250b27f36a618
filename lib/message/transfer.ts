/**
 * Content-Transfer-Encoding (RFC 2045, 6) of a text that the program writes a header for.
 *
 * Written out and not taken from nodemailer: its quoted-printable lets a lone CR pass as it is and
 * takes 350 ms for 25 MB, its base64 115 to 300 ms; these take 30 to 80.
 *
 * @module
 */

import { isAscii } from "node:buffer";
import { CR, LF, LONGEST_SLICE, wholeLines, withCrlf } from "./lines.ts";

/** A body that is ready for the wire, and the name of its encoding. */
export type Encoded = {
  encoding: "7bit" | "quoted-printable" | "base64";
  /** All ASCII, no line over 998 octets, every line end a CRLF, the last one too. */
  slices: Iterable<Uint8Array>;
};

/** The longest line that any server takes, without its CRLF (RFC 5321, 4.5.3.1.6). */
const LONGEST_LINE = 998;

/** The longest line of both encodings is 76 (RFC 2045, 6.7 (5) and 6.8). */
const LONGEST_ENCODED = 76;

/** How many octets make a full line of base64. */
const BASE64_LINE = LONGEST_ENCODED / 4 * 3;

/** The most that one octet becomes in quoted-printable: a soft line break and an escape. */
const LONGEST_PIECE = 6;

/** About how long a slice is. */
const SLICE = 128 * 1024;

const TAB = 0x09;
const SPACE = 0x20;
const EQUALS = 0x3d;
const TILDE = 0x7e;

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/**
 * Encodes a text in the smallest way that is safe: not at all where every server takes it as it is,
 * else in the shorter of quoted-printable and base64. What comes out of either is the text octet by
 * octet, but that its lines end in CRLF (RFC 2045, 6.7 (4) and 6.8).
 *
 * @param room As for {@linkcode wholeLines}.
 */
export function encodeBody(text: Uint8Array, room = text): Encoded {
  const { safe, escapes } = survey(text);
  if (safe && isAscii(text)) return { encoding: "7bit", slices: wholeLines(text, room) };
  // An escape is three octets for one; base64 is 78 octets, its line end included, for 57.
  const quotedIsShorter = 2 * escapes <= text.length * (78 / 57 - 1);
  return quotedIsShorter
    ? { encoding: "quoted-printable", slices: quotedPrintable(text) }
    : { encoding: "base64", slices: base64(withCrlf(text, "text")) };
}

/** Looks for what 7bit cannot carry, and counts the octets that quoted-printable escapes. */
function survey(text: Uint8Array): { safe: boolean; escapes: number } {
  const literal = literals();
  let safe = true;
  let escapes = 0;
  let lineStart = 0;
  for (let at = 0; at < text.length; at++) {
    const octet = text[at] ?? 0;
    if (literal[octet] === 1) continue;
    const pair = octet === CR && at + 1 < text.length && text[at + 1] === LF;
    if (octet === LF || pair) {
      if (at - lineStart > LONGEST_LINE) safe = false;
      if (pair) at++;
      lineStart = at + 1;
      continue;
    }
    if (octet === 0 || octet === CR) safe = false;
    escapes++;
  }
  return { safe: safe && text.length - lineStart <= LONGEST_LINE, escapes };
}

/** Marks the octets that stand for themselves in quoted-printable (RFC 2045, 6.7 (2) and (3)). */
function literals(): Uint8Array {
  const literal = new Uint8Array(256).fill(1, SPACE, TILDE + 1);
  literal[TAB] = 1;
  literal[EQUALS] = 0;
  return literal;
}

/** A last line without a line end stays so: a soft line break is the one that SMTP needs. */
function* quotedPrintable(text: Uint8Array): Generator<Uint8Array> {
  const room = new Uint8Array(Math.min(SLICE, LONGEST_PIECE * (text.length + 1)));
  const reached = { at: 0, column: 0 };
  while (reached.at < text.length) yield room.slice(0, quoteSome(text, reached, room));
  if (reached.column > 0) yield Uint8Array.of(EQUALS, CR, LF);
}

/** Writes as much of the text, from the place reached on, as there is room; gives the length. */
function quoteSome(
  text: Uint8Array,
  reached: { at: number; column: number },
  room: Uint8Array,
): number {
  const hex = new TextEncoder().encode("0123456789ABCDEF");
  const literal = literals();
  let { at, column } = reached;
  let length = 0;
  for (; at < text.length && length + LONGEST_PIECE <= room.length; at++) {
    const octet = text[at] ?? 0;
    const next = at + 1 < text.length ? text[at + 1] : LF;
    if (octet === LF || (octet === CR && next === LF && at + 1 < text.length)) {
      room[length++] = CR;
      room[length++] = LF;
      column = 0;
      if (octet === CR) at++;
      continue;
    }
    // White space at the end of a line is escaped, as servers may drop it.
    const asIs = literal[octet] === 1 && (octet > SPACE || (next !== LF && next !== CR));
    const width = asIs ? 1 : 3;
    if (column + width >= LONGEST_ENCODED) {
      room[length++] = EQUALS;
      room[length++] = CR;
      room[length++] = LF;
      column = 0;
    }
    room[length++] = asIs ? octet : EQUALS;
    column += width;
    if (asIs) continue;
    room[length++] = hex[octet >> 4] ?? 0;
    room[length++] = hex[octet & 15] ?? 0;
  }
  Object.assign(reached, { at, column });
  return length;
}

function* base64(slices: Iterable<Uint8Array>): Generator<Uint8Array> {
  const room = new Uint8Array(LONGEST_SLICE + BASE64_LINE);
  let length = 0;
  for (const slice of slices) {
    room.set(slice, length);
    length += slice.length;
    const whole = length - length % BASE64_LINE;
    yield base64Lines(room.subarray(0, whole));
    room.copyWithin(0, whole, length);
    length -= whole;
  }
  const padding = (3 - length % 3) % 3;
  yield base64Lines(room.fill(0, length).subarray(0, length + padding), padding);
}

/** Writes full lines, or the last line, which may be shorter and have padding to be marked. */
function base64Lines(octets: Uint8Array, padding = 0): Uint8Array {
  const digits = new TextEncoder().encode(BASE64);
  const lines = Math.ceil(octets.length / BASE64_LINE);
  const encoded = new Uint8Array(octets.length / 3 * 4 + 2 * lines);
  let to = 0;
  for (let at = 0; at < octets.length;) {
    const end = Math.min(at + BASE64_LINE, octets.length);
    for (; at < end; at += 3) {
      const three = (octets[at] ?? 0) << 16 | (octets[at + 1] ?? 0) << 8 | (octets[at + 2] ?? 0);
      encoded[to] = digits[three >> 18] ?? 0;
      encoded[to + 1] = digits[three >> 12 & 63] ?? 0;
      encoded[to + 2] = digits[three >> 6 & 63] ?? 0;
      encoded[to + 3] = digits[three & 63] ?? 0;
      to += 4;
    }
    encoded.fill(EQUALS, to - padding, to);
    encoded[to++] = CR;
    encoded[to++] = LF;
  }
  return encoded;
}
