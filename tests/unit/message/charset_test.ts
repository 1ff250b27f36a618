import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { charsetOf } from "../../../lib/message/charset.ts";

const CHARSETS: [title: string, octets: Uint8Array, charset: string][] = [
  ["nothing", Buffer.from(""), "utf-8"],
  ["ASCII", Buffer.from("Hello"), "utf-8"],
  ["UTF-8", Buffer.from("Grüße 日本語 👩"), "utf-8"],
  ["UTF-8 with a byte order mark", Buffer.from("\ufeffa"), "utf-8"],
  ["NUL", Buffer.from("a\0b"), "utf-8"],
  ["Latin 1", Buffer.from("Gr\xfc\xdfe", "latin1"), "iso-8859-1"],
  ["the quotes of Windows", Buffer.from("\x93Gr\xfc\xdfe\x94", "latin1"), "windows-1252"],
  ["what windows-1252 leaves open", Buffer.from("\x93\x81", "latin1"), "iso-8859-1"],
  ["UTF-8 cut within a character", Buffer.from("Grüße").subarray(0, 3), "iso-8859-1"],
  ["surrogates in UTF-8", Buffer.from([0xed, 0xa0, 0x80]), "windows-1252"],
  ["too long a form in UTF-8", Buffer.from([0xc0, 0xaf]), "iso-8859-1"],
  ["all octets", Uint8Array.from({ length: 256 }, (_, i) => i), "iso-8859-1"],
];

for (const [title, octets, charset] of CHARSETS) {
  Deno.test(`${title} is declared as ${charset}`, () => assert.equal(charsetOf(octets), charset));

  Deno.test(`${title} can be read as ${charset} without loss`, () => {
    const text = new TextDecoder(charset, { fatal: true, ignoreBOM: true }).decode(octets);
    if (charset === "utf-8") {
      assert.deepEqual(new TextEncoder().encode(text), Uint8Array.from(octets));
    } else assert.equal(text.length, octets.length);
  });
}
