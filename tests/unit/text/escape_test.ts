import assert from "node:assert/strict";
import fc from "fast-check";
import { clip, excerpt, logText, logWord, visible } from "../../../lib/text/escape.ts";
import { formatJson, type JsonValue } from "../../../lib/text/json.ts";
import { SEED } from "../../support/program/property.ts";

/** A text, and what is shown of it. */
const SHOWN: [title: string, text: string, shown: string][] = [
  ["plain words", "550 5.1.1 No such user", "550 5.1.1 No such user"],
  [
    "words outside ASCII",
    "Gr\u00fc\u00dfe \u65e5\u672c \u{1f600}",
    "Gr\u00fc\u00dfe \u65e5\u672c \u{1f600}",
  ],
  ["quotes and backslashes", `"a" 'b' \\`, `"a" 'b' \\`],
  ["a terminal's escapes", "\x1b[31mred\x1b]0;title\x07", "\\x1b[31mred\\x1b]0;title\\x07"],
  ["line ends, tab and NUL", "a\r\nb\tc\0", "a\\x0d\\x0ab\\x09c\\x00"],
  ["DEL and C1", "\x7f\x80\x9b31m\x9f", "\\x7f\\x80\\x9b31m\\x9f"],
  ["line and paragraph separators", "a\u2028b\u2029", "a\\u2028b\\u2029"],
  [
    "turns of the writing direction",
    "\u202egpj.\u2066\u061c\u200f",
    "\\u202egpj.\\u2066\\u061c\\u200f",
  ],
  ["what cannot be seen", "a\u200bb\ufeff\xad", "a\\u200bb\\ufeff\\xad"],
  ["tag characters", "\u{e0041}", "\\u{e0041}"],
  ["halves of a surrogate pair", "\ud83d \ude00", "\\ud83d \\ude00"],
];

for (const [title, text, shown] of SHOWN) {
  Deno.test(`on a terminal, ${title} can be seen and do nothing`, () => {
    assert.equal(visible(text), shown);
  });
}

const CLIPPED: [title: string, text: string, limit: number, clipped: string][] = [
  ["as long as the limit", "abcde", 5, "abcde"],
  ["one longer than the limit", "abcdef", 5, "abcde... (1 more)"],
  ["cut inside a surrogate pair", "abcd\u{1f600}", 5, "abcd... (2 more)"],
];

for (const [title, text, limit, clipped] of CLIPPED) {
  Deno.test(`a text that is ${title} is clipped right`, () => {
    assert.equal(clip(text, limit), clipped);
  });
}

Deno.test("a text that is clipped already stays as it is", () => {
  for (const text of ["abcdefghij", "abcd\u{1f600}fghij"]) {
    assert.equal(clip(clip(text, 5), 5), clip(text, 5));
  }
  assert.equal(clip("abcde", 5, 7), "abcde... (7 more)");
});

const EXCERPTS: [title: string, text: string, shown: string][] = [
  ["short", "a\x1bb", "a\\x1bb"],
  ["too long", "x".repeat(100), `${"x".repeat(50)}... (50 more)`],
  ["too long with its escapes", "\x1b".repeat(50), `${"\\x1b".repeat(12)}...`],
  ["too long with longer ones", "\u202e".repeat(1000), `${"\\u202e".repeat(8)}...`],
  ["too long with the longest", "\u{e0041}".repeat(1000), `${"\\u{e0041}".repeat(5)}...`],
];

for (const [title, text, shown] of EXCERPTS) {
  Deno.test(`an excerpt of a text that is ${title} is visible and short`, () => {
    assert.equal(excerpt(text, 50), shown);
  });
}

const FIELDS: [title: string, text: string, word: string, quoted: string][] = [
  ["an address", "a+b=c@x.org", "a+b=c@x.org", '"a+b=c@x.org"'],
  ["spaces", "a b", "a\\x20b", '"a b"'],
  ["spaces outside ASCII", "a\xa0b\u3000c", "a\\xa0b\\u3000c", '"a\xa0b\u3000c"'],
  ["quotes", 'a" code=250 "', 'a\\"\\x20code=250\\x20\\"', '"a\\" code=250 \\""'],
  ["backslashes", "a\\nb\\", "a\\\\nb\\\\", '"a\\\\nb\\\\"'],
  ["line breaks", "a\r\nb", "a\\x0d\\x0ab", '"a\\x0d\\x0ab"'],
  ["words outside ASCII", "\u65e5\u672c", "\u65e5\u672c", '"\u65e5\u672c"'],
  ["nothing", "", "", '""'],
];

for (const [title, text, word, quoted] of FIELDS) {
  Deno.test(`a field of the log may hold ${title}`, () => {
    assert.equal(logWord(text, 100), word);
    assert.equal(logText(text, 100), quoted);
  });
}

const CUT: [text: string, limit: number, cut: string][] = [
  ["abcdefgh", 8, "abcdefgh"],
  ["abcdefghi", 8, "abcde..."],
  ["abcd\nefgh", 8, "abcd..."],
  ["abcde\n", 8, "abcde..."],
  ["\n\n", 8, "\\x0a\\x0a"],
  ["\n\n\n", 8, "\\x0a..."],
  ["\u65e5\u672c\u8a9e", 8, "\u65e5..."],
  ["\u{1f600}\u{1f600}\u{1f600}", 8, "\u{1f600}..."],
  ['""""""', 8, '\\"\\"...'],
];

for (const [text, limit, cut] of CUT) {
  Deno.test(`a field of the log with ${JSON.stringify(text)} is cut between characters`, () => {
    assert.equal(logWord(text, limit), cut);
    assert.equal(logText(text, limit), `"${cut}"`);
  });
}

const anyText = fc.string({ unit: "binary", maxLength: 300 });

Deno.test("no text leaves its field of the log, or is longer than its limit", () => {
  fc.assert(
    fc.property(anyText, fc.integer({ min: 8, max: 300 }), (text, limit) => {
      const word = logWord(text, limit);
      const quoted = logText(text, limit);
      assert.match(
        word,
        /^(?:[^\s"\\\p{Cc}\p{Cf}]|\\["\\]|\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|\\u\{[0-9a-f]+\})*$/u,
      );
      assert.match(
        quoted,
        /^"(?:[^"\\\p{Cc}\p{Cf}]|\\["\\]|\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|\\u\{[0-9a-f]+\})*"$/u,
      );
      assert(new TextEncoder().encode(word).length <= limit);
      assert(new TextEncoder().encode(quoted).length <= limit + 2);
    }),
    { seed: SEED },
  );
});

Deno.test("JSON can be read by every parser, and is one line of printable ASCII", () => {
  const value: JsonValue = {
    list: [1, -1, true, false, null, "a"],
    empty: [[], {}],
    'a"\n\u00e9': "\u{1f600}\x7f",
  };
  assert.equal(
    formatJson(value),
    '{"list": [1, -1, true, false, null, "a"], "empty": [[], {}], ' +
      '"a\\"\\n\\u00e9": "\\ud83d\\ude00\\u007f"}',
  );
});

Deno.test("JSON leaves out what is undefined", () => {
  assert.equal(formatJson({ a: undefined, b: null }), '{"b": null}');
});

Deno.test("any text comes back from JSON", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const json = formatJson([text]);
      assert.match(json, /^[ -~]*$/);
      assert.deepEqual(JSON.parse(json), [text]);
    }),
    { seed: SEED },
  );
});
