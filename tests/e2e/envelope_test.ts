/** Who sends, who receives, and what is said of a message before it is sent. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { aiosmtpd } from "../support/servers/aiosmtpd.ts";
import { assertFailure, assertSilentSuccess } from "../support/program/assertions.ts";
import { temporaryFolder } from "../support/hosts/folder.ts";
import { sendmail } from "../support/program/program.ts";
import { smarthostHash } from "../support/servers/redis.ts";
import { scriptedRedis } from "../support/servers/redis_scripted.ts";
import { smarthost } from "../support/servers/smarthost.ts";
import { honestSmtp } from "../support/servers/smtp_honest.ts";

/** A complete message of 123 octets on the wire. */
const MIME = "From: a@x.org\nTo: u@x.org\nSubject: s\nMIME-Version: 1.0\n" +
  "Date: Sat, 22 Nov 2025 11:00:00 +0100\nMessage-ID: <a@x.org>\n\n";

type Row = {
  what: string;
  args: string[];
  /** A text unless told otherwise. */
  input?: string;
  /** The default unless told otherwise. */
  sender?: string;
  /** One, u@x.org, unless told otherwise. */
  recipients?: string[];
};

const SENDERS: Row[] = [
  { what: "nobody in particular sends a text", args: ["u@x.org"] },
  { what: "-f names the sender", args: ["-f", "s@x.org", "u@x.org"], sender: "s@x.org" },
  { what: "-r is -f", args: ["-rs@x.org", "u@x.org"], sender: "s@x.org" },
  { what: "-f may have a name", args: ["-f", "S <s@x.org>", "u@x.org"], sender: "s@x.org" },
  {
    what: "a bare sender is one of this host",
    args: ["-f", "www-data", "u@x.org"],
    sender: "www-data@node.example.org",
  },
  { what: "-f '' is the empty sender", args: ["-f", "", "u@x.org"], sender: "" },
  { what: "-f <> is the empty sender", args: ["-f", "<>", "u@x.org"], input: MIME, sender: "" },
  { what: "a message's From sends it", args: ["u@x.org"], input: MIME, sender: "a@x.org" },
  {
    what: "a message's Sender sends it before its From",
    args: ["u@x.org"],
    input: `Sender: S <s@x.org>\n${MIME}`,
    sender: "s@x.org",
  },
  {
    what: "-f sends a message before its Sender",
    args: ["-f", "f@x.org", "u@x.org"],
    input: `Sender: S <s@x.org>\n${MIME}`,
    sender: "f@x.org",
  },
  {
    what: "a From that cannot be read does not stop a message",
    args: ["u@x.org"],
    input: "From: a b c\nSubject: x\nMIME-Version: 1.0\n\nx\n",
  },
];

const ARGUMENTS: Row[] = [
  {
    what: "one argument may hold several",
    args: ["a@x.org, B <b@x.org>", "c@x.org"],
    recipients: ["a@x.org", "b@x.org", "c@x.org"],
  },
  {
    what: "--cc and --bcc may be repeated",
    args: ["--cc", "c@x.org", "--cc=d@x.org", "--bcc", "e@x.org", "--bcc", "f@x.org, g@x.org"],
    recipients: ["c@x.org", "d@x.org", "e@x.org", "f@x.org", "g@x.org"],
  },
  {
    what: "a bare name is one of this host",
    args: ["root", "Ops <ops>"],
    recipients: ["root@node.example.org", "ops@node.example.org"],
  },
  {
    what: "everybody gets the message once",
    args: ["u@x.org", "U <u@X.ORG>", "--cc", "u@x.org", "--bcc", "(u) u@x.org", '"u"@x.org'],
  },
  {
    what: "a local part's case tells two apart",
    args: ["u@x.org", "U@x.org"],
    recipients: ["u@x.org", "U@x.org"],
  },
  {
    what: "a domain is sent in its ASCII form, once",
    args: ["u@exämple.org", "u@EXÄMPLE.org", "u@xn--exmple-cua.org"],
    recipients: ["u@xn--exmple-cua.org"],
  },
  {
    what: "an address literal stays",
    args: ["u@[192.0.2.1]", "u@[IPv6:2001:db8::1]"],
    recipients: ["u@[192.0.2.1]", "u@[IPv6:2001:db8::1]"],
  },
  {
    what: "a local part that needs quotes keeps them",
    args: ['"john doe"@x.org', '"a\\"b"@x.org'],
    recipients: ['"john doe"@x.org', '"a\\"b"@x.org'],
  },
  {
    what: "without -t, those in the message are no recipients",
    args: ["u@x.org"],
    input: `Bcc: b@x.org\nCc: c@x.org\n${MIME}`,
    sender: "a@x.org",
  },
];

const READ: Row[] = [
  {
    what: "-t takes To, Cc and Bcc, however often, and the arguments",
    args: ["-t", "z@x.org"],
    input: `Cc: c@x.org,\n d@x.org\nBcc: e@x.org\nBCC: f@x.org\nTO: g@x.org\n${MIME}`,
    sender: "a@x.org",
    recipients: ["z@x.org", "g@x.org", "u@x.org", "c@x.org", "d@x.org", "e@x.org", "f@x.org"],
  },
  {
    what: "-t takes members of groups, and nobody from names and comments",
    args: ["-ti"],
    input: 'To: team: a@x.org, "b@y.org" <b@x.org>;\nCc: nobody:;\nBcc: c@x.org (d@x.org)\n\n',
    recipients: ["a@x.org", "b@x.org", "c@x.org"],
  },
  {
    what: "-t takes those of Resent- fields alone, where there are any",
    args: ["-t"],
    input: `Resent-To: b@x.org\nResent-Cc: c@x.org\nResent-Bcc: d@x.org\nBcc: e@x.org\n${MIME}`,
    sender: "a@x.org",
    recipients: ["b@x.org", "c@x.org", "d@x.org"],
  },
  {
    what: "-t takes everybody once",
    args: ["-t", "u@x.org"],
    input: `Cc: U <u@X.org>, root\nBcc: root@Node.Example.Org\n${MIME}`,
    sender: "a@x.org",
    recipients: ["u@x.org", "root@node.example.org"],
  },
  {
    what: "-t takes a header that the end of the input ends",
    args: ["-t"],
    input: "Subject: x\nTo: u@x.org",
  },
];

for (const { what, args, input, sender, recipients } of [...SENDERS, ...ARGUMENTS, ...READ]) {
  Deno.test(`${what} (${args.join(" ")})`, async () => {
    await using host = await smarthost();
    assertSilentSuccess(await host.submit(args, input ?? "x\n"));
    const [message] = host.server.messages();
    assert.equal(message?.sender, sender ?? "no-reply@node.example.org");
    assert.deepEqual(message?.recipients, recipients ?? ["u@x.org"]);
  });
}

const NOBODY: [what: string, args: string[], input: string, status: number][] = [
  ["-t and no recipient in the header", ["-t"], "Subject: x\n\nx\n", 64],
  ["-t and empty fields", ["-t"], "To:\nCc: ,\nBcc: nobody:;\n\nx\n", 64],
  ["-t and nobody but a bad address", ["-t"], "To: a b@x.org\n\nx\n", 64],
  ["-t and a NUL in an address", ["-t", "u@x.org"], "To: a@x.org, b@x.org\0\n\nx\n", 64],
  ["-t and a text", ["-t", "u@x.org"], "Hello,\n\nthis is no header.\n", 65],
  ["-t and nothing", ["-t", "u@x.org"], "", 65],
  ["-t and an empty header", ["-t", "u@x.org"], "\nx\n", 65],
  ["-t and a text before the header", ["-t", "u@x.org"], "Hello\nTo: u@x.org\n\nx\n", 65],
];

for (const [what, args, input, status] of NOBODY) {
  Deno.test(`${what} is ${status}, and reaches no server`, async () => {
    await using host = await smarthost();
    assertFailure(await host.submit(args, input), status);
    assert.deepEqual(host.server.conversations, []);
  });
}

Deno.test("a bad address in the header does not keep the others from their mail, and is named (67)", async () => {
  await using host = await smarthost();
  const input = "To: ann@x.org\nCc: First Last <first@x.org, bob@x.org\nSubject: x\n\nx\n";
  const run = await host.submit(["-t", "--json"], input);
  assert.equal(
    run.stderr,
    'Error: Bad address in the header: "First Last <first@x.org" (Cc: no > behind <)\n' +
      "The others got the message: ann@x.org, bob@x.org\n",
  );
  assert.equal(run.status, 67);
  assert.deepEqual(host.server.messages()[0]?.recipients, ["ann@x.org", "bob@x.org"]);
  const { status, recipients, error } = JSON.parse(run.stdout);
  assert.equal(status, 67);
  assert.deepEqual(
    recipients.map(({ address, accepted }: Record<string, unknown>) => [address, accepted]),
    [["ann@x.org", true], ["bob@x.org", true], ["First Last <first@x.org", false]],
  );
  assert.equal(`Error: ${error}`, run.stderr.split("\n")[0]);
});

Deno.test("a bad address in the header of a dry run is named, and the status is 67", async () => {
  const input = "To: ann@x.org, @x.org\nSubject: x\n\nx\n";
  const run = await sendmail(["-t", "--dry-run"], { stdin: input });
  assert.equal(run.status, 67);
  assert.match(run.stdout, /^To: ann@x\.org, @x\.org\r$/m);
  assert.equal(run.stderr, 'Error: Bad address in the header: "@x.org" (To: nothing before @)\n');
});

type Declared = {
  what: string;
  /** What the server offers. */
  offers: string[];
  args?: string[];
  input?: string;
  /** What stands behind the sender in MAIL. */
  says: string;
};

const DECLARED: Declared[] = [
  { what: "the size is told", offers: ["SIZE 1000"], says: " SIZE=123" },
  { what: "the size is told where there is no limit", offers: ["SIZE 0"], says: " SIZE=123" },
  { what: "the size is told where no limit is named", offers: ["SIZE"], says: " SIZE=123" },
  { what: "the size is told as far as it may be", offers: ["SIZE 123"], says: " SIZE=123" },
  { what: "the size is told to nobody who did not ask", offers: ["8BITMIME"], says: "" },
  {
    what: "the size counts no doubled dots",
    offers: ["SIZE"],
    input: `${MIME}.\n..\n`,
    says: " SIZE=130",
  },
  {
    what: "8-bit data is declared",
    offers: ["8BITMIME"],
    input: `${MIME}ü\n`,
    says: " BODY=8BITMIME",
  },
  {
    what: "8-bit data in the header is declared",
    offers: ["8BITMIME"],
    input: `X: ü\n${MIME}`,
    says: " BODY=8BITMIME",
  },
  { what: "8-bit data goes undeclared where it has to", offers: [], input: `${MIME}ü\n`, says: "" },
  { what: "7-bit data is not declared", offers: ["8BITMIME"], says: "" },
  { what: "a text is encoded, and not declared", offers: ["8BITMIME"], input: "ü\n", says: "" },
  {
    what: "names, subjects and domains outside ASCII need no SMTPUTF8",
    offers: ["SMTPUTF8"],
    args: ["-F", "Jörg", "-s", "ü", "-f", "s@exämple.org", "Ü <u@exämple.org>"],
    input: "ü\n",
    says: "",
  },
  {
    what: "a recipient outside ASCII does",
    offers: ["SMTPUTF8", "8BITMIME"],
    args: ["jörg@x.org"],
    input: "x\n",
    says: " SMTPUTF8 BODY=8BITMIME",
  },
  {
    what: "a sender outside ASCII does",
    offers: ["SMTPUTF8"],
    args: ["-f", "jörg@x.org", "u@x.org"],
    says: " SMTPUTF8",
  },
  {
    what: "a recipient outside ASCII in the header does",
    offers: ["SMTPUTF8"],
    args: ["-t"],
    input: `Cc: jörg@x.org\n${MIME}`,
    says: " SMTPUTF8",
  },
];

for (const { what, offers, args, input, says } of DECLARED) {
  Deno.test(`${what} (${offers.join(", ") || "nothing is offered"})`, async () => {
    await using host = await smarthost({}, { capabilities: offers });
    assertSilentSuccess(await host.submit(args ?? ["u@x.org"], input ?? MIME));
    const mail = host.server.commands().find((line) => line.startsWith("MAIL")) ?? "";
    assert.equal(mail.slice(mail.indexOf(">") + 1), says);
  });
}

const TOO_MUCH: [what: string, offers: string[], args: string[], status: number, says: string][] = [
  ["a message over SIZE", ["SIZE 122"], ["u@x.org"], 65, "123"],
  ["a recipient outside ASCII", ["8BITMIME"], ["jörg@x.org"], 69, "jörg@x.org"],
  ["a sender outside ASCII", [], ["-f", "jörg@x.org", "u@x.org"], 69, "jörg@x.org"],
];

for (const [what, offers, args, status, says] of TOO_MUCH) {
  Deno.test(`${what} is ${status} before MAIL, where the server cannot take it`, async () => {
    await using host = await smarthost({}, { capabilities: offers });
    assertFailure(await host.submit(args, MIME), status, says, host.server.address);
    assert.deepEqual(host.server.commands(), ["EHLO node.example.org", "QUIT"]);
  });
}

const THOUSAND = Array.from({ length: 1000 }, (_, i) => `user${i}@x${i % 7}.org`);

const CROWDS: [what: string, args: string[], input: string][] = [
  ["in arguments of their own", THOUSAND, "x\n"],
  ["in one argument", [THOUSAND.join(", ")], "x\n"],
  ["in --bcc", THOUSAND.flatMap((each) => ["--bcc", each]), MIME],
  ["in a header", ["-t"], `To: ${THOUSAND.join(",\n ")}\n\nx\n`],
];

for (const [what, args, input] of CROWDS) {
  Deno.test(`a thousand recipients ${what} are a thousand RCPT commands`, async () => {
    await using host = await smarthost();
    assertSilentSuccess(await host.submit(args, input));
    const [message, ...others] = host.server.messages();
    assert.deepEqual(others, []);
    assert.deepEqual(message?.recipients, THOUSAND);
    // No line of a header that the program writes is over 998 octets.
    assert.doesNotMatch(Buffer.from(message?.content ?? []).toString("latin1"), /.{999}/);
  });
}

for (const [name, start] of [["aiosmtpd", aiosmtpd], ["smtp-server", honestSmtp]] as const) {
  Deno.test(`${name} says how much it takes, and gets no more`, async () => {
    await using server = await start({ encryption: "none", size: 1000 });
    await using redis = await scriptedRedis({}, smarthostHash(server));
    const header = MIME.replaceAll("\n", "\r\n");
    const fits = `${header}${"x".repeat(1000 - 123 - 2)}\r\n`;
    assertFailure(await sendmail(["u@x.org"], { redis, stdin: `${fits}\r\n` }), 65, "1000");
    assertSilentSuccess(await sendmail(["u@x.org"], { redis, stdin: fits }));
    const [message, ...others] = await server.messages();
    assert.deepEqual(others, []);
    assert.equal(Buffer.from(message?.content ?? []).toString(), fits);
  });
}

const MEGABYTE = 1024 * 1024;

function randomBytes(count: number): Buffer {
  const bytes = Buffer.alloc(count);
  for (let at = 0; at < count; at += 65536) crypto.getRandomValues(bytes.subarray(at, at + 65536));
  return bytes;
}

/** Lines of base64, so many octets in all: the usual body of a large message. */
function attachment(octets: number): string {
  const lines = randomBytes(octets * 3 / 4).toString("base64").replace(/.{76}/g, "$&\n");
  return `${lines.slice(0, octets - 1)}\n`;
}

const LARGE = 25 * MEGABYTE;

/** A message whose lines need all that can be done to lines: dots, 8-bit octets, lone CR and LF. */
function unruly(octets: number): Buffer {
  const lines = [
    `${"a usual line ".repeat(30)}\n`,
    ".\n",
    "..dots\r\n",
    "Gr\xfc\xdfe\n",
    "lone\r",
    "\n",
    ". \xc3\xa4\r\n",
  ];
  const body = Buffer.alloc(octets, Buffer.from(lines.join(""), "latin1"));
  const header = `Content-Type: text/plain; charset=iso-8859-1\n${MIME}`;
  return Buffer.concat([Buffer.from(header), body, Buffer.from("\n")]);
}

/** A message of 25 MB, and what is stored of it: the same with CRLF at the end of each line. */
const LARGE_MESSAGES: [what: string, input: () => Buffer][] = [
  ["a message", () => Buffer.from(MIME + attachment(LARGE))],
  ["a message of unruly lines", () => unruly(LARGE)],
];

for (const [name, start] of [["aiosmtpd", aiosmtpd], ["smtp-server", honestSmtp]] as const) {
  for (const [what, make] of LARGE_MESSAGES) {
    Deno.test(`${what} of 25 MB is stored by ${name} as it was sent`, async () => {
      await using server = await start({ encryption: "none" });
      await using redis = await scriptedRedis({}, smarthostHash(server));
      const input = make();
      assertSilentSuccess(await sendmail(["u@x.org"], { redis, stdin: input }));
      const [message] = await server.messages();
      const stored = Buffer.from(message?.content ?? []);
      const sent = input.toString("latin1").replace(/\r\n|\r|\n/g, "\r\n");
      assert.ok(stored.equals(Buffer.from(sent, "latin1")));
    });
  }
}

/** What is held while a message goes out, in bytes, and how long the message is then. */
async function peakMemory(input: string | Uint8Array): Promise<{ peak: number; sent: number }> {
  await using folder = await temporaryFolder();
  await using host = await smarthost();
  const script = new URL("../support/program/peak_memory.py", import.meta.url).pathname;
  const file = folder.file("peak");
  const under = [...host.circumstances.under ?? [], "/usr/bin/python3", script, file];
  assertSilentSuccess(await sendmail(["u@x.org"], { ...host.circumstances, under, stdin: input }));
  await host.server.settled();
  const [message] = host.server.messages();
  return { peak: Number(await Deno.readTextFile(file)), sent: message?.content.length ?? 0 };
}

const BULKY: [what: string, input: () => string | Uint8Array][] = [
  ["a message", () => MIME + attachment(LARGE)],
  ["a message in CRLF", () => (MIME + attachment(LARGE)).replaceAll("\n", "\r\n")],
  ["a text", () => attachment(LARGE)],
  ["a text with one letter outside ASCII", () => "ü" + attachment(LARGE)],
  ["a text that is sent as base64", () => randomBytes(LARGE)],
];

for (const [what, input] of BULKY) {
  Deno.test(`${what} of 25 MB takes no more memory than three times as much`, async () => {
    const [small, large] = [await peakMemory("x\n"), await peakMemory(input())];
    const held = large.peak - small.peak;
    assert.ok(held < 3 * large.sent, `${held} bytes are held for ${large.sent}`);
  });
}
