/**
 * Line ends: everything that leaves the program ends its lines in CRLF (RFC 5321, 2.3.8).
 *
 * @module
 */

import { Buffer } from "node:buffer";

/** Line feed. */
export const LF = 0x0a;

/** Carriage return. */
export const CR = 0x0d;

/** How many octets are looked at in one go; with every line end doubled they become twice that. */
const STEP = 64 * 1024;

/** The longest slice of {@linkcode withCrlf}. */
export const LONGEST_SLICE = 2 * (STEP + 1);

/** Slices smaller than this are put together, so that a short message is a single write. */
const SMALL = 64 * 1024;

/**
 * Gives the octets with every line end a CRLF, in slices of at most 128 KB. Slices that are so
 * already are views of what came in, not copies.
 *
 * @param loneCr What a CR without LF is: a line end, as on the wire, or an octet of the text.
 */
export function* withCrlf(octets: Uint8Array, loneCr: "line end" | "text"): Generator<Uint8Array> {
  const room = new Uint8Array(Math.min(LONGEST_SLICE, 2 * octets.length));
  for (let start = 0; start < octets.length;) {
    let end = Math.min(start + STEP, octets.length);
    if (octets[end - 1] === CR && octets[end] === LF) end++;
    const slice = octets.subarray(start, end);
    const length = completeLineEnds(slice, room, loneCr === "line end");
    yield length === slice.length ? slice : room.slice(0, length);
    start = end;
  }
}

/**
 * The same for the wire: a lone CR is a line end, and the last line has one too.
 *
 * @param room The octets again, with what is free behind them in their buffer. Where that is enough
 * for all line ends they are completed in place, and the octets are gone: of a large message there
 * are then no two copies.
 */
export function* wholeLines(octets: Uint8Array, room = octets): Generator<Uint8Array> {
  const length = wholeLength(octets);
  if (length > room.length) {
    yield* withCrlf(octets, "line end");
    if (!endsLine(octets)) yield Uint8Array.of(CR, LF);
    return;
  }
  const whole = room.subarray(0, length);
  completeInPlace(octets, whole);
  for (let at = 0; at < length; at += LONGEST_SLICE) yield whole.subarray(at, at + LONGEST_SLICE);
}

/** Puts small slices together; the order of the octets stays. */
export function gather(slices: Iterable<Uint8Array>): Uint8Array[] {
  const gathered: Uint8Array[] = [];
  let waiting: Uint8Array[] = [];
  let size = 0;
  for (const slice of slices) {
    waiting.push(slice);
    size += slice.length;
    if (size < SMALL) continue;
    gathered.push(joined(waiting));
    waiting = [];
    size = 0;
  }
  if (size > 0) gathered.push(joined(waiting));
  return gathered;
}

/**
 * Copies a slice, which begins and ends with no half of a CRLF, and completes its line ends. Gives
 * the length of the copy. Octet by octet: no search for the next line end is as fast on any input.
 */
function completeLineEnds(from: Uint8Array, to: Uint8Array, crEndsLine: boolean): number {
  let length = 0;
  for (let at = 0; at < from.length; at++) {
    const octet = from[at] ?? 0;
    if (octet !== LF && octet !== CR) {
      to[length++] = octet;
      continue;
    }
    const pair = octet === CR && at + 1 < from.length && from[at + 1] === LF;
    if (octet === LF || crEndsLine || pair) {
      to[length++] = CR;
      to[length++] = LF;
    } else to[length++] = CR;
    if (pair) at++;
  }
  return length;
}

/** How long the octets become when every line end is a CRLF, the last one too. */
function wholeLength(octets: Uint8Array): number {
  let length = octets.length;
  let before = 0;
  for (let at = 0; at < octets.length; at++) {
    const octet = octets[at] ?? 0;
    // A CR is half a line end; with the LF behind it, it is a whole one.
    if (octet === CR) length++;
    else if (octet === LF) length += before === CR ? -1 : 1;
    before = octet;
  }
  return endsLine(octets) ? length : length + 2;
}

/** Completes the line ends from the last to the first; `whole` begins where the octets begin. */
function completeInPlace(octets: Uint8Array, whole: Uint8Array): void {
  let at = octets.length;
  let to = whole.length;
  if (!endsLine(octets)) {
    whole[--to] = LF;
    whole[--to] = CR;
  }
  // Where both meet, all that is left is as it should be.
  while (at < to) {
    const octet = octets[--at] ?? 0;
    if (octet !== LF && octet !== CR) {
      whole[--to] = octet;
      continue;
    }
    whole[--to] = LF;
    whole[--to] = CR;
    if (octet === LF && at > 0 && octets[at - 1] === CR) at--;
  }
}

/** Whether the last line has a line end; no line needs none. */
function endsLine(octets: Uint8Array): boolean {
  const last = octets.at(-1);
  return last === undefined || last === LF || last === CR;
}

function joined(slices: Uint8Array[]): Uint8Array {
  const [only] = slices;
  return only !== undefined && slices.length === 1 ? only : Buffer.concat(slices);
}
