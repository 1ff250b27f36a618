/**
 * Line ends: everything that leaves the program ends its lines in CRLF (RFC 5321, 2.3.8).
 *
 * @module
 */

import { Buffer, isAscii } from "node:buffer";
import { latin1, latin1Octets } from "../text/mod.ts";

/** Line feed. */
export const LF = 0x0a;

/** Carriage return. */
export const CR = 0x0d;

/**
 * A part of a finished message. Its octets are made only while they are iterated, slice by
 * slice, and this can be done any number of times; what they are made from is never changed.
 */
export type Part = {
  /** The count of octets. */
  size: number;
  /** Whether all of them are ASCII. */
  isAscii: boolean;
  /** The octets, in slices of at most 256 KiB. */
  slices: Iterable<Uint8Array>;
};

/** What a CR without LF is: a line end, as on the wire, or an octet of the text. */
export type LoneCr = "line end" | "text";

/**
 * How many octets are looked at in one go; with every line end doubled they become twice that. Each
 * step costs 40 microseconds, and a string of more than 128 KiB is slow to make, since V8 takes fresh
 * memory for it.
 */
const STEP = 96 * 1024;

/** The same for a text that becomes base64, which makes a third more of it. */
const TEXT_STEP = 80 * 1024;

/** Slices smaller than this are put together, so that a short message is a single write. */
const SMALL = 32 * 1024;

/** A part whose octets are ready. */
export function partOf(octets: Uint8Array): Part {
  return { size: octets.length, isAscii: isAscii(octets), slices: [octets] };
}

/** Gives the octets with every line end a CRLF. Slices that need no change are views, not copies. */
export function withCrlf(octets: Uint8Array, loneCr: LoneCr): Part {
  let size = 0;
  for (const step of steps(octets)) size += completeLength(step, loneCr);
  return {
    size,
    isAscii: isAscii(octets),
    slices: repeatable(() => completeSlices(octets, loneCr)),
  };
}

/** Does the same for the wire: a lone CR is a line end, and the last line gets one too. */
export function wholeLines(octets: Uint8Array): Part {
  const last = octets.at(-1);
  const lines = withCrlf(octets, "line end");
  if (last === undefined || last === LF || last === CR) return lines;
  return joinParts([lines, partOf(Uint8Array.of(CR, LF))]);
}

/** Joins parts that follow each other to one. */
export function joinParts(parts: readonly Part[]): Part {
  return {
    size: parts.reduce((sum, { size }) => sum + size, 0),
    isAscii: parts.every((part) => part.isAscii),
    slices: repeatable(function* () {
      for (const { slices } of parts) yield* slices;
    }),
  };
}

/** Gives the same octets with small slices put together, so that a short message is one write. */
export function withLargerSlices(part: Part): Part {
  return { ...part, slices: repeatable(() => gather(part.slices)) };
}

/** Makes an iterable that can be iterated any number of times, unlike a generator. */
export function repeatable(generate: () => Iterator<Uint8Array>): Iterable<Uint8Array> {
  return { [Symbol.iterator]: generate };
}

function* gather(slices: Iterable<Uint8Array>): Generator<Uint8Array> {
  let waiting: Uint8Array[] = [];
  let size = 0;
  for (const slice of slices) {
    waiting.push(slice);
    size += slice.length;
    if (size < SMALL) continue;
    yield joined(waiting);
    waiting = [];
    size = 0;
  }
  if (size > 0) yield joined(waiting);
}

function joined(slices: Uint8Array[]): Uint8Array {
  const [only] = slices;
  return only !== undefined && slices.length === 1 ? only : Buffer.concat(slices);
}

/** Cuts the octets into views of them, none of which begins or ends with half of a CRLF. */
export function* steps(octets: Uint8Array, longest = STEP): Generator<Uint8Array> {
  for (let start = 0; start < octets.length;) {
    let end = Math.min(start + longest, octets.length);
    if (octets[end - 1] === CR && octets[end] === LF) end++;
    yield octets.subarray(start, end);
    start = end;
  }
}

/** Gives the octets with every line end a CRLF, as texts in ISO 8859-1. */
export function* textsWithCrlf(octets: Uint8Array, loneCr: LoneCr): Generator<string> {
  for (const step of steps(octets, TEXT_STEP)) {
    const text = latin1(step);
    yield isComplete(text, loneCr) ? text : complete(text, loneCr);
  }
}

function* completeSlices(octets: Uint8Array, loneCr: LoneCr): Generator<Uint8Array> {
  for (const step of steps(octets)) {
    const text = latin1(step);
    yield isComplete(text, loneCr) ? step : latin1Octets(complete(text, loneCr));
  }
}

function isComplete(text: string, loneCr: LoneCr): boolean {
  const rest = text.replaceAll("\r\n", "");
  return !rest.includes("\n") && (loneCr === "text" || !rest.includes("\r"));
}

/** The length of the octets once all their line ends are CRLF. */
function completeLength(octets: Uint8Array, loneCr: LoneCr): number {
  const rest = latin1(octets).replaceAll("\r\n", "");
  const count = (lineEnd: string) => rest.length - rest.replaceAll(lineEnd, "").length;
  return octets.length + count("\n") + (loneCr === "line end" ? count("\r") : 0);
}

function complete(text: string, loneCr: LoneCr): string {
  const short = text.replaceAll("\r\n", "\n");
  const lines = loneCr === "line end" ? short.replaceAll("\r", "\n") : short;
  return lines.replaceAll("\n", "\r\n");
}
