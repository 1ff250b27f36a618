/**
 * Attempts to make the program say what nobody asked it to say: a header field, a recipient, an SMTP
 * command. What it refuses never reaches the server at all; what it lets pass reaches it as text.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { sendmail } from "../support/program/program.ts";
import { assertFailure, assertSilentSuccess } from "../support/program/assertions.ts";
import { mailReader } from "../support/mail/mail_reader.ts";
import type { SubmittedMessage } from "../support/servers/smtp_conversation.ts";
import { type Smarthost, smarthost } from "../support/servers/smarthost.ts";

/** Makes control characters visible, as names of tests stand on one line. */
const shown = (text: string) => JSON.stringify(text).replaceAll(/[\u0080-\u2fff]/g, escape);

/** Asserts that one message went out to these, by no other commands than it takes. */
function assertOneMessage({ server }: Smarthost, recipients: string[]): SubmittedMessage {
  const [conversation, ...others] = server.conversations;
  assert.deepEqual(others, []);
  assert.ok(conversation);
  const [ehlo, mail, ...rest] = conversation.commands;
  assert.match(ehlo ?? "", /^EHLO \S+$/);
  const [, size] = /^MAIL FROM:<[^<> ]*>(?: BODY=8BITMIME)? SIZE=(\d+)$/.exec(mail ?? "") ?? [];
  assert.doesNotMatch(mail ?? "", /evil/);
  assert.deepEqual(rest, [...recipients.map((each) => `RCPT TO:<${each}>`), "DATA", "QUIT"]);
  assert.doesNotMatch(conversation.saidText(), /(?<!\r)\n|\r(?!\n)|\0/);
  const [message] = conversation.messages;
  assert.ok(message);
  // The program has told what it then sent: nobody behind it has completed a line end.
  assert.equal(message.content.length, Number(size));
  return message;
}

/** Asserts that a header has no field but those that belong there, by any reading of it. */
async function assertNoEvilField(content: Uint8Array): Promise<void> {
  const [header = ""] = Buffer.from(content).toString("latin1").split("\r\n\r\n");
  assert.doesNotMatch(header, /^(x-evil|(resent-)?bcc|mail|rcpt)/im);
  // Some readers take more characters for line ends than there are.
  assert.doesNotMatch(header, /[\v\f\x1c-\x1e\x85]/);
  await using reader = await mailReader();
  const { headers, mailboxes, defects } = await reader.read(content);
  assert.deepEqual(defects, []);
  const names = headers.map(([name]) => name.toLowerCase());
  assert.ok(!names.some((name) => /evil|bcc/.test(name)), names.join());
  const addresses = [...mailboxes.From, ...mailboxes.To, ...mailboxes.Cc].map(([, each]) => each);
  assert.deepEqual(addresses.filter((each) => each.includes("evil")), []);
}

/** What may stand behind the innocent start of a value. */
const BREAKS: [name: string, text: string][] = [
  ["CRLF and a field", "\r\nX-Evil: 1"],
  ["LF and a field", "\nBcc: evil@x.org"],
  ["CR and a field", "\rBcc: evil@x.org"],
  ["CRLF and a fold", "\r\n\tX-Evil: 1"],
  ["the end of the header", "\r\n\r\nevil"],
  ["the end of the message", "\r\n.\r\nMAIL FROM:<evil@x.org>"],
];

/** The places on the command line, with the text put into them. */
const PLACES: [name: string, args: (text: string) => string[]][] = [
  ["the subject", (text) => ["-s", `x${text}`, "u@x.org"]],
  ["the name of -F", (text) => ["-F", `x${text}`, "u@x.org"]],
  ["the sender", (text) => ["-f", `s@x.org${text}`, "u@x.org"]],
  ["the sender's name", (text) => ["-f", `x${text} <s@x.org>`, "u@x.org"]],
  ["the sender's comment", (text) => ["-f", `s@x.org (x${text})`, "u@x.org"]],
  ["the sender's quotes", (text) => ["-f", `"x${text}"@x.org`, "u@x.org"]],
  ["a recipient", (text) => [`u@x.org${text}`]],
  ["a recipient's name", (text) => [`"x${text}" <u@x.org>`]],
  ["--cc", (text) => ["--cc", `u@x.org${text}`, "u@x.org"]],
  ["--bcc", (text) => [`--bcc=u@x.org${text}`, "u@x.org"]],
];

for (const [place, args] of PLACES) {
  for (const [name, text] of BREAKS) {
    for (const [kind, input] of [["text", "x\n"], ["MIME", "MIME-Version: 1.0\n\nx\n"]] as const) {
      Deno.test(`${name} in ${place} is 64 and reaches no server (${kind})`, async () => {
        await using host = await smarthost();
        const run = await host.submit(args(text), input);
        assertFailure(run, 64);
        assert.deepEqual(host.server.conversations, []);
      });
    }
  }
}

/** Addresses that look like one and could be read as another, or as more than one. */
const AMBIGUOUS = [
  "u@good.org(x)evil.org",
  "u@good.org (x) evil.org",
  "u(x)@good.org evil@x.org",
  "u@x.org:evil@x.org",
  "<u@x.org>,<evil@x.org",
  "<u@x.org> evil@x.org",
  "<u@x.org><evil@x.org>",
  "@x.org:evil@x.org",
  "u@x.org> SIZE=1",
  "u@x.org>\u2028RCPT TO:<evil@x.org",
  '"u@x.org> RCPT TO:<evil@x.org"@x.org',
  "u@x.org NOTIFY=NEVER",
  "u@x.org\0evil",
  "u@x.org\vevil@x.org",
  "u\u0000@x.org",
  "u@x\u0085.org",
  "u@x.org\uff0fevil.org",
  "u@[127.0.0.1]evil.org",
  "u@[127.0.0.1 RCPT]",
  "u@evil.org@x.org",
  "u\\@evil.org@x.org",
  'u"@evil.org"@x.org',
  "=?utf-8?q?evil=40x.org=3E=00?=@x.org",
  '"=?utf-8?b?ZXZpbEB4Lm9yZw==?="@x.org',
  "=?utf-8?q?evil=40x.org?=",
  "(u@x.org",
  '"u@x.org',
  "u@x.org, g: h: evil@x.org;;",
].filter((text) => !text.includes("\0")); // no argument of a process can hold one

for (const text of AMBIGUOUS) {
  Deno.test(`the address ${shown(text)} is 64 in any argument, and reaches no server`, async () => {
    await using host = await smarthost();
    const places = [[text], ["-f", text, "u@x.org"], ["--cc", text, "u@x.org"], ["--bcc", text]];
    for (const args of places) assertFailure(await host.submit(args, "x\n"), 64);
    assert.deepEqual(host.server.conversations, []);
  });

  Deno.test(`the address ${shown(text)} in a header is 67, and nobody else gets the message`, async () => {
    await using host = await smarthost();
    const header = `To: u@x.org\nCc: ${text}\nSubject: x\n\nx\n`;
    const { status, stderr } = await host.submit(["-t"], header);
    assert.equal(status, 67);
    assert.match(stderr, /^Error: Bad address in the header: [^\n]+\nThe others [^\n]+\n$/);
    assert.deepEqual(host.server.messages().map(({ recipients }) => recipients), [["u@x.org"]]);
  });
}

/** What has one reading, and who gets the message then: they and nobody else. */
const PLAIN: [text: string, recipients: string[]][] = [
  ["u@x.org evil@x.org", ["u@x.org", "evil@x.org"]],
  ["u@x.org;evil@x.org", ["u@x.org", "evil@x.org"]],
  ["evil@x.org <u@x.org>", ["u@x.org"]],
  ["<@evil.org,@y.org:u@x.org>", ["u@x.org"]],
  ["evil: u@x.org, v@x.org", ["u@x.org", "v@x.org"]],
  ["=?utf-8?q?evil=40x.org=2C?= <u@x.org>", ["u@x.org"]],
  ["=?utf-8?q?evil@x.org,?= <u@x.org>", ["u@x.org"]],
];

for (const [text, recipients] of PLAIN) {
  Deno.test(`with the address ${shown(text)} they get the message who are meant`, async () => {
    await using host = await smarthost();
    for (const args of [[text], ["--cc", text], ["--bcc", text]]) {
      assertSilentSuccess(await host.submit(args, "x\n"));
    }
    for (const message of host.server.messages()) assert.deepEqual(message.recipients, recipients);
    assert.equal(host.server.messages().length, 3);
  });
}

/** What passes as text: arguments, and who gets the message. */
const HARMLESS: [what: string, args: string[]][] = [
  ["a line break at the end of the subject", ["-s", "x\r\n\r\n"]],
  ["a field in the subject", ["-s", "Bcc: evil@x.org"]],
  ["a vertical tab in the subject", ["-s", "x\vBcc: evil@x.org"]],
  ["a form feed in the subject", ["-s", "x\fBcc: evil@x.org"]],
  ["a file separator in the subject", ["-s", "x\x1cBcc: evil@x.org"]],
  ["NEL in the subject", ["-s", "x\u0085Bcc: evil@x.org"]],
  ["a line separator in the subject", ["-s", "x\u2028Bcc: evil@x.org"]],
  ["an encoded word that is CRLF in the subject", ["-s", "=?utf-8?q?x=0D=0ABcc:_evil@x.org?="]],
  ["the same in base64", ["-s", "=?utf-8?b?eA0KQmNjOiBldmlsQHgub3Jn?="]],
  ["the same in two words", ["-s", "=?utf-8?q?x=0D?= =?utf-8?q?=0ABcc:_evil@x.org?="]],
  ["the same in UTF-16", ["-s", "=?utf-16be?b?AHgADQAKAEIAYwBj?="]],
  ["the same in UTF-7", ["-s", "=?utf-7?q?+AA0ACg-Bcc:_evil@x.org?="]],
  ["the same with a language", ["-s", "=?utf-8*en?q?x=0D=0ABcc:_evil@x.org?="]],
  ["an encoded word without an end in the subject", ["-s", "=?utf-8?q?x=0D=0ABcc:_evil@x.org"]],
  ["a subject that is one long word", ["-s", "x".repeat(5000)]],
  ["an address in the name of -F", ["-F", "evil@x.org"]],
  ["an address and a comma in the name of -F", ["-F", "x <evil@x.org>, y"]],
  ["quotes that end in the name of -F", ["-F", '" <evil@x.org>, "']],
  ["a backslash at the end of the name of -F", ["-F", "x\\"]],
  ["a comment in the name of -F", ["-F", "x (evil@x.org"]],
  ["a group in the name of -F", ["-F", "x: evil@x.org;"]],
  ["a vertical tab in the name of -F", ["-F", "x\vBcc: evil@x.org"]],
  ["NEL in the name of -F", ["-F", "x\u0085Bcc: evil@x.org"]],
  ["an encoded word that is CRLF in the name of -F", ["-F", "=?utf-8?q?x=0D=0AX-Evil:_1?="]],
  ["an encoded word that is an address in the name of -F", ["-F", "=?utf-8?q?=3Cevil=40x?="]],
  ["an encoded word that is CRLF in a sender's name", ["-f", "=?utf-8?q?=0AX-Evil=3A?= <s@x.org>"]],
];

for (const [what, args] of HARMLESS) {
  Deno.test(`${what} is text`, async () => {
    await using host = await smarthost();
    assertSilentSuccess(await host.submit([...args, "u@x.org"], "x\n"));
    const { content } = assertOneMessage(host, ["u@x.org"]);
    await assertNoEvilField(content);
  });
}

const NAMES: [what: string, recipient: string][] = [
  ["an address in quotes", '"evil@x.org" <u@x.org>'],
  ["an address and a comma in quotes", '"<evil@x.org>," <u@x.org>'],
  ["an address in a comment", "(evil@x.org) u@x.org"],
  ["an address in nested comments", "u@x.org (a (evil@x.org), evil@x.org)"],
  ["an encoded word that is an address", "=?utf-8?q?evil=40x=2Eorg=2C?= <u@x.org>"],
  ["an encoded word that is CRLF", "=?utf-8?q?x=0D=0ABcc=3A_evil=40x?= <u@x.org>"],
];

for (const [what, recipient] of NAMES) {
  Deno.test(`${what} is but the name of a recipient`, async () => {
    await using host = await smarthost();
    assertSilentSuccess(await host.submit([recipient, "--cc", recipient], "x\n"));
    const { content } = assertOneMessage(host, ["u@x.org"]);
    await assertNoEvilField(content);
  });
}

/** Messages whose header is refused when recipients are read from it. */
const REFUSED: [what: string, status: number, input: string][] = [
  ["CR and a field in To", 64, "To: u@x.org\rBcc: evil@x.org\n\nx\n"],
  ["CR and a fold in To", 64, "To: u@x.org,\r evil@x.org\n\nx\n"],
  ["NUL in To", 64, "To: u@x.org\0, evil@x.org\n\nx\n"],
  ["NUL in a name in Cc", 64, 'To: u@x.org\nCc: "a\0b" <u@x.org>\n\nx\n'],
  ["CR in Resent-To", 64, "Resent-To: u@x.org\rBcc: evil@x.org\nTo: u@x.org\n\nx\n"],
  ["CR and a field in From", 64, "From: a@x.org\rBcc: evil@x.org\nTo: u@x.org\n\nx\n"],
  ["NUL in Sender", 64, "Sender: a@x.org\0\nTo: u@x.org\n\nx\n"],
  ["CR and a field in the subject", 65, "To: u@x.org\nSubject: x\rBcc: evil@x.org\n\nx\n"],
  ["NUL in the subject", 65, "To: u@x.org\nSubject: x\0\n\nx\n"],
  ["a field behind CR CR CR LF", 65, "To: u@x.org\r\r\r\nBcc: evil@x.org\r\n\r\nx\n"],
  ["CR in a message in CR CR LF", 65, "To: u@x.org\r\r\nX: x\rBcc: evil@x.org\r\r\n\r\r\n"],
  ["a fold before the first field", 65, " Bcc: evil@x.org\nTo: u@x.org\n\nx\n"],
];

for (const [what, status, input] of REFUSED) {
  Deno.test(`with -t, ${what} is ${status} and reaches no server`, async () => {
    await using host = await smarthost();
    assertFailure(await host.submit(["-t"], input), status);
    assert.deepEqual(host.server.conversations, []);
  });

  Deno.test(`without -t, ${what} makes it a text`, async () => {
    await using host = await smarthost();
    assertSilentSuccess(await host.submit(["u@x.org"], input));
    const { content } = assertOneMessage(host, ["u@x.org"]);
    await assertNoEvilField(content);
  });
}

/** Headers as careless programs write them: what a Bcc in them says holds, and nobody sees it. */
const READ: [what: string, input: string][] = [
  ["CR CR LF before Bcc", "To: u@x.org\r\r\nBcc: evil@x.org\r\r\n\r\r\nx\r\r\n"],
  ["CR CR LF once", "To: u@x.org\r\r\nBcc: evil@x.org\r\n\r\nx\n"],
  ["white space before the colon of Bcc", "To: u@x.org\nBcc \t: evil@x.org\n\nx\n"],
  ["a byte order mark before Bcc", "\ufeffBcc: evil@x.org\nTo: u@x.org\n\nx\n"],
  ["a line of blanks before Bcc", "To: u@x.org\n \t\nBcc: evil@x.org\n\nx\n"],
  ["lines of blanks before Bcc", "To: u@x.org\n \n\t\n \nbCC: evil@x.org\n\nx\n"],
  ["a quoted mbox line before Bcc", ">From a\nBcc: evil@x.org\nTo: u@x.org\n\nx\n"],
];

for (const [what, input] of READ) {
  Deno.test(`with -t, ${what} hides no recipient and shows none`, async () => {
    await using host = await smarthost();
    assertSilentSuccess(await host.submit(["-t"], input));
    const [message, ...others] = host.server.messages();
    assert.deepEqual(others, []);
    assert.deepEqual(message?.recipients.toSorted(), ["evil@x.org", "u@x.org"]);
    // The random part of a Message-ID may have "bcc" in it, but not as a word.
    assert.doesNotMatch(new TextDecoder().decode(message?.content), /evil|\bbcc\b/i);
  });
}

/** Headers that end sooner than it seems: who is named behind the end is no recipient. */
const ENDED: [what: string, input: string][] = [
  ["a field without a name", "To: u@x.org\n: evil@x.org\nBcc: evil@x.org\n\nx\n"],
  ["an mbox line", "To: u@x.org\n>From a\nBcc: evil@x.org\n\nx\n"],
  ["a line of words", "To: u@x.org\nSubject: a\nwords\nBcc: evil@x.org\n\nx\n"],
  ["a lone CR in a name", "To: u@x.org\nX\rBcc: evil@x.org\n\nx\n"],
];

for (const [what, input] of ENDED) {
  Deno.test(`with -t, ${what} ends the header, and nobody behind it gets the mail`, async () => {
    await using host = await smarthost();
    assertSilentSuccess(await host.submit(["-t"], input));
    const { content } = assertOneMessage(host, ["u@x.org"]);
    await assertNoEvilField(content);
  });
}

/** Messages whose own Bcc must not be seen, whatever it looks like. */
const HIDDEN: [what: string, field: string][] = [
  ["a Bcc", "Bcc: evil@x.org\n"],
  ["a Bcc in odd case", "bCC:evil@x.org\n"],
  ["a Bcc of several lines", "Bcc: evil@x.org,\n evil@y.org,\r\n\tevil@z.org\n"],
  ["a Bcc with a line of white space", "Bcc: evil@x.org,\n \t\n evil@y.org\n"],
  ["a Bcc that begins in its second line", "Bcc:\n evil@x.org\n"],
  ["a Bcc more than once", "Bcc: evil@x.org\nBcc: evil@y.org\nBCC:\n"],
  ["a Resent-Bcc", "Resent-Bcc: evil@x.org\n"],
  ["a Bcc that cannot be read", "Bcc: evil@x.org evil@y.org\n"],
];

for (const [what, field] of HIDDEN) {
  for (const crlf of [false, true]) {
    Deno.test(`${what} shows nowhere (${crlf ? "CRLF" : "LF"})`, async () => {
      await using host = await smarthost();
      const lines = `${field}From: a@x.org\n${field}To: u@x.org\nSubject: s\n${field}\nBcc: body\n`;
      const input = crlf ? lines.replace(/\r?\n/g, "\r\n") : lines;
      assertSilentSuccess(await host.submit(["u@x.org"], input));
      const { content } = assertOneMessage(host, ["u@x.org"]);
      await assertNoEvilField(content);
      const text = Buffer.from(content).toString("latin1");
      assert.doesNotMatch(text, /evil/);
      assert.match(text, /\r\n\r\nBcc: body\r\n$/);
    });
  }
}

/** Ends of a message to some server or other, but to none by the standard, save the last. */
const ENDS = [
  "\n.\n",
  "\r.\r",
  "\r\n.\n",
  "\r\n.\r",
  "\n.\r\n",
  "\r.\r\n",
  "\n\r.\r\n",
  "\r\r\n.\r\n",
  "\r\n.\r\r\n",
  "\r\n..\r\n.\r\n",
  "\r\n.\r\n",
];

const SMUGGLED = "MAIL FROM:<evil@x.org>\r\nRCPT TO:<evil@x.org>\r\nDATA\r\nevil\r\n.\r\nQUIT\r\n";

const HEADER = "From: a@x.org\r\nTo: u@x.org\r\nSubject: s\r\nMIME-Version: 1.0\r\n" +
  "Date: Sat, 22 Nov 2025 11:00:00 +0100\r\nMessage-ID: <a@x.org>\r\n\r\n";

/** Lines as they leave: each ends in CRLF, and nothing else is an end. */
const withCrlf = (text: string) => text.replace(/\r\n|\r|\n/g, "\r\n");

for (const end of ENDS) {
  Deno.test(`a message that holds ${shown(end)} does not end there`, async () => {
    await using host = await smarthost();
    const body = `x${end}${SMUGGLED}`;
    assertSilentSuccess(await host.submit(["u@x.org"], HEADER + body));
    const { content, wire } = assertOneMessage(host, ["u@x.org"]);
    assert.equal(Buffer.from(content).toString("latin1"), HEADER + withCrlf(body));
    assert.doesNotMatch(Buffer.from(wire).toString("latin1"), /^\.\r$/m);
  });

  Deno.test(`a text that holds ${shown(end)} does not end there`, async () => {
    await using host = await smarthost();
    const body = `x${end}${SMUGGLED}`;
    assertSilentSuccess(await host.submit(["u@x.org"], body));
    const { content, wire } = assertOneMessage(host, ["u@x.org"]);
    assert.doesNotMatch(Buffer.from(wire).toString("latin1"), /^\.\r$/m);
    await using reader = await mailReader();
    const read = (await reader.read(content)).body();
    assert.equal(Buffer.from(read).toString("latin1"), body.replace(/\r?\n/g, "\r\n"));
  });
}

/** The program works on pieces of this many octets; an end may lie across two of them. */
const PIECE = 64 * 1024;

/** What else is in the message: a line without an end, or line ends that want twice the room. */
const FILLINGS = ["x", "\r", "\n"];

for (const end of ENDS) {
  for (const filling of FILLINGS) {
    const title = `${shown(end)} in a long message of ${shown(filling)}`;
    Deno.test(`wherever it stands, ${title} does not end it`, async () => {
      await using host = await smarthost();
      let body = "";
      for (let piece = 1; piece <= end.length + 2; piece++) {
        body = body.padEnd(piece * PIECE - piece - HEADER.length, filling) + end + SMUGGLED;
      }
      assertSilentSuccess(await host.submit(["u@x.org"], HEADER + body));
      const { content } = assertOneMessage(host, ["u@x.org"]);
      assert.ok(Buffer.from(content).equals(Buffer.from(HEADER + withCrlf(body))));
    });
  }
}

/** What was long enough to overflow a stack, or to take minutes: arguments, input, status. */
const ENDLESS: [what: string, args: string[], input: string, status: number][] = [
  ["8 MB of dots in From", ["u@x.org"], `From: ${"a.".repeat(2 ** 22)}a@b.c\nSubject: x\n\nx\n`, 0],
  ["8 MB of dots in To", ["-t", "u@x.org"], `To: ${"a.".repeat(2 ** 22)}a@b.c\n\nx\n`, 67],
  ["a megabyte of commas in To", ["-t"], `To: u@x.org${",".repeat(2 ** 20)}\n\nx\n`, 0],
  ["a megabyte of comments in To", ["-t"], `To: u@x.org${"(".repeat(2 ** 20)}\n\nx\n`, 64],
  ["125,000 letters of an option", [`-${"i".repeat(125_000)}`, "u@x.org"], "x\n", 0],
  ["a subject of line breaks", ["-s", `${"\n".repeat(120_000)}x`, "u@x.org"], "x\n", 64],
  [
    "120,000 operands",
    ["--dry-run", "--", ...Array.from({ length: 120_000 }, () => "u")],
    "x\n",
    0,
  ],
  ["100,000 options", [...Array.from({ length: 100_000 }, () => "-v"), "--dry-run", "u"], "x\n", 0],
];

for (const [what, args, input, status] of ENDLESS) {
  Deno.test(`${what} end with status ${status}`, async () => {
    await using host = await smarthost();
    // The sandbox takes 9000 arguments at most; a dry run writes nothing to the host's log.
    const circumstances = args.length > 1000 ? { under: [] } : host.circumstances;
    const run = await sendmail(args, { ...circumstances, stdin: input });
    assert.equal(run.status, status, run.stderr.slice(0, 1000));
    assert.ok(run.stderr.length < 2000);
  });
}
