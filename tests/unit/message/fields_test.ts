import assert from "node:assert/strict";
import fc from "fast-check";
import type { Mailbox } from "../../../lib/address/mailbox.ts";
import { parseMailboxes } from "../../../lib/address/parser.ts";
import { decodeWords } from "../../../lib/address/encoded_words.ts";
import { mailboxField, textField } from "../../../lib/message/fields.ts";
import { ExitStatus, Failure } from "../../../lib/outcome.ts";
import { SEED } from "../../support/program/property.ts";

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
    { seed: SEED, numRuns: 1000 },
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
    { seed: SEED, numRuns: 1000 },
  );
});

Deno.test("a local part outside ASCII stays UTF-8, as it has no other form", () => {
  const mailbox = { name: "Jörg", local: "jörg", domain: "x.org" };
  assert.equal(mailboxField("To", [mailbox], "h.org"), "To: =?UTF-8?B?SsO2cmc=?= <jörg@x.org>");
});
