import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  fieldsNamed,
  fieldText,
  type HeaderBlock,
  singleCr,
  splitHeader,
} from "../../../lib/message/header.ts";

const octets = (text: string) => Buffer.from(text, "latin1");

/** The block as [name, text] of its fields, and the body. */
function split(text: string) {
  const message = octets(text);
  const block = splitHeader(message);
  if (block === undefined) return undefined;
  return {
    fields: block.fields.map((field) => [field.name, fieldText(message, field)]),
    body: message.subarray(block.body).toString("latin1"),
  };
}

const SPLIT: [title: string, text: string, fields: [string, string][], body: string][] = [
  ["a field", "Subject: a\n\nb", [["subject", "a"]], "b"],
  ["CRLF", "Subject: a\r\nTo: b\r\n\r\nc\r\n", [["subject", "a"], ["to", "b"]], "c\r\n"],
  ["folded lines", "A: b\n c\n\t d\nE: f\n\n", [["a", "b c\t d"], ["e", "f"]], ""],
  ["folded lines in CRLF", "A:\r\n b\r\n\r\nx", [["a", "b"]], "x"],
  ["a fold of white space", "A: b\n \nTo: d\n\n", [["a", "b"], ["to", "d"]], ""],
  ["folds of white space", "A: b\n \n\t \n\n", [["a", "b"]], ""],
  ["a fold behind white space", "A: b\n \n c\nX-D: e\n\nf", [["a", "b  c"], ["x-d", "e"]], "f"],
  ["a blank before the colon", "A : b\nC\t \t:d\n\n", [["a", "b"], ["c", "d"]], ""],
  ["a From field with blanks before its colon", "From \t: a\nTo: b\n\n", [
    ["from", "a"],
    ["to", "b"],
  ], ""],
  ["CR CR LF", "A: b\r\r\n c\r\r\nD: e\r\r\n\r\r\nf", [["a", "b\r c"], ["d", "e"]], "f"],
  ["CR CR LF as the empty line only", "A: b\n\r\r\nc", [["a", "b"]], "c"],
  ["a byte order mark", "\xef\xbb\xbfA: b\n\nc", [["a", "b"]], "c"],
  ["a byte order mark and an mbox line", "\xef\xbb\xbfFrom a\nA: b\n\nc", [["a", "b"]], "c"],
  ["a quoted mbox line", ">From a b c\nA: b\n\nc", [["a", "b"]], "c"],
  ["the mbox lines of UUCP", "From a\n>From b\n>From c\nA: b\n\nc", [["a", "b"]], "c"],
  ["Windows-1252 in a value", "A: \x93\xfc\x94\n\n", [["a", "“ü”"]], ""],
  ["empty values", "A:\nB: \n\n", [["a", ""], ["b", ""]], ""],
  ["the same name twice", "A: b\nA: c\n\n", [["a", "b"], ["a", "c"]], ""],
  ["colons in a value", "A: b:c: d\n\n", [["a", "b:c: d"]], ""],
  ["no space behind the colon", "A:b\n\n", [["a", "b"]], ""],
  ["white space round a value", "A: \t b \t\n\n", [["a", "b"]], ""],
  ["an mbox line", "From a b c\nA: b\n\nc", [["a", "b"]], "c"],
  ["UTF-8 in a value", "A: \xc3\xbc\n\n", [["a", "ü"]], ""],
  ["Latin 1 in a value", "A: \xfc\n\n", [["a", "ü"]], ""],
  ["an encoded word as it is", "A: =?utf-8?q?b?=\n\n", [["a", "=?utf-8?q?b?="]], ""],
  ["an empty line in the body", "A: b\n\n\n\nc", [["a", "b"]], "\n\nc"],
];

for (const [title, text, fields, body] of SPLIT) {
  Deno.test(`splitHeader finds ${title}`, () => assert.deepEqual(split(text), { fields, body }));
}

const ENDINGS: [ending: HeaderBlock["ending"], text: string, body: string][] = [
  ["empty line", "A: b\n\nc", "c"],
  ["empty line", "A: b\r\n\r\nc", "c"],
  ["empty line", "A: b\r\r\n\r\r\nc", "c"],
  ["empty line", "A: b\n \n\nc", "c"],
  ["line of blanks", "A: b\n \nc", "c"],
  ["line of blanks", "A: b\r\n\t \r\nc\r\n", "c\r\n"],
  ["line of blanks", "A: b\n  \n \nc", " \nc"],
  ["line of blanks", "A: b\n  \n indented\nc", " indented\nc"],
  ["line of blanks", "A: b\n  \nNote: c\n\nTo: d", "Note: c\n\nTo: d"],
  ["end of input", "A: b\n", ""],
  ["end of input", "A: b", ""],
  ["end of input", "A:\n b", ""],
  ["end of input", "A: b\n  ", ""],
  ["text", "A: b\nHello\nTo: c\n", "Hello\nTo: c\n"],
  ["text", "A: b\nOn Monday: c\n", "On Monday: c\n"],
  ["text", "A: b\n: c\n", ": c\n"],
  ["text", "A: b\n\xc4: c\n", "\xc4: c\n"],
  ["text", "A: b\n>From a\nBcc: c\n", ">From a\nBcc: c\n"],
  ["text", "A: b\n\r", "\r"],
  ["text", `A: b\n${"x".repeat(999)}: c\n`, `${"x".repeat(999)}: c\n`],
];

for (const [ending, text, body] of ENDINGS) {
  const start = JSON.stringify(text.slice(0, 40));
  Deno.test(`splitHeader finds that the header of ${start} ends with ${ending}`, () => {
    assert.equal(splitHeader(octets(text))?.ending, ending);
    assert.equal(split(text)?.body, body);
  });
}

const INVALID: [title: string, text: string][] = [
  ["nothing", ""],
  ["an empty line", "\n"],
  ["text", "Hello\n\n"],
  ["an empty name", ": b\n\n"],
  ["an 8-bit name", "\xc4: b\n\n"],
  ["a space in a name", "A b: c\n\n"],
  ["a fold first", " A: b\n\n"],
  ["a line of blanks first", "  \nA: b\n\n"],
  ["an mbox line and text", "From a\nHello\n\n"],
  ["an mbox line and nothing", "From a\n\n"],
];

for (const [title, text] of INVALID) {
  Deno.test(`splitHeader finds no header in ${title}`, () => {
    assert.equal(split(text), undefined);
  });
}

for (
  const text of [
    "A: b\rC: d\n\n",
    "A: b\n c\r d\n\n",
    "A: b\0\n\n",
    "A: b\n \0\n\n",
    "A: b\r\r\r\n\n",
    "A: b\r",
    "A: b\n c\r",
  ]
) {
  Deno.test(`splitHeader finds that ${JSON.stringify(text)} is not clean`, () => {
    assert.equal(splitHeader(octets(text))?.clean, false);
  });
}

Deno.test("splitHeader finds a block clean whatever stands in the body", () => {
  assert.equal(splitHeader(octets("A: b\r\n c\xff\r\n\r\n\0\r"))?.clean, true);
});

Deno.test("fieldsNamed gives the fields of one name in their order", () => {
  const message = octets("A: 1\nB: 2\na: 3\n\n");
  const block = splitHeader(message);
  assert.ok(block);
  assert.deepEqual(fieldsNamed(block, "a").map((field) => fieldText(message, field)), ["1", "3"]);
});

for (
  const [text, single] of [
    ["", ""],
    ["a\r\r\nb\r\r\n\r\r\n", "a\r\nb\r\n\r\n"],
    ["a\r\nb\nc\r\r\nd", "a\r\nb\nc\r\nd"],
    ["a\rb\r\rc\r\r\r\n\r", "a\rb\r\rc\r\r\n\r"],
  ] as const
) {
  Deno.test(`singleCr makes ${JSON.stringify(single)} of ${JSON.stringify(text)}`, () => {
    assert.equal(Buffer.from(singleCr(octets(text))).toString("latin1"), single);
  });
}
