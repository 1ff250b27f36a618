/**
 * Reads standard input to its end.
 *
 * @module
 */

import { ExitStatus, Failure } from "../outcome.ts";
import { reasonOf } from "../text/mod.ts";

/** The longest message, in octets; it is kept in memory. */
export const LONGEST_MESSAGE = 256 * 1024 * 1024;

/** The first size of the buffer, in octets; most messages fit. */
const FIRST_SIZE = 64 * 1024;

/** The most octets by which the buffer grows at once. */
const LONGEST_STEP = 16 * 1024 * 1024;

/** Delay before reading again from an empty non-blocking pipe, in milliseconds. */
const PAUSE = 10;

/**
 * Reads to the end. The buffer grows in place, so that no octet is copied or kept twice.
 *
 * @param read Reads into the array and gives the count of octets, or null at the end.
 * @param limit The most octets to take.
 * @param pause Waits a moment, when a non-blocking pipe is empty.
 * @throws {Failure} `io` (74) if reading fails, `data` (65) if there is more than the limit.
 */
export async function readAll(
  read: (into: Uint8Array) => Promise<number | null>,
  limit: number,
  pause: () => Promise<void> = () => new Promise((resolve) => setTimeout(resolve, PAUSE)),
): Promise<Uint8Array<ArrayBuffer>> {
  // One octet more than the limit shows that the message is too long. The memory is only reserved,
  // not used.
  const maxByteLength = limit + 1;
  const buffer = new ArrayBuffer(Math.min(FIRST_SIZE, maxByteLength), { maxByteLength });
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
