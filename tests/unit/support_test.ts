/** The tests' own instruments: one that measures nothing would let everything pass. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createTransport, type SendMailOptions } from "nodemailer";
import { aiosmtpd } from "../support/servers/aiosmtpd.ts";
import {
  certificateAuthority,
  type CertificateOptions,
  selfSigned,
} from "../support/servers/certificates.ts";
import { temporaryFolder } from "../support/hosts/folder.ts";
import { logSocket } from "../support/servers/log_socket.ts";
import { mailReader } from "../support/mail/mail_reader.ts";
import { hangUp, inTurn, pause, raw, reply, reset } from "../support/servers/peer.ts";
import { redisServer, smarthostHash } from "../support/servers/redis.ts";
import { scriptedRedis } from "../support/servers/redis_scripted.ts";
import { sandbox } from "../support/hosts/sandbox.ts";
import { assertNoInsides, assertNoSecrets } from "../support/program/secrets.ts";
import { honestSmtp } from "../support/servers/smtp_honest.ts";
import { scriptedSmtp } from "../support/servers/smtp_scripted.ts";

const PASSWORD = 'Pa55 "wörd"/?>~';
const LOGIN = { username: "user", password: PASSWORD };
const MESSAGE = "Subject: x\r\n\r\n.dot\r\n..\r\nlast\r\n";

const base64 = (text: string) => Buffer.from(text).toString("base64");

const GIVEAWAYS: [what: string, text: string][] = [
  ["itself", PASSWORD],
  ["itself, in JSON", JSON.stringify({ password: PASSWORD })],
  ["base64, as AUTH LOGIN has it", base64(PASSWORD)],
  ["AUTH PLAIN without an authorization identity", base64(`\0user\0${PASSWORD}`)],
  ["AUTH PLAIN after a user name of another length", base64(`\0user2\0${PASSWORD}`)],
  ["AUTH PLAIN after a user name of yet another length", base64(`\0user22\0${PASSWORD}`)],
  ["AUTH PLAIN with an authorization identity", base64(`user\0user\0${PASSWORD}`)],
  ["hexadecimal", Buffer.from(PASSWORD).toString("hex")],
  ["UTF-8 read as Latin-1", Buffer.from(PASSWORD).toString("latin1")],
];

for (const [what, text] of GIVEAWAYS) {
  Deno.test(`the search for secrets finds a password given away as ${what}`, () => {
    assert.throws(() => assertNoSecrets("stderr", `> ${text} <`, [PASSWORD]), /gives the password/);
  });
}

Deno.test("the search for secrets lets other text pass", () => {
  assertNoSecrets("stderr", `Error: Login refused: 535 ${base64("user")} ***`, [PASSWORD, ""]);
});

const TRACES = [
  "Error: x\n    at send (file:///app.mjs:1:2)",
  "error: Uncaught (in promise) TypeError: x",
  "at app.mjs:12:9",
];

for (const text of TRACES) {
  Deno.test(`the search for insides finds ${JSON.stringify(text)}`, () => {
    assert.throws(() => assertNoInsides("stderr", text), /shows the insides/);
  });
}

function submit(
  server: { host: string; port: number },
  options: { encryption?: string; ca?: string; authMethod?: string } = {},
) {
  const { encryption = "none", ca, authMethod } = options;
  const transport = createTransport({
    host: server.host,
    port: server.port,
    name: "client.test",
    secure: encryption === "tls",
    requireTLS: encryption === "starttls",
    ignoreTLS: encryption === "none",
    ...(ca !== undefined && { tls: { ca } }),
    ...(authMethod !== undefined && {
      authMethod,
      auth: { user: LOGIN.username, pass: LOGIN.password },
    }),
  });
  const message: SendMailOptions = {
    envelope: { from: "a@b.test", to: ["c@d.test", "e@f.test"] },
    raw: MESSAGE,
  };
  return transport.sendMail(message);
}

const ENCRYPTIONS = ["none", "starttls", "tls"] as const;

for (const encryption of ENCRYPTIONS) {
  for (const authMethod of ["PLAIN", "LOGIN", "CRAM-MD5"]) {
    Deno.test(`the scripted server serves ${authMethod} with encryption ${encryption}`, async () => {
      await using authority = await certificateAuthority();
      const certificate = await authority.issue();
      await using server = await scriptedSmtp({}, { encryption, certificate, login: LOGIN });
      await submit(server, { encryption, authMethod, ca: authority.certificate });
      await server.settled();
      const [message] = server.messages();
      assert.equal(server.conversations[0]?.encrypted, encryption !== "none");
      assert.deepEqual(message?.recipients, ["c@d.test", "e@f.test"]);
      assert.equal(new TextDecoder().decode(message?.content), MESSAGE);
      assert.match(new TextDecoder().decode(message?.wire), /\r\n\.\.dot\r\n\.\.\.\r\n/);
    });
  }
}

for (const [name, start] of [["smtp-server", honestSmtp], ["aiosmtpd", aiosmtpd]] as const) {
  for (const encryption of ENCRYPTIONS) {
    Deno.test(`${name} keeps what it takes with encryption ${encryption}`, async () => {
      await using authority = await certificateAuthority();
      const certificate = await authority.issue();
      await using server = await start({ encryption, certificate, login: LOGIN });
      await submit(server, { encryption, authMethod: "PLAIN", ca: authority.certificate });
      const [message, ...others] = await server.messages();
      assert.deepEqual(others, []);
      assert.equal(message?.sender, "a@b.test");
      assert.deepEqual(message?.recipients, ["c@d.test", "e@f.test"]);
      assert.equal(message?.encrypted, encryption !== "none");
      assert.equal(message?.username, "user");
      assert.equal(new TextDecoder().decode(message?.content), MESSAGE);
    });
  }

  Deno.test(`${name} lets nobody in who has another password`, async () => {
    await using server = await start({
      encryption: "none",
      login: { ...LOGIN, password: "another" },
    });
    await assert.rejects(submit(server, { authMethod: "PLAIN" }), /535/);
    assert.deepEqual(await server.messages(), []);
  });
}

Deno.test("the scripted server keeps what a client says before the handshake is due", async () => {
  await using authority = await certificateAuthority();
  const certificate = await authority.issue();
  const script = { starttls: inTurn(reply("220 Go ahead"), pause(50)) };
  await using server = await scriptedSmtp(script, { encryption: "starttls", certificate });
  await submit(server, { encryption: "starttls", ca: authority.certificate });
  assert.equal(server.conversations[0]?.encrypted, true);
});

Deno.test("the scripted server goes by its table, the first time and the second", async () => {
  await using server = await scriptedSmtp({
    rcpt: [reply("250 2.1.5 Ok"), reply("550-5.1.1 No", "550 5.1.1 such user")],
    dot: inTurn(reply("451 4.3.0 Later"), hangUp()),
  });
  await assert.rejects(submit(server), /451 4\.3\.0 Later/);
  await server.settled();
  assert.deepEqual(server.messages()[0]?.recipients, ["c@d.test"]);
  assert.deepEqual(server.commands().slice(0, 2), ["EHLO client.test", "MAIL FROM:<a@b.test>"]);
});

Deno.test("the scripted server breaks a connection off with a reset", async () => {
  await using server = await scriptedSmtp({ mail: reset() });
  await assert.rejects(submit(server), /ECONNRESET/);
});

Deno.test("redis lets the agents' user read the hash, and not write it", async () => {
  const hash = smarthostHash({ host: "mail.test", port: 587 }, { password: PASSWORD });
  await using redis = await redisServer(hash);
  const asAgent = async (...words: string[]) => {
    const args = ["-p", `${redis.port}`, "--user", "default", "--pass", "nopass"];
    const { stdout } = await new Deno.Command("redis-cli", {
      args: [...args, "--no-auth-warning", ...words],
    }).output();
    return new TextDecoder().decode(stdout).trim();
  };
  assert.equal(await asAgent("HGET", "cluster/smarthost", "password"), PASSWORD);
  assert.match(await asAgent("HSET", "cluster/smarthost", "port", "25"), /^NOPERM/);
  await redis.store({ host: "other.test" });
  assert.equal(await asAgent("HGETALL", "cluster/smarthost"), "host\nother.test");
  assert.deepEqual(redis.passwords, [PASSWORD]);
});

Deno.test("the scripted redis answers as redis's own client expects, but where its table differs", async () => {
  const hash = smarthostHash({ host: "mail.test", port: 587 });
  await using redis = await scriptedRedis({ GET: raw("-LOADING in a moment\r\n") }, hash);
  const ask = async (...words: string[]) => {
    const args = ["-3", "-p", `${redis.port}`, ...words];
    const { stdout } = await new Deno.Command("redis-cli", { args }).output();
    return new TextDecoder().decode(stdout).trim();
  };
  assert.match(await ask("HGETALL", "cluster/smarthost"), /^host mail\.test$/m);
  assert.equal(await ask("GET", "x"), "LOADING in a moment");
  await redis.settled();
  assert.deepEqual(redis.commands.at(-1), ["GET", "x"]);
});

Deno.test("the log socket collects what logger says inside a sandbox", async () => {
  await using log = await logSocket();
  const [command = "", ...rest] = sandbox({ log });
  const logger = ["logger", "-t", "ident", "--id=7", "-p", "mail.err", "--", "some text"];
  await new Deno.Command(command, { args: [...rest, ...logger] }).output();
  assert.deepEqual(await log.records(), [
    { priority: 19, ident: "ident", pid: 7, text: "some text" },
  ]);
});

Deno.test("the reader of messages decodes headers, parts and charsets", async () => {
  await using reader = await mailReader();
  const message = await reader.read(Buffer.from([
    "Subject: =?utf-8?q?gr=C3=BCn?=",
    'To: "A, B" <a@b.test>, c@d.test',
    "Content-Type: multipart/mixed; boundary=x",
    "",
    "--x",
    "Content-Type: text/plain; charset=iso-8859-1",
    "Content-Transfer-Encoding: base64",
    "",
    "/AA=",
    "--x--",
  ].join("\r\n")));
  assert.deepEqual(message.all("subject"), ["grün"]);
  assert.deepEqual(message.mailboxes.To, [["A, B", "a@b.test"], ["", "c@d.test"]]);
  assert.equal(message.text(), "ü\0");
  assert.equal(message.parts[0]?.encoding, "base64");
});

const WRONG_CERTIFICATES: [what: string, options: CertificateOptions, reason: RegExp][] = [
  ["expired", { valid: [-10, -1] }, /expired/],
  ["not yet valid", { valid: [1, 10] }, /not yet valid/],
  ["for another name", { names: ["DNS:other.test"] }, /[Hh]ostname mismatch/],
  ["for another purpose", { purpose: "clientAuth" }, /purpose/],
];

async function verify(authorityFile: string, certificateFile: string): Promise<string> {
  const { stdout, stderr } = await new Deno.Command("openssl", {
    args: ["verify", "-CAfile", authorityFile, "-purpose", "sslserver"]
      .concat("-verify_hostname", "mail.test", certificateFile),
  }).output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

for (const [what, options, reason] of WRONG_CERTIFICATES) {
  Deno.test(`openssl refuses a certificate made to be ${what}`, async () => {
    await using authority = await certificateAuthority();
    const { chainFile } = await authority.issue(options);
    assert.match(await verify(authority.certificateFile, chainFile), reason);
  });
}

Deno.test("openssl accepts a certificate of the test authority, and no self-signed one", async () => {
  await using authority = await certificateAuthority();
  await using folder = await temporaryFolder();
  const { chainFile } = await authority.issue();
  assert.match(await verify(authority.certificateFile, chainFile), /: OK/);
  const own = await selfSigned(folder);
  assert.match(await verify(authority.certificateFile, own.chainFile), /self-signed certificate/);
});

Deno.test("a certificate of version 1 has no extensions", async () => {
  await using authority = await certificateAuthority();
  const { chainFile } = await authority.issue({ version1: true });
  const { stdout } = await new Deno.Command("openssl", {
    args: ["x509", "-in", chainFile, "-noout", "-text"],
  }).output();
  assert.match(new TextDecoder().decode(stdout), /Version: 1 /);
});
