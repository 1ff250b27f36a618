/**
 * Finds secrets in the words of a server: whole, over several lines, or cut at the end of a line.
 *
 * It uses native searches for short texts in a text of bounded length, so that no reply can make it
 * slow.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { FEWEST_CHARACTERS, fold, type Forms } from "./forms.ts";
import { firstAtLeast, lastAtMost, mapOf, type PositionMap, type Span } from "./positions.ts";

/** What to search for. */
export type Search = { forms: readonly Forms[]; username: string };

/** The fewest base64 characters that are masked if the rest is cut off: nearly four bytes. */
const FEWEST_BASE64 = 5;

/** White space, which a server may put into a secret (RFC 2045, 6.7: `=` before it). */
const BLANKS = /=?[\r\n]+|[^\S\r\n]+/g;

/** The same, and the reply code at the start of each line. */
const BLANKS_AND_CODES = /=?\r?\n[2-5]\d\d[ -]?|^[2-5]\d\d[ -]|[^\S\r\n]+|[\r\n]/g;

/** The response of CRAM-MD5 (RFC 2195, 2): with the challenge, the password can be guessed from it. */
const DIGEST = /[0-9a-f]{32}/gi;
const DIGEST_SIZE = 32;

/** The most characters between the user name and the digest. */
const LONGEST_GAP = 100;

/**
 * Gives the spans of the text that show a secret, in no order. At the position `cut` a secret may be
 * cut off, as at the end of a line.
 */
export function findSecrets(text: string, search: Search, cut: number): Span[] {
  const variants = /(?:^|\n)[2-5]\d\d[ -]/.test(text) ? [BLANKS, BLANKS_AND_CODES] : [BLANKS];
  return [
    ...variants.flatMap((gaps) => findDense(text, gaps, search, cut)),
    ...search.forms.flatMap((forms) => [...findSpaced(text, forms), ...findWords(text, forms)]),
    ...findDigests(text, search.username),
  ];
}

/** Searches the text without its gaps. */
function findDense(source: string, gaps: RegExp, search: Search, cut: number): Span[] {
  const dense = source.replace(gaps, "");
  const folded = fold(dense);
  const base64 = standardBase64(dense);
  const plainForms = search.forms.flatMap(({ plain }) => plain).filter(
    mayBeIn(folded, FEWEST_CHARACTERS),
  );
  const base64Forms = search.forms.flatMap((forms) => forms.base64)
    .filter(mayBeIn(base64, FEWEST_BASE64));
  const response = findResponse(base64, search.username);
  if (plainForms.length + base64Forms.length + response.length === 0) return [];
  const map = mapOf(source, gaps);
  const lines = linesOf(source, gaps);
  const runs = runsOf(source);
  const lineBorders = bordersOf([...lines, { start: cut, end: cut }], map);
  const runBorders = bordersOf(runs, map);
  const plain = plainForms.flatMap((form) =>
    findForm(folded, form, lineBorders, FEWEST_CHARACTERS)
  );
  const encoded = base64Forms.flatMap((form) => findForm(base64, form, runBorders, FEWEST_BASE64));
  return [
    ...plain.map(map.toSource),
    ...[...encoded, ...response].map((span) => widen(map.toSource(span), source, runs, lines)),
  ];
}

/** The runs of base64 characters in the text; a code and the hyphen behind it are in none. */
function runsOf(text: string): Span[] {
  const words = standardBase64(text.replace(/(^|\n)[2-5]\d\d[ -]/g, "$1    "));
  return [...words.matchAll(/[A-Za-z0-9+/]+/g)]
    .map(({ index, 0: run }) => ({ start: index, end: index + run.length }));
}

function standardBase64(text: string): string {
  // RFC 4648, 5: the alphabet for URLs.
  return text.replaceAll("-", "+").replaceAll("_", "/");
}

function mayBeIn(haystack: string, fewest: number) {
  return (form: string) =>
    haystack.includes(form.slice(0, fewest)) || haystack.includes(form.slice(-fewest));
}

/** Where pieces of text begin and end, in ascending order. */
type Borders = { starts: readonly number[]; ends: readonly number[] };

/**
 * Finds a form whole, its beginning (`fewest` characters or more) in front of one of the ends, and its
 * end behind one of the starts.
 */
function findForm(haystack: string, form: string, borders: Borders, fewest: number): Span[] {
  const spans: Span[] = [];
  const head = form.slice(0, fewest);
  for (let start = haystack.indexOf(head); start >= 0;) {
    const common = commonLength((size) => haystack.startsWith(form.slice(0, size), start), form);
    const isWhole = common === form.length;
    const end = isWhole ? start + common : lastAtMost(borders.ends, start + common);
    if (isWhole || end >= start + head.length) spans.push({ start, end });
    start = haystack.indexOf(head, isWhole ? end : start + 1);
  }
  const tail = form.slice(-fewest);
  for (let at = haystack.indexOf(tail); at >= 0; at = haystack.indexOf(tail, at + 1)) {
    const end = at + tail.length;
    const common = commonLength((size) => haystack.endsWith(form.slice(-size), end), form);
    const start = firstAtLeast(borders.starts, end - common);
    if (start <= at) spans.push({ start, end });
  }
  return spans;
}

/** Gives the largest size up to that of the form that is common; 1 is. */
function commonLength(isCommon: (size: number) => boolean, { length }: string): number {
  let [low, high] = [1, length];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (isCommon(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Finds the response of CRAM-MD5 as it is sent: the base64 of user name, space and digest. */
function findResponse(base64: string, username: string): Span[] {
  if (username === "") return [];
  const name = Buffer.from(`${username} `);
  const head = name.toString("base64").slice(0, Math.floor(name.length * 8 / 6));
  const size = Math.ceil((name.length + DIGEST_SIZE) * 8 / 6);
  const spans: Span[] = [];
  for (let start = base64.indexOf(head); start >= 0; start = base64.indexOf(head, start + 1)) {
    const run = base64.slice(start, start + size);
    if (!/^[A-Za-z0-9+/]+$/.test(run)) continue;
    const decoded = Buffer.from(run, "base64").toString("latin1");
    if (/ [0-9a-f]{32}$/.test(decoded)) spans.push({ start, end: start + size });
  }
  return spans;
}

/** Finds the digest of CRAM-MD5 behind the user name, without base64. */
function findDigests(text: string, username: string): Span[] {
  if (username === "") return [];
  return [...text.matchAll(DIGEST)].flatMap(({ index }) => {
    const before = text.slice(Math.max(0, index - username.length - LONGEST_GAP), index);
    const name = before.replace(/[\r\n]\d{3}[ -]$/, "\n").trimEnd();
    const isResponse = name.length < before.length && fold(name).endsWith(fold(username));
    return isResponse ? [{ start: index, end: index + DIGEST_SIZE }] : [];
  });
}

function findSpaced(text: string, { spaced }: Forms): Span[] {
  const folded = fold(text);
  return spaced.flatMap((form) => findForm(folded, form, { starts: [], ends: [] }, form.length));
}

function findWords(text: string, { words }: Forms): Span[] {
  if (words === undefined) return [];
  const spansOf = (pattern: RegExp, subject: string) =>
    [...subject.matchAll(pattern)].map(({ index, 0: { length } }) => ({
      start: index,
      end: index + length,
    }));
  return [
    ...spansOf(words.plain, text),
    ...spansOf(words.base64, standardBase64(text)).map((span) =>
      widen(span, text, runsOf(text), [])
    ),
  ];
}

/** Widens a span to all of the base64 around it, also on lines that are only base64. */
function widen(span: Span, text: string, runs: readonly Span[], lines: readonly Span[]): Span {
  let start = Math.min(span.start, runs.findLast((run) => run.start <= span.start)?.start ?? 0);
  let end = Math.max(span.end, runs.find((run) => run.end >= span.end)?.end ?? 0);
  end += /^={0,2}/.exec(text.slice(end, end + 2))?.[0].length ?? 0;
  const first = lines.findIndex((line) => line.start === start);
  for (const line of lines.slice(0, Math.max(0, first)).reverse()) {
    if (!isPure(line, text)) break;
    start = line.start;
  }
  const last = lines.findIndex((line) => line.end === end);
  for (const line of last < 0 ? [] : lines.slice(last + 1)) {
    if (!isPure(line, text)) break;
    end = line.end;
  }
  return { start, end };
}

/** True for a line that is only base64, and not a short word. */
function isPure({ start, end }: Span, text: string): boolean {
  return /^[\w+/-]{12,}={0,2}$/.test(text.slice(start, end));
}

/** The lines of the text, without their ends and, where these are gaps, without their codes. */
function linesOf(text: string, gaps: RegExp): Span[] {
  const lineStart = gaps === BLANKS ? /(?:^|\r?\n)/g : /(?:^|\r?\n)(?:[2-5]\d\d[ -])?/g;
  const breaks = [...text.matchAll(lineStart)];
  return breaks.map(({ index, 0: { length } }, at) => ({
    start: index + length,
    end: breaks[at + 1]?.index ?? text.length,
  }));
}

function bordersOf(spans: readonly Span[], { toDense }: PositionMap): Borders {
  const ascending = (a: number, b: number) => a - b;
  return {
    starts: spans.map(({ start }) => toDense(start)).sort(ascending),
    ends: spans.map(({ end }) => toDense(end)).sort(ascending),
  };
}
