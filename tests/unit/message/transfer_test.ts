import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { encodeBody, type Encoded } from "../../../lib/message/transfer.ts";
import { SEED } from "../../support/program/property.ts";

const octets = (text: string) => Buffer.from(text, "latin1");

function encode(text: Uint8Array): { encoding: Encoded["encoding"]; wire: string } {
  const { encoding, size, isAscii, slices } = encodeBody(text);
  const wire = Buffer.concat([...slices]).toString("latin1");
  assert.deepEqual({ size, isAscii }, { size: wire.length, isAscii: true });
  assert.equal(Buffer.concat([...slices]).toString("latin1"), wire);
  return { encoding, wire };
}

/** What a receiver makes of it (RFC 2045, 6.7 and 6.8). */
function decode({ encoding, wire }: ReturnType<typeof encode>): string {
  if (encoding === "7bit") return wire;
  if (encoding === "base64") return Buffer.from(wire, "base64").toString("latin1");
  return wire.replace(/=\r\n/g, "").replace(
    /=([0-9A-F]{2})/g,
    (_, hex: string) => String.fromCharCode(parseInt(hex, 16)),
  );
}

const canonical = (text: string) => text.replace(/\r?\n/g, "\r\n");

/** Text, encoding, exact bytes on the wire. */
const ROWS: [title: string, text: string, encoding: string, wire: string][] = [
  ["nothing", "", "7bit", ""],
  ["a line", "Hello\n", "7bit", "Hello\r\n"],
  ["a line without an end", "Hello", "7bit", "Hello\r\n"],
  ["dots", ".\n..\n.a\n", "7bit", ".\r\n..\r\n.a\r\n"],
  ["white space at a line end", "a \t\n", "7bit", "a \t\r\n"],
  ["a form feed and an escape", "\x0c\x1b[1m\n", "7bit", "\x0c\x1b[1m\r\n"],
  ["a line of 998", `${"a".repeat(998)}\n`, "7bit", `${"a".repeat(998)}\r\n`],
  ["a line of 998 in CRLF", `${"a".repeat(998)}\r\n`, "7bit", `${"a".repeat(998)}\r\n`],
  ["some Latin 1", "Gr\xfc\xdfe aus Rom = x\n", "quoted-printable", "Gr=FC=DFe aus Rom =3D x\r\n"],
  [
    "8-bit text without an end",
    "Gr\xfc\xdfe aus Rom",
    "quoted-printable",
    "Gr=FC=DFe aus Rom=\r\n",
  ],
  [
    "white space before an end",
    "a \xfc \t\nbcd\t\nefghi",
    "quoted-printable",
    "a =FC =09\r\nbcd=09\r\nefghi=\r\n",
  ],
  ["white space last of all", "abcde \xfc efgh ", "quoted-printable", "abcde =FC efgh=20=\r\n"],
  ["a NUL", "abcdefghijk\0l\n", "quoted-printable", "abcdefghijk=00l\r\n"],
  ["a lone CR", "abcdefghijk\rl\n", "quoted-printable", "abcdefghijk=0Dl\r\n"],
  ["a lone CR last", "abcdefghijkl\r", "quoted-printable", "abcdefghijkl=0D=\r\n"],
  ["a CR too many", "abcdefghijkl\r\r\n", "quoted-printable", "abcdefghijkl=0D\r\n"],
  ["little but 8-bit", "\xfc\xfd\xfe", "base64", "/P3+\r\n"],
  ["one octet", "\xfc", "base64", "/A==\r\n"],
  ["two octets", "\xfc\xfd", "base64", "/P0=\r\n"],
  ["a line end before base64", "\xfc\n\xfd", "base64", "/A0K/Q==\r\n"],
  ["a full line of base64", "\xff".repeat(57), "base64", `${"/".repeat(76)}\r\n`],
  ["more than a line of base64", "\xff".repeat(58), "base64", `${"/".repeat(76)}\r\n/w==\r\n`],
];

for (const [title, text, encoding, wire] of ROWS) {
  Deno.test(`${title} goes as ${encoding}`, () => {
    assert.deepEqual(encode(octets(text)), { encoding, wire });
  });
}

for (const text of [`${"a".repeat(999)}\n`, "a".repeat(999), `b\n${"a".repeat(999)}\r\nb\n`]) {
  Deno.test(`a line over 998 octets is encoded (${text.length} octets)`, () => {
    const encoded = encode(octets(text));
    assert.equal(encoded.encoding, "quoted-printable");
    assert.equal(decode(encoded), canonical(text));
  });
}

function assertSafe(text: string): void {
  const encoded = encode(octets(text));
  const { encoding, wire } = encoded;
  assert.match(wire, /^\p{ASCII}*$/u);
  assert.doesNotMatch(wire, /\0|\r(?!\n)|(?<!\r)\n/);
  const longest = encoding === "7bit" ? 998 : 76;
  for (const line of wire.split("\r\n")) assert.ok(line.length <= longest, `${line.length}`);
  if (encoding !== "7bit") assert.doesNotMatch(wire, /[ \t]\r\n/);
  assert.ok(wire === "" || wire.endsWith("\r\n"));
  const expected = canonical(text);
  const received = decode(encoded);
  if (encoding === "7bit" && !expected.endsWith("\r\n") && text !== "") {
    assert.equal(received, `${expected}\r\n`);
  } else assert.equal(received, expected);
}

Deno.test("any octets come out as they went in, on lines that every server takes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), (text) => {
      assertSafe(Buffer.from(text).toString("latin1"));
    }),
    { seed: SEED, numRuns: 1000 },
  );
});

Deno.test("any text of line ends, white space and a few signs comes out as it went in", () => {
  const sign = fc.constantFrom(
    ...["\r", "\n", "\r\n", " ", "\t", "=", ".", "a", "\xfc", "\0", "From ", "x".repeat(75)],
  );
  fc.assert(
    fc.property(fc.array(sign, { maxLength: 60 }), (signs) => assertSafe(signs.join(""))),
    { seed: SEED, numRuns: 3000 },
  );
});

for (
  const [title, line] of [
    ["German", "Größe, Straße, Fuß: alles in Ordnung = gut.\n"],
    ["Japanese", "日本語のメールです。\n"],
    ["one line", "abc "],
    ["octets", "\xff\0\r\x80"],
  ] as const
) {
  Deno.test(`a text longer than a slice comes out as it went in: ${title}`, () => {
    const text = Buffer.from(line.repeat(400_000 / line.length));
    assertSafe(text.toString("latin1"));
  });
}

/** 57 octets become 78; quoted-printable is shorter while escapes add no more than that. */
for (const [escapes, encoding] of [[18, "quoted-printable"], [19, "base64"]] as const) {
  Deno.test(`${escapes} escapes among 100 octets go as ${encoding}`, () => {
    const text = octets("\xfc".repeat(escapes) + "a".repeat(100 - escapes));
    assert.equal(encode(text).encoding, encoding);
  });
}
