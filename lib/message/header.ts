/**
 * Header blocks (RFC 5322, 2.2) as bytes: found, and split into fields.
 *
 * @module
 */

import { isUtf8 } from "node:buffer";
import { isKnownField } from "./known_fields.ts";
import { CR, LF } from "./lines.ts";

/** The header block that a message starts with; the numbers are offsets into the message. */
export type HeaderBlock = {
  /** In the order of the message; at least one. */
  fields: Field[];
  /** The first octet of the body. */
  body: number;
  /** What ends the block; "text" is a line that is not a field, and the first line of the body. */
  ending: "empty line" | "line of blanks" | "end of input" | "text";
  /** True if it has no NUL and no lone CR, which a server may take for a line end. */
  clean: boolean;
  /** Whether some of its lines end in CR CR LF. */
  doubledCr: boolean;
};

/** One field with all its folded lines; the numbers are offsets into the message. */
export type Field = {
  /** In lower case. */
  name: string;
  start: number;
  /** The first octet behind the colon. */
  value: number;
  /** Behind the line end of its last line. */
  end: number;
};

/** A line; the numbers are offsets into the message. */
type Line = { start: number; /** Where its line end begins. */ text: number; end: number };

/** U+FEFF in UTF-8, each octet a character. */
export const BYTE_ORDER_MARK = "\u00ef\u00bb\u00bf";

/** How much of the message is searched first, in octets; few headers are longer. */
const FIRST_LOOK = 64 * 1024;

/** A field name, and the blanks that obsolete syntax allows behind it (RFC 5322, 4.5). */
const NAME = "([!-9;-~]+)[ \\t]*:";

/** The longest line, and so the longest name (RFC 5322, 2.1.1). */
const LONGEST_NAME = 998;

/**
 * Finds the header block that the message starts with. It ends at an empty line, at a line of
 * blanks, at the end of the message, or in front of the first line that is not a field.
 *
 * @returns Nothing if the message does not start with a field.
 */
export function splitHeader(message: Uint8Array): HeaderBlock | undefined {
  if (!startsWithField(asCharacters(message.subarray(0, FIRST_LOOK)))) return undefined;
  for (let length = FIRST_LOOK;; length *= 4) {
    const isWhole = length >= message.length;
    const text = asCharacters(message.subarray(0, length));
    // The last line may be cut, so it is not read yet.
    const block = readBlock(isWhole ? text : text.slice(0, text.lastIndexOf("\n") + 1));
    if (isWhole || block?.ending !== "end of input") {
      return block?.fields.length ? block : undefined;
    }
  }
}

/** True if the message may have a header. A text may be one line of a hundred megabytes. */
function startsWithField(text: string): boolean {
  const start = contentStart(text);
  return start === text.length || fieldAt(text, lineAt(text, start), fieldName()) !== undefined;
}

/** Reads the block, which may have no field, from the octets as characters. */
function readBlock(text: string): HeaderBlock | undefined {
  const start = contentStart(text);
  const fields: Field[] = [];
  const name = fieldName();
  let line = lineAt(text, start);
  for (; line.text > line.start; line = lineAt(text, line.end)) {
    const last = fields.at(-1);
    const field = fieldAt(text, line, name);
    if (field !== undefined) {
      fields.push(field);
      continue;
    }
    if (last === undefined) return undefined;
    const fold = foldAt(text, line, (line) => isKnownField(fieldAt(text, line, name)?.name ?? ""));
    if (fold === undefined) break;
    line = fold;
    last.end = line.end;
  }
  const ending = endingAt(text, line);
  const body = ending === "text" ? line.start : line.end;
  const block = text.slice(start, line.start);
  return { fields, body, ending, clean: isClean(block), doubledCr: block.includes("\r\r\n") };
}

/** Gives the fields of that name, which is in lower case, in their order. */
export function fieldsNamed(block: HeaderBlock, name: string): Field[] {
  return block.fields.filter((field) => field.name === name);
}

/**
 * Gives the text of a field: unfolded (RFC 5322, 2.2.3), without the white space around it, read as
 * UTF-8 or, if it is not valid UTF-8, as Windows-1252. Encoded words are not decoded.
 */
export function fieldText(message: Uint8Array, field: Field): string {
  const value = message.subarray(field.value, field.end);
  const charset = isUtf8(value) ? "utf-8" : "windows-1252";
  const text = new TextDecoder(charset, { ignoreBOM: true }).decode(value);
  return text.replaceAll(/\r?\n/g, "").trim();
}

/** Gives the octets one character each, so that offsets into the string are those into the octets. */
export function asCharacters(octets: Uint8Array): string {
  return new TextDecoder("windows-1252").decode(octets);
}

/** Gives a copy in which CR CR LF is CRLF. */
export function singleCr(octets: Uint8Array): Uint8Array {
  const copy = new Uint8Array(octets.length);
  let length = 0;
  for (let start = 0; start < octets.length;) {
    const lf = octets.indexOf(LF, start);
    const end = lf === -1 ? octets.length : lf + 1;
    const isDoubled = lf - 2 >= start && octets[lf - 1] === CR && octets[lf - 2] === CR;
    copy.set(octets.subarray(start, isDoubled ? lf - 1 : end), length);
    length += (isDoubled ? lf - 1 : end) - start;
    if (isDoubled) copy[length++] = LF;
    start = end;
  }
  return copy.subarray(0, length);
}

/** Skips a byte order mark and the mbox "From " line (RFC 4155). */
function contentStart(text: string): number {
  const start = text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;
  if (!isMboxLine(text, start)) return start;
  let line = lineAt(text, start);
  // UUCP adds a ">From " line for each host (RFC 976, 2.4).
  while (text.startsWith(">From ", line.end)) line = lineAt(text, line.end);
  return line.end;
}

/** True for the line of an mbox file. `From : a@x.org` is a field (RFC 5322, 4.5). */
function isMboxLine(text: string, start: number): boolean {
  const pattern = /From (?![ \t]*:)|>From /y;
  pattern.lastIndex = start;
  return pattern.test(text);
}

function lineAt(text: string, start: number): Line {
  const lf = text.indexOf("\n", start);
  if (lf === -1) return { start, text: text.length, end: text.length };
  // A program that writes CRLF to a stream in text mode writes CR CR LF.
  const cr = text.charCodeAt(lf - 1) !== CR ? 0 : text.charCodeAt(lf - 2) !== CR ? 1 : 2;
  return { start, text: Math.max(start, lf - cr), end: lf + 1 };
}

function fieldName(): RegExp {
  return new RegExp(NAME, "y");
}

/** Reads the field that starts on a line; gives nothing if the line does not start one. */
function fieldAt(text: string, { start, end }: Line, pattern: RegExp): Field | undefined {
  pattern.lastIndex = start;
  const name = pattern.exec(text)?.[1];
  if (name === undefined || name.length > LONGEST_NAME) return undefined;
  return { name: name.toLowerCase(), start, value: pattern.lastIndex, end };
}

/**
 * Reads a folded line (RFC 5322, 2.2.3). A line of blanks usually ends a header, but old syntax allows
 * a folded line of blanks (RFC 5322, 4.2). It counts as folded if more fields of mail follow, because
 * otherwise a Bcc behind it would be shown, or if an empty line follows.
 *
 * @returns The last line of the fold, or nothing if this line is not folded.
 */
function foldAt(text: string, line: Line, isField: (line: Line) => boolean): Line | undefined {
  if (!isFolded(text, line)) return undefined;
  if (!isBlank(text, line)) return line;
  for (let last = line;;) {
    const next = lineAt(text, last.end);
    if (next.text === next.start) return last;
    if (!isFolded(text, next)) return isField(next) ? last : undefined;
    last = next;
  }
}

function isFolded(text: string, { start }: Line): boolean {
  return text.startsWith(" ", start) || text.startsWith("\t", start);
}

function isBlank(text: string, line: Line): boolean {
  return /^[ \t]*$/.test(text.slice(line.start, line.text));
}

function endingAt(text: string, line: Line): HeaderBlock["ending"] {
  if (line.start === text.length) return "end of input";
  if (line.text === line.start) return "empty line";
  return isFolded(text, line) ? "line of blanks" : "text";
}

/** True if no server can find more lines in the block than this program does. */
function isClean(block: string): boolean {
  if (block.includes("\0")) return false;
  return !block.replaceAll("\r\n", "\n").replaceAll("\r\n", "\n").includes("\r");
}
