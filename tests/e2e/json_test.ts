/** The contract's chapter "JSON", where a message is sent. */

import assert from "node:assert/strict";
import { aiosmtpd } from "../support/servers/aiosmtpd.ts";
import { type Action, hangUp, reply } from "../support/servers/peer.ts";
import { type Circumstances, type Run, sendmail } from "../support/program/program.ts";
import { redisServer, type SmarthostHash, smarthostHash } from "../support/servers/redis.ts";
import type { Script, ScriptedOptions } from "../support/servers/smtp_conversation.ts";
import { honestSmtp } from "../support/servers/smtp_honest.ts";
import { scriptedSmtp } from "../support/servers/smtp_scripted.ts";
import { closedPort } from "../support/servers/tcp.ts";
import { LOGIN } from "../support/servers/smtp_login.ts";

/** What a send prints; an object on one line of ASCII, and nothing else. */
function objectIn({ stdout }: Run): Record<string, unknown> {
  assert.match(stdout, /^\{[ -~]*\}\n$/);
  return JSON.parse(stdout);
}

function send(circumstances: Circumstances, ...recipients: string[]): Promise<Run> {
  const args = ["--json", "-f", "from@mail.test", ...recipients];
  return sendmail(args, { stdin: "Hello", ...circumstances });
}

for (const [name, start] of [["smtp-server", honestSmtp], ["aiosmtpd", aiosmtpd]] as const) {
  Deno.test(`--json says how a message went to ${name}, and to whom`, async () => {
    await using server = await start({ encryption: "none" });
    await using redis = await redisServer(smarthostHash(server));
    const run = await send({ redis }, "a@one.test", "B <b@two.test>");
    assert.deepEqual([run.status, run.stderr], [0, ""]);
    const { recipients, reply, ...rest } = objectIn(run);
    const queueId = "4F1";
    assert.deepEqual(rest, { status: 0, server: `${server.host}:${server.port}`, queueId });
    assert.match(String(reply), /^250 .*queued as 4F1$/);
    assert.ok(Array.isArray(recipients));
    const addresses = recipients.map(({ address, accepted }) => [address, accepted]);
    assert.deepEqual(addresses, [["a@one.test", true], ["b@two.test", true]]);
    for (const recipient of recipients) assert.match(recipient.reply, /^250 \S/);
  });
}

Deno.test("--json is what the contract shows, to the letter", async () => {
  const script = { rcpt: reply("250 2.1.5 Ok"), dot: reply("250 2.0.0 Ok: queued as 4F1") };
  await using smtp = await scriptedSmtp(script);
  await using redis = await redisServer(smarthostHash(smtp));
  const { stdout } = await send({ redis }, "a@b.example");
  assert.equal(
    stdout,
    `{"status": 0, "server": "${smtp.address}", "reply": "250 2.0.0 Ok: queued as 4F1", ` +
      `"queueId": "4F1", "recipients": [{"address": "a@b.example", "accepted": true, ` +
      `"reply": "250 2.1.5 Ok"}]}\n`,
  );
});

Deno.test("--json names those who were refused and those who were served", async () => {
  const rcpt: Action[] = [reply("550 5.1.1 No such user"), reply("250 2.1.5 Ok")];
  await using smtp = await scriptedSmtp({ rcpt });
  await using redis = await redisServer(smarthostHash(smtp));
  const run = await send({ redis }, "gone@one.test", "here@two.test");
  assert.equal(run.status, 67);
  const [errorLine = ""] = run.stderr.split("\n");
  assert.deepEqual(objectIn(run), {
    status: 67,
    server: smtp.address,
    reply: "250 2.0.0 Ok: queued as 4F1",
    queueId: "4F1",
    recipients: [
      { address: "gone@one.test", accepted: false, reply: "550 5.1.1 No such user" },
      { address: "here@two.test", accepted: true, reply: "250 2.1.5 Ok" },
    ],
    error: errorLine.replace(/^Error: /, ""),
  });
});

Deno.test("--json has no queue id where the reply names none", async () => {
  await using smtp = await scriptedSmtp({ dot: reply("250 2.0.0 Thank you") });
  await using redis = await redisServer(smarthostHash(smtp));
  const object = objectIn(await send({ redis }, "a@one.test"));
  assert.equal(object.reply, "250 2.0.0 Thank you");
  assert.equal(object.queueId ?? null, null);
});

/** Servers that do not take the message, and what is known of it then. */
const FAILURES: [
  what: string,
  script: Script,
  options: ScriptedOptions,
  given: SmarthostHash,
  status: number,
  known: Record<string, unknown>,
][] = [
  ["everybody", { rcpt: reply("550 5.1.1 No") }, {}, {}, 67, {
    recipients: [{ address: "a@one.test", accepted: false, reply: "550 5.1.1 No" }],
  }],
  ["everybody for now", { rcpt: reply("451 4.2.0 Later") }, {}, {}, 75, {
    recipients: [{ address: "a@one.test", accepted: false, reply: "451 4.2.0 Later" }],
  }],
  ["the sender", { mail: reply("550 5.7.1 Not you") }, {}, {}, 69, { reply: "550 5.7.1 Not you" }],
  ["the message", { dot: reply("554 5.7.1 Spam") }, {}, {}, 69, {
    reply: "554 5.7.1 Spam",
    recipients: [{ address: "a@one.test", accepted: true, reply: "250 2.1.5 Recipient ok" }],
  }],
  ["the login", { auth: reply("535 5.7.8 No") }, { login: LOGIN }, LOGIN, 77, {
    reply: "535 5.7.8 No",
  }],
  ["to speak", { greeting: hangUp() }, {}, {}, 75, {}],
];

for (const [what, script, options, given, status, known] of FAILURES) {
  Deno.test(`--json says what is known where a server refuses ${what}`, async () => {
    await using smtp = await scriptedSmtp(script, options);
    await using redis = await redisServer(smarthostHash(smtp, given));
    const run = await send({ redis }, "a@one.test");
    assert.equal(run.status, status, run.stderr);
    const object = objectIn(run);
    assert.deepEqual(object, {
      status,
      server: smtp.address,
      recipients: [{ address: "a@one.test", accepted: false }],
      ...known,
      error: run.stderr.split("\n")[0]?.replace(/^Error: /, ""),
    });
  });
}

Deno.test("--json names no server where none is known yet", async () => {
  const env = { REDIS_ADDRESS: `127.0.0.1:${closedPort()}` };
  const run = await send({ env }, "a@one.test");
  const { server, ...rest } = objectIn(run);
  assert.equal(server ?? null, null);
  assert.equal(rest.status, 75);
  assert.deepEqual(rest.recipients, [{ address: "a@one.test", accepted: false }]);
  assert.equal(`Error: ${rest.error}\n`, run.stderr);
});

Deno.test("--json says so where the smarthost is not enabled", async () => {
  const hash = smarthostHash({ host: "mail.test", port: 25 }, { enabled: "0" });
  await using redis = await redisServer(hash);
  const run = await send({ redis }, "a@one.test");
  const { status, error } = objectIn(run);
  assert.deepEqual([status, error], [78, "Smarthost is not enabled."]);
});

Deno.test("--json escapes whatever a server says", async () => {
  await using smtp = await scriptedSmtp({ dot: reply(`554-"grüß"\x1b[31m`, "554 \\ \u2028{}") });
  await using redis = await redisServer(smarthostHash(smtp));
  const object = objectIn(await send({ redis }, "a@one.test"));
  assert.match(String(object.error), /"grüß"/);
  assert.match(String(object.reply), /^554 "grüß".*\{\}$/s);
});

for (const args of [[], ["-q", "a@one.test"], ["--no-such-option"], ["a b c"]]) {
  Deno.test(`a wrong command line gives no object: ${JSON.stringify(args)}`, async () => {
    await using redis = await redisServer();
    const run = await send({ redis }, ...args);
    assert.deepEqual([run.status, run.stdout], [64, ""]);
    assert.match(run.stderr, /^Error: [^\n]+\n$/);
  });
}
