/**
 * Replies of a hostile server that are nearly as long as the program reads.
 *
 * @module
 */

import { type Action, raw } from "./peer.ts";
import type { Stage } from "./smtp_conversation.ts";

/** The size of a reply, or of an answer of Redis, that the program just reads, in octets. */
export const LONG = 1_000_000;

/**
 * Each step of the conversation with a good and a bad reply code, and the exit status of a run in which
 * that reply is long. The scripted server wants a login, and a long reply to EHLO offers none.
 */
export const STEPS: readonly [stage: Stage, code: number, status: number][] = [
  ["greeting", 220, 0],
  ["greeting", 554, 69],
  ["ehlo", 250, 77],
  ["ehlo", 554, 77],
  ["auth", 235, 0],
  ["auth", 535, 77],
  ["mail", 250, 0],
  ["mail", 550, 69],
  ["rcpt", 250, 0],
  ["rcpt", 550, 67],
  ["data", 354, 0],
  ["data", 554, 69],
  ["dot", 250, 0],
  ["dot", 554, 69],
  ["quit", 221, 0],
];

/** Converts text to octets, one for each character. */
export function octets(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Repeats a text until it has this size, or a little more. */
export function filled(size: number, unit: string): string {
  return unit.repeat(Math.ceil(size / unit.length));
}

/** A reply with one line of this size, and a short line, by which the scripted server finds its end. */
export function longLine(code: number, size: number, unit: string): Action {
  return raw(octets(`${code}-${filled(size, unit)}\r\n${code} end\r\n`));
}

/** A reply of this size with many lines. */
export function manyLines(code: number, size: number, words: string): Action {
  return raw(octets(`${filled(size, `${code}-${words}\r\n`)}${code} end\r\n`));
}
