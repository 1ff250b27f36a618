import assert from "node:assert/strict";
import { withProgress } from "../../../lib/smtp/progress.ts";

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
  const given = [...withProgress(content, options)];
  assert.deepEqual(given, content);
  return { said, sent };
}

Deno.test("a small message gives one line, when it is sent", () => {
  assert.deepEqual(count(2, 500), {
    said: ["* The message is sent: 1000 bytes"],
    sent: [0, 500, 1000],
  });
});

Deno.test("an empty message is sent at once", () => {
  assert.deepEqual(count(0, 0), { said: ["* The message is sent: 0 bytes"], sent: [0] });
});

Deno.test("each tenth of a large message is reported, and no slice before it is sent", () => {
  const { said, sent } = count(200, 128 * 1024);
  assert.equal(said.length, 10);
  assert.equal(said[0], "* 2621440 of 26214400 bytes of the message are sent");
  assert.equal(said.at(-1), "* The message is sent: 26214400 bytes");
  assert.deepEqual([sent[0], sent.at(-1)], [0, 26214400]);
});

Deno.test("each megabyte of a message of a few megabytes is reported", () => {
  const { said } = count(24, 128 * 1024);
  assert.deepEqual(said, [
    "* 1048576 of 3145728 bytes of the message are sent",
    "* 2097152 of 3145728 bytes of the message are sent",
    "* The message is sent: 3145728 bytes",
  ]);
});
