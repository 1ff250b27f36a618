/**
 * Standard output, where results are written whole or the program fails, and standard error, where
 * a line that nobody reads changes nothing.
 *
 * @module
 */

import { ExitStatus, Failure } from "../outcome.ts";
import { reasonOf } from "../text/mod.ts";

/** How long to wait before a pipe that is full is asked again, in milliseconds. */
const PAUSE = 10;

/** Standard output and standard error. */
export type Output = {
  /** Writes to standard output and gives status 0; throws a Failure (74) where it cannot. */
  print(what: string | Iterable<Uint8Array>): Promise<ExitStatus>;
  /** Writes a line to standard error, as far as that can be done. */
  writeError(line: string): void;
};

/** Gives the output over these two streams. */
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
        // There is nowhere left to say it.
      }
    },
  };
}

/**
 * Writes every piece whole. `write` takes the start of a piece and gives how many bytes it took;
 * a pipe in non-blocking mode that is full is waited for. Throws a Failure (74) when writing
 * fails: a full disk, a reader that is gone.
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
