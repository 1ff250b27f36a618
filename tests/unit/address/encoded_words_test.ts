import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeWords, encodeWords, isPlain } from "../../../lib/address/encoded_words.ts";
import { SEED } from "../../support/program/property.ts";

const PLAIN: [title: string, text: string][] = [
  ["the empty text", ""],
  ["printable ASCII", '-- disk full: /var "100%" <!>'],
  ["a word of 199 characters", "x".repeat(199)],
  ["a valid encoded word", "Re: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= x"],
];

for (const [title, text] of PLAIN) {
  Deno.test(`isPlain lets ${title} stand`, () => assert.equal(isPlain(text), true));
}

const NOT_PLAIN: [title: string, text: string][] = [
  ["text outside ASCII", "Grüße"],
  ["a tab", "a\tb"],
  ["an escape character", "a\x1b[31mb"],
  ["a line break", "a\nb"],
  ["a space first", " a"],
  ["a space last", "a "],
  ["two spaces, which folding may part", "a  b"],
  ["a word too long to fold", "x".repeat(200)],
  ["an encoded word of no known encoding", "=?utf-8?X?x?="],
  ["an encoded word across a space", "see =?utf-8?Q?a b?= here"],
  ["an encoded word in the middle of a word", "a=?utf-8?Q?b?="],
  ["an encoded word with a line break in it", "=?utf-8?Q?a=0D=0ABcc:_evil=40x.org?="],
  ["an encoded word with a NUL in it", "a =?utf-8?B?AA==?= b"],
  ["an encoded word over 75 characters", `=?utf-8?Q?${"x".repeat(70)}?=`],
];

for (const [title, text] of NOT_PLAIN) {
  Deno.test(`isPlain has ${title} encoded, and decoding gives it back`, () => {
    assert.equal(isPlain(text), false);
    assert.equal(decodeWords(encodeWords(text)), text);
  });
}

Deno.test("encodeWords writes words of at most 75 characters, each valid", () => {
  for (const text of ["x".repeat(1000), "ü".repeat(1000), "日本語".repeat(300), "👩‍👧".repeat(200)]) {
    const words = encodeWords(text).split(" ");
    for (const word of words) assert.match(word, /^=\?UTF-8\?[QB]\?[\w=+/!*-]{1,63}\?=$/);
    assert.equal(decodeWords(words.join("\r\n ").replaceAll("\r\n", "")), text);
  }
});

Deno.test("encodeWords takes the shorter of Q and B", () => {
  assert.equal(encodeWords("Festplatte im Gerät"), "=?UTF-8?Q?Festplatte_im_Ger=C3=A4t?=");
  assert.equal(encodeWords("日本語"), "=?UTF-8?B?5pel5pys6Kqe?=");
});

Deno.test("any well-formed text comes back from encodeWords and decodeWords", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 300 }), (text) => {
      const encoded = encodeWords(text);
      assert.match(encoded, /^[\x20-\x7e]+$/);
      assert.equal(decodeWords(encoded), text);
    }),
    { seed: SEED, numRuns: 2000 },
  );
});

const DECODED: [title: string, text: string, decoded: string][] = [
  ["plain text", "a =b? c", "a =b? c"],
  ["Q", "=?ISO-8859-1?Q?Gr=FC=DFe_!?=", "Grüße !"],
  ["B", "=?utf-8?b?R3LDvMOfZQ==?=", "Grüße"],
  ["a word between words", "a =?utf-8?q?b?= c", "a b c"],
  ["adjacent words without the space between them", "=?utf-8?q?a?=  =?utf-8?q?b?=", "ab"],
  ["adjacent words of two charsets", "=?utf-8?q?=C3=BC?= =?latin1?q?=FC?=", "üü"],
  ["a character cut in two", "=?UTF-8?Q?=C3?= =?utf-8?Q?=BC?=", "ü"],
  ["a byte order mark as a character", "=?utf-8?q?=EF=BB=BFa?=", "\ufeffa"],
  ["a language", "=?us-ascii*en?q?a?=", "a"],
  ["Japanese in ISO-2022-JP", "=?ISO-2022-JP?B?GyRCRnxLXDhsGyhC?=", "日本語"],
  ["no word of an unknown charset", "=?x-none?q?a?= b", "=?x-none?q?a?= b"],
  ["no words of an unknown charset", "a =?x?q?b?= =?x?q?c?= d", "a =?x?q?b?= =?x?q?c?= d"],
  [
    "words beside one of an unknown charset",
    "=?utf-8?q?a?= =?x?q?b?=\t=?utf-8?q?c?= =?iso-8859-1?q?d?=",
    "a =?x?q?b?=\tcd",
  ],
  ["no word without an end", "=?utf-8?q?a", "=?utf-8?q?a"],
  ["bytes that are not the charset's as replacement characters", "=?utf-8?q?=FF?=", "\ufffd"],
];

for (const [title, text, decoded] of DECODED) {
  Deno.test(`decodeWords reads ${title}`, () => assert.equal(decodeWords(text), decoded));
}

for (const text of ["=?", "=?a", "=?a?q", "=?a?q?", "=?a?q?b?= "]) {
  Deno.test(`decodeWords gives back a megabyte of ${text}, which has no word of a known charset`, () => {
    const long = text.repeat(2 ** 20 / text.length);
    assert.ok(decodeWords(long) === long);
  });
}
