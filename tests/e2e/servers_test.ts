/** The mail servers that people have: Postfix with Dovecot, Exim and OpenSMTPD, as Debian builds them. */

import assert from "node:assert/strict";
import { sandbox } from "../support/hosts/sandbox.ts";
import { mailReader } from "../support/mail/mail_reader.ts";
import { assertFailure, assertSilentSuccess } from "../support/program/assertions.ts";
import { type Circumstances, type Run, sendmail } from "../support/program/program.ts";
import { certificateAuthority } from "../support/servers/certificates.ts";
import {
  canRun,
  REAL_LOGIN,
  REAL_SIZE,
  type RealServer,
  realServer,
  type RealServerName,
} from "../support/servers/real_server.ts";
import { type RedisServer, redisServer, smarthostHash } from "../support/servers/redis.ts";
import { HOST_NAME } from "../support/servers/smarthost.ts";

type Encryption = "none" | "starttls" | "tls";

/** A way into a server. */
type Way = { port: string; encryption: Encryption; login: boolean };

const OPEN: readonly Way[] = [
  { port: "plain", encryption: "none", login: false },
  { port: "starttls", encryption: "starttls", login: false },
  { port: "tls", encryption: "tls", login: false },
];

const ALL: readonly Way[] = [
  ...OPEN,
  ...OPEN.map(({ port, encryption }) => ({ port: `${port}_login`, encryption, login: true })),
];

/** What Debian's build of each server can do. */
const SERVERS: Record<RealServerName, { ways: readonly Way[]; hasSmtpUtf8: boolean; id: RegExp }> =
  {
    postfix: { ways: ALL, hasSmtpUtf8: true, id: /^[0-9A-F]{6,}$/ },
    exim: { ways: ALL, hasSmtpUtf8: true, id: /^\w{6}-\w{6}-\w{2}$/ },
    opensmtpd: { ways: OPEN.slice(0, 1), hasSmtpUtf8: false, id: /^[0-9a-f]{8}$/ },
  };

/** More recipients than the hundred that these servers take in one transaction. */
const COUNT = 150;

const SENDER = "sender@example.test";
const TEXT = "Grüße aus Köln\n.\n..two dots\nThe last line has no end";
const MIME = [
  "From: Jörg <sender@example.test>",
  "To: a@example.test",
  "Subject: Eight bits",
  "MIME-Version: 1.0",
  "Content-Type: text/plain; charset=utf-8",
  "Content-Transfer-Encoding: 8bit",
  "",
  "Üben, üben, üben.",
  ".",
  "From here on it is quiet.",
  "",
].join("\n");

/** How a run reaches the server by one way. */
type Reach = {
  send(args: string[], stdin?: string): Promise<Run>;
  sendAs(change: Record<string, string>, args: string[]): Promise<Run>;
};

function reach(server: RealServer, way: Way, redis: RedisServer, authorityFile: string): Reach {
  const settings = smarthostHash({ host: "localhost", port: server.port(way.port) }, {
    encrypt_smtp: way.encryption,
    tls_verify: "1",
    ...(way.login && REAL_LOGIN),
  });
  const circumstances: Circumstances = {
    redis,
    under: sandbox({ hostName: HOST_NAME }),
    env: { SSL_CERT_FILE: authorityFile },
    secrets: [REAL_LOGIN.password],
  };
  return {
    async send(args, stdin = TEXT) {
      await redis.store(settings);
      return await sendmail(["-f", SENDER, ...args], { ...circumstances, stdin });
    },
    async sendAs(change, args) {
      await redis.store({ ...settings, ...change });
      return await sendmail(["-f", SENDER, ...args], { ...circumstances, stdin: TEXT });
    },
  };
}

/** What is true of every server, whichever way a message comes in. */
const PROMISES: [
  title: string,
  check: (to: Reach, server: RealServer, name: RealServerName) => Promise<void>,
][] = [
  ["a text arrives as it was", async ({ send }, server) => {
    assertSilentSuccess(await send(["-s", "Grüße", "a@example.test"]));
    const [content = new Uint8Array()] = await server.take(1);
    await using reader = await mailReader();
    const message = await reader.read(content);
    assert.deepEqual(message.subjects, ["Grüße"]);
    assert.equal(message.text().replaceAll("\r\n", "\n").replace(/\n$/, ""), TEXT);
  }],
  ["a message of eight bits arrives byte for byte", async ({ send }, server) => {
    assertSilentSuccess(await send(["a@example.test"], MIME));
    const [content = new Uint8Array()] = await server.take(1);
    const arrived = new TextDecoder().decode(content).replaceAll("\r\n", "\n");
    assert.ok(arrived.endsWith(MIME.slice(MIME.indexOf("\n\n"))), arrived);
    assert.ok(arrived.includes("\nSubject: Eight bits\n"), arrived);
  }],
  [
    "one refused recipient of three is named, and the others get the message",
    async ({ send }, server) => {
      const run = await send(["a@example.test", "nouser@example.test", "b@example.test"]);
      assert.equal(run.status, 67, run.stderr);
      assert.match(
        run.stderr,
        /^Error: Recipient refused \(localhost:\d+\): nouser@example\.test: 550 /,
      );
      assert.equal((await server.take(2)).length, 2);
    },
  ],
  [
    "an address outside ASCII goes out where the server can do SMTPUTF8",
    async ({ send }, server, name) => {
      const run = await send(["jörg@example.test"]);
      if (!SERVERS[name].hasSmtpUtf8) return assertFailure(run, 69, "SMTPUTF8");
      assertSilentSuccess(run);
      assert.equal((await server.take(1)).length, 1);
    },
  ],
  ["a message that is too large is said to be so before it is sent", async ({ send }) => {
    const run = await send(["a@example.test"], "0123456789 012345678\n".repeat(REAL_SIZE / 10));
    assertFailure(run, 65, "Message too large", `${REAL_SIZE}`);
  }],
  [
    `all of ${COUNT} recipients get the message`,
    async ({ send }, server) => {
      const names = Array.from({ length: COUNT }, (_, at) => `r${at}@example.test`);
      assertSilentSuccess(await send(names));
      assert.equal((await server.take(COUNT)).length, COUNT);
    },
  ],
  ["a check finds nothing wrong", async ({ send }) => {
    const run = await send(["--check"]);
    assert.equal(run.status, 0, run.stdout + run.stderr);
    assert.doesNotMatch(run.stdout, /failed/);
  }],
  ["the JSON of a send names the queue entry", async ({ send }, server, name) => {
    const run = await send(["--json", "a@example.test"]);
    assert.equal(run.status, 0, run.stderr);
    assert.match(JSON.parse(run.stdout).queueId, SERVERS[name].id);
    await server.take(1);
  }],
];

for (const name of ["postfix", "exim", "opensmtpd"] as const) {
  Deno.test({
    name: `${name}: every message gets there, every way in`,
    ignore: !canRun(name),
    async fn(test) {
      await using authority = await certificateAuthority();
      await using server = await realServer(name, await authority.issue());
      await using redis = await redisServer(smarthostHash({ host: "localhost", port: 25 }));
      for (const way of SERVERS[name].ways) {
        const to = reach(server, way, redis, authority.certificateFile);
        for (const [title, check] of PROMISES) {
          await test.step(`${name}, ${way.port}: ${title}`, () => check(to, server, name));
        }
        if (!way.login) continue;
        await test.step(`${name}, ${way.port}: a wrong password is refused`, async () => {
          const run = await to.sendAs({ password: "another-word" }, ["a@example.test"]);
          assertFailure(run, 77, "Login refused", "535");
        });
      }
    },
  });
}

Deno.test({
  name: "postfix: a server that lets its client wait before the greeting is waited for",
  ignore: !canRun("postfix"),
  async fn() {
    await using authority = await certificateAuthority();
    await using server = await realServer("postfix", await authority.issue());
    await using redis = await redisServer(smarthostHash({ host: "localhost", port: 25 }));
    const way: Way = { port: "pause", encryption: "none", login: false };
    const { send } = reach(server, way, redis, authority.certificateFile);
    assertSilentSuccess(await send(["a@example.test"]));
    assert.equal((await server.take(1)).length, 1);
  },
});

Deno.test({
  name: "postfix: a greylisted recipient gets the message by --retry, and nobody gets it twice",
  ignore: !canRun("postfix"),
  async fn() {
    await using authority = await certificateAuthority();
    await using server = await realServer("postfix", await authority.issue());
    await using redis = await redisServer(smarthostHash({ host: "localhost", port: 25 }));
    const way: Way = { port: "greylisting", encryption: "none", login: false };
    const { send } = reach(server, way, redis, authority.certificateFile);
    const once = await send(["a@example.test"]);
    assertFailure(once, 75, "Greylisted");
    // b is not known yet, and a is by now.
    const run = await send(["--retry", "1", "--json", "a@example.test", "b@example.test"]);
    assert.equal(run.status, 0, run.stderr);
    assert.equal(run.stderr, "");
    const { recipients, transactions } = JSON.parse(run.stdout);
    assert.deepEqual(
      recipients.map(({ transaction }: { transaction: number }) => transaction),
      [1, 2],
    );
    assert.equal(transactions.length, 2);
    const mails = (await server.take(2)).map((content) => new TextDecoder().decode(content));
    const ids = mails.map((mail) => /^Message-ID: (.*)$/im.exec(mail)?.[1]);
    assert.equal(new Set(ids).size, 1);
    assert.deepEqual(mails.map((mail) => /^Delivered-To: (.*)$/m.exec(mail)?.[1]).toSorted(), [
      ...["a@example.test", "b@example.test"],
    ]);
  },
});
