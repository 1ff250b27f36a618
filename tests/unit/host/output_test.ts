import assert from "node:assert/strict";
import type { Failure } from "../../../lib/outcome.ts";
import { writeAll } from "../../../lib/host/output.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** A pipe that does in turn what is said: takes so many bytes, or throws. */
function pipe(...behaviour: (number | Error)[]) {
  let taken = "";
  const write = (piece: Uint8Array): Promise<number> => {
    const next = behaviour.shift() ?? piece.length;
    if (next instanceof Error) return Promise.reject(next);
    taken += new TextDecoder().decode(piece.subarray(0, next));
    return Promise.resolve(next);
  };
  return { write, taken: () => taken };
}

Deno.test("what a pipe takes in parts arrives whole and in order", async () => {
  const { write, taken } = pipe(1, 2, 1);
  await writeAll(write, [bytes("Hello, "), bytes(""), bytes("world!")]);
  assert.equal(taken(), "Hello, world!");
});

Deno.test("a full pipe in non-blocking mode is waited for", async () => {
  const { write, taken } = pipe(2, new Deno.errors.WouldBlock("full"), 1);
  await writeAll(write, [bytes("abcdef")]);
  assert.equal(taken(), "abcdef");
});

Deno.test("a reader that is gone is an I/O error in words", async () => {
  const { write } = pipe(2, new Deno.errors.BrokenPipe("Broken pipe (os error 32)"));
  await assert.rejects(writeAll(write, [bytes("abcdef")]), (error: Failure) => {
    assert.equal(error.details.status, 74);
    assert.equal(error.details.what, "Cannot write to standard output");
    assert.equal(error.details.why, "its reader is gone");
    return true;
  });
});
