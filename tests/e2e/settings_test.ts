/** The contract's chapter "Settings". */

import assert from "node:assert/strict";
import { assertFailure } from "../support/program/assertions.ts";
import { sendmail } from "../support/program/program.ts";
import { redisServer, type SmarthostHash, smarthostHash } from "../support/servers/redis.ts";
import { referenceSettings } from "../support/mail/reference.ts";
import { closedPort } from "../support/servers/tcp.ts";

const SMARTHOST = { host: "mail.example", port: 465 };

const HASHES: [what: string, given: SmarthostHash][] = [
  ["everything set", {
    username: "user@mail.example",
    password: "correct horse",
    encrypt_smtp: "tls",
    tls_verify: "0",
  }],
  ["not enabled", { enabled: "0" }],
  ["no encryption", { encrypt_smtp: "none" }],
  ["STARTTLS", { encrypt_smtp: "starttls" }],
  ["a password outside ASCII", { password: "pässwörd ключ 密码" }],
  ["a password outside the basic plane", { password: "clef 🔑 𝄞" }],
  ["a password of quotes and backslashes", { password: `"quoted" \\back\\ 'single' /slash/` }],
  ["a password with control characters", {
    password: "tab\t nul\0 esc\x1b del\x7f lf\n bs\b ff\f",
  }],
  ["a password with line separators of Unicode", { password: "a\u2028b\u2029c\u0085d\u00a0" }],
  ["a user name outside ASCII", { username: "jörg@exämple.test" }],
];

for (const [what, given] of HASHES) {
  Deno.test(`--settings prints what the reference prints: ${what}`, async () => {
    const hash = smarthostHash(SMARTHOST, given);
    await using redis = await redisServer(hash);
    const run = await sendmail(["--settings"], { redis });
    assert.deepEqual([run.status, run.stderr], [0, ""]);
    assert.equal(run.stdout, `${await referenceSettings(hash)}\n`);
  });
}

Deno.test("--settings prints the reference's defaults where nothing is stored", async () => {
  await using redis = await redisServer();
  const run = await sendmail(["--settings"], { redis });
  assert.deepEqual([run.status, run.stderr], [0, ""]);
  assert.equal(run.stdout, `${await referenceSettings({})}\n`);
});

const WRONG: [field: string, value: string | undefined][] = [
  ...Object.keys(smarthostHash(SMARTHOST)).map((field): [string, undefined] => [field, undefined]),
  ...["", "0", "-1", "65536", "1e2", "25.0", "smtp", " 25", "0x19"].map((
    port,
  ): [string, string] => ["port", port]),
  ["enabled", "yes"],
  ["enabled", ""],
  ["tls_verify", "2"],
  ["tls_verify", "true"],
  ["encrypt_smtp", "ssl"],
  ["encrypt_smtp", "TLS"],
  ["encrypt_smtp", ""],
];

for (const [field, value] of WRONG) {
  const what = value === undefined ? `without ${field}` : `whose ${field} is "${value}"`;
  Deno.test(`a hash ${what} is 78, names the field, and prints no settings`, async () => {
    const hash = smarthostHash(SMARTHOST, { password: "correct horse" });
    delete hash[field];
    if (value !== undefined) hash[field] = value;
    await using redis = await redisServer(hash);
    const run = await sendmail(["--settings"], { redis, secrets: ["correct horse"] });
    assertFailure(run, 78, field, value ?? field);
  });
}

Deno.test("the replica is asked before the leader", async () => {
  await using replica = await redisServer(smarthostHash({ host: "replica.test", port: 25 }));
  await using leader = await redisServer(smarthostHash({ host: "leader.test", port: 25 }));
  const env = { REDIS_REPLICA_ADDRESS: replica.address };
  const run = await sendmail(["--settings"], { redis: leader, env });
  assert.equal(run.status, 0, run.stderr);
  assert.match(run.stdout, /"host": "replica\.test"/);
});

Deno.test("the leader is asked where the replica does not answer", async () => {
  await using leader = await redisServer(smarthostHash({ host: "leader.test", port: 25 }));
  const env = { REDIS_REPLICA_ADDRESS: `127.0.0.1:${closedPort()}` };
  const run = await sendmail(["--settings"], { redis: leader, env });
  assert.deepEqual([run.status, run.stderr], [0, ""]);
  assert.match(run.stdout, /"host": "leader\.test"/);
});

for (const args of [["--settings"], ["user@test.org"]]) {
  Deno.test(`Redis down is 75 in well under a second: ${args.join(" ")}`, async () => {
    const address = `127.0.0.1:${closedPort()}`;
    const run = await sendmail(args, { env: { REDIS_ADDRESS: address }, stdin: "Hello" });
    assertFailure(run, 75, address);
    assert.ok(run.elapsed < 900, `${run.elapsed} ms`);
  });
}

for (const address of ["nonsense", "127.0.0.1", "127.0.0.1:", ":6379", "127.0.0.1:port", "::1:1"]) {
  Deno.test(`REDIS_ADDRESS that is no address is 78 and named: ${address}`, async () => {
    const run = await sendmail(["--settings"], { env: { REDIS_ADDRESS: address } });
    assertFailure(run, 78, "REDIS_ADDRESS");
  });
}

Deno.test("a smarthost that is not enabled is 78, in the reference's words", async () => {
  await using redis = await redisServer(smarthostHash(SMARTHOST, { enabled: "0" }));
  const run = await sendmail(["user@test.org"], { redis, stdin: "Hello" });
  assertFailure(run, 78);
  assert.equal(run.stderr, "Error: Smarthost is not enabled.\n");
});

Deno.test("a smarthost that was never set up is 78, in the reference's words", async () => {
  await using redis = await redisServer();
  const run = await sendmail(["user@test.org"], { redis, stdin: "Hello" });
  assertFailure(run, 78);
  assert.equal(run.stderr, "Error: Smarthost is not enabled.\n");
});
