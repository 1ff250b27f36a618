/** The script that sets the smarthost of a test cluster. */

import assert from "node:assert/strict";
import { denoEnvironment, denoScript, type Ended, run } from "../support/program/command.ts";
import { installation, listener, PAYLOAD } from "../support/hosts/listener.ts";
import { sendmail } from "../support/program/program.ts";
import { type RedisServer, redisServer } from "../support/servers/redis.ts";
import { assertNoSecrets } from "../support/program/secrets.ts";
import { reply } from "../support/servers/peer.ts";
import type { Script } from "../support/servers/smtp_conversation.ts";
import { scriptedSmtp } from "../support/servers/smtp_scripted.ts";
import { closedPort } from "../support/servers/tcp.ts";

const WRITER = { name: "cluster", password: "writers-own-word" };
const PASSWORD = `pässwörd "quoted" \\ 🔑`;

const SETTINGS = {
  port: 465,
  host: "mail.test",
  username: "user@mail.test",
  password: PASSWORD,
  enabled: true,
  encrypt_smtp: "tls",
  tls_verify: false,
};

const OAUTH2 = {
  oauth2_token_url: "https://login.test/token",
  oauth2_client_id: "the-client",
  oauth2_client_secret: "k7~client-secret",
  oauth2_scope: "https://mail.test/.default",
  oauth2_refresh_token: "1//refresh-token",
};

/** Those of the task. */
const PERMISSIONS = ["--allow-env", "--allow-net", "--allow-read", "--allow-sys=hostname"];

/** Starts a Redis that has the user who may write, and one who may not. */
async function cluster(): Promise<RedisServer> {
  const redis = await redisServer();
  const everything = ["on", `>${WRITER.password}`, "~*", "&*", "+@all"];
  await redis.command("ACL", "SETUSER", WRITER.name, ...everything);
  const reading = ["on", `>${WRITER.password}`, "~*", "&*", "+@read", "+@connection"];
  await redis.command("ACL", "SETUSER", "reader", ...reading, "+@transaction");
  return redis;
}

async function setSmarthost(
  redis: { readonly address: string },
  input: unknown,
  env: Record<string, string> = {},
  args: string[] = [],
): Promise<Ended> {
  const command = denoScript("scripts/set-smarthost.ts", ...PERMISSIONS);
  const ended = await run([...command, ...args], {
    stdin: typeof input === "string" || input instanceof Uint8Array ? input : JSON.stringify(input),
    env: {
      ...denoEnvironment(),
      REDIS_ADDRESS: redis.address,
      REDIS_USER: WRITER.name,
      REDIS_PASSWORD: WRITER.password,
      ...env,
    },
  });
  const { oauth2_client_secret, oauth2_refresh_token } = OAUTH2;
  const secrets = [PASSWORD, WRITER.password, oauth2_client_secret, oauth2_refresh_token];
  assertNoSecrets("the script", ended.stdout + ended.stderr, secrets);
  return ended;
}

Deno.test("settings are stored as the cluster does it, and the executable reads them", async () => {
  await using redis = await cluster();
  const { status, stderr } = await setSmarthost(redis, SETTINGS);
  assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
  assert.deepEqual(await redis.command("HGETALL", "cluster/smarthost"), [
    ...["port", "465", "host", "mail.test", "username", "user@mail.test", "password", PASSWORD],
    ...["enabled", "1", "encrypt_smtp", "tls", "tls_verify", "0"],
  ]);
  const run = await sendmail(["--settings"], { redis });
  assert.deepEqual(JSON.parse(run.stdout), SETTINGS);
});

Deno.test("what --settings prints can be set again, changed or not", async () => {
  await using redis = await cluster();
  await setSmarthost(redis, SETTINGS);
  const { stdout } = await sendmail(["--settings"], { redis });
  await redis.command("DEL", "cluster/smarthost");
  assert.equal((await setSmarthost(redis, stdout)).status, 0);
  assert.equal((await sendmail(["--settings"], { redis })).stdout, stdout);
});

Deno.test("settings and event are one transaction, and who hears of it has the new ones", async () => {
  await using redis = await cluster();
  await using module = await installation();
  await module.handler("10show", `#!/bin/sh\ncat; echo; exec ns8-sendmail --settings\n`);
  await using listening = await listener(module, { redis });
  const { stdout } = await setSmarthost(redis, { ...SETTINGS, password: "" });
  assert.equal(stdout, "The settings are stored; 1 listener was told\n");
  await listening.said(PAYLOAD);
  assert.match(await listening.said("mail.test"), /"port": 465/);
  const statistics = String(await redis.command("INFO", "commandstats"));
  for (const command of ["multi", "exec", "hset", "publish"]) {
    assert.match(statistics, new RegExp(`^cmdstat_${command}:calls=1,`, "m"));
  }
});

/** What the reader would refuse, or what is no settings at all. */
const REFUSED: [what: string, input: unknown, status: number, says: RegExp][] = [
  ...Object.keys(SETTINGS).map((field): [string, unknown, number, RegExp] => [
    `settings without ${field}`,
    { ...SETTINGS, [field]: undefined },
    78,
    new RegExp(`\\(${field}\\)`),
  ]),
  ["a port that is none", { ...SETTINGS, port: 65536 }, 78, /\(port\).*65536/],
  ["half a port", { ...SETTINGS, port: 25.5 }, 78, /\(port\).*25\.5/],
  ["an unknown encryption", { ...SETTINGS, encrypt_smtp: "ssl" }, 78, /\(encrypt_smtp\).*ssl/],
  ["enabled without a host", { ...SETTINGS, host: "" }, 78, /its host is empty/],
  ["enabled with a URL as host", { ...SETTINGS, host: "smtp://x" }, 78, /\(host\).*is a URL/],
  ["a flag that is none", { ...SETTINGS, enabled: "yes" }, 78, /\(enabled\).*yes/],
  ["half a surrogate pair", { ...SETTINGS, password: "x\ud800" }, 78, /\(password\).*UTF-8/],
  ["a host that is null", { ...SETTINGS, host: null }, 65, /host/],
  ["a host that is a list", { ...SETTINGS, host: ["mail.test"] }, 65, /host/],
  ["nothing", "", 65, /not a JSON object/],
  ["a list", [], 65, /not a JSON object/],
  ["an empty object", {}, 65, /^Error: No smarthost setting in the input$/m],
  ["half an object", JSON.stringify(SETTINGS).slice(0, -9), 65, /not a JSON object/],
  ["what is not UTF-8", Uint8Array.of(0x7b, 0xff, 0x7d), 65, /UTF-8/],
];

for (const [what, input, status, says] of REFUSED) {
  Deno.test(`${what} is ${status}, and neither stored nor told`, async () => {
    await using redis = await cluster();
    const ended = await setSmarthost(redis, input);
    assert.deepEqual([ended.status, ended.stdout], [status, ""], ended.stderr);
    assert.match(ended.stderr, /^Error: [^\n]+\n$/);
    assert.match(ended.stderr, says);
    assert.equal(await redis.command("EXISTS", "cluster/smarthost"), 0);
    assert.doesNotMatch(String(await redis.command("INFO", "commandstats")), /cmdstat_publish/);
  });
}

Deno.test("what is neither number nor flag to JSON but to the reader is stored", async () => {
  await using redis = await cluster();
  const input = { ...SETTINGS, port: "465", enabled: "1", tls_verify: 0, unknown: [] };
  assert.equal((await setSmarthost(redis, input)).status, 0);
  const { stdout } = await sendmail(["--settings"], { redis });
  assert.deepEqual(JSON.parse(stdout), SETTINGS);
});

const UNABLE: [what: string, env: Record<string, string>, status: number, says: RegExp][] = [
  ["a wrong password", { REDIS_PASSWORD: "wrong" }, 77, /WRONGPASS/],
  ["a user who may not write", { REDIS_USER: "reader" }, 77, /NOPERM/],
  ["no user", { REDIS_USER: "" }, 78, /^Error: REDIS_USER is not set$/m],
  ["no password", { REDIS_PASSWORD: "" }, 78, /^Error: REDIS_PASSWORD is not set$/m],
  ["an address that is none", { REDIS_ADDRESS: "redis" }, 78, /REDIS_ADDRESS.*redis/],
  ["a Redis that is down", { REDIS_ADDRESS: `127.0.0.1:${closedPort()}` }, 75, /refused/],
];

for (const [what, env, status, says] of UNABLE) {
  Deno.test(`settings cannot be stored with ${what}: ${status}, in one line`, async () => {
    await using redis = await cluster();
    const ended = await setSmarthost(redis, SETTINGS, env);
    assert.deepEqual([ended.status, ended.stdout], [status, ""], ended.stderr);
    assert.match(ended.stderr, /^Error: [^\n]+\n$/);
    assert.match(ended.stderr, says);
    assert.equal(await redis.command("EXISTS", "cluster/smarthost"), 0);
  });
}

Deno.test("a key that holds something else is 78, and is left alone", async () => {
  await using redis = await cluster();
  await redis.command("SET", "cluster/smarthost", "something else");
  const ended = await setSmarthost(redis, SETTINGS);
  assert.equal(ended.status, 78);
  assert.match(ended.stderr, /^Error: .*WRONGTYPE/);
  assert.equal(await redis.command("GET", "cluster/smarthost"), "something else");
});

/** The fields of OAuth 2.0 that are stored. */
async function storedOAuth2(redis: RedisServer): Promise<Record<string, string>> {
  const hash = await redis.command("HGETALL", "cluster/smarthost");
  assert.ok(Array.isArray(hash));
  const entries = hash.map((name, i) => [name, hash[i + 1]]).filter((_, i) => i % 2 === 0);
  return Object.fromEntries(entries.filter(([name]) => name.startsWith("oauth2_")));
}

Deno.test("the fields of OAuth 2.0 are stored beside the others, and stay when those are set", async () => {
  await using redis = await cluster();
  assert.equal((await setSmarthost(redis, { ...SETTINGS, ...OAUTH2 })).status, 0);
  assert.deepEqual(await storedOAuth2(redis), OAUTH2);
  const { stdout } = await sendmail(["--settings"], { redis });
  assert.deepEqual(JSON.parse(stdout), SETTINGS);
  assert.equal((await setSmarthost(redis, stdout)).status, 0);
  assert.deepEqual(await storedOAuth2(redis), OAUTH2);
});

Deno.test("one field of OAuth 2.0 can be changed, and a null or empty one is removed", async () => {
  await using redis = await cluster();
  await setSmarthost(redis, { ...SETTINGS, ...OAUTH2 });
  const changes = { oauth2_client_id: "other", oauth2_scope: null, oauth2_refresh_token: "" };
  assert.equal((await setSmarthost(redis, { ...SETTINGS, ...changes })).status, 0);
  const { oauth2_token_url, oauth2_client_secret } = OAUTH2;
  assert.deepEqual(await storedOAuth2(redis), {
    oauth2_token_url,
    oauth2_client_id: "other",
    oauth2_client_secret,
  });
});

Deno.test("--remove-oauth2 removes all of them, leaves the others, and is told", async () => {
  await using redis = await cluster();
  await using module = await installation();
  await module.handler("10show", `#!/bin/sh\ncat; echo\n`);
  await setSmarthost(redis, { ...SETTINGS, ...OAUTH2 });
  await using listening = await listener(module, { redis });
  const { status, stdout } = await setSmarthost(redis, "", {}, ["--remove-oauth2"]);
  assert.deepEqual([status, stdout], [
    0,
    "The settings are stored; 1 listener was told\n",
  ]);
  await listening.said(PAYLOAD);
  assert.deepEqual(await storedOAuth2(redis), {});
  assert.deepEqual(JSON.parse((await sendmail(["--settings"], { redis })).stdout), SETTINGS);
});

Deno.test("--show prints all that is stored, with secrets masked, and the mask is not stored", async () => {
  await using redis = await cluster();
  await setSmarthost(redis, { ...SETTINGS, ...OAUTH2 });
  const { status, stdout } = await setSmarthost(redis, "", {}, ["--show"]);
  assert.equal(status, 0);
  const masked = { password: "***", oauth2_client_secret: "***", oauth2_refresh_token: "***" };
  assert.deepEqual(JSON.parse(stdout), { ...SETTINGS, ...OAUTH2, ...masked });
  const ended = await setSmarthost(redis, stdout);
  assert.deepEqual([ended.status, ended.stdout], [65, ""]);
  assert.match(ended.stderr, /The password in the input is the mask that --show prints/);
});

/** Changes that do not fit to what is stored: SETTINGS and OAUTH2. */
const UNFIT: [what: string, input: Record<string, unknown>, says: RegExp][] = [
  ["no encryption", { encrypt_smtp: "none" }, /\(encrypt_smtp\).*"starttls" or "tls"/],
  ["no user name", { username: "" }, /\(username\)/],
  ["a token URL in the clear", { oauth2_token_url: "http://login.test/" }, /\(oauth2_token_url\)/],
  ["no client", { oauth2_client_id: null }, /\(oauth2_client_id\)/],
  [
    "neither secret nor refresh token",
    { oauth2_client_secret: "", oauth2_refresh_token: null },
    /\(oauth2_client_secret\)/,
  ],
];

for (const [what, input, says] of UNFIT) {
  Deno.test(`${what} does not go with OAuth 2.0: 78, and what is stored stays`, async () => {
    await using redis = await cluster();
    await setSmarthost(redis, { ...SETTINGS, ...OAUTH2 });
    const ended = await setSmarthost(redis, { ...SETTINGS, ...input });
    assert.deepEqual([ended.status, ended.stdout], [78, ""], ended.stderr);
    assert.match(ended.stderr, says);
    assert.deepEqual(await storedOAuth2(redis), OAUTH2);
    assert.deepEqual(JSON.parse((await sendmail(["--settings"], { redis })).stdout), SETTINGS);
  });
}

Deno.test("an unknown option is 64, and nothing is stored", async () => {
  await using redis = await cluster();
  for (
    const args of [["--remove"], ["--show", "--show"], ["x"], ["--show", "--check"], ["--check=x"]]
  ) {
    const ended = await setSmarthost(redis, SETTINGS, {}, args);
    assert.deepEqual([ended.status, ended.stdout], [64, ""]);
    assert.equal(await redis.command("EXISTS", "cluster/smarthost"), 0);
  }
});

Deno.test("settings that are not enabled may have no host", async () => {
  await using redis = await cluster();
  const ended = await setSmarthost(redis, { ...SETTINGS, enabled: false, host: "" });
  assert.deepEqual(ended, {
    status: 0,
    stdout: "The settings are stored; 0 listeners were told\n",
    stderr: "",
  });
});

Deno.test("-v says where Redis is", async () => {
  await using redis = await cluster();
  const { stdout } = await setSmarthost(redis, SETTINGS, {}, ["-v"]);
  const where = `The settings are stored in Redis at ${redis.address}; 0 listeners were told\n`;
  assert.equal(stdout, where);
});

Deno.test("--help needs neither Redis nor input, and its example sets a host", async () => {
  const nobody = { address: `127.0.0.1:${closedPort()}` };
  const ended = await setSmarthost(nobody, "", { REDIS_USER: "" }, ["--help"]);
  assert.deepEqual([ended.status, ended.stderr], [0, ""]);
  assert.match(ended.stdout, /\.host = "mail\.example\.org"/);
});

/** A smarthost in the clear with a login, and the settings for it. */
async function tried(script: Script = {}) {
  const login = { username: SETTINGS.username, password: PASSWORD };
  const server = await scriptedSmtp(script, { login });
  const { host, port } = server;
  return { server, settings: { ...SETTINGS, host, port, encrypt_smtp: "none" } };
}

Deno.test("--check tries the settings before they are stored, and says what works", async () => {
  await using redis = await cluster();
  const { server, settings } = await tried();
  await using _ = server;
  const ended = await setSmarthost(redis, settings, {}, ["--check"]);
  assert.deepEqual([ended.status, ended.stderr], [0, ""]);
  assert.match(ended.stdout, /^connect +ok .*\nhello +ok .*\nlogin +ok +as user@mail\.test, by /);
  assert.match(ended.stdout, /\nThe settings are stored; 0 listeners were told\n$/);
  assert.equal(await redis.command("HGET", "cluster/smarthost", "host"), server.host);
  assert.deepEqual(server.messages(), []);
});

Deno.test("--check does not store settings that do not work, and says why", async () => {
  await using redis = await cluster();
  const { server, settings } = await tried();
  await using _ = server;
  const input = { ...settings, password: "a wrong one" };
  const ended = await setSmarthost(redis, input, {}, ["--check"]);
  assert.equal(ended.status, 77);
  assert.match(ended.stdout, /\nlogin +failed +Login refused/);
  assert.equal(
    ended.stderr,
    `Error: Login refused (${server.host}:${server.port}): ` +
      "535 5.7.8 Authentication credentials invalid; the settings are not stored\n",
  );
  assert.equal(await redis.command("EXISTS", "cluster/smarthost"), 0);
});

Deno.test("--check masks a password that the server says back", async () => {
  await using redis = await cluster();
  const { server, settings } = await tried({ auth: reply(`535 5.7.8 No ${PASSWORD}`) });
  await using _ = server;
  const ended = await setSmarthost(redis, settings, {}, ["--check"]);
  assert.equal(ended.status, 77);
  assert.equal(await redis.command("EXISTS", "cluster/smarthost"), 0);
});

Deno.test("--check tries nothing where the settings are not enabled", async () => {
  await using redis = await cluster();
  const { server, settings } = await tried();
  await using _ = server;
  const ended = await setSmarthost(redis, { ...settings, enabled: false }, {}, ["--check"]);
  assert.equal(ended.status, 0);
  assert.deepEqual(server.conversations, []);
});
