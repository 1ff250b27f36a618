import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import {
  joinParts,
  type Part,
  partOf,
  wholeLines,
  withCrlf,
  withLargerSlices,
} from "../../../lib/message/lines.ts";
import { SEED } from "../../support/program/property.ts";

/** The octets of a part, which are the same each time, and as many and as they are said to be. */
function join({ size, isAscii, slices }: Part): string {
  const octets = Buffer.concat([...slices]);
  assert.equal(size, octets.length);
  assert.equal(isAscii, octets.every((octet) => octet < 0x80));
  assert.deepEqual(Buffer.concat([...slices]), octets);
  return octets.toString("latin1");
}

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
    { seed: SEED, numRuns: 500 },
  );
});

Deno.test("a text that is right already is not copied", () => {
  const text = octets("a\r\n".repeat(100_000));
  for (const slice of withCrlf(text, "line end").slices) assert.equal(slice.buffer, text.buffer);
});

Deno.test("wholeLines ends the last line and adds no empty one", () => {
  for (const [text, whole] of [["", ""], ["a", "a\r\n"], ["a\r", "a\r\n"], ["a\n", "a\r\n"]]) {
    assert.equal(join(wholeLines(octets(text ?? ""))), whole);
  }
});

Deno.test("the octets that lines are made of are not changed", () => {
  for (const text of ["a\nb\rc", `${"a\n".repeat(70_000)}\r`, "\xff\n"]) {
    const given = octets(text);
    join(wholeLines(given));
    assert.equal(given.toString("latin1"), text);
  }
});

for (const size of [1, 100, 65_535, 65_536, 131_072, 1_000_000]) {
  Deno.test(`a text of ${size} octets leaves in slices of 32 to 256 KiB`, () => {
    for (const line of ["\n", "a\n", `${"a".repeat(76)}\r\n`]) {
      const text = octets(line.repeat(Math.ceil(size / line.length)).slice(0, size));
      const part = withLargerSlices(
        joinParts([partOf(octets("Subject: x\r\n\r\n")), wholeLines(text)]),
      );
      const slices = [...part.slices];
      for (const [i, { length }] of slices.entries()) {
        assert.ok(length <= 256 * 1024, `${length}`);
        if (i < slices.length - 1) assert.ok(length >= 32 * 1024, `${length}`);
      }
      assert.equal(join(part), `Subject: x\r\n\r\n${join(wholeLines(text))}`);
    }
  });
}

Deno.test("a short message is one slice", () => {
  const parts = ["a", "", "b"].map((text) => partOf(octets(text)));
  assert.equal([...withLargerSlices(joinParts(parts)).slices].length, 1);
  assert.deepEqual([...withLargerSlices(joinParts([])).slices], []);
});
