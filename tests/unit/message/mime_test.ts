import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { receivedMessage } from "../../../lib/message/mime.ts";
import { parseOptions } from "../../../lib/command_line/options.ts";

function isMessage(text: string | Uint8Array, args: string[] = []): boolean {
  const octets = typeof text === "string" ? new TextEncoder().encode(text) : text;
  return receivedMessage(octets, parseOptions([...args, "u@x.org"]).mail) !== undefined;
}

const multipart = (boundary: string, body: string) =>
  `From: a@x.org\nMIME-Version: 1.0\nContent-Type: multipart/mixed; ${boundary}\n\n${body}`;

const parts = (boundary: string) => `--${boundary}\n\nText\n--${boundary}--\n`;

/** Inputs that are messages, however a caller who gives no subject hands them in. */
const MESSAGES: [title: string, text: string | Uint8Array][] = [
  ["MIME-Version alone", "MIME-Version: 1.0\n\nHello\n"],
  ["MIME-Version in odd case", "mime-version: 1.0\n\nHello\n"],
  ["MIME-Version without a value", "MIME-Version:\n\nHello\n"],
  ["MIME-Version with comments", "MIME-Version: 1.0 (produced by hand)\n\nHello\n"],
  ["MIME-Version last of many", "Received: a\nX-Y: b\nReturn-Path: <>\nMIME-Version: 1.0\n\nx"],
  ["MIME-Version and an empty body", "MIME-Version: 1.0\n\n"],
  ["CRLF", "Subject: a\r\nMIME-Version: 1.0\r\n\r\nHello\r\n"],
  ["CRLF and LF mixed", "Subject: a\r\nMIME-Version: 1.0\n\r\nHello\n"],
  ["a body in CR", "Subject: a\nMIME-Version: 1.0\n\nHello\rthere\r"],
  ["a NUL in the body", "MIME-Version: 1.0\n\na\0b"],
  ["folded fields", "Subject: a\n b\n\tc\nMIME-Version:\n 1.0\n\nHello\n"],
  ["a fold of white space only", "Subject: a\n \t\nMIME-Version: 1.0\n\nHello\n"],
  ["an mbox line", "From root Sat Nov 22 10:00:00 2025\nMIME-Version: 1.0\n\nHello\n"],
  ["an mbox line in CRLF", "From - Sat Nov 22 10:00:00 2025\r\nMIME-Version: 1.0\r\n\r\nHello\r\n"],
  ["raw Latin 1 in a value", Buffer.from("Subject: Gr\xfc\xdfe\nMIME-Version: 1.0\n\nx", "latin1")],
  ["raw UTF-8 in a value", "Subject: Grüße\nMIME-Version: 1.0\n\nx"],
  ["field names of odd signs", "X_a.b!c#d: 1\nMIME-Version: 1.0\n\nx"],
  ["a field of ten thousand octets", `X-Long: ${"x".repeat(10_000)}\nMIME-Version: 1.0\n\nx`],
  ["Content-Type with From", "From: a@x.org\nContent-Type: text/plain\n\nx"],
  ["Content-Type with To", "To: a@x.org\nContent-Type: text/plain\n\nx"],
  ["Content-Type with Subject", "Subject: a\nContent-Type: text/html; charset=utf-8\n\n<p>x"],
  ["Content-Type with Message-ID", "Message-ID: <a@b>\nContent-Type: text/plain\n\nx"],
  ["From and Subject", "From: a@x.org\nSubject: a\n\nx"],
  ["From and To", "From: a@x.org\nTo: b@x.org\n\nx"],
  ["From and Date", "From: a@x.org\nDate: Sat, 22 Nov 2025 10:00:00 +0000\n\nx"],
  ["From with a name", "From: Jane Doe <jane@x.org>\nTo: b@x.org\n\nx"],
  ["From with a bare local name in brackets", 'From: "(Cron Daemon)" <root>\nTo: root\n\nx'],
  ["From with two authors", "From: a@x.org, b@x.org\nTo: c@x.org\n\nx"],
  ["From with brackets that lack quotes", "From: Jane [IT] <jane@x.org>\nSubject: a\n\nx"],
  ["From folded before its address", "From: Jane\n <jane@x.org>\nSubject: a\n\nx"],
  [
    "the message of Vixie's cron",
    "From: root (Cron Daemon)\nTo: root\nSubject: Cron <root@node> run-parts\nX-Cron-Env: <A=b>\n\nx",
  ],
  [
    "the message of Debian's cron",
    "From: root (Cron Daemon)\nTo: root\nSubject: Cron <root@node> test -x\nMIME-Version: 1.0\n" +
    "Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n" +
    "X-Cron-Env: <SHELL=/bin/sh>\nX-Cron-Env: <HOME=/root>\n\nx\n",
  ],
  [
    "the message of fail2ban",
    "Subject: [Fail2Ban] sshd: banned 192.0.2.7 from node\nDate: Sat, 22 Nov 2025 10:00:00 +0000\n" +
    "From: Fail2Ban <fail2ban@node.example.org>\nTo: root@localhost\n\nHi,\n",
  ],
  [
    "a patch as git writes it",
    "From 1a2b Mon Sep 17 00:00:00 2001\nFrom: A <a@x.org>\nSubject: x\n\nx",
  ],
  [
    "a message with its trace",
    "Return-Path: <a@x.org>\nReceived: from a\n\tby b;\n\tSat\nFrom: a@x.org\nTo: b\n\nx",
  ],
  ["To and Subject without From", "To: b@x.org\nSubject: a\n\nx"],
  ["From that is a day", "From: Monday\nTo: Friday\n\nOn call: Jane"],
  ["From that is several words", "From: the desk of Jane\nTo: all\n\nx"],
  ["From that is empty", "From:\nTo: b@x.org\nSubject: a\n\nx"],
  ["From in brackets that are empty", "From: <>\nTo: b@x.org\n\nx"],
  ["From that is a time", "From: 10:00\nTo: 11:00\nDate: today\n\nx"],
  ["YAML that starts like a header", "From: a@x.org\nSubject:\n- a\n- b\n\nx"],
  ["a table", "From:  a@x.org\nTo  :  b@x.org\nSubject: c\n\nx"],
  ["a space before the colon", "MIME-Version : 1.0\n\nx"],
  ["a space in a field name", "From: a@x.org\nReply To: b@x.org\nSubject: c\n\nx"],
  ["a field name outside ASCII", "From: a@x.org\nSubject: c\nPräfix: d\n\nx"],
  ["an empty field name", "From: a@x.org\nSubject: c\n: d\n\nx"],
  ["a header that ends with the input", "MIME-Version: 1.0\nSubject: a\n"],
  ["a header without a line end", "MIME-Version: 1.0"],
  ["a quoted mbox line", ">From a\nMIME-Version: 1.0\n\nx"],
  ["MIME-Version behind the header", "Subject: a\n\nMIME-Version: 1.0\n\nx"],
  ["MIME-Version in a folded line", "Subject: a\n MIME-Version: 1.0\n\nx"],
  ["MIME-Version in a value", "Subject: MIME-Version: 1.0\n\nx"],
  ["a byte order mark before the header", "\ufeffFrom: a@x.org\nMIME-Version: 1.0\n\nx"],
  ["lines that end in CR CR LF", "MIME-Version: 1.0\r\r\n\r\r\nx"],
  ["multipart with its boundary", multipart("boundary=b1", parts("b1"))],
  ["multipart with a quoted boundary", multipart('boundary="b 1:?=x"', parts("b 1:?=x"))],
  ["multipart with a folded boundary", multipart("\n\tboundary=b1", parts("b1"))],
  ["multipart with a comment", multipart("boundary=b1 (a boundary)", parts("b1"))],
  ["multipart with more parameters", multipart('type="a;b"; boundary=b1; x=y', parts("b1"))],
  ["multipart with BOUNDARY", multipart("BOUNDARY=b1", parts("b1"))],
  ["multipart in CRLF", multipart("boundary=b1", parts("b1")).replaceAll("\n", "\r\n")],
  ["multipart in a body of CR", multipart("boundary=b1", parts("b1").replaceAll("\n", "\r"))],
  ["multipart with a preamble", multipart("boundary=b1", `This is MIME.\n\n${parts("b1")}`)],
  ["multipart with spaces behind the boundary", multipart("boundary=b1", "--b1 \t\n\nx\n--b1--\n")],
  ["multipart that ends in the boundary", multipart("boundary=b1", "--b1")],
  ["multipart with only its end", multipart("boundary=b1", "--b1--\n")],
  [
    "multipart with a boundary of two sections",
    multipart("boundary*0=b; boundary*1=1", parts("b1")),
  ],
  ["multipart with an encoded boundary", multipart("boundary*=us-ascii''b%31", parts("b1"))],
  ["message/rfc822", "From: a@x.org\nContent-Type: message/rfc822\n\nSubject: b\n\nx"],
  ["a type that cannot be read", "MIME-Version: 1.0\nContent-Type: nonsense\n\nx"],
];

for (const [title, text] of MESSAGES) {
  Deno.test(`${title} makes a message`, () => assert.equal(isMessage(text), true));
}

const TEXT: [title: string, text: string | Uint8Array][] = [
  ["nothing", ""],
  ["a line end", "\n"],
  ["a word", "Hello"],
  ["a note with a colon", "Note: the disk is full\n\nPlease look.\n"],
  ["Content-Type alone, as in an HTTP head", "Content-Type: text/html\nDate: now\nServer: x\n\nx"],
  ["an HTTP response", "HTTP/1.1 200 OK\nContent-Type: text/html\nSubject: x\n\nx"],
  ["an HTTP request", "POST / HTTP/1.1\nHost: x\nContent-Type: text/plain\nFrom: a@x.org\n\nx"],
  ["From with an address and nothing else", "From: a@x.org\nReply: b\n\nx"],
  ["a log", "Nov 22 10:00:00 node sshd[1]: Failed password for root\n\nMIME-Version: 1.0\n\n"],
  ["a log of ISO times", "2025-11-22T10:00:00Z MIME-Version: 1.0\n\nx"],
  ["YAML with a document mark", "---\nFrom: a@x.org\nSubject: b\n\nx"],
  ["JSON", '{"From": "a@x.org", "Subject": "b"}\n\nx'],
  ["a script", "#!/bin/sh\nMIME-Version: 1.0\n\nx"],
  ["a diff", "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-MIME-Version: 1.0\n\n"],
  ["a commit as git shows it", "commit 1a2b\nAuthor: A <a@x.org>\nDate: now\n\n    x"],
  ["a control character in a field name", "MIME-Version: 1.0\nX\x7f: d\n\nx"],
  ["a line without a colon", "MIME-Version: 1.0\nHello there\n\nx"],
  ["a line of words before the fields", "Hello,\nMIME-Version: 1.0\n\nx"],
  ["an empty line first", "\nMIME-Version: 1.0\n\nx"],
  ["a folded line first", " MIME-Version: 1.0\nSubject: a\n\nx"],
  ["white space first", "  \nMIME-Version: 1.0\n\nx"],
  ["an mbox line and no header", "From root Sat Nov 22\nHello\n\nMIME-Version: 1.0\n\n"],
  ["an mbox line alone", "From here to eternity"],
  ["two mbox lines", "From a\nFrom b\nMIME-Version: 1.0\n\nx"],
  ["a mail quoted in a text", "On Monday Jane wrote:\n> From: a@x.org\n> Subject: b\n\nx"],
  ["a mail forwarded in a text", "See below.\n\nFrom: a@x.org\nSubject: b\n\nx"],
  ["UTF-16", Buffer.from("\ufeffMIME-Version: 1.0\n\nx", "utf16le")],
  ["a NUL in a value", "MIME-Version: 1.0\nSubject: a\0b\n\nx"],
  ["a NUL in the last field", "MIME-Version: 1.0\0\n\nx"],
  ["a lone CR in a value", "MIME-Version: 1.0\nSubject: a\rBcc: evil@x.org\n\nx"],
  ["a header in CR", "MIME-Version: 1.0\rSubject: a\r\rx"],
  ["multipart without a boundary", multipart("charset=x", parts("b1"))],
  ["multipart with an empty boundary", multipart('boundary=""', "--\n\nx\n----\n")],
  ["multipart without its boundary in the body", multipart("boundary=b1", "Hello\n")],
  ["multipart with another boundary in the body", multipart("boundary=b1", parts("b2"))],
  ["multipart with a longer boundary in the body", multipart("boundary=b1", parts("b12"))],
  ["multipart with its boundary in other case", multipart("boundary=B1", parts("b1"))],
  ["multipart with its boundary within a line", multipart("boundary=b1", "x --b1\n --b1\n")],
  ["multipart with its boundary in the header only", multipart("boundary=--b1", "--b1\n")],
  ["multipart with an empty body", multipart("boundary=b1", "")],
  ["MULTIPART in odd case without a boundary", "MIME-Version: 1.0\nContent-Type: MultiPart/x\n\nx"],
];

for (const [title, text] of TEXT) {
  Deno.test(`${title} is text`, () => assert.equal(isMessage(text), false));
}

/** What programs write in front of a text without a word about MIME. */
const MAIL: [title: string, text: string][] = [
  ["a Subject alone", "Subject: disk alert\n\n/var is full\n"],
  ["a Subject and no body", "Subject: done\n"],
  ["a To alone", "To: root\n\nx\n"],
  ["a From alone", "From: root\n\nx\n"],
  ["names in any case", "SUBJECT: a\nto: b\n\nx\n"],
  ["X- fields", "Subject: a\nX-Mailer: b\nX-: c\n\nx\n"],
  ["a header of at", "Subject: Output from your job        7\nTo: jane\n\nx\n"],
  ["a header of s-nail", "Date: now\nTo: a@x.org\nSubject: a\nUser-Agent: s-nail v14\n\nx\n"],
  [
    "a header of a vacation program",
    "Subject: away\nAuto-Submitted: auto-replied\nPrecedence: bulk\n\nx",
  ],
  ["a header of a mailing list", "List-Id: <a.x.org>\nErrors-To: a\nSubject: a\n\nx"],
  ["a header of Outlook", "Subject: a\nThread-Topic: b\nThread-Index: c\nImportance: high\n\nx"],
  ["a header of mutt", "From: a@x.org\nMail-Followup-To: b\nContent-Disposition: inline\n\nx"],
  ["a header out of a mailbox", "From a\nReturn-Path: <>\nDelivered-To: b\nStatus: RO\nTo: c\n\nx"],
  ["a header that has been signed", "ARC-Seal: a\nDKIM-Signature: b\nReceived-SPF: c\nTo: d\n\nx"],
  ["a forgotten empty line", "Subject: a\nThe disk is full.\nPlease look.\n"],
  ["a forgotten empty line and a colon", "Subject: a\nOn Monday: the disk is full.\n"],
  ["a forgotten empty line in CRLF", "Subject: a\r\nThe disk is full.\r\n"],
  ["a line of blanks", "Subject: a\n  \t\nThe disk is full.\n"],
  ["a line of blanks and a colon", "Subject: a\n \nNote: the disk is full.\n"],
  ["MIME and a forgotten empty line", "MIME-Version: 1.0\nSubject: a\nThe disk is full.\n"],
];

for (const [title, text] of MAIL) {
  Deno.test(`${title} makes a message`, () => assert.equal(isMessage(text), true));
  Deno.test(`${title} makes no message of the text to a subject`, () => {
    assert.equal(isMessage(text, ["-s", "x"]), false);
    assert.equal(isMessage(text, ["-s", ""]), false);
  });
}

/** Texts whose first lines look like a header. */
const NO_MAIL: [title: string, text: string][] = [
  ["an unknown field in front", "Score: 5\nSubject: a\n\nx\n"],
  ["an unknown field behind", "From: a@x.org\nSubject: a\nScore: 15.2\n\nx\n"],
  ["an unknown field after a fold", "Subject: a\n b\nScore: 5\n\nx\n"],
  ["a URL", "Subject: a\nhttp://x.org/\n\nx\n"],
  ["a time", "Subject: a\n10:30 sshd\n\nx\n"],
  ["known fields of which none is Subject, To or From", "Date: today\nPriority: high\n\nx\n"],
  ["a date alone", "Date: 12 May\nCome and see.\n"],
  ["a field whose name only starts like one", "Subjects: a\n\nx\n"],
  ["a name of an object", "constructor: a\nSubject: b\n\nx\n"],
  ["a NUL behind the subject", "Subject: a\nTo: b\0\n\nx\n"],
  ["a NUL in a name", "Subject\0: a\n\nx\n"],
  ["a lone CR that would hide a Bcc", "Subject: a\rBcc: evil@x.org\n\nx\n"],
  ["a CR at the end", "Subject: a\r"],
];

for (const [title, text] of NO_MAIL) {
  Deno.test(`${title} makes no message`, () => assert.equal(isMessage(text), false));
}

for (
  const text of [
    "MIME-Version: 1.0\n\nx",
    "From: a@x.org\nSubject: b\nMIME-Version: 1.0\nScore: 5\n\nx",
    "Content-Type: text/plain\nSubject: a\n\nx",
    "MIME-Version: 1.0",
  ]
) {
  Deno.test(`${JSON.stringify(text)} is a message whether or not there is a subject`, () => {
    assert.equal(isMessage(text), true);
    assert.equal(isMessage(text, ["-s", "x"]), true);
  });
}

Deno.test("lines that end in CR CR LF become CRLF, in the body too", () => {
  const octets = Buffer.from("To: a\r\r\n\r\r\nb\r\r\n\r\r\nc\r\r\n");
  for (const args of [["-t"], ["u@x.org"]]) {
    const received = receivedMessage(octets, parseOptions(args).mail);
    assert.equal(
      received && Buffer.from(received.octets).toString(),
      "To: a\r\n\r\nb\r\n\r\nc\r\n",
    );
  }
});

Deno.test("the body stays as it is if only its own lines end in CR CR LF", () => {
  const octets = Buffer.from("To: a\r\n\r\nb\r\r\n");
  assert.equal(receivedMessage(octets, parseOptions(["-t"]).mail)?.octets, octets);
});

const closed = (start: string, filling: string, end: string) =>
  start + filling.repeat(10_000_000 / filling.length) + end;

const namesOf = (count: number) =>
  Array.from({ length: count }, (_, i) => `X-${i}: a\n`).join("") + "To: b\n\nx";

const LONG: [title: string, text: string, mime: boolean][] = [
  ["ten megabytes of colons", closed("", ":", ""), false],
  ["ten megabytes of colons in a header", closed("a", ":", "\n\n"), false],
  ["a header block that never ends", closed("", "MIME-Version: 1.0\n", ""), true],
  ["a folded field that never ends", closed("MIME-Version: 1.0\nX: a", "\n a", ""), true],
  ["a From of opened comments", closed("Subject: a\nFrom: ", "(", "\n\nx"), true],
  ["a From of closed comments", closed("Subject: a\nFrom: ", "()", "\n\nx"), true],
  ["a From of backslashes in quotes", closed('Subject: a\nFrom: "', "\\", "\n\nx"), true],
  ["a From of empty groups", closed("Subject: a\nFrom: ", "g:;,", "\n\nx"), true],
  ["a From of spaces", closed("Subject: a\nFrom: a", " ", "b\n\nx"), true],
  ["a type of comments", closed("MIME-Version: 1.0\nContent-Type: a/b", "(", "\n\nx"), true],
  ["a type of parameters", closed("MIME-Version: 1.0\nContent-Type: a/b", ";a=b", "\n\nx"), true],
  ["a body of almost boundaries", closed(multipart("boundary=b1", ""), "--b2\n", ""), false],
  ["a header of as many names", namesOf(1_000_000), true],
  ["folds of white space", closed("Subject: a", "\n ", "\nx"), true],
  ["folds of white space and more", closed("Subject: a", "\n \n b", "\nx"), true],
  ["a name without an end", closed("Subject: a\n", "b", ": c\n\nx"), true],
  ["blanks before the colon", closed("Subject: a\nTo", " ", ": c\n\nx"), true],
  ["lines in CR CR LF", closed("", "To: a\r\r\n", "\r\r\n"), true],
  ["a type of blanks", closed("MIME-Version: 1.0\nContent-Type: a;boundary", " ", "\n\nx"), true],
  ["a boundary of blanks", closed(multipart('boundary="', ""), " ", '"'), false],
  ["a body of boundaries within a line", closed(multipart("boundary=b1", ""), " --b1", ""), false],
  ["a body of dashes", closed(multipart("boundary=---------x", ""), "-", ""), false],
];

for (const [title, text, mime] of LONG) {
  Deno.test(`${title} is judged in one pass`, () => assert.equal(isMessage(text), mime));
}
