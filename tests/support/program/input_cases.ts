/**
 * Command lines and inputs that chance has made of nasty pieces.
 *
 * Whoever may get mail has an address at `good.test` on the command line, or at `head.test` in a
 * recipient field of the header; the sender is at `sender.test`. Wherever a text only looks like a
 * recipient, in a name, a comment, a subject, another field or a body, it is at `bait.test`; what
 * would be a field if a line break got through is called `X-Bait`.
 *
 * @module
 */

import fc from "fast-check";

/** One run: the arguments and standard input. */
export type InputCase = { args: string[]; stdin: Uint8Array };

/** Texts that would be more than text, if something went wrong. */
const BREAKS = [
  "\n",
  "\r",
  "\r\n",
  "\r\n.\r\n",
  "x\nX-Bait: 1\n",
  "x\r\nRCPT TO:<a@bait.test>\r\n",
  "\u2028",
  "\u0085",
  "\v",
];

const NASTY = [
  ...BREAKS,
  "",
  " ",
  "\t",
  '"',
  "\\",
  "(",
  ")",
  "<",
  ">",
  "<>",
  ":",
  ";",
  ",",
  "@",
  "=",
  "-",
  "--",
  "%",
  "=?",
  "?=",
  "=?utf-8?q?=0AX-Bait:_1?=",
  "=?utf-8?b?CkJjYzogYUBiYWl0LnRlc3Q=?=",
  "=?utf-8?q?a=40bait.test?=",
  "\uff20bait.test",
  "\x1b[31m",
  "ä",
  "\u{1f600}",
  "\ufffd",
  "a b",
  "...",
];

const nasty = fc.constantFrom(...NASTY);

/** A short text of nasty pieces and words. */
const junk = fc.array(fc.oneof(nasty, fc.constantFrom("a", "Ann", "x.y", "1")), { maxLength: 5 })
  .map((pieces) => pieces.join(""));

/** A piece so often that nothing may count it in vain. */
const flood = fc.tuple(fc.constantFrom(...NASTY, "a.", "a@", "x "), fc.integer({ min: 4, max: 12 }))
  .map(([piece, power]) => piece.repeat(2 ** power));

const local = fc.constantFrom(
  "a",
  "ann.smith",
  "o'brien",
  "b+c",
  "a..b",
  "mario.",
  "o\\'brien",
  '"a b"',
  '"x@bait.test"',
  '"a\\"b"',
  "jörg",
  "u%bait.test",
  "bait.test!u",
);

/** One address at a domain, as callers write it, with bait around it. */
function addressAt(domain: string): fc.Arbitrary<string> {
  const plain = local.map((name) => `${name}@${domain}`);
  const named = fc.tuple(
    fc.constantFrom(
      '"a@bait.test" ',
      "a@bait.test ",
      "(a@bait.test) ",
      "=?utf-8?q?a@bait.test,?= ",
      '"Rossi, <a@bait.test>" ',
      "Ann [IT] ",
      "Dr. A: B ",
      "Ann ",
      "",
    ),
    plain,
    fc.constantFrom("", " (a@bait.test)", " (, a@bait.test)"),
  ).map(([name, address, comment]) => `${name}<${address}>${comment}`);
  const odd = fc.tuple(
    plain,
    fc.constantFrom("(x)bait.test", ".", " (a@bait.test)", ">", "@bait.test"),
  )
    .map(([address, tail]) => address + tail);
  const routed = plain.map((address) => `<@bait.test:${address}>`);
  return fc.oneof(
    { weight: 4, arbitrary: plain },
    { weight: 6, arbitrary: named },
    { weight: 1, arbitrary: odd },
    { weight: 1, arbitrary: routed },
  );
}

/** A list of addresses and junk. */
function listAt(domain: string): fc.Arbitrary<string> {
  const entry = fc.oneof(
    { weight: 12, arbitrary: addressAt(domain) },
    { weight: 1, arbitrary: junk },
    { weight: 1, arbitrary: fc.constantFrom("root", "undisclosed-recipients:;", "team: ") },
  );
  return fc.array(fc.tuple(entry, fc.constantFrom(", ", ", ", ",", ";", " ; ", " ")), {
    minLength: 1,
    maxLength: 4,
  }).map((list) =>
    list.map(([text, separator]) => text + separator).join("").replace(/[,; ]$/, "")
  );
}

const text = fc.oneof(
  junk,
  junk,
  flood,
  fc.constantFrom("Disk full", "a@bait.test", "-t", "--help"),
);

const option = fc.oneof(
  fc.tuple(fc.constantFrom("-s", "--subject", "-F", "--sub"), text),
  fc.tuple(fc.constantFrom("-f", "--from", "-r"), addressAt("sender.test")),
  fc.tuple(fc.constantFrom("--cc", "--bcc"), listAt("good.test")),
  fc.tuple(fc.constantFrom("-h", "-V", "-N", "-R", "-L", "-O", "-X", "-e", "-A", "-o", "-B"), text),
  fc.constantFrom(["-i"], ["-oi"], ["-em"], ["-p"], ["-bm"], ["-v"], ["-vv"], ["-i".repeat(50)]),
  fc.constantFrom(["--html"], ["--json"], ["--retry", "0"], ["--timeout", "60"]),
  fc.tuple(
    fc.constantFrom("--bogus", "-bp", "-q", "-y", "--su", "--html=x", "--retry", "--timeout"),
    text,
  ),
  fc.tuple(junk),
).map((words) => [...words]);

const NO_OPTION: string[][] = [];

const args = fc.tuple(
  fc.oneof(fc.constant(NO_OPTION), fc.array(option, { maxLength: 4 })),
  fc.constantFrom([], [], ["-t"], ["-ti"]),
  fc.constantFrom([], [], [], ["--dry-run"], ["--dry"], ["--check"]),
  fc.array(
    fc.oneof({ weight: 8, arbitrary: listAt("good.test") }, {
      weight: 1,
      arbitrary: fc.oneof(junk, flood),
    }),
    {
      maxLength: 3,
    },
  ),
  fc.constantFrom(1, 1, 1, 1, 500),
).map(([options, read, mode, operands, times]) => [
  ...mode,
  ...read,
  ...options.flat(),
  ...Array.from({ length: times }, () => operands).flat(),
]);

const field = fc.oneof(
  fc.tuple(fc.constantFrom("To", "Cc", "Bcc", "BCC", "to ", "Resent-Bcc"), listAt("head.test")),
  fc.tuple(fc.constantFrom("From", "Sender", "Reply-To", "Return-Path"), addressAt("sender.test")),
  fc.tuple(fc.constantFrom("Subject", "X-Note", "Comments"), text),
  fc.constantFrom(
    ["MIME-Version", "1.0"],
    ["Content-Type", "text/html; charset=utf-8"],
    ["Content-Type", 'multipart/mixed; boundary="b"'],
    ["Date", "yesterday"],
    ["Message-ID", "<>"],
  ),
).map(([name, value]) => `${name}: ${value}`);

/** Bytes that are not UTF-8, NUL and odd line ends come in at any place. */
const input = fc.tuple(
  fc.constantFrom("", "", "From root Mon Nov 14 23:42:00 2016\n", "\ufeff", "\n"),
  fc.array(field, { maxLength: 6 }),
  fc.constantFrom("\n", "\r\n", "\r\r\n"),
  fc.constantFrom("\n", "\n", "", "  \n", "no field\n"),
  fc.oneof(junk, flood, fc.constantFrom("Hello\n", "<html>\n", "--b\n\nx\n--b--\n", ".\n..\n")),
  fc.option(
    fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 0x80, 0xff, 13)),
  ),
).map(([start, fields, end, gap, body, spoilt]) => {
  const header = fields.map((line) => `${line}\n`).join("").replaceAll("\n", end);
  const bytes = new TextEncoder().encode(start + header + gap + body);
  if (spoilt !== null && bytes.length > 0) {
    const [place, byte] = spoilt;
    bytes[Math.floor(place * (bytes.length - 1))] = byte;
  }
  return bytes;
});

/** The most characters of all arguments: Linux takes 2 MB, and 128 KB of each. */
const MOST_ARGUMENTS = 300_000;

/** What the system lets through: no NUL, no half of a surrogate pair, and not too much. */
function possible(words: readonly string[]): string[] {
  let size = 0;
  return words.map((word) => word.replaceAll("\0", "").toWellFormed())
    .filter((word) => (size += word.length + 16) < MOST_ARGUMENTS);
}

/** Any run. */
export const inputCase: fc.Arbitrary<InputCase> = fc.tuple(args, input).map(([words, stdin]) => ({
  args: possible(words),
  stdin,
}));
