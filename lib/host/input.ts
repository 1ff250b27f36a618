/**
 * Standard input, whole.
 *
 * @module
 */

import { ExitStatus, Failure } from "../outcome.ts";
import { reasonOf } from "../text/mod.ts";

/** The longest message, in octets: it is held in memory. */
export const LONGEST_MESSAGE = 256 * 1024 * 1024;

/** The room for the first octets: most messages fit. */
const FIRST_ROOM = 64 * 1024;

/** By how much the room grows at most, in octets. */
const LONGEST_STEP = 16 * 1024 * 1024;

/** How long to wait, in milliseconds, before a pipe that has nothing yet is asked again. */
const PAUSE = 10;

/**
 * Reads to the end, and gives the octets in a buffer of their own, into which they have been read:
 * it grows where it is, so that nothing is copied and nothing is held twice.
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
  // One octet more than the limit shows that there are too many. Until it is used, this is only a
  // range of addresses.
  const maxByteLength = limit + 1;
  const buffer = new ArrayBuffer(Math.min(FIRST_ROOM, maxByteLength), { maxByteLength });
  let length = 0;
  while (length <= limit) {
    if (length === buffer.byteLength) {
      const step = Math.min(length, LONGEST_STEP);
      buffer.resize(Math.min(length + step, maxByteLength));
    }
    const count = await readSome(read, new Uint8Array(buffer, length), pause);
    if (count === null) return new Uint8Array(buffer, 0, length);
    length += count;
  }
  throw tooLarge(limit);
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
