/**
 * No password, and nothing it can be made from, is ever printed or logged. Every run of the tests is
 * searched for its password, see tests/support/program/program.ts; here servers do their best to have it said.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import { certificateAuthority } from "../support/servers/certificates.ts";
import { temporaryFolder } from "../support/hosts/folder.ts";
import { logSocket } from "../support/servers/log_socket.ts";
import { sideBySide } from "../support/program/parallel.ts";
import { type Action, inTurn, raw, reply } from "../support/servers/peer.ts";
import { sendmail } from "../support/program/program.ts";
import { redisServer, smarthostHash } from "../support/servers/redis.ts";
import { scriptedRedis } from "../support/servers/redis_scripted.ts";
import { sandbox } from "../support/hosts/sandbox.ts";
import { tracesOf } from "../support/program/secrets.ts";
import type { Stage } from "../support/servers/smtp_conversation.ts";
import { scriptedSmtp } from "../support/servers/smtp_scripted.ts";
import { closedPort } from "../support/servers/tcp.ts";

const PASSWORDS = {
  "an ordinary one": "correct horse battery",
  "one of special characters": `p@ss "w\\ord" $x %41 =3D +2B <&>'`,
  "one outside ASCII": "pässwörd ключ 密码 🔑",
  "one of 200 characters": "Tr0ub4dor&3".repeat(19).slice(0, 200),
};
const USERNAME = "user@mail.test";

const base64 = (text: string) => Buffer.from(text).toString("base64");

/** How a server may say a password back. */
function formsOf(password: string): Record<string, string> {
  const digest = createHmac("md5", password).update("<1@x>").digest("hex");
  return {
    "as it is": password,
    "within a word": `x${password}x`,
    "in capitals": password.toUpperCase(),
    "in quotes": JSON.stringify(password),
    "for a URL": encodeURIComponent(password),
    "in hexadecimal": Buffer.from(password).toString("hex"),
    "in base64": base64(password),
    "in base64 without padding": base64(password).replace(/=+$/, ""),
    "in base64 for URLs": Buffer.from(password).toString("base64url"),
    "as PLAIN has it": base64(`\0${USERNAME}\0${password}`),
    "as PLAIN has it with an identity": base64(`${USERNAME}\0${USERNAME}\0${password}`),
    "as the whole command": `AUTH PLAIN ${base64(`\0${USERNAME}\0${password}`)}`,
    "as CRAM-MD5 has it": base64(`${USERNAME} ${digest}`),
  };
}

/** Where it is said back: at this stage, with this reply code. */
const PLACES: [stage: Stage, code: number][] = [
  ["greeting", 554],
  ["ehlo", 554],
  ["auth", 535],
  ["auth", 454],
  ["mail", 550],
  ["rcpt", 550],
  ["data", 451],
  ["dot", 554],
  ["dot", 250],
  ["quit", 221],
];

/** Replies of every kind that say all forms. */
function replies(code: number, forms: string[]): Record<string, Action> {
  return {
    "in one line each": reply(
      ...forms.map((form, i) => `${code}${i < forms.length - 1 ? "-" : " "}${form}`),
    ),
    "in one line": reply(`${code} ${forms.join(" ")}`),
    "in no line of SMTP": raw(`${forms.join(" ")}\r\n`),
    "and one reply too many": inTurn(raw(`${code} No\r\n${code} ${forms.join(" ")}\r\n`)),
  };
}

/** What the program is asked to say about it. */
const WAYS: string[][] = [[], ["-v"], ["--json"], ["-v", "--json"]];

for (const [what, password] of Object.entries(PASSWORDS)) {
  const forms = formsOf(password);

  Deno.test(`a password that a server says back is not said on: ${what}`, async (test) => {
    await using log = await logSocket();
    const under = sandbox({ log });
    const rows = PLACES.flatMap(([stage, code]) =>
      Object.entries(replies(code, Object.values(forms))).map(([how, action], i) => ({
        name: `at ${stage}, ${code}, ${how}`,
        script: { [stage]: action },
        args: WAYS[(i + code) % WAYS.length] ?? [],
      }))
    );
    await sideBySide(test, rows, async ({ script, args }) => {
      const login = { username: USERNAME, password };
      await using server = await scriptedSmtp(script, { login });
      await using redis = await scriptedRedis({}, smarthostHash(server, login));
      const digests = [createHmac("md5", password).update("<1@x>").digest("hex")];
      for (const more of [[...args, "to@to.test"], [...args, "--check"]]) {
        const run = await sendmail(more, { redis, log, under, stdin: "Hello\n" });
        for (const digest of digests) {
          for (const text of [run.stdout, run.stderr]) assert.ok(!text.includes(digest), text);
        }
      }
    });
  });

  for (const [form, text] of Object.entries(forms)) {
    Deno.test(`a password that is said back ${form} leaves what stands around it: ${what}`, async () => {
      const login = { username: USERNAME, password };
      const script = { auth: reply(`535 5.7.8 You said (${text}), go away`) };
      await using server = await scriptedSmtp(script, { login });
      await using redis = await scriptedRedis({}, smarthostHash(server, login));
      const run = await sendmail(["to@to.test"], { redis });
      const expected =
        /^Error: Login refused \(\S+\): 535 5\.7\.8 You said \(.*\*\*\*.*\), go away\n$/;
      assert.match(run.stderr, expected);
    });
  }
}

for (const mechanism of ["PLAIN", "LOGIN", "CRAM-MD5"]) {
  Deno.test(`-v shows the login without what it consists of: ${mechanism}`, async () => {
    const login = { username: USERNAME, password: PASSWORDS["an ordinary one"] };
    await using server = await scriptedSmtp({}, { login, auth: `AUTH ${mechanism}` });
    await using redis = await scriptedRedis({}, smarthostHash(server, login));
    const run = await sendmail(["-v", "to@to.test"], { redis });
    assert.equal(run.status, 0, run.stderr);
    const told = server.commands().flatMap((line) =>
      /^(?:AUTH PLAIN )?([\w+/]{8,}=*)$/.exec(line)?.[1] ?? []
    );
    assert.ok(told.length > 0);
    assert.deepEqual(told.filter((secret) => run.stderr.includes(secret)), []);
    assert.match(run.stderr, new RegExp(`^> AUTH ${mechanism}( \\*\\*\\*)?$`, "m"));
    assert.match(run.stderr, /^< 235 /m);
  });
}

Deno.test("the search for a password finds all these forms, were they said", () => {
  for (const password of Object.values(PASSWORDS)) {
    const { "in capitals": _, "as CRAM-MD5 has it": __, ...forms } = formsOf(password);
    for (const form of Object.values(forms)) {
      assert.ok(tracesOf(password).some((trace) => form.includes(trace)), form);
    }
  }
});

for (const encryption of ["none", "starttls"] as const) {
  Deno.test(`no other program is told the password: ${encryption}`, async () => {
    await using folder = await temporaryFolder();
    await using log = await logSocket();
    await using authority = await certificateAuthority();
    const certificate = await authority.issue();
    const login = { username: USERNAME, password: PASSWORDS["an ordinary one"] };
    const script = { auth: reply("535 5.7.8 You said correct horse battery") };
    await using server = await scriptedSmtp(script, { login, encryption, certificate });
    const hash = smarthostHash(server, { ...login, encrypt_smtp: encryption });
    await using redis = await redisServer(hash);
    const trace = folder.file("trace");
    const strace = ["strace", "-f", "-v", "-s", "100000", "-o", trace];
    const run = await sendmail(["-v", "to@to.test"], {
      redis,
      log,
      env: { SSL_CERT_FILE: authority.certificateFile },
      under: [
        ...sandbox({ log }),
        ...strace,
        "-e",
        "trace=execve,write,writev,sendto,sendmsg,openat",
      ],
    });
    assert.equal(run.status, 77);
    const calls = (await Deno.readTextFile(trace)).split("\n");
    assert.ok(
      calls.some((call) => call.includes('execve("/usr/bin/logger"')),
      "logger was not run",
    );
    // To the server it goes through a socket, in the clear or not; to nowhere else.
    const sockets = /^\d+ +(?:sendto|sendmsg|writev?)\(\d+, .*(?:AUTH PLAIN)/;
    const told = calls.filter((call) =>
      !sockets.test(call) && tracesOf(login.password).some((form) => call.includes(form))
    );
    assert.deepEqual(told, []);
  });
}

Deno.test("a wrong hash does not show its password", async () => {
  const password = PASSWORDS["an ordinary one"];
  for (
    const wrong of [{ port: "no port" }, { enabled: "x" }, { encrypt_smtp: "x" }, {
      host: "\xff\ufffd",
    }]
  ) {
    const hash = smarthostHash({ host: "mail.test", port: closedPort() }, { password, ...wrong });
    await using redis = await scriptedRedis({}, hash);
    for (const args of [["to@to.test"], ["--settings"], ["--check", "--json"]]) {
      const run = await sendmail(["-v", ...args], { redis, secrets: [password] });
      assert.equal(run.status, 78);
      if (args[0] === "--settings") assert.equal(run.stdout, "");
    }
  }
});

Deno.test("--settings alone shows the password: that is what it is for", async () => {
  const password = PASSWORDS["one outside ASCII"];
  await using redis = await scriptedRedis(
    {},
    smarthostHash({ host: "mail.test", port: 25 }, { password }),
  );
  const run = await sendmail(["--settings", "-v"], { redis });
  assert.equal(JSON.parse(run.stdout).password, password);
  assert.equal(run.stderr, "");
});
