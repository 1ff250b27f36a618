import assert from "node:assert/strict";
import { counted } from "../../../lib/smtp/progress.ts";

/** Goes through a message of so many slices of this size; gives what was told. */
function count(slices: number, size: number) {
  const said: string[] = [];
  const sent: number[] = [];
  const content = Array.from({ length: slices }, () => new Uint8Array(size));
  const options = {
    total: slices * size,
    onSent: (octets: number) => void sent.push(octets),
    transcript: (line: string) => void said.push(line),
  };
  const given = [...counted(content, options)];
  assert.deepEqual(given, content);
  return { said, sent };
}

Deno.test("a small message is one line, when it has gone", () => {
  assert.deepEqual(count(2, 500), {
    said: ["* The message has gone: 1000 bytes"],
    sent: [0, 500, 1000],
  });
});

Deno.test("an empty message has gone at once", () => {
  assert.deepEqual(count(0, 0), { said: ["* The message has gone: 0 bytes"], sent: [0] });
});

Deno.test("of a large message each tenth is told, and no slice before it has gone", () => {
  const { said, sent } = count(200, 128 * 1024);
  assert.equal(said.length, 10);
  assert.equal(said[0], "* 2621440 of 26214400 bytes of the message have gone");
  assert.equal(said.at(-1), "* The message has gone: 26214400 bytes");
  assert.deepEqual([sent[0], sent.at(-1)], [0, 26214400]);
});

Deno.test("of a message of some megabytes each is told", () => {
  const { said } = count(24, 128 * 1024);
  assert.deepEqual(said, [
    "* 1048576 of 3145728 bytes of the message have gone",
    "* 2097152 of 3145728 bytes of the message have gone",
    "* The message has gone: 3145728 bytes",
  ]);
});
