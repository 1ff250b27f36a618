/**
 * Standard output and standard error. A result that cannot be written to standard output is a
 * failure; a line that cannot be written to standard error is ignored.
 *
 * @module
 */

import { ExitStatus, Failure, type Output } from "../outcome.ts";
import { reasonOf } from "../text/mod.ts";

/** Delay before writing again to a full pipe, in milliseconds. */
const PAUSE = 10;

/** Makes the output for these two streams. */
export function outputTo(
  stdout: { write(piece: Uint8Array): Promise<number> },
  stderr: { writeSync(piece: Uint8Array): number },
): Output {
  const encoder = new TextEncoder();
  return {
    async print(what) {
      const pieces = typeof what === "string" ? [encoder.encode(what)] : what;
      await writeAll((piece) => stdout.write(piece), pieces);
      return ExitStatus.ok;
    },
    writeError(line) {
      try {
        stderr.writeSync(encoder.encode(`${line}\n`));
      } catch {
        // There is no other place for the line.
      }
    },
  };
}

/**
 * Writes all bytes of all pieces. `write` gives the count of bytes that it wrote. Waits while a
 * non-blocking pipe is full. Throws a Failure (74) if writing fails: a full disk, a closed pipe.
 */
export async function writeAll(
  write: (piece: Uint8Array) => Promise<number>,
  pieces: Iterable<Uint8Array>,
): Promise<void> {
  for (const piece of pieces) {
    for (let rest = piece; rest.length > 0;) {
      rest = rest.subarray(await writeSome(write, rest));
    }
  }
}

async function writeSome(
  write: (piece: Uint8Array) => Promise<number>,
  piece: Uint8Array,
): Promise<number> {
  try {
    return await write(piece);
  } catch (error) {
    if (!(error instanceof Deno.errors.WouldBlock)) {
      const why = error instanceof Deno.errors.BrokenPipe ? "its reader is gone" : reasonOf(error);
      const what = "Cannot write to standard output";
      throw new Failure({ status: ExitStatus.io, what, why, cause: error });
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    return 0;
  }
}
