/** The contract's chapter "The log". */

import assert from "node:assert/strict";
import { assertFailure, assertSilentSuccess } from "../support/program/assertions.ts";
import { temporaryFolder } from "../support/hosts/folder.ts";
import { type LogSocket, logSocket } from "../support/servers/log_socket.ts";
import { hangUp, inTurn, reply } from "../support/servers/peer.ts";
import { type Circumstances, EXECUTABLE, type Run, sendmail } from "../support/program/program.ts";
import { type SmarthostHash, smarthostHash } from "../support/servers/redis.ts";
import { scriptedRedis } from "../support/servers/redis_scripted.ts";
import { hasPackages, withPackages } from "../support/hosts/package_root.ts";
import { sandbox } from "../support/hosts/sandbox.ts";
import { projectFile, run } from "../support/program/command.ts";
import { smarthost } from "../support/servers/smarthost.ts";
import type { Script, ScriptedOptions } from "../support/servers/smtp_conversation.ts";
import { type ScriptedSmtp, scriptedSmtp } from "../support/servers/smtp_scripted.ts";
import { closedPort } from "../support/servers/tcp.ts";

/** A record as whoever reads the log takes it apart. */
type Fields = {
  status: string;
  from: string;
  to: string;
  subject: string;
  server: string;
  code: string;
  message?: string;
};

const QUOTED = `"((?:[^"\\\\]|\\\\.)*)"`;
const RECORD = new RegExp(
  `^status=(sent|error) from=(\\S+) to=(\\S+) subject=${QUOTED} server=(\\S+) code=(-1|\\d{3})` +
    `(?: message=${QUOTED})?$`,
);

/** Takes a record apart; throws where it is none, and where it is not on one printable line. */
function fieldsOf(text: string): Fields {
  assert.doesNotMatch(text, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  const found = RECORD.exec(text);
  assert.ok(found, text);
  const [, status = "", from = "", to = "", subject = "", server = "", code = "", message] = found;
  const unescape = (value: string) => value.replace(/\\(["\\])/g, "$1");
  return {
    ...{ status, from, to, subject: unescape(subject), server, code },
    ...(message !== undefined && { message: unescape(message) }),
  };
}

type Attempted = { run: Run; server: ScriptedSmtp; fields: Fields[] };

/** Makes one attempt on a server, and reads the log. */
async function attempt(
  args: string[],
  { script = {}, options = {}, hash = {}, ...circumstances }: Circumstances & {
    script?: Script;
    options?: ScriptedOptions;
    hash?: SmarthostHash;
  } = {},
): Promise<Attempted> {
  await using log = await logSocket();
  await using server = await scriptedSmtp(script, options);
  await using redis = await scriptedRedis({}, smarthostHash(server, hash));
  const under = sandbox({ log, hostName: "node.example.org" });
  const run = await sendmail(args, { redis, log, under, stdin: "Hello\n", ...circumstances });
  return { run, server, fields: run.records.map(({ text }) => fieldsOf(text)) };
}

Deno.test("a message that was sent leaves one record of severity info", async () => {
  const { run, server, fields } = await attempt([
    "-s",
    "Disk",
    "-f",
    "a@b.test",
    "c@d.test",
    "e@f.test",
  ]);
  assertSilentSuccess(run);
  assert.deepEqual(run.records.map(({ priority, ident }) => [priority, ident]), [[
    22,
    "ns8-sendmail",
  ]]);
  assert.deepEqual(fields, [{
    status: "sent",
    from: "a@b.test",
    to: "c@d.test",
    subject: "Disk",
    server: server.address,
    code: "250",
  }]);
});

Deno.test("the record comes from the program's own process", async () => {
  await using log = await logSocket();
  await using folder = await temporaryFolder();
  await using server = await scriptedSmtp();
  await using redis = await scriptedRedis({}, smarthostHash(server));
  const script = await folder.write("run", '#!/bin/sh\necho $$ >"$0.pid"\nexec "$@"\n');
  await Deno.chmod(script, 0o755);
  const run = await sendmail(["c@d.test"], { redis, log, under: [...sandbox({ log }), script] });
  const pid = Number(await Deno.readTextFile(`${script}.pid`));
  assert.deepEqual(run.records.map((record) => record.pid), [pid]);
});

Deno.test("a message that was refused leaves one record of severity err, in the server's words", async () => {
  const script = { dot: reply("554-5.7.1 Looks", "554 5.7.1 like spam") };
  const { run, server, fields } = await attempt(["-s", "Disk", "-f", "a@b.test", "c@d.test"], {
    script,
  });
  assertFailure(run, 69);
  assert.deepEqual(run.records.map(({ priority }) => priority), [19]);
  assert.deepEqual(fields, [{
    status: "error",
    from: "a@b.test",
    to: "c@d.test",
    subject: "Disk",
    server: server.address,
    code: "554",
    message: "5.7.1 Looks 5.7.1 like spam",
  }]);
});

Deno.test("a message refused for some is an error with the first refusal's code and words", async () => {
  const script = {
    rcpt: [reply("250 2.1.5 Ok"), reply("450 4.2.2 Full"), reply("550 5.1.1 Unknown")],
  };
  const { run, fields } = await attempt(["a@b.test", "c@d.test", "e@f.test"], { script });
  assert.equal(run.status, 67);
  const [record] = fields;
  assert.deepEqual([record?.status, record?.to, record?.code, record?.message], [
    ...["error", "a@b.test", "450", "4.2.2 Full"],
  ]);
});

Deno.test("the empty sender is from=<>", async () => {
  const { fields } = await attempt(["-f", "<>", "c@d.test"]);
  assert.deepEqual(fields.map(({ status, from }) => [status, from]), [["sent", "<>"]]);
});

Deno.test("sender, recipient and subject are those of the message, decoded", async () => {
  const stdin = "From: A <a@b.test>\nTo: B <c@d.test>\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n" +
    "Date: Thu, 01 Jan 1970 00:00:00 +0000\n\nHello\n";
  const { fields } = await attempt(["-t"], { stdin });
  assert.deepEqual(fields.map(({ from, to, subject }) => [from, to, subject]), [
    ["a@b.test", "c@d.test", "Grüße"],
  ]);
});

/** What somebody puts into a subject so that the log says something else. */
const FORGERIES: [what: string, subject: string, logged: string][] = [
  ["a quote and fields", `x" server=evil:25 code=250`, `x" server=evil:25 code=250`],
  ["a backslash before the quote", `x\\" status=sent`, `x\\" status=sent`],
  ["backslashes at the end", `x\\\\`, `x\\\\`],
  ["escapes that look like ours", `x\\x0aforged`, `x\\x0aforged`],
  ["a tab", "a\tb", "a\\x09b"],
  ["an escape sequence", "\x1b[2Jx", "\\x1b[2Jx"],
  ["a carriage of Unicode", "a\u2028b\u0085c", "a\\u2028b\\x85c"],
  ["letters that turn the line round", "a\u202eb", "a\\u202eb"],
  ["a tag of syslog", "<0>kernel: panic", "<0>kernel: panic"],
];

for (const [what, subject, logged] of FORGERIES) {
  Deno.test(`a subject forges no field and no line: ${what}`, async () => {
    const { run, fields } = await attempt(["-s", subject, "c@d.test"]);
    assertSilentSuccess(run);
    assert.equal(fields.length, 1);
    assert.equal(fields[0]?.status, "sent");
    assert.equal(fields[0]?.subject, logged);
  });
}

const ADDRESSES: [what: string, address: string][] = [
  ["a space", `"a b"@x.test`],
  ["a quote", `"a\\"b"@x.test`],
  ["fields", `"a status=sent code=250"@x.test`],
  ["letters outside ASCII", "jörg@x.test"],
];

for (const [what, address] of ADDRESSES) {
  Deno.test(`an address forges no field: ${what}`, async () => {
    const script = { dot: reply("554 5.6.0 No") };
    const { run, fields } = await attempt(["-f", address, "--", address], { script });
    assert.equal(run.status, 69, run.stderr);
    assert.deepEqual(fields.map(({ status, code }) => [status, code]), [["error", "554"]]);
  });
}

const WORDS: [what: string, words: string[]][] = [
  ["a quote and fields", [`no" status=sent code=250 x="`]],
  ["a new line of the log", ["no\x0b<22>Nov 22 10:00:00 ns8-sendmail[1]: status=sent"]],
  ["several lines", ["no", `status=sent from=a to=b subject="" server=x code=250`]],
  ["backslashes", ["no\\"]],
  ["control characters", ["\x00\x07\x08\x1b[31m\x7f\x9b"]],
  ["bytes that are no UTF-8", ["\xff\xfe"]],
  ["a thousand quotes", ['"'.repeat(1000)]],
];

for (const [what, words] of WORDS) {
  Deno.test(`a server's words forge no field and no line: ${what}`, async () => {
    const lines = words.map((line, i) => `554${i < words.length - 1 ? "-" : " "}${line}`);
    const { run, fields } = await attempt(["-s", "S", "c@d.test"], {
      script: { mail: reply(...lines) },
    });
    assert.equal(run.status, 69, run.stderr);
    assert.deepEqual(fields.map(({ status, subject, code }) => [status, subject, code]), [
      ["error", "S", "554"],
    ]);
  });
}

Deno.test("a record is never cut in the middle, however long its parts", async () => {
  const long = "long ".repeat(400);
  const address = `${"l".repeat(200)}@x.test`;
  const script = { dot: reply(`554 ${"\\".repeat(900)}`) };
  const { run, fields } = await attempt(["-s", long, "-f", address, address], { script });
  assert.equal(run.status, 69, run.stderr);
  assert.equal(fields.length, 1);
});

Deno.test("where Redis is down, the server is not known", async () => {
  await using log = await logSocket();
  const env = { REDIS_ADDRESS: `127.0.0.1:${closedPort()}` };
  const run = await sendmail(["c@d.test"], { log, env });
  const [fields, ...more] = run.records.map(({ text }) => fieldsOf(text));
  assert.deepEqual([fields?.status, fields?.server, fields?.code, more], ["error", "-", "-1", []]);
});

Deno.test("a message that cannot be read leaves a record", async () => {
  const { run, fields } = await attempt(["-t", "c@d.test"], { stdin: "no header\n\n" });
  assertFailure(run, 65);
  assert.deepEqual(fields.map(({ status, to, code }) => [status, to, code]), [[
    "error",
    "c@d.test",
    "-1",
  ]]);
});

Deno.test("a smarthost that is not enabled leaves a record", async () => {
  const { run, fields } = await attempt(["c@d.test"], { hash: { enabled: "0" } });
  assertFailure(run, 78);
  assert.deepEqual(fields.map(({ status, code, message }) => [status, code, message]), [
    ["error", "-1", "Smarthost is not enabled."],
  ]);
});

/** What is no attempt to send. */
const BAD: [args: string[], fields: Partial<Fields>][] = [
  [["-s", "Disk full", "a@"], {
    to: "a@",
    message: 'Bad address in the recipients: nothing after @: "a@"',
  }],
  [["-s", "Disk full", "-f", "s@x.org", "a@x.org", "b c"], {
    from: "s@x.org",
    to: "a@x.org",
    message: 'Bad address in the recipients: more than one word and no address: "b c"',
  }],
  [["-s", "Disk full", "-f", "s t", "a@x.org"], {
    from: "s\\x20t",
    to: "a@x.org",
    message: 'Bad address in -f: more than one word and no address: "s t"',
  }],
  [["-s", "Disk full", "--cc", "x\ny", "a@x.org"], {
    to: "a@x.org",
    message: '--cc must not hold a line break or NUL: "x\\ny"',
  }],
];

for (const [args, expected] of BAD) {
  Deno.test(`a bad address on the command line leaves a record: ${JSON.stringify(args)}`, async () => {
    const { run, server, fields: [fields, ...more] } = await attempt(args);
    assertFailure(run, 64);
    assert.deepEqual(server.conversations, []);
    assert.deepEqual(more, []);
    const { from = "", ...others } = fields ?? {};
    assert.match(from, expected.from === undefined ? /^no-reply@/ : /./);
    const rest = { status: "error", subject: "Disk full", server: "-", code: "-1" };
    assert.deepEqual({ from: expected.from ?? from, ...others }, { from, ...rest, ...expected });
  });
}

Deno.test("a bad address in a header is in the record of the message", async () => {
  const { run, fields } = await attempt(["-t"], { stdin: "To: a@x.org, b c\nSubject: x\n\nx\n" });
  assert.equal(run.status, 67);
  const message = 'Bad address in the header: "b c" (To: more than one word and no address)';
  assert.deepEqual(fields.map((each) => [each.status, each.to, each.message]), [
    ["error", "a@x.org", message],
  ]);
});

const NO_ATTEMPTS: [what: string, args: string[], status: number][] = [
  ["no recipient", [], 64],
  ["an unknown option", ["--nonsense", "c@d.test"], 64],
  ["a bad address with --check", ["--check", "c@d@e"], 64],
  ["a line break in the subject", ["-s", "a\nb", "c@d.test"], 64],
  ["--settings", ["--settings"], 0],
  ["--check", ["--check"], 0],
  ["--dry-run", ["--dry-run", "c@d.test"], 0],
  ["--help", ["--help"], 0],
  ["--version", ["--version"], 0],
];

for (const [what, args, status] of NO_ATTEMPTS) {
  Deno.test(`what is no attempt to send leaves no record: ${what}`, async () => {
    const { run } = await attempt(args);
    assert.deepEqual([run.status, run.records], [status, []]);
  });
}

/** The server takes the message, or refuses it; neither does the log change. */
const OUTCOMES: [what: string, script: Script, status: number][] = [
  ["sent", {}, 0],
  ["refused", { dot: reply("554 5.6.0 No") }, 69],
  ["lost", { mail: inTurn(hangUp()) }, 75],
];

/** Nothing lasts longer than this because of the log, in milliseconds. */
const BOUND = 2000;

/** The surroundings of a host whose logger is another program. */
const logger = (program: string) => sandbox({ replaced: { "/usr/bin/logger": program } });

/** How a host's log may be, and the surroundings for that; `script` makes a program of lines. */
const LOGS: [
  what: string,
  under: (full: LogSocket, script: (...lines: string[]) => string) => string[],
][] = [
  ["has no log", () => sandbox()],
  ["has a log that is full", (log) => sandbox({ log })],
  ["has no logger", () => sandbox({ hidden: ["/usr/bin"] })],
  ["has a logger that cannot be run", () => logger("/dev/null")],
  ["has a logger that fails", () => logger("/usr/bin/false")],
  ["has a logger that reads nothing", (_, script) => logger(script("exec <&-", "exit 0"))],
  ["has a logger that never ends", (_, script) => logger(script("exec /usr/bin/sleep 60"))],
  ["has a logger that leaves a child", (_, script) => logger(script("/usr/bin/sleep 5 & exit 0"))],
  ["has a logger that says much", (_, script) => logger(script("/usr/bin/head -c 1M /dev/zero"))],
];

for (const [what, under] of LOGS) {
  for (const [outcome, does, status] of OUTCOMES) {
    Deno.test(`a host that ${what} loses the record alone: ${outcome}`, async () => {
      await using full = await logSocket("full");
      await using folder = await temporaryFolder();
      const script = (...lines: string[]) => {
        const file = folder.file("logger");
        Deno.writeTextFileSync(file, ["#!/bin/sh", ...lines, ""].join("\n"), { mode: 0o755 });
        return file;
      };
      await using server = await scriptedSmtp(does);
      await using redis = await scriptedRedis({}, smarthostHash(server));
      const run = await sendmail(["c@d.test"], {
        redis,
        under: under(full, script),
        stdin: "Hello\n",
      });
      await server.settled();
      if (status === 0) assertSilentSuccess(run);
      else assertFailure(run, status);
      assert.equal(server.messages().length, outcome === "lost" ? 0 : 1);
      assert.ok(run.elapsed < BOUND, `${run.elapsed} ms`);
    });
  }
}

Deno.test({
  name:
    "in a real journal a record has the user and the group of the caller, and the program's process",
  ignore: !hasPackages("callers"),
  async fn() {
    await using host = await smarthost();
    const script = projectFile("tests/support/hosts/journal.sh");
    const ended = await run(withPackages("callers", script), {
      env: { EXECUTABLE, REDIS_ADDRESS: host.circumstances.redis?.address ?? "" },
    });
    assert.equal(ended.status, 0, ended.stderr);
    const records: Record<string, string>[] = ended.stdout.trim().split("\n")
      .map((line) => JSON.parse(line));
    const seen = records.map(({ MESSAGE = "", _UID, _GID, PRIORITY, SYSLOG_FACILITY }) => [
      /subject="([^"]*)"/.exec(MESSAGE)?.[1],
      _UID,
      _GID,
      PRIORITY,
      SYSLOG_FACILITY,
    ]);
    assert.deepEqual(seen, [["As root", "0", "0", "6", "2"], [
      "As a user",
      "4321",
      "4321",
      "6",
      "2",
    ]]);
    for (const { SYSLOG_PID, SYSLOG_IDENTIFIER } of records) {
      assert.match(SYSLOG_PID ?? "", /^\d+$/);
      assert.equal(SYSLOG_IDENTIFIER, "ns8-sendmail");
    }
  },
});
