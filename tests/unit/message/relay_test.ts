import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { parseOptions } from "../../../lib/command_line/options.ts";
import { buildMessage } from "../../../lib/message/message.ts";
import { Failure } from "../../../lib/outcome.ts";
import { SEED } from "../../support/program/property.ts";

const context = { hostName: "node.example.org", now: new Date(0), id: "unique.id" };

const REMOVED = ["Bcc", "bCC", "Resent-Bcc", "Return-Path", "CONTENT-LENGTH"];

const KEPT = ["From", "to", "CC", "Subject", "X-Bcc", "Date", "Message-ID", "Reply-To", "Sender"];

const NAME = fc.constantFrom(...REMOVED, ...KEPT);

const VALUE = fc.constantFrom(
  ...["", " ", " root", " a@x.org", " A <root>", " a@x.org, b", ' "x, y" <z@x.org>', " g: a, b;"],
  ...[" gr\xfc\xdfe", " (c) root (d)", "\ta@x.org\t", ' "', " (", " <", " x\r", " \0"],
);

const FOLD = fc.constantFrom("", "", "", "\n a", "\n \n\tb", "\n ", "\n\t\n \n c", "\n Bcc: d");

const FIELD = fc.tuple(NAME, fc.constantFrom("", "", " ", "\t "), VALUE, FOLD)
  .map(([name, blanks, value, fold]) => `${name}${blanks}:${value}${fold}\n`);

const END = fc.constantFrom(
  "",
  "\n",
  "\n\n",
  " \n",
  "\t\nHello\n",
  "Hello\n",
  ">From a\n",
  ": b\n",
);

const BODY = fc.constantFrom("", "Bcc: body@x.org\n", "a\n\nb\rc\0", "\ufeff<p>\xff\n");

const PREFACE = fc.constantFrom("", "", "From a b\n", ">From a\n>From b\n", "\xef\xbb\xbf");

const MESSAGE = fc.tuple(
  PREFACE,
  fc.array(FIELD, { minLength: 1, maxLength: 8 }),
  END,
  BODY,
  fc.constantFrom("\n", "\n", "\r\n", "\r\r\n"),
).map(([preface, fields, end, body, lineEnd]) =>
  (preface + fields.join("") + end).replaceAll("\n", lineEnd) + body
);

Deno.test("whatever header comes in, the one that goes out is strict and shows no Bcc", () => {
  let sent = 0;
  fc.assert(
    fc.property(
      MESSAGE,
      fc.constantFrom(["-t"], ["u@x.org"], ["-t", "-s", "new"]),
      (text, args) => {
        const mail = parseOptions([...args, "u@x.org"]).mail;
        try {
          const { content } = buildMessage(Buffer.from(text, "latin1"), mail, context);
          const wire = Buffer.concat([...content]).toString("latin1");
          const [header = ""] = wire.split("\r\n\r\n");
          for (const line of header.split("\r\n")) {
            assert.match(
              line,
              /^(?:[!-9;-~]+:|[ \t])[^\r\n]*$/,
            );
          }
          assert.match(header, /^[^ \t]/);
          assert.doesNotMatch(header, /^(?:resent-)?bcc:|^return-path:|^content-length:/im);
          assert.doesNotMatch(
            header,
            /^(?:date|from|message-id):\s*(?:$(?![\r\n])|\r\n[!-9;-~])/im,
          );
          for (const name of ["Date", "From", "To", "Subject", "Message-ID", "MIME-Version"]) {
            assert.match(header, new RegExp(`^${name}:`, "im"));
          }
          assert.doesNotMatch(wire, /(?<!\r)\n|\r(?!\n)/);
          sent++;
        } catch (error) {
          // A NUL or a lone CR in a header is refused.
          if (!(error instanceof Failure)) throw error;
          assert.match(text, /\r(?!\r?\n)|\0|Bcc|To|Cc/i);
        }
      },
    ),
    { numRuns: 3000, seed: SEED },
  );
  assert.ok(sent > 1000, `${sent}`);
});
