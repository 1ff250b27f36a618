/** `--check`, and `--json` with it. */

import assert from "node:assert/strict";
import { aiosmtpd } from "../support/servers/aiosmtpd.ts";
import { certificateAuthority, type CertificateOptions } from "../support/servers/certificates.ts";
import { dateAfter } from "../support/servers/dates.ts";
import { reply } from "../support/servers/peer.ts";
import { type Circumstances, type Run, sendmail } from "../support/program/program.ts";
import { redisServer, type SmarthostHash, smarthostHash } from "../support/servers/redis.ts";
import type { Script, ScriptedOptions } from "../support/servers/smtp_conversation.ts";
import { honestSmtp } from "../support/servers/smtp_honest.ts";
import { scriptedSmtp } from "../support/servers/smtp_scripted.ts";
import { closedPort } from "../support/servers/tcp.ts";
import { LOGIN } from "../support/servers/smtp_login.ts";

/** The lines of a check: name, ok or failed, detail. */
function stepsIn({ stdout }: Run): [name: string, mark: string, detail: string][] {
  assert.match(stdout, /\n$/);
  return stdout.trimEnd().split("\n").map((line) => {
    const parts = /^(\w+) +(?:(ok|failed) +)?(\S.*)$/.exec(line);
    assert.ok(parts, line);
    const [, name = "", mark = "", detail = ""] = parts;
    return [name, mark, detail];
  });
}

function warningsIn(run: Run): string[] {
  return stepsIn(run).filter(([name]) => name === "warning").map(([, , detail]) => detail);
}

/** What `--check --json` prints; an object on one line, and nothing else. */
function objectIn({ stdout }: Run): {
  status: number;
  server?: string;
  steps: { name: string; ok: boolean; detail: string }[];
  warnings: string[];
  error?: string;
} {
  assert.match(stdout, /^\{[ -~]*\}\n$/);
  return JSON.parse(stdout);
}

for (const [name, start] of [["smtp-server", honestSmtp], ["aiosmtpd", aiosmtpd]] as const) {
  for (const encryption of ["starttls", "tls"] as const) {
    Deno.test(`--check says step by step what works: ${name}, ${encryption}`, async () => {
      await using authority = await certificateAuthority();
      const certificate = await authority.issue();
      await using server = await start({ encryption, certificate, login: LOGIN });
      const given = { host: "localhost", encrypt_smtp: encryption, ...LOGIN };
      await using redis = await redisServer(smarthostHash(server, given));
      const env = { SSL_CERT_FILE: authority.certificateFile };

      const run = await sendmail(["--check"], { redis, env });
      assert.deepEqual([run.status, run.stderr], [0, ""]);
      const steps = stepsIn(run);
      assert.deepEqual(steps.map(([name, mark]) => `${name} ${mark}`), [
        "settings ok",
        "resolve ok",
        "connect ok",
        "encrypt ok",
        "hello ok",
        "login ok",
      ]);
      const details = new Map(steps.map(([name, , detail]) => [name, detail]));
      assert.ok(details.get("settings")?.includes(redis.address));
      assert.ok(details.get("resolve")?.includes("127.0.0.1"));
      assert.equal(details.get("connect"), `127.0.0.1:${server.port}`);
      const encrypted = details.get("encrypt") ?? "";
      assert.match(encrypted, /TLSv1\.[23].*mail\.test.*Private authority/);
      assert.ok(encrypted.includes(dateAfter(30)), encrypted);
      assert.match(details.get("login") ?? "", /user@mail\.test/);

      const json = objectIn(await sendmail(["--check", "--json"], { redis, env }));
      assert.deepEqual(json, {
        status: 0,
        server: `localhost:${server.port}`,
        steps: steps.map(([name, , detail]) => ({ name, ok: true, detail })),
        warnings: [],
      });
      assert.deepEqual(await server.messages(), []);
    });
  }
}

Deno.test("--check begins no message, and says goodbye", async () => {
  await using smtp = await scriptedSmtp({}, { login: LOGIN, auth: "AUTH PLAIN" });
  await using redis = await redisServer(smarthostHash(smtp, LOGIN));
  const run = await sendmail(["--check"], { redis, stdin: "Hello" });
  await smtp.settled();
  assert.equal(run.status, 0, run.stderr);
  const verbs = smtp.commands().map((line) => line.split(" ")[0]);
  assert.deepEqual(verbs, ["EHLO", "AUTH", "QUIT"]);
});

Deno.test("--check leaves out the steps that the settings do not ask for", async () => {
  await using smtp = await scriptedSmtp();
  await using redis = await redisServer(smarthostHash(smtp));
  const run = await sendmail(["--check"], { redis });
  assert.deepEqual(stepsIn(run).map(([name]) => name), ["settings", "connect", "hello"]);
});

Deno.test("--check writes no record in the log, for nothing was to be sent", async () => {
  await using smtp = await scriptedSmtp({ greeting: reply("554 No") });
  await using redis = await redisServer(smarthostHash(smtp));
  const run = await sendmail(["--check"], { redis });
  assert.deepEqual(run.records, []);
});

/** What the smarthost is like, and what is warned of. */
const WARNINGS: [
  what: string,
  options: ScriptedOptions & { valid?: [number, number] },
  given: SmarthostHash,
  warnings: RegExp[],
][] = [
  ["a certificate for a month", { encryption: "starttls" }, {}, []],
  ["a certificate for 15 days", { encryption: "tls", valid: [-1, 15] }, {}, []],
  ["a certificate for less than 14 days", { encryption: "starttls", valid: [-1, 13.9] }, {}, [
    new RegExp(`certificate ends on ${dateAfter(13.9)}, in 13 days$`),
  ]],
  ["a certificate until tomorrow", { encryption: "tls", valid: [-1, 1.5] }, {}, [
    new RegExp(`certificate ends on ${dateAfter(1.5)}, in 1 day$`),
  ]],
  ["none though STARTTLS is on offer", { encryption: "starttls" }, { encrypt_smtp: "none" }, [
    /not encrypted although .*STARTTLS/,
  ]],
  ["a login in the clear", { encryption: "none", login: LOGIN }, LOGIN, [
    /^User name and a proof of the password cross the network unencrypted$/,
  ]],
  [
    "a login in the clear by the password itself",
    { encryption: "none", login: LOGIN, auth: "AUTH PLAIN LOGIN" },
    LOGIN,
    [/^User name and password cross the network unencrypted$/],
  ],
  ["a login on offer, and none set", { encryption: "tls", login: LOGIN }, {}, [
    /^The smarthost offers logins, but no user name and password are set$/,
  ]],
  [
    "a login in the clear though STARTTLS is on offer",
    { encryption: "starttls", login: LOGIN },
    { encrypt_smtp: "none", ...LOGIN },
    [/STARTTLS/, /password .*unencrypted/],
  ],
  ["verification off", { encryption: "starttls" }, { tls_verify: "0" }, [/not verified/]],
  [
    "verification off, and a certificate that has ended",
    { encryption: "tls", valid: [-10, -1] },
    { tls_verify: "0" },
    [new RegExp(`certificate ended on ${dateAfter(-1)}`), /not verified/],
  ],
  ["neither encryption nor login, and none to be had", { encryption: "none" }, {}, []],
];

for (const [what, { valid, ...options }, given, warnings] of WARNINGS) {
  Deno.test(`--check warns of what should not stay so, status unchanged: ${what}`, async () => {
    await using authority = await certificateAuthority();
    const certificate = await authority.issue(valid && { valid });
    await using smtp = await scriptedSmtp({}, { ...options, certificate });
    await using redis = await redisServer(smarthostHash(smtp, {
      host: "localhost",
      encrypt_smtp: options.encryption ?? "none",
      ...given,
    }));
    const env = { SSL_CERT_FILE: authority.certificateFile };
    const run = await sendmail(["--check"], { redis, env });
    assert.deepEqual([run.status, run.stderr], [0, ""], run.stdout);
    const said = warningsIn(run);
    assert.equal(said.length, warnings.length, said.join("\n"));
    warnings.forEach((warning, i) => assert.match(said[i] ?? "", warning));
    const json = objectIn(await sendmail(["--check", "--json"], { redis, env }));
    assert.deepEqual(json.warnings, said);
    assert.equal(json.status, 0);
  });
}

/** A smarthost that does not work: what it does, the settings, the step that fails, the status. */
type Fault = [
  what: string,
  options: ScriptedOptions & { script?: Script; issued?: CertificateOptions },
  given: SmarthostHash,
  step: string,
  status: number,
  says: RegExp,
];

const FAULTS: Fault[] = [
  ["is not enabled", {}, { enabled: "0" }, "settings", 78, /Smarthost is not enabled\./],
  ["has no host", {}, { host: "" }, "settings", 78, /not configured/],
  ["has a wrong port", {}, { port: "smtp" }, "settings", 78, /port.*smtp/],
  ["has a name that nobody knows", {}, { host: "no-such-host.invalid" }, "resolve", 68, /invalid/],
  ["does not listen", {}, { port: `${closedPort()}` }, "connect", 75, /connection refused/],
  [
    "does not want us",
    { script: { greeting: reply("554 5.3.2 Go away") } },
    {},
    "connect",
    69,
    /554 5\.3\.2 Go away/,
  ],
  ["is busy", { script: { greeting: reply("421 4.3.2 Busy") } }, {}, "connect", 75, /421 4\.3\.2/],
  ["speaks something else", { script: { greeting: reply("SSH-2.0-x") } }, {}, "connect", 76, /SSH/],
  ["has no STARTTLS", {}, { encrypt_smtp: "starttls" }, "encrypt", 76, /STARTTLS/],
  [
    "refuses STARTTLS for now",
    { encryption: "starttls", script: { starttls: reply("454 4.7.0 Not now") } },
    {},
    "encrypt",
    75,
    /454 4\.7\.0 Not now/,
  ],
  [
    "has an expired certificate",
    { encryption: "tls", issued: { valid: [-10, -1] } },
    {},
    "encrypt",
    77,
    /expired/,
  ],
  [
    "is not who it should be",
    { encryption: "tls", issued: { names: ["DNS:other.test"] } },
    {},
    "encrypt",
    77,
    /not made for localhost, only for other\.test/,
  ],
  [
    "does not know us at EHLO",
    { script: { ehlo: reply("550 No EHLO"), helo: reply("550 No HELO") } },
    {},
    "hello",
    69,
    /550 No HELO/,
  ],
  [
    "refuses the login",
    { login: LOGIN, script: { auth: reply("535 5.7.8 Wrong word") } },
    LOGIN,
    "login",
    77,
    /535 5\.7\.8 Wrong word/,
  ],
  ["offers no login", {}, LOGIN, "login", 77, /offers no login/],
  [
    "cannot look up the login for now",
    { login: LOGIN, script: { auth: reply("454 4.7.0 Try later") } },
    LOGIN,
    "login",
    75,
    /454 4\.7\.0/,
  ],
];

/** Runs `--check`, `--check --json` and a send under the same circumstances. */
async function threeRuns(circumstances: Circumstances): Promise<[Run, Run, Run]> {
  return [
    await sendmail(["--check"], circumstances),
    await sendmail(["--check", "--json"], circumstances),
    await sendmail(["user@test.org"], { ...circumstances, stdin: "Hello" }),
  ];
}

function assertSameFault([check, withJson, send]: [Run, Run, Run], fault: Fault): void {
  const [, , , step, status, says] = fault;
  assert.deepEqual([check.status, withJson.status, send.status], [status, status, status]);
  assert.match(send.stderr, /^Error: [^\n]+\n$/);
  assert.equal(check.stderr, send.stderr);
  assert.equal(withJson.stderr, send.stderr);
  assert.match(send.stderr, says);
  const steps = stepsIn(check).filter(([name]) => name !== "warning");
  const failed = steps.filter(([, mark]) => mark === "failed");
  assert.deepEqual(failed, steps.slice(-1));
  assert.equal(failed[0]?.[0], step);
  const json = objectIn(withJson);
  assert.equal(json.status, status);
  assert.equal(`Error: ${json.error}\n`, send.stderr);
  const marks = json.steps.map(({ name, ok, detail }) => [name, ok ? "ok" : "failed", detail]);
  assert.deepEqual(marks, steps);
}

for (const fault of FAULTS) {
  const [what, { script, issued, ...options }, given] = fault;
  Deno.test(`--check has the status and the words of a send to a smarthost that ${what}`, async () => {
    await using authority = await certificateAuthority();
    const certificate = await authority.issue(issued);
    await using smtp = await scriptedSmtp(script, { ...options, certificate });
    await using redis = await redisServer(smarthostHash(smtp, {
      host: options.encryption === undefined ? smtp.host : "localhost",
      encrypt_smtp: options.encryption ?? "none",
      ...given,
    }));
    const env = { SSL_CERT_FILE: authority.certificateFile };
    assertSameFault(await threeRuns({ redis, env }), fault);
  });
}

Deno.test("--check has the status and the words of a send when Redis is down", async () => {
  const address = `127.0.0.1:${closedPort()}`;
  const runs = await threeRuns({ env: { REDIS_ADDRESS: address } });
  const says = new RegExp(`connection refused`);
  assertSameFault(runs, ["", {}, {}, "settings", 75, says]);
  assert.ok(runs[0].stderr.includes(address));
});

Deno.test("--check names the server that it could not reach", async () => {
  const port = closedPort();
  await using redis = await redisServer(smarthostHash({ host: "127.0.0.1", port }));
  const json = objectIn(await sendmail(["--check", "--json"], { redis }));
  assert.equal(json.server, `127.0.0.1:${port}`);
});

Deno.test("--check --json is one line of ASCII, whatever the server says", async () => {
  const script = { greeting: reply('554-"grüß"\u2028', "554 \x1b[31m\x07\\ {}") };
  await using smtp = await scriptedSmtp(script);
  await using redis = await redisServer(smarthostHash(smtp));
  const run = await sendmail(["--check", "--json"], { redis });
  const { error, status } = objectIn(run);
  assert.equal(status, 69);
  assert.match(error ?? "", /grüß/);
  assert.doesNotMatch(error ?? "", /\p{Cc}/u);
});

Deno.test("an answer that comes line by line inside TLS is read as it was sent", async () => {
  await using authority = await certificateAuthority();
  const certificate = await authority.issue();
  // Each line of its answer is a record of its own.
  await using server = await aiosmtpd({ encryption: "tls", certificate, size: 67108864 });
  const given = { host: "localhost", encrypt_smtp: "tls" };
  await using redis = await redisServer(smarthostHash(server, given));
  const env = { SSL_CERT_FILE: authority.certificateFile };
  for (let i = 0; i < 20; i++) {
    const run = await sendmail(["--check"], { redis, env });
    assert.deepEqual([run.status, run.stderr], [0, ""]);
    assert.match(
      run.stdout,
      /^hello +ok .*messages up to 67108864 bytes; addresses outside ASCII$/m,
    );
  }
});

Deno.test("the step of the settings says which field is wrong", async () => {
  await using redis = await redisServer(
    smarthostHash({ host: "mail.test", port: 587 }, { port: "0" }),
  );
  const { status, stdout } = await sendmail(["--check", "--json"], { redis });
  assert.equal(status, 78);
  const { steps } = JSON.parse(stdout);
  assert.equal(steps.length, 1);
  assert.match(steps[0].detail, /\(port\)/);
});

Deno.test("a store without an authority fails encryption, and its file is not taken for the smarthost", async () => {
  const hash = { host: "mail.test", encrypt_smtp: "tls" };
  await using redis = await redisServer(smarthostHash({ host: "mail.test", port: 465 }, hash));
  const env = { SSL_CERT_FILE: "/nowhere.pem" };
  const { status, stdout } = await sendmail(["--check", "--json"], { redis, env });
  assert.equal(status, 77);
  const { server, steps } = JSON.parse(stdout);
  assert.deepEqual(steps.map(({ name }: { name: string }) => name), ["settings", "encrypt"]);
  assert.equal(server, "mail.test:465");
  assert.match(steps.at(-1).detail, /\(SSL_CERT_FILE\): \/nowhere.pem: no such file/);
});
