import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { charsetOf, decodeUnicode } from "../../../lib/message/charset.ts";

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
  ["Japanese in ISO-2022-JP", Buffer.from("\x1b$B$3$s\x1b(B ok\n"), "iso-2022-jp"],
  ["Japanese in ISO-2022-JP of 1978", Buffer.from("ok \x1b$@$3$s\x1b(J"), "iso-2022-jp"],
  ["Japanese in the middle of a log", Buffer.from("a\nb \x1b$B4A;z\x1b(B\nc\n"), "iso-2022-jp"],
  ["colours of a terminal", Buffer.from("\x1b[31mred\x1b[0m\n"), "utf-8"],
  ["colours beside what looks Japanese", Buffer.from("\x1b$B$3$s\x1b[0m"), "utf-8"],
  ["an escape at the end", Buffer.from("a\x1b"), "utf-8"],
  ["ISO-2022-JP beside UTF-8", Buffer.from("\x1b$B$3\x1b(B ü"), "utf-8"],
  ["all octets", Uint8Array.from({ length: 256 }, (_, i) => i), "iso-8859-1"],
];

for (const [title, octets, charset] of CHARSETS) {
  Deno.test(`${title} is declared as ${charset}`, () => assert.equal(charsetOf(octets), charset));

  Deno.test(`${title} can be read as ${charset} without loss`, () => {
    const text = new TextDecoder(charset, { fatal: true, ignoreBOM: true }).decode(octets);
    if (charset === "iso-2022-jp") assert.match(text, /[\u3040-\u30ff\u4e00-\u9fff]/);
    else if (charset === "utf-8") {
      assert.deepEqual(new TextEncoder().encode(text), Uint8Array.from(octets));
    } else assert.equal(text.length, octets.length);
  });
}

const TEXT = "Grüße\r\n日本語 👩 \0 x\n";

function utf32(text: string, isLittle: boolean): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * [...text].length));
  [...text].forEach((each, i) => view.setUint32(4 * i, each.codePointAt(0) ?? 0, isLittle));
  return new Uint8Array(view.buffer);
}

const utf16 = (text: string) => Uint8Array.from(Buffer.from(text, "utf16le"));

const UNICODE: [title: string, octets: Uint8Array][] = [
  ["UTF-16, little end first", utf16(`\ufeff${TEXT}`)],
  ["UTF-16, big end first", Uint8Array.from(Buffer.from(`\ufeff${TEXT}`, "utf16le").swap16())],
  ["UTF-32, little end first", utf32(`\ufeff${TEXT}`, true)],
  ["UTF-32, big end first", utf32(`\ufeff${TEXT}`, false)],
];

for (const [title, octets] of UNICODE) {
  Deno.test(`${title}, becomes the same text in UTF-8`, () => {
    const before = octets.slice();
    assert.equal(new TextDecoder().decode(decodeUnicode(octets)), TEXT);
    assert.deepEqual(octets, before);
  });
}

Deno.test("a long text in UTF-16 or UTF-32 becomes the same text in UTF-8", () => {
  const text = "Grüße 👩\n".repeat(100_000);
  for (const octets of [utf16(`\ufeff${text}`), utf32(`\ufeff${text}`, true)]) {
    assert.equal(new TextDecoder().decode(decodeUnicode(octets)), text);
  }
});

Deno.test("a text in UTF-16 that starts with NUL is not UTF-32", () => {
  assert.equal(new TextDecoder().decode(decodeUnicode(utf16("\ufeff\0ab"))), "\0ab");
});

const NOT_UNICODE: [title: string, octets: Uint8Array][] = [
  ["nothing", Uint8Array.of()],
  ["UTF-8 with a byte order mark", Buffer.from("\ufeffa")],
  ["UTF-16 without a mark", utf16("abc")],
  ["UTF-16 that is cut", utf16("\ufeffabc").subarray(0, 7)],
  ["half a pair of surrogates", utf16("\ufeffa\ud800b")],
  ["UTF-32 beyond Unicode", Uint8Array.of(0, 0, 0xfe, 0xff, 0, 0x11, 0, 0)],
  ["a surrogate in UTF-32", Uint8Array.of(0, 0, 0xfe, 0xff, 0, 0, 0xd8, 0)],
  ["half a mark", Uint8Array.of(0xff)],
];

for (const [title, octets] of NOT_UNICODE) {
  Deno.test(`${title} is not decoded`, () => assert.equal(decodeUnicode(octets), undefined));
}
