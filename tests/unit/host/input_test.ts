import assert from "node:assert/strict";
import { readAll } from "../../../lib/host/input.ts";
import { ExitStatus, Failure } from "../../../lib/outcome.ts";

/** A reader that gives these pieces one by one, and throws those that are errors. */
function readerOf(pieces: (Uint8Array | Error)[]) {
  const left = [...pieces];
  return (into: Uint8Array): Promise<number | null> => {
    const piece = left.shift();
    if (piece === undefined) return Promise.resolve(null);
    if (piece instanceof Error) return Promise.reject(piece);
    const now = piece.subarray(0, into.length);
    into.set(now);
    if (now.length < piece.length) left.unshift(piece.subarray(now.length));
    return Promise.resolve(now.length);
  };
}

/** Bytes whose order can be checked. */
function bytes(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
}

for (const length of [0, 1, 65_535, 65_536, 65_537, 131_072, 1_000_003]) {
  Deno.test(`readAll gives ${length} octets as they came`, async () => {
    const whole = bytes(length);
    const half = length >> 1;
    const read = readerOf([whole.subarray(0, half), whole.subarray(half)]);
    const octets = await readAll(read, 2 ** 20);
    assert.deepEqual(octets, whole);
    assert.equal(octets.byteOffset, 0);
  });
}

for (const limit of [0, 10, 100_000]) {
  Deno.test(`readAll takes exactly its limit of ${limit} octets`, async () => {
    assert.equal((await readAll(readerOf([bytes(limit)]), limit)).length, limit);
  });

  Deno.test(`readAll refuses one octet more than ${limit} with status 65`, async () => {
    await assert.rejects(readAll(readerOf([bytes(limit + 1)]), limit), (error) => {
      assert.ok(error instanceof Failure);
      assert.equal(error.details.status, ExitStatus.data);
      return true;
    });
  });
}

Deno.test("readAll names a limit of whole mebibytes so", async () => {
  await assert.rejects(
    readAll(readerOf([bytes(2 ** 20 + 1)]), 2 ** 20),
    /^Failure: The message is larger than 1 MiB$/,
  );
});

Deno.test("readAll waits for a pipe that has nothing yet", async () => {
  const notYet = new Deno.errors.WouldBlock("Resource temporarily unavailable (os error 11)");
  let pauses = 0;
  const read = readerOf([notYet, notYet, bytes(3), notYet, bytes(2)]);
  const whole = await readAll(read, 10, () => {
    pauses++;
    return Promise.resolve();
  });
  assert.equal(whole.length, 5);
  assert.equal(pauses, 3);
});

Deno.test("readAll goes on after an interruption", async () => {
  const whole = await readAll(readerOf([new Deno.errors.Interrupted("x"), bytes(3)]), 10);
  assert.equal(whole.length, 3);
});

for (
  const error of [
    new Deno.errors.IsADirectory("Is a directory (os error 21)"),
    new Error("Bad file descriptor (os error 9)"),
    new Deno.errors.BadResource("Bad resource ID"),
  ]
) {
  Deno.test(`readAll fails with status 74 on "${error.message}"`, async () => {
    await assert.rejects(readAll(readerOf([bytes(3), error]), 10), (failure) => {
      assert.ok(failure instanceof Failure);
      assert.deepEqual(failure.details, {
        status: ExitStatus.io,
        what: "Cannot read standard input",
        why: error.message,
        cause: error,
      });
      return true;
    });
  });
}
