import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Transform } from "node:stream";
import { buffer } from "node:stream/consumers";
import fc from "fast-check";
import { type DataStream, dataStream } from "../../scripts/bundle/data_stream.ts";
import { SEED } from "../support/program/property.ts";

/** nodemailer's own, a file that it does not export. */
const { default: Library }: { default: new () => DataStream } = await import(
  new URL("data-stream.js", import.meta.resolve("nodemailer/lib/smtp-connection")).href
);

/** What a stream writes, and what it says how much that is. */
async function through(stream: DataStream, chunks: readonly Uint8Array[]) {
  const written = buffer(stream);
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  const octets = await written;
  const { inByteCount, outByteCount } = stream;
  return { text: octets.toString("latin1"), inByteCount, outByteCount };
}

async function assertSame(chunks: readonly string[]): Promise<void> {
  const octets = chunks.map((chunk) => Buffer.from(chunk, "latin1"));
  const [ours, librarys] = [
    await through(dataStream(), octets),
    await through(new Library(), octets),
  ];
  assert.deepEqual(ours, librarys);
}

/** Every chunk, and every two and three of them, so that each border is there. */
const CHUNKS = [
  "",
  "\r",
  "\n",
  "\r\n",
  ".",
  "a",
  "\r.",
  "\n.",
  "\r\n.",
  ".\r",
  "a\r\n.\r\n",
  "\xff",
];

for (const first of CHUNKS) {
  Deno.test(`the stream of the executable writes what nodemailer's does after ${JSON.stringify(first)}`, async () => {
    await assertSame([first]);
    for (const second of CHUNKS) {
      await assertSame([first, second]);
      for (const third of CHUNKS) await assertSame([first, second, third]);
    }
  });
}

Deno.test("a message of no chunk is what it is in nodemailer's stream", () => assertSame([]));

Deno.test("the stream of the executable writes the same bytes as nodemailer's, for any input in any pieces", async () => {
  const piece = fc.constantFrom("\r", "\n", "\r\n", ".", "..", "a", "\0", "\xff", "\xc3\xb6");
  const chunk = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(""));
  const octets = fc.uint8Array().map((array) => Buffer.from(array).toString("latin1"));
  const chunks = fc.array(fc.oneof(chunk, octets), { maxLength: 8 });
  await fc.assert(fc.asyncProperty(chunks, assertSame), { seed: SEED, numRuns: 2000 });
});

Deno.test("a chunk that is right already is not copied", async () => {
  const chunk = Buffer.from("a.b\r\nc\r\n");
  const stream: Transform = dataStream();
  stream.write(chunk);
  const [written] = await Array.fromAsync(stream.end());
  assert.equal(written.buffer, chunk.buffer);
});
