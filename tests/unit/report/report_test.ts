import assert from "node:assert/strict";
import fc from "fast-check";
import {
  ExitStatus,
  Failure,
  type FailureDetails,
  type Outcome,
  type Reply,
  type Result,
} from "../../../lib/outcome.ts";
import { redactor } from "../../../lib/report/redact.ts";
import type { Attempt } from "../../../lib/report/attempt.ts";
import { errorLines, logRecord, transcriptLines } from "../../../lib/report/report.ts";
import { SEED } from "../../support/program/property.ts";

const SERVER = "mail.example:587";
const OK: Reply = { code: 250, text: "2.1.5 Ok" };
const QUEUED: Reply = { code: 250, text: "2.0.0 Ok: queued as 4F1" };
const UNKNOWN: Reply = { code: 550, text: "5.1.1 No such user" };
const GREYLISTED: Reply = { code: 450, text: "4.2.0 Greylisted,\ntry again later" };

const ATTEMPT: Attempt = { from: "a@x.org", to: "b@x.org", subject: "Disk full", server: SERVER };

const served = (address: string) => ({ address, accepted: true, reply: OK });
const refused = (address: string, reply?: Reply) => ({
  address,
  accepted: false,
  ...(reply && { reply }),
});
const failure = (details: Partial<FailureDetails>) =>
  new Failure({ status: ExitStatus.tryAgain, what: "Something failed", ...details });

const SENT: Outcome = {
  status: ExitStatus.ok,
  server: SERVER,
  reply: QUEUED,
  recipients: [served("b@x.org"), served("c@x.org")],
};
const PARTLY: Outcome = {
  status: ExitStatus.noUser,
  server: SERVER,
  reply: QUEUED,
  recipients: [served("b@x.org"), refused("c@x.org", UNKNOWN), served("d@x.org")],
};
const NOBODY: Outcome = {
  status: ExitStatus.noUser,
  server: SERVER,
  recipients: [refused("b@x.org", GREYLISTED), refused("c@x.org", UNKNOWN)],
};

const UNREADABLE = (address: string, why: string) => ({ address, accepted: false, why });
const NO_ADDRESS: Outcome = {
  ...SENT,
  status: ExitStatus.noUser,
  recipients: [...SENT.recipients, UNREADABLE("First Last <first@x.org", "Cc: no > behind <")],
};

const LINES: [title: string, result: Result, ...lines: string[]][] = [
  [
    "a hint ends the line, behind the server's words",
    failure({
      what: "Sender refused",
      where: SERVER,
      why: "a@x.org",
      reply: UNKNOWN,
      hint: "a hint",
    }),
    `Error: Sender refused (${SERVER}): a@x.org: 550 5.1.1 No such user; a hint`,
  ],
  ["a message that everybody got", SENT],
  [
    "a message refused for one of three",
    PARTLY,
    "Error: Recipient refused (mail.example:587): c@x.org: 550 5.1.1 No such user",
    "The others got the message: b@x.org, d@x.org",
  ],
  [
    "a message whose header has a bad address",
    NO_ADDRESS,
    'Error: Bad address in the header: "First Last <first@x.org" (Cc: no > behind <)',
    "The others got the message: b@x.org, c@x.org",
  ],
  [
    "a message refused for one, with two bad addresses in its header",
    {
      ...PARTLY,
      recipients: [...PARTLY.recipients, UNREADABLE("@", "To: a"), UNREADABLE("b\x1b@", "Cc: c")],
    },
    "Error: Recipient refused (mail.example:587): c@x.org: 550 5.1.1 No such user; " +
    'Bad addresses in the header: "@" (To: a); "b\\x1b@" (Cc: c)',
    "The others got the message: b@x.org, d@x.org",
  ],
  [
    "a message refused for all",
    NOBODY,
    "Error: Recipients refused (mail.example:587): " +
    "b@x.org: 450 4.2.0 Greylisted, try again later; c@x.org: 550 5.1.1 No such user",
  ],
  [
    "a recipient refused without words",
    { ...NOBODY, recipients: [refused("b@x.org", { code: 550, text: "" }), refused("c@x.org")] },
    "Error: Recipients refused (mail.example:587): b@x.org: 550; c@x.org",
  ],
  [
    "no recipient",
    failure({ what: "At least one recipient is required." }),
    "Error: At least one recipient is required.",
  ],
  [
    "a smarthost that is not enabled",
    failure({ what: "Smarthost is not enabled." }),
    "Error: Smarthost is not enabled.",
  ],
  [
    "a refused login",
    failure({
      what: "Login refused",
      where: SERVER,
      reply: { code: 535, text: "5.7.8 bad credentials" },
    }),
    "Error: Login refused (mail.example:587): 535 5.7.8 bad credentials",
  ],
  [
    "a reason of ours",
    failure({ what: "Redis does not answer", where: "127.0.0.1:6379", why: "connection refused" }),
    "Error: Redis does not answer (127.0.0.1:6379): connection refused",
  ],
  [
    "a reason without a place",
    failure({ what: "--from takes one address", why: '"a,b"' }),
    'Error: --from takes one address: "a,b"',
  ],
  [
    "a reason and a reply",
    failure({ where: SERVER, why: "the server hung up", reply: { code: 421, text: "Bye" } }),
    "Error: Something failed (mail.example:587): the server hung up: 421 Bye",
  ],
  [
    "a message refused after some of its recipients",
    failure({
      what: "Message refused",
      where: SERVER,
      reply: { code: 554, text: "5.7.1 Spam" },
      recipients: PARTLY.recipients,
    }),
    "Error: Message refused (mail.example:587): 554 5.7.1 Spam",
  ],
  [
    "a reply that plays with the terminal",
    failure({ reply: { code: 554, text: "\x1b[2Jbad\ttext\r\n\u202eliam\x9b\u2028end\n" } }),
    "Error: Something failed: 554 \\x1b[2Jbad\\x09text \\u202eliam\\x9b\\u2028end",
  ],
  [
    "a place, a reason and an address that play with the terminal",
    failure({ what: "Unknown option -\x1b", where: "a\nb", why: "c\nd\x07" }),
    "Error: Unknown option -\\x1b (a\\x0ab): c d\\x07",
  ],
  [
    "a very long reply",
    failure({ reply: { code: 554, text: "x".repeat(100_000) } }),
    `Error: Something failed: 554 ${"x".repeat(996)}... (99004 more)`,
  ],
  [
    "a very long reason",
    failure({ why: "x".repeat(100_000) }),
    `Error: Something failed: ${"x".repeat(1000)}... (99000 more)`,
  ],
];

for (const [title, result, ...lines] of LINES) {
  Deno.test(`stderr says of ${title}: ${lines.length} lines`, () => {
    assert.deepEqual(errorLines(result), lines);
  });
}

const CROWD = Array.from({ length: 100_000 }, (_, i) => `user${i}@x.org`);
/** More characters than this have no line on stderr, with room for the lists of recipients. */
const LONGEST_LINE = 10_000;

const ENDLESS: [title: string, result: Result, start: RegExp, end: RegExp][] = [
  [
    "an unknown option of 128 KB",
    failure({ what: `Unknown option --${"x".repeat(128 * 1024)}` }),
    /^Error: Unknown option --x/,
    /\.\.\. \(\d+ more\)$/,
  ],
  [
    "a host of 60 KB in Redis",
    failure({ where: `${"h".repeat(60_000)}:25`, why: "name not found" }),
    /^Error: Something failed \(h+\.\.\. \(\d+ more\)\): name not found$/,
    /found$/,
  ],
  [
    "a certificate with 3000 names",
    failure({ why: `the certificate is only for ${"a.example, ".repeat(3000)}` }),
    /only for a\.example/,
    /\(\d+ more\)$/,
  ],
  [
    "1 MB of escapes, all of which grow",
    failure({ reply: { code: 554, text: "\u202e".repeat(1024 * 1024) } }),
    /: 554 \\u202e/,
    /\\u202e\.\.\.$/,
  ],
  [
    "100,000 refused recipients",
    { ...NOBODY, recipients: CROWD.map((address) => refused(address, UNKNOWN)) },
    /: user0@x\.org: 550 5\.1\.1 No such user; user1@x\.org: /,
    /; and 99\d\d\d more$/,
  ],
  [
    "recipients refused with 1 MB each",
    {
      ...NOBODY,
      recipients: CROWD.slice(0, 20).map((address) =>
        refused(address, { code: 550, text: "no ".repeat(350_000) })
      ),
    },
    /: user0@x\.org: 550 no no /,
    /; and 1\d more$/,
  ],
];

for (const [title, result, start, end] of ENDLESS) {
  Deno.test(`a line on stderr is of bounded length whatever it is about: ${title}`, () => {
    const [line = "", ...more] = errorLines(result);
    assert.deepEqual(more, []);
    assert.match(line, start);
    assert.match(line, end);
    assert(line.length < LONGEST_LINE, `${line.length}`);
  });
}

Deno.test("who got the message is a line of bounded length, too", () => {
  const recipients = [...CROWD.map(served), refused("c@x.org", UNKNOWN)];
  const [error = "", others = ""] = errorLines({ ...PARTLY, recipients });
  assert.match(error, /: c@x\.org: 550 /);
  assert.match(others, /^The others got the message: user0@x\.org, .*, and 99\d\d\d more$/);
  assert(others.length < LONGEST_LINE);
});

Deno.test("only what is shown is redacted: no reply of a success, few of many refusals", () => {
  const redacted: string[] = [];
  const redact = (text: string) => {
    redacted.push(text);
    return text;
  };
  assert.deepEqual(errorLines(SENT, redact), []);
  logRecord(ATTEMPT, SENT, redact);
  assert.deepEqual(redacted, []);
  const recipients = CROWD.map((address) => refused(address, UNKNOWN));
  errorLines({ ...NOBODY, recipients }, redact);
  assert(redacted.length < 1000, `${redacted.length}`);
});

const TRANSCRIPTS: [title: string, said: string, ...lines: string[]][] = [
  ["a command", "> MAIL FROM:<a@x.org>", "> MAIL FROM:<a@x.org>"],
  ["a reply", "< 250-one\n250 two", "< 250-one", "< 250 two"],
  ["a terminal's escapes", "< 250-\x1b[2J\n250 \r", "< 250-\\x1b[2J", "< 250 \\x0d"],
  ["a password in one line", "< 535 no Abc123xyz+/Q", "< 535 no ***"],
  ["a password over two lines", "< 535-no Abc123\n535 xyz+/Q is bad", "< 535-no *** is bad"],
  ["its base64 over two lines", "< 535-no QWJjMTIzeH\n535 l6Ky9R", "< 535-no ***"],
  [
    "its base64 over two lines without its first characters",
    "< 535-jMTIzeH\n535-l6Ky9R\n535 no",
    "< 535-***",
    "< 535 no",
  ],
  ["its beginning at the end of a line", "< 535-no Abc123\n535 more", "< 535-no ***", "< 535 more"],
  ["its end at the beginning of a line", "< 535-no\n535 123xyz+/Q", "< 535-no", "< 535 ***"],
];

for (const [title, said, ...lines] of TRANSCRIPTS) {
  Deno.test(`-v shows each line by itself, and masks what lies over several: ${title}`, () => {
    assert.deepEqual(transcriptLines(said, redactor(["Abc123xyz+/Q"], "jd")), lines);
  });
}

Deno.test("-v shows the beginning of a reply of 1 MB, in lines of bounded length", () => {
  for (const unit of ["250-x\n", "x", "\x1b", "\n"]) {
    const lines = transcriptLines(`< ${unit.repeat(1024 * 1024)}`, redactor(["Abc123xyz+/Q"]));
    assert(lines.every((line) => line.length < LONGEST_LINE));
    assert(lines.join("\n").length < 20_000);
  }
});

const SENT_TEXT = 'status=sent from=a@x.org to=b@x.org subject="Disk full" ' +
  "server=mail.example:587 code=250";
const START = 'status=error from=a@x.org to=b@x.org subject="Disk full" ';

const RECORDS: [title: string, attempt: Partial<Attempt>, Result, text: string][] = [
  ["a message that everybody got", {}, SENT, SENT_TEXT],
  [
    "the empty sender",
    { from: "" },
    SENT,
    SENT_TEXT.replace("from=a@x.org", "from=<>"),
  ],
  [
    "a message refused for one of three",
    {},
    PARTLY,
    START + 'server=mail.example:587 code=550 message="5.1.1 No such user"',
  ],
  [
    "a message whose header has a bad address",
    {},
    NO_ADDRESS,
    START + "server=mail.example:587 code=-1 " +
    'message="Bad address in the header: \\"First Last <first@x.org\\" (Cc: no > behind <)"',
  ],
  [
    "a message refused for all, by the first refusal",
    {},
    NOBODY,
    START + 'server=mail.example:587 code=450 message="4.2.0 Greylisted, try again later"',
  ],
  [
    "a recipient refused without a reply",
    {},
    { ...NOBODY, recipients: [refused("b@x.org")] },
    START + 'server=mail.example:587 code=-1 message="Recipient refused"',
  ],
  [
    "a refused login",
    {},
    failure({
      what: "Login refused",
      where: SERVER,
      reply: { code: 535, text: '5.7.8 "user" \\ bad\x1b' },
    }),
    START + 'server=mail.example:587 code=535 message="5.7.8 \\"user\\" \\\\ bad\\x1b"',
  ],
  [
    "a refusal without words",
    {},
    failure({ what: "Login refused", where: SERVER, reply: { code: 535, text: "" } }),
    START + 'server=mail.example:587 code=535 message="Login refused"',
  ],
  [
    "a smarthost that does not answer",
    {},
    failure({ what: "No connection", where: SERVER, why: "timed out after 30 s" }),
    START + 'server=mail.example:587 code=-1 message="No connection: timed out after 30 s"',
  ],
  [
    "a smarthost that is not enabled",
    { server: undefined },
    failure({ what: "Smarthost is not enabled." }),
    START + 'server=- code=-1 message="Smarthost is not enabled."',
  ],
  [
    "a Redis that is down",
    { server: undefined },
    failure({ what: "Redis does not answer", where: "[::1]:6379", why: "connection refused" }),
    START + 'server=- code=-1 message="Redis does not answer ([::1]:6379): connection refused"',
  ],
  [
    "no recipient that is known",
    { to: "" },
    failure({ what: "No recipient" }),
    START.replace("b@x.org", "-") + 'server=mail.example:587 code=-1 message="No recipient"',
  ],
  [
    "a subject that wants to be a record of its own",
    { subject: 'a" server=evil:25 code=250\nstatus=sent from="' },
    SENT,
    SENT_TEXT.replace("Disk full", 'a\\" server=evil:25 code=250\\x0astatus=sent from=\\"'),
  ],
  [
    "addresses that want to be fields of their own",
    { from: '"a code=250 "@x.org', to: "b to=c\\@x.org", server: "m status=sent:25" },
    SENT,
    'status=sent from=\\"a\\x20code=250\\x20\\"@x.org to=b\\x20to=c\\\\@x.org ' +
    'subject="Disk full" server=m\\x20status=sent:25 code=250',
  ],
];

for (const [title, attempt, result, text] of RECORDS) {
  Deno.test(`the log says of ${title}: one line`, () => {
    const severity = text.startsWith("status=sent ") ? "info" : "err";
    assert.deepEqual(logRecord({ ...ATTEMPT, ...attempt }, result), { severity, text });
  });
}

/** The grammar of a record: names, bare words without spaces, quoted texts. */
const RECORD = new RegExp(
  "^status=(?:sent|error) from=[^ ]+ to=[^ ]+ " +
    String.raw`subject="(?:[^"\\]|\\.)*" server=[^ ]+ code=-?\d+( message="(?:[^"\\]|\\.)*")?$`,
);

Deno.test("no subject, address or reply forges a field or a line, or outgrows the system log", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 2000 }),
    fc.array(fc.constantFrom('"', " code=250", "\\", "\n", "\u2028", "x".repeat(99), "\u{1f600}"))
      .map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(text, text, text, text, text, (from, to, subject, server, words) => {
      const result = failure({ reply: { code: 550, text: words }, why: words });
      const record = logRecord({ from, to, subject, server }, result);
      assert.match(record.text, RECORD);
      assert.doesNotMatch(record.text, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      assert(new TextEncoder().encode(record.text).length < 1000);
      for (const line of errorLines(result)) {
        assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }
    }),
    { seed: SEED },
  );
});
