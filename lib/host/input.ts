/**
 * Standard input, whole.
 *
 * @module
 */

import { ExitStatus, Failure } from "../outcome.ts";
import { reasonOf } from "../text/mod.ts";

/** The longest message, in octets: it is held in memory. */
export const LONGEST_MESSAGE = 256 * 1024 * 1024;

/** The length of the first block, in octets: most messages fit. */
const FIRST_BLOCK = 64 * 1024;

/** The length of the longest block. */
const LONGEST_BLOCK = 1024 * 1024;

/** How long to wait, in milliseconds, before a pipe that has nothing yet is asked again. */
const PAUSE = 10;

/**
 * Reads to the end, and gives the octets in an array of their own.
 *
 * @param read Fills the start of the array and gives the count of octets read, or null at the end.
 * @param limit The most octets to take.
 * @param pause Waits a moment; a pipe in non-blocking mode has no other way to say "not yet".
 * @throws {Failure} `io` when reading fails, `data` when there is more than the limit.
 */
export async function readAll(
  read: (into: Uint8Array) => Promise<number | null>,
  limit: number,
  pause: () => Promise<void> = () => new Promise((resolve) => setTimeout(resolve, PAUSE)),
): Promise<Uint8Array<ArrayBuffer>> {
  const full: Uint8Array<ArrayBuffer>[] = [];
  let block = new Uint8Array(FIRST_BLOCK);
  let filled = 0;
  for (let length = 0;;) {
    if (filled === block.length) {
      full.push(block);
      block = new Uint8Array(Math.min(2 * block.length, LONGEST_BLOCK));
      filled = 0;
    }
    const count = await readSome(read, block.subarray(filled), pause);
    if (count === null) return joined([...full, block], length);
    filled += count;
    length += count;
    if (length > limit) throw tooLarge(limit);
  }
}

/** Joins the blocks, the last of which is not full, and lets go of each as soon as it is copied. */
function joined(blocks: Uint8Array<ArrayBuffer>[], length: number): Uint8Array<ArrayBuffer> {
  const [first] = blocks;
  if (first !== undefined && blocks.length === 1) return first.subarray(0, length);
  const whole = new Uint8Array(length);
  let at = blocks.reduce((size, block) => size + block.length, 0);
  // From the last to the first, for a heap shrinks from its end; and by hand, for the garbage
  // collector would come too late.
  for (const block of blocks.toReversed()) {
    at -= block.length;
    whole.set(block.subarray(0, length - at), at);
    block.buffer.transfer(0);
  }
  return whole;
}

async function readSome(
  read: (into: Uint8Array) => Promise<number | null>,
  into: Uint8Array,
  pause: () => Promise<void>,
): Promise<number | null> {
  for (;;) {
    try {
      return await read(into);
    } catch (error) {
      if (error instanceof Deno.errors.Interrupted) continue;
      if (!(error instanceof Deno.errors.WouldBlock)) throw unreadable(error);
      await pause();
    }
  }
}

function tooLarge(limit: number): Failure {
  const size = limit % 2 ** 20 === 0 ? `${limit / 2 ** 20} MiB` : `${limit} octets`;
  return new Failure({ status: ExitStatus.data, what: `The message is larger than ${size}` });
}

function unreadable(cause: unknown): Failure {
  return new Failure({
    status: ExitStatus.io,
    what: "Cannot read standard input",
    why: reasonOf(cause),
    cause,
  });
}
