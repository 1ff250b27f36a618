/**
 * The boundary of a multipart message (RFC 2046, 5.1.1), and whether the body holds it.
 *
 * Octets are compared: Content-Type and body are texts with one character for each octet. The charset
 * of a parameter says how to show the parameter, and does not change its octets (RFC 2231, 4).
 *
 * @module
 */

import { asCharacters } from "./header.ts";
import { commentEnd, quotedEnd } from "./quoting.ts";

/** The longest boundary, in octets; a line has no room for a longer one (RFC 5322, 2.1.1). */
const LONGEST_BOUNDARY = 996;

/** How much of the body is searched at once, in octets. */
const STEP = 128 * 1024;

/** What may follow the boundary on its line: the dashes of the last delimiter, and blanks. Line ends are LF. */
const REST_OF_LINE = /^(?:--)?[ \t]*(?:\n|$)/;

/** True if an unfolded Content-Type is a multipart; it may start with comments. */
export function isMultipart(type: string): boolean {
  const [value = ""] = partsOf(type);
  return /^multipart[ \t]*\//i.test(value.trim());
}

/** True if the body has a line that is a delimiter of this unfolded Content-Type. */
export function holdsBoundary(type: string, body: Uint8Array): boolean {
  return boundariesOf(type).some((boundary) => holdsDelimiter(body, `--${boundary}`));
}

/** Gives all boundaries that the parameters may mean. */
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

/** Removes white space at the end, which is not part of a boundary: servers add and remove it. */
function withoutEnd(boundary: string): string {
  return boundary.slice(0, 2 * LONGEST_BOUNDARY).replace(/(?<![ \t])[ \t]+$/, "");
}

/** Reads a value; if quotes were forgotten around blanks, gives both readings. */
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

/** Removes charset and language, if they are there, and gives the octets (RFC 2231, 4). */
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

/**
 * Looks for a line of the delimiter; any of CR, LF and CRLF ends a line, as on the wire. Only lines
 * that start with the delimiter take a turn of the loop, and not every place that has it: a body may
 * be megabytes of dashes.
 */
function holdsDelimiter(body: Uint8Array, delimiter: string): boolean {
  const overlap = 2 * LONGEST_BOUNDARY;
  const wanted = `\n${delimiter}`;
  for (let start = 0; start < body.length; start += STEP) {
    const isLast = start + STEP + overlap >= body.length;
    const end = isLast ? body.length : start + STEP + overlap;
    // The first character is the octet before `start`; the body starts like a line.
    const slice = asCharacters(body.subarray(Math.max(start - 1, 0), end));
    const text = (start === 0 ? "\n" : "") + slice.replaceAll("\r", "\n");
    for (let at = text.indexOf(wanted); at !== -1; at = text.indexOf(wanted, at + 1)) {
      // The next slice has more of what follows.
      if (at >= STEP && !isLast) break;
      const rest = text.slice(at + wanted.length, at + wanted.length + overlap);
      if (REST_OF_LINE.test(rest)) return true;
    }
    if (isLast) return false;
  }
  return false;
}
