/**
 * A server's words never stop the program, and no line that it prints is without end: replies of a
 * megabyte at each step, with a password set. In version 1 the time grew with the square of the
 * size, and the runs here took many minutes, whatever --timeout said.
 */

import assert from "node:assert/strict";
import { certificateAuthority } from "../support/servers/certificates.ts";
import { logSocket } from "../support/servers/log_socket.ts";
import { LONG, longLine, manyLines, STEPS } from "../support/servers/long_replies.ts";
import { sideBySide } from "../support/program/parallel.ts";
import { type Action, reply } from "../support/servers/peer.ts";
import { type Run, sendmail } from "../support/program/program.ts";
import { redisServer, smarthostHash } from "../support/servers/redis.ts";
import { scriptedRedis } from "../support/servers/redis_scripted.ts";
import { sandbox } from "../support/hosts/sandbox.ts";
import { scriptedSmtp } from "../support/servers/smtp_scripted.ts";
import { closedPort } from "../support/servers/tcp.ts";

const LOGIN = { username: "user@mail.test", password: "Abc123xyz+/Q" };

/** No line on stderr or of --check is longer, in characters. */
const LONGEST_LINE = 10_000;

function assertShortLines(run: Run): void {
  for (const line of run.stderr.split("\n")) {
    assert.ok(line.length < LONGEST_LINE, `${line.length}`);
  }
  for (const { text } of run.records) assert.ok(text.length <= 1024, `${text.length}`);
}

/** What took minutes, and others of the kind. */
const FILLINGS: Record<string, (code: number) => Action> = {
  "blanks": (code) => longLine(code, LONG, " "),
  "tabs": (code) => longLine(code, LONG, "\t"),
  "carriage returns": (code) => longLine(code, LONG, "\r"),
  "empty lines": (code) => manyLines(code, LONG, ""),
  "base64 of nothing": (code) => longLine(code, LONG, "aa="),
  "short words": (code) => longLine(code, LONG, "aa "),
  "lines of two letters": (code) => manyLines(code, LONG, "aa"),
  "escapes of URLs": (code) => longLine(code, LONG, "%41"),
  "escapes of a terminal": (code) => longLine(code, LONG, "\x1b[31m"),
  "words that begin as the password": (code) => longLine(code, LONG, "Abc1 "),
};

const WAYS: string[][] = [[], ["-v"], ["--json"], ["-v", "--json"]];

Deno.test("a reply of 1 MB with a password set does not stop the program", async (test) => {
  const rows = Object.entries(FILLINGS).flatMap(([what, filled], at) =>
    STEPS.filter((_, step) => what === "blanks" || what === "empty lines" || step % 3 === at % 3)
      .map(([stage, code, status], step) => ({
        name: `${what}, ${code} at ${stage}`,
        script: { [stage]: filled(code) },
        args: WAYS[(at + step) % WAYS.length] ?? [],
        status,
      }))
  );
  await sideBySide(test, rows, async ({ script, args, status }) => {
    await using server = await scriptedSmtp(script, { login: LOGIN, auth: "AUTH PLAIN" });
    await using redis = await scriptedRedis({}, smarthostHash(server, LOGIN));
    const run = await sendmail([...args, "to@to.test"], { redis, stdin: "Hello\n" });
    assert.equal(run.status, status, run.stderr.slice(0, 1000));
    if (status === 0 && !args.includes("-v")) assert.equal(run.stderr, "");
    assertShortLines(run);
  });
});

Deno.test("a keyword of EHLO that is repeated without end does not stop the program", async (test) => {
  const keywords = ["AUTH PLAIN", "SIZE 1", "AUTH=PLAIN=LOGIN", "X  =  Y", "STARTTLS"];
  const rows = keywords.map((words) => ({ name: words, words }));
  await sideBySide(test, rows, async ({ words }) => {
    const script = { ehlo: manyLines(250, LONG, words) };
    await using server = await scriptedSmtp(script, { login: LOGIN });
    await using redis = await scriptedRedis({}, smarthostHash(server, LOGIN));
    const run = await sendmail(["--check"], { redis });
    assert.equal(run.status, words.includes("PLAIN") ? 0 : 77, run.stderr.slice(0, 1000));
    assertShortLines(run);
    for (const line of run.stdout.split("\n")) assert.ok(line.length < LONGEST_LINE);
  });
});

/** What an honest server says back that wraps its lines, or cuts them. */
const ECHOES: [how: string, said: Action, left: RegExp][] = [
  ["over two lines", reply("535-no: Abc123", "535 xyz+/Q, go"), /535 no: \*\*\*, go\n$/],
  ["without its end", reply("535 no: Abc123xyz"), /535 no: \*\*\*\n$/],
  ["without its beginning", reply("535 123xyz+/Q is bad"), /535 \*\*\* is bad\n$/],
  ["as base64 over two lines", reply("535-no: QWJjMTIzeH", "535 l6Ky9R"), /535 no: \*\*\*\n$/],
  [
    "as base64 over two lines without its beginning",
    reply("535-no: MTIzeH", "535 l6Ky9R"),
    /535 no: \*\*\*\n$/,
  ],
  ["as base64 in two words", reply("535 no: QWJjMTIz eHl6Ky9R"), /535 no: \*\*\*\n$/],
  [
    "as PLAIN without its front",
    reply("535 no: LnRlc3QAQWJjMTIzeHl6Ky9R, go"),
    /535 no: \*\*\*, go\n$/,
  ],
];

/** Four characters of the password, or of its base64, that would stand in one line. */
const PARTS = ["Abc1", "123x", "xyz+", "z+/Q", "QWJj", "MTIz", "eHl6", "l6Ky9R"];

Deno.test("a password that an honest server wraps or cuts is masked everywhere", async (test) => {
  await using log = await logSocket();
  const under = sandbox({ log });
  const rows = ECHOES.flatMap(([how, said, left]) =>
    [[], ["-v", "--json"], ["--check", "-v"], ["--check", "--json"]].map((args) => ({
      name: `${how} ${args.join(" ")}`,
      said,
      left,
      args,
    }))
  );
  await sideBySide(test, rows, async ({ said, left, args }) => {
    await using server = await scriptedSmtp({ auth: said }, { login: LOGIN });
    await using redis = await scriptedRedis({}, smarthostHash(server, LOGIN));
    const mail = args.includes("--check") ? args : [...args, "to@to.test"];
    const run = await sendmail(mail, { redis, log, under });
    assert.equal(run.status, 77, run.stderr);
    assert.match(run.stderr, left);
    for (const text of [run.stdout, run.stderr, ...run.records.map(({ text }) => text)]) {
      for (const part of PARTS) assert.ok(!text.includes(part), `${part} in ${text}`);
    }
  });
});

Deno.test("an unknown option of 100 KB makes a line of bounded length", async () => {
  for (const option of [`--${"x".repeat(100_000)}`, `-${"x".repeat(100_000)}`]) {
    const run = await sendmail([option, "to@to.test"]);
    assert.equal(run.status, 64);
    assert.match(run.stderr, /^Error: .*\n$/);
    assertShortLines(run);
  }
});

Deno.test("an address of 100 KB makes a line of bounded length", async () => {
  const long = "x".repeat(100_000);
  for (const args of [[`${long}@`], ["-f", `${long}@@b`, "to@to.test"], [`a@${long}`]]) {
    const run = await sendmail(args);
    assert.notEqual(run.status, 0);
    assert.match(run.stderr, /^Error: .*\n$/);
    assertShortLines(run);
  }
});

Deno.test("a setting of 60 KB in Redis makes lines of bounded length", async (test) => {
  await using log = await logSocket();
  const long = "a".repeat(60_000);
  const fields = [
    { host: long },
    { host: `${long} ` },
    { username: long },
    { port: long },
    { encrypt_smtp: long },
    { enabled: "\x1b".repeat(60_000) },
  ];
  const rows = fields.map((field) => ({ name: Object.keys(field).join(), field }));
  await sideBySide(test, rows, async ({ field }) => {
    const smarthost = { host: "127.0.0.1", port: closedPort() };
    await using redis = await redisServer(smarthostHash(smarthost, { ...LOGIN, ...field }));
    for (const args of [["--json", "to@to.test"], ["--check"], ["--check", "--json"]]) {
      const run = await sendmail(args, { redis, log, under: sandbox({ log }) });
      assert.notEqual(run.status, 0);
      assertShortLines(run);
      assert.ok(run.stdout.length < 3 * LONGEST_LINE, `${run.stdout.length}`);
    }
  });
});

Deno.test("a certificate of 3000 names makes lines of bounded length", async () => {
  await using authority = await certificateAuthority();
  const names = Array.from({ length: 3000 }, (_, index) => `DNS:n${index}.test`);
  const certificate = await authority.issue({ names });
  await using server = await scriptedSmtp({}, { encryption: "tls", certificate });
  const hash = smarthostHash(server, { encrypt_smtp: "tls" });
  await using redis = await scriptedRedis({}, hash);
  for (const args of [["to@to.test"], ["--check"], ["--check", "--json"]]) {
    const env = { SSL_CERT_FILE: authority.certificateFile };
    const run = await sendmail(args, { redis, env });
    assert.equal(run.status, 77, run.stderr.slice(0, 1000));
    assertShortLines(run);
    for (const line of run.stdout.split("\n")) assert.ok(line.length < LONGEST_LINE);
  }
});

Deno.test("a thousand refused recipients make two lines of bounded length, and all stand in JSON", async () => {
  const rcpt = [reply("250 2.1.5 Ok"), reply("550 5.1.1 No such user here, and no other either")];
  await using server = await scriptedSmtp({ rcpt }, { login: LOGIN, capabilities: ["PIPELINING"] });
  await using redis = await scriptedRedis({}, smarthostHash(server, LOGIN));
  const addresses = Array.from({ length: 1000 }, (_, index) => `user${index}@to.test`);
  const run = await sendmail(["--json", ...addresses], { redis });
  assert.equal(run.status, 67);
  assertShortLines(run);
  const [error, others] = run.stderr.split("\n");
  assert.match(error ?? "", /: user1@to\.test: 550 5\.1\.1 .*; and \d+ more$/);
  assert.equal(others, "The others got the message: user0@to.test");
  const { recipients } = JSON.parse(run.stdout);
  assert.deepEqual(recipients.map(({ address }: { address: string }) => address), addresses);
});
