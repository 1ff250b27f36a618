/**
 * The boundary of a multipart message (RFC 2046, 5.1.1), and whether the body holds it.
 *
 * Octets are compared: a Content-Type comes in, and the body is searched, one character an octet.
 * The charset that a parameter names says how to show it, not what it is (RFC 2231, 4).
 *
 * @module
 */

import { asCharacters } from "./header.ts";
import { commentEnd, quotedEnd } from "./quoting.ts";

/** The longest boundary, in octets; a line has no room for a longer one (RFC 5322, 2.1.1). */
const LONGEST_BOUNDARY = 996;

/** How much of the body is searched in one go, in octets. */
const STEP = 128 * 1024;

/** What may follow the boundary on its line: the dashes of the last delimiter, and blanks. */
const REST_OF_LINE = /^(?:--)?[ \t]*(?:[\r\n]|$)/;

/** Says whether a Content-Type, unfolded, is a multipart; comments may stand in front of it. */
export function isMultipart(type: string): boolean {
  const [value = ""] = partsOf(type);
  return /^multipart[ \t]*\//i.test(value.trim());
}

/** Says whether the body has a line that is a delimiter of this Content-Type, which is unfolded. */
export function holdsBoundary(type: string, body: Uint8Array): boolean {
  return boundariesOf(type).some((boundary) => holdsDelimiter(body, `--${boundary}`));
}

/** Gives the boundary in every way in which the parameters can be read. */
function boundariesOf(type: string): string[] {
  const readings = new Set<string>();
  const pieces = new Map<number, string>();
  for (const part of partsOf(type)) {
    const equals = part.indexOf("=");
    const name = part.slice(0, Math.max(equals, 0)).trim();
    const [match, section, extended] = /^boundary(?:\*(\d{1,9}))?(\*)?$/i.exec(name) ?? [];
    if (match === undefined) continue;
    const [quoted, ...more] = valuesOf(part.slice(equals + 1).trim());
    const isFirst = section === undefined || Number(section) === 0;
    const text = extended === undefined ? quoted : decodePercent(quoted, isFirst);
    if (section !== undefined) pieces.set(Number(section), text);
    else [text, ...more].forEach((reading) => readings.add(reading));
  }
  const inOrder = [...pieces].toSorted(([one], [other]) => one - other).map(([, text]) => text);
  return [...readings, inOrder.join("")].map(withoutEnd)
    .filter((text) => text !== "" && text.length <= LONGEST_BOUNDARY).slice(0, 4);
}

/** White space at the end is no part of a boundary, since it may come and go on the way. */
function withoutEnd(boundary: string): string {
  return boundary.slice(0, 2 * LONGEST_BOUNDARY).replace(/(?<![ \t])[ \t]+$/, "");
}

/** Reads a value; one without quotes may hold blanks where the writer has forgotten them. */
function valuesOf(text: string): [string, ...string[]] {
  if (text.startsWith('"')) return [unquote(text)];
  const blank = text.search(/[ \t]/);
  return blank === -1 ? [text] : [text.slice(0, blank), text];
}

function unquote(text: string): string {
  const end = quotedEnd(text, 0);
  const inside = text.slice(1, text[end - 1] === '"' && end > 1 ? end - 1 : end);
  return inside.replaceAll(/\\([^])/g, "$1");
}

/** Takes charset and language off, if they are there, and gives the octets (RFC 2231, 4). */
function decodePercent(text: string, hasCharset: boolean): string {
  const value = hasCharset ? /^[^']*'[^']*'([^]*)$/.exec(text)?.[1] ?? text : text;
  return value.replaceAll(
    /%([\da-f]{2})/gi,
    (_, hex: string) => asCharacters(Uint8Array.of(parseInt(hex, 16))),
  );
}

/** Cuts a field at its semicolons, without its comments, both outside quotes (RFC 5322, 3.2). */
function partsOf(type: string): string[] {
  const parts: string[] = [];
  const sign = /["(;]/g;
  let part = "";
  for (let at = 0; at < type.length;) {
    sign.lastIndex = at;
    const next = sign.exec(type)?.index ?? type.length;
    const isQuote = type[next] === '"';
    const end = isQuote ? quotedEnd(type, next) : next;
    part += type.slice(at, end);
    if (type[next] === ";") {
      parts.push(part);
      part = "";
    }
    at = isQuote ? end : type[next] === "(" ? commentEnd(type, next) : next + 1;
  }
  return [...parts, part];
}

/** Looks for a line of the delimiter; any of CR, LF and CRLF ends a line, as on the wire. */
function holdsDelimiter(body: Uint8Array, delimiter: string): boolean {
  const overlap = 2 * LONGEST_BOUNDARY;
  for (let start = 0; start < body.length; start += STEP) {
    const isLast = start + STEP + overlap >= body.length;
    const from = Math.max(start - 1, 0);
    const text = asCharacters(body.subarray(from, isLast ? body.length : start + STEP + overlap));
    for (let at = text.indexOf(delimiter); at !== -1; at = text.indexOf(delimiter, at + 1)) {
      // The next slice has more of what follows.
      if (at > STEP && !isLast) break;
      const startsLine = from + at === 0 || /[\r\n]/.test(text.charAt(at - 1));
      const rest = text.slice(at + delimiter.length, at + delimiter.length + overlap);
      if (startsLine && REST_OF_LINE.test(rest)) return true;
    }
    if (isLast) return false;
  }
  return false;
}
