import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { gather, wholeLines, withCrlf } from "../../../lib/message/lines.ts";

const join = (slices: Iterable<Uint8Array>) => Buffer.concat([...slices]).toString("latin1");
const octets = (text: string) => Buffer.from(text, "latin1");

/** Text, with lone CR as line end, with lone CR as text. */
const ROWS: [title: string, text: string, wire: string, canonical: string][] = [
  ["nothing", "", "", ""],
  ["a line", "a\n", "a\r\n", "a\r\n"],
  ["a line in CRLF", "a\r\n", "a\r\n", "a\r\n"],
  ["a line without an end", "a", "a", "a"],
  ["empty lines", "\n\n\r\n\n", "\r\n\r\n\r\n\r\n", "\r\n\r\n\r\n\r\n"],
  ["a lone CR", "a\rb", "a\r\nb", "a\rb"],
  ["a lone CR before CRLF", "a\r\r\nb", "a\r\n\r\nb", "a\r\r\nb"],
  ["LF CR", "a\n\rb", "a\r\n\r\nb", "a\r\n\rb"],
  ["a lone CR last", "a\r", "a\r\n", "a\r"],
  ["a lone CR first", "\ra", "\r\na", "\ra"],
  ["a dot between bare line ends", "\r.\r\n.\n", "\r\n.\r\n.\r\n", "\r.\r\n.\r\n"],
  ["other control characters", "\0\x0b\x0c\x85\xff", "\0\x0b\x0c\x85\xff", "\0\x0b\x0c\x85\xff"],
];

for (const [title, text, wire, canonical] of ROWS) {
  Deno.test(`${title}: line ends become CRLF`, () => {
    assert.equal(join(withCrlf(octets(text), "line end")), wire);
    assert.equal(join(withCrlf(octets(text), "text")), canonical);
  });
}

/** The same in a straightforward way. */
const asOnWire = (text: string) => text.replace(/\r\n|\r|\n/g, "\r\n");

Deno.test("any octets get the line ends of the wire, however they are cut", () => {
  const piece = fc.constantFrom("\r", "\n", "\r\n", "a", ".", "\0", "\xff");
  fc.assert(
    fc.property(fc.array(piece), fc.constantFrom(0, 65_534, 65_535, 65_536), (pieces, lead) => {
      const text = "x".repeat(lead) + pieces.join("");
      assert.equal(join(withCrlf(octets(text), "line end")), asOnWire(text));
      assert.equal(
        join(withCrlf(octets(text), "text")),
        text.replace(/\r?\n/g, "\r\n"),
      );
    }),
    { numRuns: 500 },
  );
});

Deno.test("a text that is right already is not copied", () => {
  const text = octets("a\r\n".repeat(100_000));
  for (const slice of withCrlf(text, "line end")) assert.equal(slice.buffer, text.buffer);
});

Deno.test("wholeLines ends the last line and adds no empty one", () => {
  for (const [text, whole] of [["", ""], ["a", "a\r\n"], ["a\r", "a\r\n"], ["a\n", "a\r\n"]]) {
    assert.equal(join(wholeLines(octets(text ?? ""))), whole);
  }
});

Deno.test("wholeLines does the same in place, and writes nothing behind the room that it needs", () => {
  const piece = fc.constantFrom("\r", "\n", "\r\n", "a", ".", "x".repeat(65_535));
  fc.assert(
    fc.property(fc.array(piece), fc.nat(8), (pieces, spare) => {
      const text = octets(pieces.join(""));
      const whole = join(wholeLines(text));
      const buffer = new Uint8Array(1 + whole.length + spare).fill(7);
      buffer.set(text, 1);
      const room = buffer.subarray(1);
      const slices = [...wholeLines(room.subarray(0, text.length), room)];
      assert.ok(slices.every((slice) => slice.buffer === buffer.buffer));
      assert.equal(join(slices), whole);
      assert.deepEqual([buffer[0], ...room.subarray(whole.length)], Array(1 + spare).fill(7));
    }),
    { numRuns: 500 },
  );
});

Deno.test("wholeLines makes slices of its own where the room does not do", () => {
  const buffer = octets("a\nb\nc");
  assert.equal(join(wholeLines(buffer.subarray(0, 4), buffer)), "a\r\nb\r\n");
  assert.equal(join(wholeLines(buffer.subarray(0, 5), buffer)), "a\r\nb\r\nc\r\n");
});

for (const size of [1, 100, 65_535, 65_536, 131_072, 1_000_000]) {
  Deno.test(`a text of ${size} octets leaves in slices of 64 to 256 KB`, () => {
    for (const line of ["\n", "a\n", `${"a".repeat(76)}\r\n`]) {
      const text = octets(line.repeat(Math.ceil(size / line.length)).slice(0, size));
      const slices = gather([octets("Subject: x\r\n\r\n"), ...wholeLines(text)]);
      for (const [i, { length }] of slices.entries()) {
        assert.ok(length <= 256 * 1024, `${length}`);
        if (i < slices.length - 1) assert.ok(length >= 64 * 1024, `${length}`);
      }
      assert.equal(join(slices), `Subject: x\r\n\r\n${join(wholeLines(text))}`);
    }
  });
}

Deno.test("a short message is one slice", () => {
  assert.equal(gather([octets("a"), octets(""), octets("b")]).length, 1);
  assert.deepEqual(gather([]), []);
});
