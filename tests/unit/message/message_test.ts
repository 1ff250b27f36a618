import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { buildMessage, type Message } from "../../../lib/message/message.ts";
import { parseOptions } from "../../../lib/command_line/options.ts";
import type { Mail } from "../../../lib/message/mail.ts";
import { ExitStatus, Failure } from "../../../lib/outcome.ts";
import { type MailReader, mailReader } from "../../support/mail/mail_reader.ts";
import { SEED } from "../../support/program/property.ts";

const context = {
  hostName: "node.example.org",
  now: new Date(Date.UTC(2025, 10, 2, 3, 4, 5)),
  id: "unique.id",
};

function build(input: string | Uint8Array, args: string[] = []): Message {
  const octets = typeof input === "string" ? Buffer.from(input) : input;
  return buildMessage(octets, parseOptions([...args, "u@x.org"]).mail, context);
}

const textOf = ({ content }: Message) => Buffer.concat([...content]).toString("latin1");
const utf8Of = ({ content }: Message) => Buffer.concat([...content]).toString();
const lines = (...list: string[]) => list.map((line) => `${line}\r\n`).join("");

Deno.test("a text becomes a message with all that a header needs", () => {
  const { content, ...rest } = build("Hello, world!\n", [
    "-s",
    "My test mail",
    "-f",
    "no-reply@x.org",
  ]);
  assert.deepEqual(rest, {
    envelope: { sender: "no-reply@x.org", recipients: ["u@x.org"] },
    subject: "My test mail",
    size: 249,
    eightBit: false,
  });
  assert.deepEqual([...content].map((slice) => Buffer.from(slice).toString()), [lines(
    "Date: Sun, 02 Nov 2025 03:04:05 +0000",
    "From: no-reply@x.org",
    "To: u@x.org",
    "Subject: My test mail",
    "Message-ID: <unique.id@node.example.org>",
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: 7bit",
    "",
    "Hello, world!",
  )]);
});

/** Input, arguments, a line that the composed header has. */
const COMPOSED: [title: string, input: string | Uint8Array, args: string[], line: string][] = [
  ["the default author", "x", [], "From: no-reply@node.example.org"],
  ["the name of -F", "x", ["-F", "Cron Daemon"], "From: Cron Daemon <no-reply@node.example.org>"],
  ["the name of -f", "x", ["-f", "A B <a@x.org>"], "From: A B <a@x.org>"],
  [
    "the name of -F before that of -f",
    "x",
    ["-F", "C", "-f", "A B <a@x.org>"],
    "From: C <a@x.org>",
  ],
  ["a bare author at the host", "x", ["-f", "root"], "From: root@node.example.org"],
  ["the default author for the empty sender", "x", ["-f", ""], "From: no-reply@node.example.org"],
  [
    "an author of an IDN domain in ASCII",
    "x",
    ["-f", "a@exämple.org"],
    "From: a@xn--exmple-cua.org",
  ],
  [
    "an encoded name",
    "x",
    ["-F", "Jörg"],
    "From: =?UTF-8?B?SsO2cmc=?= <no-reply@node.example.org>",
  ],
  ["every recipient", "x", ["a@x.org, B <b@x.org>"], "To: a@x.org, B <b@x.org>, u@x.org"],
  ["Cc", "x", ["--cc", "c@x.org", "--cc", "d@x.org"], "Cc: c@x.org, d@x.org"],
  ["an empty subject where there is none", "x", [], "Subject: "],
  ["an encoded subject", "x", ["-s", "Größe"], "Subject: =?UTF-8?B?R3LDtsOfZQ==?="],
  ["a subject that starts with dashes", "x", ["-s", "-- disk full --"], "Subject: -- disk full --"],
  ["HTML by its look", "<p>x", [], "Content-Type: text/html; charset=utf-8"],
  ["HTML by --html", "x", ["--html"], "Content-Type: text/html; charset=utf-8"],
  ["an address in brackets as text", "<user@host>", [], "Content-Type: text/plain; charset=utf-8"],
  ["7bit for ASCII", "a\r\n.\nFrom b\n", [], "Content-Transfer-Encoding: 7bit"],
  [
    "quoted-printable for little 8-bit",
    "Alles gut, Müller\n",
    [],
    "Content-Transfer-Encoding: quoted-printable",
  ],
  ["base64 for much 8-bit", "日本語", [], "Content-Transfer-Encoding: base64"],
  [
    "another charset for other octets",
    Buffer.from("M\xfcller", "latin1"),
    [],
    "Content-Type: text/plain; charset=iso-8859-1",
  ],
  ["7bit for nothing", "", [], "Content-Transfer-Encoding: 7bit"],
];

for (const [title, input, args, line] of COMPOSED) {
  Deno.test(`a composed header has ${title}`, () => {
    const [header = ""] = textOf(build(input, args)).split("\r\n\r\n");
    assert.ok(header.split("\r\n").includes(line), header);
  });
}

for (const args of [[], ["--html"]]) {
  Deno.test(`a file that is not text arrives unchanged, as an attachment (${args})`, () => {
    const file = Buffer.from("\x1f\x8b\x08\0\n\r\n\r\xff\0\0", "latin1");
    const [header = "", body = ""] = textOf(build(file, args)).split("\r\n\r\n");
    const fields = header.split("\r\n").slice(-3);
    assert.deepEqual(fields, [
      "Content-Type: application/octet-stream",
      'Content-Disposition: attachment; filename="attachment.gz"',
      "Content-Transfer-Encoding: base64",
    ]);
    assert.deepEqual(Buffer.from(body, "base64"), file);
  });
}

Deno.test("UTF-16 with a byte order mark is sent as UTF-8, and HTML in it is HTML", () => {
  const page = "<p>Every Gr\u00fc\u00dfe is the same</p>\r\n";
  const text = textOf(build(Buffer.from(`\ufeff${page}`, "utf16le")));
  assert.match(text, /^Content-Type: text\/html; charset=utf-8\r\n/m);
  assert.match(text, /\r\n\r\n<p>Every Gr=C3=BC=C3=9Fe is the same<\/p>\r\n$/);
});

Deno.test("ISO-2022-JP is named, and stays as it is", () => {
  const text = textOf(build("\x1b$B$3$s\x1b(B\n"));
  assert.match(text, /^Content-Type: text\/plain; charset=iso-2022-jp\r\n/m);
  assert.ok(text.endsWith("\r\n\r\n\x1b$B$3$s\x1b(B\r\n"));
});

Deno.test("a text for Bcc only shows no recipient", () => {
  const octets = Buffer.from("x");
  const message = buildMessage(octets, parseOptions(["--bcc", "secret@x.org"]).mail, context);
  assert.deepEqual(message.envelope.recipients, ["secret@x.org"]);
  assert.match(textOf(message), /^To: undisclosed-recipients:;\r\n/m);
  assert.doesNotMatch(textOf(message), /secret|Bcc/i);
});

Deno.test("an empty input is a header and an empty line", () => {
  const text = textOf(build(""));
  assert.match(text, /7bit\r\n\r\n$/);
  assert.equal(text.split("\r\n\r\n").length, 2);
});

Deno.test("a composed message is all ASCII but for a local part that has no other form", () => {
  assert.equal(build("日本語", ["-s", "日本語", "-F", "日本語"]).eightBit, false);
  const message = build("x", ["jörg@x.org"]);
  assert.equal(message.eightBit, true);
  assert.match(utf8Of(message), /^To: jörg@x.org, u@x.org\r\n/m);
});

const HEADER = lines(
  "Received: from a (b)",
  "\tby c; Sat, 22 Nov 2025 10:00:00 +0000",
  "From: Jane <jane@x.org>",
  "To: u@x.org",
  "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=",
  "Date: Sat, 22 Nov 2025 10:00:00 +0000",
  "Message-ID: <a@x.org>",
  "MIME-Version: 1.0",
);

/** A message, arguments, and the message as it goes out, both in full. */
const PASSED_ON: [title: string, input: string, args: string[], wire: string][] = [
  ["complete", `${HEADER}\r\nHello\r\n`, [], `${HEADER}\r\nHello\r\n`],
  ["in LF", `${HEADER}\r\nHello\r\n`.replaceAll("\r\n", "\n"), [], `${HEADER}\r\nHello\r\n`],
  [
    "whatever -f and -F say",
    `${HEADER}\r\nHello\r\n`,
    ["-f", "b@x.org", "-F", "B"],
    `${HEADER}\r\nHello\r\n`,
  ],
  ["whatever --html says", `${HEADER}\r\nHello\r\n`, ["--html"], `${HEADER}\r\nHello\r\n`],
  ["without its mbox line", `From a Sat\n${HEADER}\r\nHello\r\n`, [], `${HEADER}\r\nHello\r\n`],
  ["without an end of its last line", `${HEADER}\r\nHello`, [], `${HEADER}\r\nHello\r\n`],
  ["without a body", `${HEADER}\r\n`, [], `${HEADER}\r\n`],
  [
    "with bare line ends",
    `${HEADER}\r\na\rb\nc\r\r\nd\n\re`,
    [],
    `${HEADER}\r\na\r\nb\r\nc\r\n\r\nd\r\n\r\ne\r\n`,
  ],
  ["with dots and NUL", `${HEADER}\r\n.\r\n..\r\n\0\r\n`, [], `${HEADER}\r\n.\r\n..\r\n\0\r\n`],
  ["without Bcc", `${HEADER}Bcc: secret@x.org\r\n\r\nx\r\n`, [], `${HEADER}\r\nx\r\n`],
  [
    "without a folded Bcc",
    `bcc: a@x.org,\r\n secret@x.org\r\n${HEADER}\r\nx\r\n`,
    [],
    `${HEADER}\r\nx\r\n`,
  ],
  [
    "without Bcc and Resent-Bcc however often and in odd case",
    `BCC: a@x.org\nbcc:\n${HEADER}Resent-Bcc: b\r\n\tc\r\nBcC:d\r\n\r\nBcc: e\r\n`,
    [],
    `${HEADER}\r\nBcc: e\r\n`,
  ],
  [
    "with another subject",
    `${HEADER}\r\nx\r\n`,
    ["-s", "Größe"],
    `${HEADER.replace(/^Subject:.*$/m, "Subject: =?UTF-8?B?R3LDtsOfZQ==?=")}\r\nx\r\n`,
  ],
  [
    "with another subject where there are several",
    `Subject: a\r\n b\r\n${HEADER}SUBJECT: c\r\n\r\nSubject: d\r\n`,
    ["-s", "new"],
    `Subject: new\r\n${HEADER.replace(/^Subject:.*\r\n/m, "")}\r\nSubject: d\r\n`,
  ],
  [
    "with an empty subject",
    `${HEADER}\r\nx\r\n`,
    ["-s", ""],
    `${HEADER.replace(/^Subject:.*$/m, "Subject: ")}\r\nx\r\n`,
  ],
  [
    "with what it lacks",
    "Subject: a\nFrom: a@x.org\n\nx\n",
    [],
    lines(
      "Subject: a",
      "From: a@x.org",
      "Date: Sun, 02 Nov 2025 03:04:05 +0000",
      "To: u@x.org",
      "Message-ID: <unique.id@node.example.org>",
      "MIME-Version: 1.0",
      "",
      "x",
    ),
  ],
  [
    "with author and subject where it lacks them, and no Cc",
    "MIME-Version: 1.0\nDate: x\nMessage-ID: <a@b>\n\n",
    ["-F", "A", "-f", "a@x.org", "--cc", "c@x.org", "-s", "new", "--bcc", "d@x.org"],
    lines(
      "MIME-Version: 1.0",
      "Date: x",
      "Message-ID: <a@b>",
      "From: A <a@x.org>",
      "To: u@x.org",
      "Subject: new",
      "",
    ),
  ],
  [
    "without showing who is to receive it where it names others",
    `${HEADER.replace(/^To: .*$/m, "Cc: c@x.org")}\r\nx\r\n`,
    [],
    `${HEADER.replace(/^To: .*$/m, "Cc: c@x.org")}To: undisclosed-recipients:;\r\n\r\nx\r\n`,
  ],
  [
    "with a type for a body outside ASCII",
    `${HEADER}\r\nGr\xc3\xbc\xc3\x9fe\r\n`,
    [],
    `${HEADER}${
      lines("Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit")
    }\r\nGr\xc3\xbc\xc3\x9fe\r\n`,
  ],
  [
    "with a type for a body in Latin 1",
    `${HEADER}Content-Transfer-Encoding: 8bit\r\n\r\nGr\xfc\xdfe\r\n`,
    [],
    `${HEADER}Content-Transfer-Encoding: 8bit\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\nGr\xfc\xdfe\r\n`,
  ],
  [
    "with its own type for a body outside ASCII",
    `${HEADER}Content-Type: text/plain\r\n\r\n\xfc\r\n`,
    [],
    `${HEADER}Content-Type: text/plain\r\n\r\n\xfc\r\n`,
  ],
  ["with raw 8-bit fields", `X: \xfc\r\n${HEADER}\r\nx\r\n`, [], `X: \xfc\r\n${HEADER}\r\nx\r\n`],
  [
    "without Return-Path and Content-Length",
    `RETURN-PATH: <a@x.org>\r\nContent-Length:\r\n 5\r\n${HEADER}\r\nx\r\n`,
    [],
    `${HEADER}\r\nx\r\n`,
  ],
  [
    "without a Bcc that has blanks before its colon, or is folded away",
    `Bcc : a@x.org\r\nbCC\t \t:\r\n \r\n\tb@x.org\r\n${HEADER}Resent-Bcc : c\r\n\r\nx\r\n`,
    [],
    `${HEADER}\r\nx\r\n`,
  ],
  [
    "without a Bcc behind a line of blanks",
    `X: a\r\n \t\r\nBcc: b@x.org\r\n${HEADER} \r\n\t\r\nBcc: c@x.org\r\n\r\nx\r\n`,
    [],
    `X: a\r\n \t\r\n${HEADER} \r\n\t\r\n\r\nx\r\n`,
  ],
  [
    "with every field whose name only looks like one to remove",
    `X-Bcc: a\r\nBccc: b\r\nBc: c\r\n${HEADER}\r\nx\r\n`,
    [],
    `X-Bcc: a\r\nBccc: b\r\nBc: c\r\n${HEADER}\r\nx\r\n`,
  ],
  [
    "without blanks before colons",
    `X \t:a\r\nY:\tb\r\nZ\t:\r\n c\r\n${HEADER}\r\nx\r\n`,
    [],
    `X:a\r\nY:\tb\r\nZ:\r\n c\r\n${HEADER}\r\nx\r\n`,
  ],
  [
    "with a subject replaced that has a blank before its colon",
    `${HEADER.replace("Subject:", "Subject :")}\r\nx\r\n`,
    ["-s", "new"],
    `${HEADER.replace(/^Subject:.*$/m, "Subject: new")}\r\nx\r\n`,
  ],
  [
    "in CR CR LF",
    `${HEADER}\r\na\r\n\r\nb\r\n`.replaceAll("\r\n", "\r\r\n"),
    [],
    `${HEADER}\r\na\r\n\r\nb\r\n`,
  ],
  [
    "without a byte order mark",
    `\xef\xbb\xbf${HEADER}\r\nx\r\n`,
    [],
    `${HEADER}\r\nx\r\n`,
  ],
  [
    "with the host's name behind bare local names, and everything else as it was",
    lines(
      "Date: x",
      "Message-ID: <a@b>",
      "MIME-Version: 1.0",
      "From: root (Cron Daemon)",
      "TO :\r\n jane,\r\n\tBob <bob>, c@x.org",
      "Cc: list: d, e@x.org;",
      "Sender: \xfc <root>",
      "Reply-To: root",
      "Errors-To: root",
      "Resent-To: root",
      "Subject: root",
      "",
      "From: root",
    ),
    [],
    lines(
      "Date: x",
      "Message-ID: <a@b>",
      "MIME-Version: 1.0",
      "From: root@node.example.org (Cron Daemon)",
      "TO:\r\n jane@node.example.org,\r\n\tBob <bob@node.example.org>, c@x.org",
      "Cc: list: d@node.example.org, e@x.org;",
      "Sender: \xfc <root@node.example.org>",
      "Reply-To: root@node.example.org",
      "Errors-To: root",
      "Resent-To: root",
      "Subject: root",
      "",
      "From: root",
    ),
  ],
  [
    "with From, Date and Message-ID in the place of empty ones",
    "From:\nTo: a@x.org\nDate: \nSubject: a\nMessage-ID:\n \t\n \nMIME-Version: 1.0\n\nx\n",
    [],
    lines(
      "To: a@x.org",
      "Subject: a",
      "MIME-Version: 1.0",
      "Date: Sun, 02 Nov 2025 03:04:05 +0000",
      "From: no-reply@node.example.org",
      "Message-ID: <unique.id@node.example.org>",
      "",
      "x",
    ),
  ],
  [
    "with one From where another one is empty",
    `From:\r\n${HEADER}From : \r\n\r\nx\r\n`,
    [],
    `${HEADER}\r\nx\r\n`,
  ],
  [
    "with an empty line where it lacks one",
    `${HEADER.replace("MIME-Version: 1.0\r\n", "")}Hello: all\r\n\r\nx\r\n`
      .replace("Hello: all", "Hello all"),
    [],
    `${HEADER}\r\nHello all\r\n\r\nx\r\n`,
  ],
  [
    "with an empty line in the place of a line of blanks",
    `${HEADER} \t\r\n\tHello\r\nthere\r\n`,
    [],
    `${HEADER}\r\n\tHello\r\nthere\r\n`,
  ],
  [
    "as text, whatever --html says and its body looks like",
    `${HEADER.replace("MIME-Version: 1.0\r\n", "")}\r\n<p>x\r\n`,
    ["--html"],
    `${HEADER}\r\n<p>x\r\n`,
  ],
  [
    "with a type for a body in ISO-2022-JP",
    `${HEADER}\r\n\x1b$B$3\x1b(B\r\n`,
    [],
    `${HEADER}${
      lines("Content-Type: text/plain; charset=iso-2022-jp", "Content-Transfer-Encoding: 7bit")
    }\r\n\x1b$B$3\x1b(B\r\n`,
  ],
  [
    "with odd spaces, folds and case",
    `X:a \r\nsUBJECT:\t b\r\n\t \r\n  c\t\r\n${HEADER}\r\n`,
    [],
    `X:a \r\nsUBJECT:\t b\r\n\t \r\n  c\t\r\n${HEADER}\r\n`,
  ],
];

for (const [title, input, args, wire] of PASSED_ON) {
  Deno.test(`a message is passed on ${title}`, () => {
    const message = build(Buffer.from(input, "latin1"), args);
    assert.equal(textOf(message), wire);
    assert.equal(message.size, wire.length);
    assert.equal(message.eightBit, /[\x80-\xff]/.test(wire));
  });
}

Deno.test("a signed part stays octet by octet", () => {
  const part = "Content-Type: text/plain\r\n\r\n- .dots \t\r\nFrom here\r\n\r\n \r\nend\xfc\r\n";
  const signed = `${HEADER}Content-Type: multipart/signed; boundary="=_b"\r\n\r\n` +
    `--=_b\r\n${part}\r\n--=_b\r\n\r\nsignature\r\n--=_b--\r\n`;
  const text = textOf(build(Buffer.from(`Bcc: a\r\n${signed}`, "latin1"), ["-s", "x"]));
  assert.ok(text.includes(`--=_b\r\n${part}\r\n--=_b\r\n`));
});

const SUBJECTS: [title: string, input: string, args: string[], subject: string][] = [
  ["that of -s", "x", ["-s", "Größe"], "Größe"],
  ["empty where there is none", "x", [], ""],
  ["that of the message, decoded", `${HEADER}\r\n`, [], "Grüße"],
  ["that of -s before that of the message", `${HEADER}\r\n`, ["-s", "new"], "new"],
  ["that of the message, unfolded", "From: a@x.org\nSubject: a\n\tb\n\n", [], "a\tb"],
  ["the first of several", "From: a@x.org\nSubject: a\nSubject: b\n\n", [], "a"],
  ["empty where the message has none", "MIME-Version: 1.0\n\n", [], ""],
];

for (const [title, input, args, subject] of SUBJECTS) {
  Deno.test(`the subject for people is ${title}`, () => {
    assert.equal(build(input, args).subject, subject);
  });
}

const READ: [title: string, input: string, wire: string][] = [
  ["a header that declares nothing", "To: a@x.org\nX: b\n\nHello\n", "\r\n\r\nHello\r\n"],
  ["a header without a body", "To: a@x.org\n", "\r\n\r\n"],
  ["a header that ends without a line end", "X: b\nTo: a@x.org", "\r\n\r\n"],
  [
    "multipart without its boundary",
    "To: a@x.org\nContent-Type: multipart/mixed\n\nx\n",
    "\r\n\r\nx\r\n",
  ],
];

for (const [title, input, end] of READ) {
  Deno.test(`with -t, ${title} is a message`, () => {
    const message = buildMessage(Buffer.from(input), parseOptions(["-t"]).mail, context);
    assert.deepEqual(message.envelope.recipients, ["a@x.org"]);
    const text = textOf(message);
    assert.equal(text.indexOf("\r\n\r\n"), text.length - end.length);
    assert.ok(text.endsWith(end));
    assert.match(text, /^To: a@x.org\r\n/m);
    assert.match(text, /^MIME-Version: 1.0\r\n/m);
  });
}

/** What comes of a header, read with -t, in which something would be hidden. */
const HIDDEN: [title: string, input: string, recipients: string[]][] = [
  ["a Bcc with a blank before its colon", "To: a@x.org\nBcc : b@x.org\n\nx", [
    "a@x.org",
    "b@x.org",
  ]],
  ["a folded Bcc", "bCc:\n \n\tb@x.org\nTo: a@x.org\n\nx", ["a@x.org", "b@x.org"]],
  ["a Bcc behind a line of blanks", "To: a@x.org\n \nBcc: b@x.org\n\nx", ["a@x.org", "b@x.org"]],
  ["a Bcc behind folds of blanks", "To: a@x.org\n \n\t\nBCC: b@x.org\n\nx", ["a@x.org", "b@x.org"]],
  ["a Bcc behind an mbox line", ">From b\nBcc: b@x.org\nTo: a@x.org\n\nx", ["a@x.org", "b@x.org"]],
  ["a Bcc behind CR CR LF", "To: a@x.org\r\r\nBcc: b@x.org\r\r\n\r\r\nx", ["a@x.org", "b@x.org"]],
];

for (const [title, input, recipients] of HIDDEN) {
  Deno.test(`with -t, ${title} is read and removed`, () => {
    const message = buildMessage(Buffer.from(input), parseOptions(["-t"]).mail, context);
    assert.deepEqual(message.envelope.recipients.toSorted(), recipients);
    assert.doesNotMatch(textOf(message), /b@x|bcc/i);
  });
}

for (
  const [title, input] of [
    ["an mbox line", "To: a@x.org\nFrom root\nBcc: evil@x.org\n\nx"],
    ["a quoted mbox line", "To: a@x.org\n>From root\nBcc: evil@x.org\n\nx"],
    ["a line of words", "To: a@x.org\nSubject: a\nb\nBcc: evil@x.org\n\nx"],
    ["a line of blanks and a line of words", "To: a@x.org\n  \nb\nBcc: evil@x.org\n\nx"],
    ["a name with a blank in it", "To: a@x.org\nB cc: b\nBcc: evil@x.org\n\nx"],
    ["an empty line", "To: a@x.org\n\r\nBcc: evil@x.org\n\nx"],
  ] as const
) {
  Deno.test(`with -t, nobody is a recipient whom a line behind ${title} names`, () => {
    const message = buildMessage(Buffer.from(input), parseOptions(["-t"]).mail, context);
    assert.deepEqual(message.envelope.recipients, ["a@x.org"]);
    assert.match(textOf(message), /\r\n\r\n.*Bcc: evil@x\.org\r\n\r\nx\r\n$/s);
  });
}

for (
  const input of [
    "",
    "\n",
    "\nTo: a@x.org\n\n",
    "Hello\n",
    " \nTo: a@x.org\n\n",
    " To: a@x.org\n\n",
    ": a@x.org\n\n",
    "To a@x.org\n\n",
    "From root\n",
    "\ufeff\nTo: a@x.org\n",
    "T\0o: a@x.org\n\n",
    "To: a@x.org\nX: b\0\n\n",
    "To: a@x.org\nX: b\r\r\r\n\r\n",
    "To: a@x.org\r\r\nX: c\rBcc: evil@x.org\r\r\n\r\r\n",
    "To: a@x.org\nX: b\n \0\nHello\n",
    "To: a@x.org\nSubject: b\rBcc: evil@x.org\n\n",
    "Reply-To: a\0@x.org\nTo: a@x.org\n\n",
  ]
) {
  Deno.test(`with -t, ${JSON.stringify(input)} is status 65`, () => {
    const octets = Buffer.from(input);
    assert.throws(
      () => buildMessage(octets, parseOptions(["-t", "u@x.org"]).mail, context),
      (error) => {
        assert.ok(error instanceof Failure);
        assert.equal(error.details.status, ExitStatus.data);
        return true;
      },
    );
  });
}

Deno.test("with -t, an error tells a header with a NUL or a lone CR from a text", () => {
  const build = (input: string) => () =>
    buildMessage(Buffer.from(input), parseOptions(["-t", "u@x.org"]).mail, context);
  assert.throws(build("To: a@x.org\nX: b\0\n\n"), /header: it holds a NUL or a lone CR/);
  assert.throws(build("To: a@x.org\nX: b\rc\n\n"), /header: it holds a NUL or a lone CR/);
  assert.throws(build("Hello\n"), /header: --read-recipients needs one/);
});

for (
  const input of [
    "To: a@x.org\rBcc: evil@x.org\n\n",
    "To: a@x.org\r evil@x.org\n\n",
    "To: a@x.org\0, evil@x.org\n\n",
    "Subject: a\nBcc: a@x.org,\r\n b\0@x.org\r\n\r\n",
    "Resent-To: a@x.org\r\rb\n\n",
    "From: a\0@x.org\nTo: a@x.org\n\n",
    "Sender: a@x.org\rBcc: evil@x.org\nTo: a@x.org\n\n",
  ]
) {
  Deno.test(`with -t, an address in ${JSON.stringify(input)} is status 64`, () => {
    const octets = Buffer.from(input);
    assert.throws(
      () => buildMessage(octets, parseOptions(["-t", "u@x.org"]).mail, context),
      (error) => {
        assert.ok(error instanceof Failure);
        assert.equal(error.details.status, ExitStatus.usage);
        assert.match(`${error.details.what}: ${error.details.why}`, /line break or NUL/);
        return true;
      },
    );
  });
}

/** What the command line lets through of this, the message does not. */
const INJECTED: [title: string, change: Partial<Mail>][] = [
  ["subject", { subject: "x\r\nBcc: evil@x.org" }],
  ["name", { fromName: "x\nBcc: evil@x.org" }],
  ["author", { from: { name: "", local: "a\r\nBcc: evil", domain: "x.org" } }],
  ["recipient", { to: [{ name: "a\0", local: "u", domain: "x.org" }] }],
  ["Cc", { cc: [{ name: "", local: "u", domain: "x.org\nBcc: evil" }] }],
];

for (const [title, change] of INJECTED) {
  for (const input of ["x", "MIME-Version: 1.0\n\n"]) {
    Deno.test(`a line break in the ${title} never becomes a header (${input.slice(0, 4)})`, () => {
      const options = { ...parseOptions(["u@x.org"]).mail, ...change };
      assert.throws(
        () => buildMessage(Buffer.from(input), options, context),
        /must not hold a line break or NUL/,
      );
    });
  }
}

Deno.test("no header line that the program writes is over 998 octets or outside ASCII", () => {
  const args = ["-s", "ü".repeat(5000), "-F", "日本語".repeat(500), "--cc"];
  args.push(
    Array.from({ length: 1000 }, (_, i) => `"Doe, J. ${"x".repeat(i)}" <u${i}@x.org>`).join(),
  );
  const [header = ""] = textOf(build("x", args)).split("\r\n\r\n");
  for (const line of header.split("\r\n")) assert.match(line, /^[\x20-\x7e]{1,998}$/);
});

async function readBack(reader: MailReader, input: Uint8Array, args: string[]) {
  return await reader.read(Buffer.concat([...build(input, args).content]));
}

/** Texts, and files that are none, that are not taken for messages. */
const anyText = fc.uint8Array({ maxLength: 500, size: "max" }).map((body) =>
  Buffer.from([0x20, ...body])
);

Deno.test("any text, subject and name are read back by Python's email as they were", async () => {
  await using reader = await mailReader();
  const oneLine = fc.string({ unit: "grapheme", minLength: 1, maxLength: 100 })
    // The reader takes white space together, and text for lines, in its own ways.
    .filter((text) => !/[\p{Cc}\p{Zl}\p{Zp}]|\s{2}/u.test(text) && text.trim() === text);
  // In a name, but not elsewhere, it keeps the space between two encoded words.
  const oneWord = oneLine.filter((text) => Buffer.byteLength(text) <= 39);
  await fc.assert(
    fc.asyncProperty(anyText, oneLine, oneWord, async (text, subject, name) => {
      const read = await readBack(reader, text, ["-s", subject, "-F", name]);
      assert.deepEqual(read.all("Subject"), [subject]);
      assert.deepEqual(read.mailboxes.From, [[name, "no-reply@node.example.org"]]);
      const [part] = read.parts;
      const isText = part?.type.startsWith("text/");
      const sent = text.toString("latin1").replace(/\r?\n/g, isText ? "\r\n" : "$&");
      const received = Buffer.from(part?.content ?? []).toString("latin1");
      assert.equal(received, part?.encoding === "7bit" ? sent.replace(/(?<!\n)$/, "\r\n") : sent);
    }),
    { seed: SEED, numRuns: 300 },
  );
});
