import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { type Mailbox, parseMailboxes } from "../../../lib/address/mailbox.ts";
import {
  fieldsNamed,
  fieldText,
  mailboxField,
  splitHeader,
  textField,
} from "../../../lib/message/header.ts";
import { ExitStatus, Failure } from "../../../lib/outcome.ts";
import { decodeWords } from "../../../lib/address/encoded_words.ts";

const octets = (text: string) => Buffer.from(text, "latin1");

/** The block as [name, text] of its fields, and the body. */
function split(text: string, last: "empty line" | "empty line or end" = "empty line") {
  const message = octets(text);
  const block = splitHeader(message, last);
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
  ["a fold of white space", "A: b\n \nC: d\n\n", [["a", "b"], ["c", "d"]], ""],
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

const OPEN: [title: string, text: string][] = [
  ["a header that ends with its last line", "To: b\nA: c\n"],
  ["a header without a line end", "To: b\nA: c"],
  ["a header that ends in a fold", "To: b\nA:\n c"],
];

for (const [title, text] of OPEN) {
  Deno.test(`splitHeader takes ${title} only where a body may be missing`, () => {
    assert.equal(split(text), undefined);
    assert.deepEqual(split(text, "empty line or end"), {
      fields: [["to", "b"], ["a", "c"]],
      body: "",
    });
  });
}

const INVALID: [title: string, text: string][] = [
  ["nothing", ""],
  ["an empty line", "\n"],
  ["text", "Hello\n\n"],
  ["a line without a colon", "A: b\nHello\n\n"],
  ["a space before the colon", "A : b\n\n"],
  ["an empty name", ": b\n\n"],
  ["an 8-bit name", "\xc4: b\n\n"],
  ["a fold first", " A: b\n\n"],
  ["a CR before the empty line", "A: b\r\n\r\r\n"],
  ["a CR at the end", "A: b\n\r"],
  ["an mbox line and text", "From a\nHello\n\n"],
  ["an mbox line and nothing", "From a\n\n"],
];

for (const [title, text] of INVALID) {
  Deno.test(`splitHeader finds no header in ${title}`, () => {
    assert.equal(split(text, "empty line or end"), undefined);
  });
}

for (
  const text of [
    "A: b\rC: d\n\n",
    "A: b\n c\r d\n\n",
    "A: b\0\n\n",
    "A: b\n \0\n\n",
    "A: b\r\r\n\n",
  ]
) {
  Deno.test(`splitHeader finds that ${JSON.stringify(text)} is not clean`, () => {
    assert.equal(splitHeader(octets(text), "empty line")?.clean, false);
  });
}

Deno.test("splitHeader finds a block clean whatever stands in the body", () => {
  assert.equal(splitHeader(octets("A: b\r\n c\xff\r\n\r\n\0\r"), "empty line")?.clean, true);
});

Deno.test("fieldsNamed gives the fields of one name in their order", () => {
  const message = octets("A: 1\nB: 2\na: 3\n\n");
  const block = splitHeader(message, "empty line");
  assert.ok(block);
  assert.deepEqual(fieldsNamed(block, "a").map((field) => fieldText(message, field)), ["1", "3"]);
});

const WRITTEN: [title: string, text: string, field: string][] = [
  ["plain text", "Disk full", "Subject: Disk full"],
  ["nothing", "", "Subject: "],
  ["quotes and signs", '-- "disk" <full> --', 'Subject: -- "disk" <full> --'],
  ["text outside ASCII", "Straße", "Subject: =?UTF-8?Q?Stra=C3=9Fe?="],
  [
    "a long text in folds",
    `${"word ".repeat(20)}end`,
    "Subject: word word word word word word word word word word word word word\r\n" +
    " word word word word word word word end",
  ],
  ["a tab encoded", "a\tb", "Subject: =?UTF-8?B?YQli?="],
];

for (const [title, text, field] of WRITTEN) {
  Deno.test(`textField writes ${title}`, () => assert.equal(textField("Subject", text), field));
}

const unfold = (field: string) => field.replaceAll(/\r\n(?=[ \t])/g, "");

function assertHeaderLines(field: string): void {
  assert.match(field, /^[\x20-\x7e\r\n]+$/);
  for (const [i, line] of field.split("\r\n").entries()) {
    assert.ok(line.length <= 998, `${line.length}`);
    assert.doesNotMatch(line, /[\r\n]/);
    if (i > 0) assert.match(line, /^ \S/);
  }
}

Deno.test("any one-line text comes back from the field that textField writes", () => {
  const text = fc.string({ unit: "binary", maxLength: 400 }).filter((s) => !/[\r\n\0]/.test(s));
  fc.assert(
    fc.property(text, (subject) => {
      const field = textField("Subject", subject);
      assertHeaderLines(field);
      assert.equal(decodeWords(unfold(field).slice("Subject: ".length)), subject);
    }),
    { numRuns: 1000 },
  );
});

for (const length of [199, 200, 998, 100_000]) {
  Deno.test(`a subject of one word of ${length} characters fits on lines of 998`, () => {
    const field = textField("Subject", "x".repeat(length));
    assertHeaderLines(field);
    assert.equal(decodeWords(unfold(field)).replace(/^Subject: +/, ""), "x".repeat(length));
  });
}

for (const text of ["a\r\nBcc: evil@x.org", "a\nb", "a\rb", "a\r\n b", "\0", "a\n"]) {
  Deno.test(`a field of ${JSON.stringify(text)} is refused with status 64`, () => {
    const named: Mailbox = { name: text, local: "u", domain: "x.org" };
    for (
      const write of [
        () => textField("Subject", text),
        () => mailboxField("To", [named], "h.org"),
        () => mailboxField("To", [{ ...named, name: "", local: text }], "h.org"),
        () => mailboxField("To", [{ ...named, name: "", domain: text }], "h.org"),
      ]
    ) {
      assert.throws(write, (error) => {
        assert.ok(error instanceof Failure);
        assert.equal(error.details.status, ExitStatus.usage);
        assert.match(
          error.details.what,
          /^The (Subject|To) field must not hold a line break or NUL$/,
        );
        return true;
      });
    }
  });
}

Deno.test("a thousand recipients are folded, and read back as the same", () => {
  const mailboxes = Array.from({ length: 1000 }, (_, i) => ({
    name: i % 3 === 0 ? `Müller, Nº ${i}` : i % 3 === 1 ? `Doe, J. ${i}` : "",
    local: `user${i}`,
    domain: "test.example.org",
  }));
  const field = mailboxField("To", mailboxes, "h.org");
  assertHeaderLines(field);
  for (const line of field.split("\r\n")) assert.ok(line.length <= 78, line);
  const read = parseMailboxes(unfold(field).slice("To: ".length), "To");
  assert.deepEqual(
    read.map(({ name, ...rest }) => ({ name: decodeWords(name), ...rest })),
    mailboxes,
  );
});

Deno.test("any names are written on lines of 998 and read back as the same", () => {
  const name = fc.string({ unit: "binary", maxLength: 300 })
    .filter((s) => !/[\r\n\0]/.test(s) && !s.includes("=?"));
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 5 }), (names) => {
      const mailboxes = names.map((name) => ({ name, local: "u", domain: "x.org" }));
      const field = mailboxField("Cc", mailboxes, "h.org");
      assertHeaderLines(field);
      const read = parseMailboxes(unfold(field).slice("Cc: ".length), "Cc");
      assert.deepEqual(read.map(({ name }) => decodeWords(name)), names);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("a local part outside ASCII stays UTF-8, as it has no other form", () => {
  const mailbox = { name: "Jörg", local: "jörg", domain: "x.org" };
  assert.equal(mailboxField("To", [mailbox], "h.org"), "To: =?UTF-8?B?SsO2cmc=?= <jörg@x.org>");
});
