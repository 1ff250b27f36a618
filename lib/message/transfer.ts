/**
 * Content-Transfer-Encoding (RFC 2045, 6) of a text that the program writes a header for.
 *
 * Written here and not taken from nodemailer, whose quoted-printable lets a lone CR pass as it is,
 * and whose loops over octets take seconds without a JIT.
 *
 * @module
 */

import { isAscii } from "node:buffer";
import { latin1, latin1Octets } from "../text/mod.ts";
import {
  CR,
  LF,
  type Part,
  partOf,
  repeatable,
  steps,
  textsWithCrlf,
  wholeLines,
  withCrlf,
} from "./lines.ts";

/**
 * A body that is ready for the wire: all ASCII, no line over 998 octets, every line end a CRLF, the
 * last one too.
 */
export type Encoded = Part & { encoding: "7bit" | "quoted-printable" | "base64" };

/** The longest line that any server takes, without its CRLF (RFC 5321, 4.5.3.1.6). */
const LONGEST_LINE = 998;

/** The longest line of both encodings is 76 (RFC 2045, 6.7 (5) and 6.8). */
const LONGEST_ENCODED = 76;

/** How many octets make a full line of base64. */
const BASE64_LINE = LONGEST_ENCODED / 4 * 3;

/** The length of a full line of base64 with its CRLF. */
const BASE64_WIRE_LINE = LONGEST_ENCODED + 2;

/** How many octets become base64 in one go: full lines. */
const BASE64_STEP = 1024 * BASE64_LINE;

/** The longest text that may become quoted-printable, in octets; base64 is the faster one. */
const LONGEST_QUOTED = 64 * 1024;

const TAB = 0x09;
const SPACE = 0x20;
const EQUALS = 0x3d;
const TILDE = 0x7e;

/**
 * Encodes a text in the smallest way that is safe: not at all where every server takes it as it is,
 * else in the shorter of quoted-printable and base64. What comes out of either is the text octet by
 * octet, but that its lines end in CRLF (RFC 2045, 6.7 (4) and 6.8).
 */
export function encodeBody(text: Uint8Array): Encoded {
  if (isSafe(text)) return { encoding: "7bit", ...wholeLines(text) };
  const quoted = text.length <= LONGEST_QUOTED ? quotedPrintable(text) : undefined;
  return quoted === undefined
    ? { encoding: "base64", ...base64(withCrlf(text, "text").size, () => base64OfText(text)) }
    : { encoding: "quoted-printable", ...partOf(quoted) };
}

/** Encodes octets that are no text: all of them come out of it as they went in. */
export function encodeBinary(octets: Uint8Array): Encoded {
  return { encoding: "base64", ...base64(octets.length, () => base64Of(octets)) };
}

/** Whether 7bit can carry the text (RFC 2045, 2.7), its lone line feeds being line ends. */
function isSafe(text: Uint8Array): boolean {
  return isAscii(text) && !text.includes(0) && !hasLoneCr(text) && !hasLongLine(text);
}

function hasLoneCr(text: Uint8Array): boolean {
  if (!text.includes(CR)) return false;
  for (const step of steps(text)) {
    if (latin1(step).replaceAll("\r\n", "").includes("\r")) return true;
  }
  return false;
}

/** Looks for a line end within reach of each line's start, and goes on behind the last such. */
function hasLongLine(text: Uint8Array): boolean {
  let start = 0;
  while (text.length - start > LONGEST_LINE) {
    const end = lastLineEnd(text, start + LONGEST_LINE);
    if (end < start) return true;
    start = end + 1;
  }
  return false;
}

/** The last LF up to this place; one behind it, too, where its CR is at this place. */
function lastLineEnd(text: Uint8Array, place: number): number {
  return text[place] === CR && text[place + 1] === LF ? place + 1 : text.lastIndexOf(LF, place);
}

/** Gives nothing where base64 is shorter: an escape is three octets for one, base64 is 78 for 57. */
function quotedPrintable(octets: Uint8Array): Uint8Array | undefined {
  const text = latin1(octets).replaceAll("\r\n", "\n");
  const escaped = escapeOctets(text);
  const escapes = (escaped.length - text.length) / 2;
  if (2 * escapes > octets.length * (BASE64_WIRE_LINE / BASE64_LINE - 1)) return undefined;
  // White space in front of a CR, too, could be taken for the end of a line.
  const lines = escaped.replaceAll(" =0D", "=20=0D").replaceAll("\t=0D", "=09=0D").split("\n");
  const last = lines.pop() ?? "";
  const whole = lines.map((line) => `${quotedLine(line)}\r\n`).join("");
  // A last line without a line end stays so: a soft line break is the one that SMTP needs.
  return latin1Octets(last === "" ? whole : `${whole}${quotedLine(last)}=\r\n`);
}

/** Escapes all octets but LF and those that stand for themselves (RFC 2045, 6.7 (1) to (3)). */
function escapeOctets(text: string): string {
  let escaped = text.replaceAll("=", quoted(EQUALS));
  // Each search is native; most octets are in no text.
  for (let octet = 0; octet <= 0xff; octet++) {
    if (octet === TAB || octet === LF || (octet >= SPACE && octet <= TILDE)) continue;
    const character = String.fromCharCode(octet);
    if (escaped.includes(character)) escaped = escaped.replaceAll(character, quoted(octet));
  }
  return escaped;
}

function quoted(octet: number): string {
  return `=${octet.toString(16).toUpperCase().padStart(2, "0")}`;
}

/** Escapes white space at the end, which servers may drop, and puts in soft line breaks. */
function quotedLine(line: string): string {
  const text = line.endsWith(" ") || line.endsWith("\t")
    ? line.slice(0, -1) + quoted(line.charCodeAt(line.length - 1))
    : line;
  const pieces: string[] = [];
  let start = 0;
  while (text.length - start >= LONGEST_ENCODED) {
    const end = start + LONGEST_ENCODED - 1;
    // An escape stays in one piece.
    const cut = [end - 1, end - 2].find((at) => text[at] === "=") ?? end;
    pieces.push(text.slice(start, cut));
    start = cut;
  }
  pieces.push(text.slice(start));
  return pieces.join("=\r\n");
}

/** A part of base64, of so many octets; `texts` gives their base64, in pieces of full lines. */
function base64(size: number, texts: () => Iterable<string>): Part {
  const rest = size % BASE64_LINE;
  const last = rest === 0 ? 0 : Math.ceil(rest / 3) * 4 + 2;
  return {
    size: Math.floor(size / BASE64_LINE) * BASE64_WIRE_LINE + last,
    isAscii: true,
    slices: repeatable(() => base64Lines(texts())),
  };
}

function* base64OfText(text: Uint8Array): Generator<string> {
  let rest = "";
  for (const piece of textsWithCrlf(text, "text")) {
    const all = rest + piece;
    const whole = all.length - all.length % BASE64_LINE;
    yield btoa(all.slice(0, whole));
    rest = all.slice(whole);
  }
  yield btoa(rest);
}

function* base64Of(octets: Uint8Array): Generator<string> {
  for (let at = 0; at < octets.length; at += BASE64_STEP) {
    yield octets.subarray(at, at + BASE64_STEP).toBase64();
  }
}

/** Breaks base64 into lines; only the very last one may be shorter. */
function* base64Lines(texts: Iterable<string>): Generator<Uint8Array> {
  for (const text of texts) {
    if (text === "") continue;
    const lines: string[] = [];
    for (let at = 0; at < text.length; at += LONGEST_ENCODED) {
      lines.push(text.slice(at, at + LONGEST_ENCODED));
    }
    yield new TextEncoder().encode(`${lines.join("\r\n")}\r\n`);
  }
}
