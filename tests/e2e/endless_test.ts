/** A server that never stops talking: what it says takes no memory, and no time beyond the limit. */

import assert from "node:assert/strict";
import { assertFailure } from "../support/program/assertions.ts";
import { certificateAuthority } from "../support/servers/certificates.ts";
import { temporaryFolder } from "../support/hosts/folder.ts";
import {
  type Action,
  drip,
  dripForEver,
  endless,
  inTurn,
  raw,
  reply,
} from "../support/servers/peer.ts";
import { type Run, sendmail } from "../support/program/program.ts";
import { smarthostHash } from "../support/servers/redis.ts";
import { type RedisScript, scriptedRedis } from "../support/servers/redis_scripted.ts";
import { sandbox } from "../support/hosts/sandbox.ts";
import type { Script, ScriptedOptions } from "../support/servers/smtp_conversation.ts";
import { scriptedSmtp } from "../support/servers/smtp_scripted.ts";
import { LOGIN } from "../support/servers/smtp_login.ts";

const MEBIBYTE = 1024 * 1024;

/** What is held besides what an ordinary run holds: a reply of 1 MiB, taken apart into its lines. */
const ALLOWED = 64 * MEBIBYTE;

/** A run, and the most memory that it has held, in bytes. */
async function measured(
  script: Script,
  options: ScriptedOptions,
  redisScript: RedisScript,
  args: string[] = [],
): Promise<{ run: Run; peak: number }> {
  await using folder = await temporaryFolder();
  await using authority = await certificateAuthority();
  const certificate = await authority.issue();
  await using server = await scriptedSmtp(script, { ...options, certificate });
  const { encryption = "none", login = {} } = options;
  const hash = smarthostHash(server, { encrypt_smtp: encryption, ...login });
  await using redis = await scriptedRedis(redisScript, hash);
  const measure = new URL("../support/program/peak_memory.py", import.meta.url).pathname;
  const file = folder.file("peak");
  const under = [...sandbox({ hostName: "node.example.org" }), "/usr/bin/python3", measure, file];
  const env = { SSL_CERT_FILE: authority.certificateFile };
  const run = await sendmail([...args, "to@to.test"], { redis, env, under, stdin: "Hello\n" });
  return { run, peak: Number(await Deno.readTextFile(file)) };
}

const LINES = endless("250-and more\r\n".repeat(5000));
const LINE = endless("x".repeat(65536));
const TLS_RECORDS = endless(Uint8Array.of(0x17, 3, 3, 0x10, 0, ...Array(4096).fill(0xee)));

type Row = [
  what: string,
  script: Script,
  options: ScriptedOptions,
  redis: RedisScript,
  status: number,
];

const ROWS: Row[] = [
  ["a greeting of lines", { greeting: LINES }, {}, {}, 76],
  ["a greeting of one line", { greeting: LINE }, {}, {}, 76],
  ["lines in answer to EHLO", { ehlo: LINES }, {}, {}, 76],
  ["lines in answer to EHLO before STARTTLS", { ehlo: LINES }, { encryption: "starttls" }, {}, 76],
  ["a line in answer to AUTH", { auth: LINE }, { login: LOGIN }, {}, 76],
  ["lines in answer to the message", { dot: LINES }, {}, {}, 76],
  ["lines inside TLS", { dot: LINES }, { encryption: "tls" }, {}, 76],
  ["records in place of a handshake", { handshake: TLS_RECORDS }, { encryption: "tls" }, {}, 76],
  ["replies that nobody asked for", { mail: endless("250 2.0.0 Ok\r\n".repeat(5000)) }, {}, {}, 76],
  ["replies behind the last one", { quit: endless("221 2.0.0 Bye\r\n".repeat(5000)) }, {}, {}, 0],
  ["a string of Redis", {}, {}, { HGETALL: inTurn(raw("*2\r\n$9999999\r\n"), LINE) }, 75],
  ["a list of Redis", {}, {}, {
    HGETALL: inTurn(raw("*9999999\r\n"), endless("$1\r\nx\r\n".repeat(9999))),
  }, 75],
  ["a line of Redis", {}, {}, { AUTH: inTurn(raw("+"), LINE) }, 75],
  ["answers of Redis", {}, {}, { AUTH: endless("+OK\r\n".repeat(9999)) }, 75],
];

for (const [what, script, options, redis, status] of ROWS) {
  for (const args of [[], ["-v", "--json"]]) {
    Deno.test(`what never ends is not kept: ${[what, ...args].join(" ")}`, async () => {
      const ordinary = await measured({}, options, {}, args);
      assert.equal(ordinary.run.status, 0);
      const { run, peak } = await measured(script, options, redis, args);
      assert.equal(run.status, status, run.stderr.slice(-1000));
      const held = peak - ordinary.peak;
      assert.ok(held < ALLOWED, `${held} bytes are held`);
    });
  }
}

/** A reply that comes byte by byte, and is over in time. */
const slow = (text: string): Action => drip(`${text}\r\n`, 20);

Deno.test("a server that drips every reply, each in time, gets the message", async () => {
  const script: Script = {
    greeting: slow("220 scripted.test"),
    ehlo: slow("250 scripted.test"),
    mail: slow("250 2.1.0 Ok"),
    rcpt: slow("250 2.1.5 Ok"),
    data: slow("354 Go on"),
    dot: slow("250 2.0.0 Ok"),
  };
  await using server = await scriptedSmtp(script);
  await using redis = await scriptedRedis({}, smarthostHash(server));
  const run = await sendmail(["--timeout", "2", "to@to.test"], { redis });
  assert.deepEqual([run.status, run.stderr], [0, ""]);
});

Deno.test("a reply that has begun in time and does not end in time is 75", async () => {
  const script = { mail: inTurn(reply("250-2.1.0 One"), dripForEver("250-2.1.0 more\r\n", 20)) };
  await using server = await scriptedSmtp(script);
  await using redis = await scriptedRedis({}, smarthostHash(server));
  const run = await sendmail(["--timeout", "0.5", "to@to.test"], { redis });
  assertFailure(run, 75, "No answer to MAIL", "timed out after 0.5 s");
});
