/**
 * Standard input, whole.
 *
 * @module
 */

import { ExitStatus, Failure } from "./outcome.ts";

/** How much room there is at first, in octets: most messages fit. */
const FIRST_ROOM = 64 * 1024;

/** How long to wait, in milliseconds, before a pipe that has nothing yet is asked again. */
const PAUSE = 10;

/**
 * Reads to the end, into one buffer that grows in place: with blocks to be joined, or a buffer that
 * doubles, twice as much is held and copied.
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
): Promise<Uint8Array> {
  // One octet more than allowed, to see that there is more.
  const most = limit + 1;
  const buffer = new ArrayBuffer(Math.min(FIRST_ROOM, most), { maxByteLength: most });
  for (let length = 0;;) {
    if (length === buffer.byteLength) {
      if (length === most) throw tooLarge(limit);
      buffer.resize(Math.min(2 * length, most));
    }
    const count = await readSome(read, new Uint8Array(buffer, length), pause);
    if (count === null) {
      // Work on the octets of a buffer that can still grow takes twice as long.
      buffer.resize(length);
      return new Uint8Array(buffer.transferToFixedLength());
    }
    length += count;
  }
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
    why: cause instanceof Error ? cause.message : String(cause),
    cause,
  });
}
