/** The library, as a program of somebody else's uses it. */

import assert from "node:assert/strict";
import { denoEnvironment, projectFile, run, start } from "../support/program/command.ts";
import { consumer, consumerEnvironment, denoRun } from "../support/hosts/consumer.ts";
import { CHANNEL, PAYLOAD } from "../support/hosts/listener.ts";
import { redisServer, smarthostHash } from "../support/servers/redis.ts";
import { honestSmtp } from "../support/servers/smtp_honest.ts";

Deno.test("the examples in the documentation of the library run", async () => {
  await using server = await honestSmtp({ encryption: "none" });
  await using redis = await redisServer(smarthostHash(server));
  const flags = ["--doc", "--no-check", "--frozen", "--cached-only", "--no-prompt"];
  const permissions = ["--allow-env", "--allow-net", "--allow-read", "--allow-sys=hostname"];
  const command = [Deno.execPath(), "test", ...flags, ...permissions, projectFile("lib/mod.ts")];
  await using examples = start(command, {
    cwd: projectFile(""),
    env: { ...denoEnvironment(), REDIS_ADDRESS: redis.address },
  });
  await examples.said("Listening to Redis");
  await redis.publish(CHANNEL, PAYLOAD);
  const status = await examples.ended;
  assert.equal(status, 0, examples.lines.join("\n"));
  const documented = (await Deno.readTextFile(projectFile("lib/mod.ts"))).match(/^ \* ```ts$/gm);
  const summary = examples.lines.find((line) => line.startsWith("ok |")) ?? "";
  assert.ok(summary.startsWith(`ok | ${documented?.length} passed | 0 failed`), summary);
  const [message, ...others] = await server.messages();
  assert.deepEqual(message?.recipients, ["user@test.org"]);
  assert.deepEqual(others, []);
});

/** The manual's Python example in TypeScript, as the README shows it. */
const README = await Deno.readTextFile(projectFile("README.md"));
const [, TWIN = ""] = /^```ts\n(.*?)^```$/ms.exec(README) ?? [];

Deno.test("the manual's example runs from another folder, by its import, and is type-checked", async () => {
  await using redis = await redisServer(
    smarthostHash({ host: "mail.test", port: 465 }, { encrypt_smtp: "tls", password: "päss" }),
  );
  await using folder = await consumer();
  const env = consumerEnvironment({ REDIS_ADDRESS: redis.address });
  const ended = await run(denoRun(await folder.write("main.ts", TWIN), "--check"), {
    env,
    cwd: folder.path,
  });
  assert.equal(ended.status, 0, ended.stderr);
  assert.deepEqual(JSON.parse(ended.stdout), {
    port: 465,
    host: "mail.test",
    username: "",
    password: "päss",
    enabled: true,
    encrypt_smtp: "tls",
    tls_verify: true,
  });
});

Deno.test("a wrong use of the library does not pass the type check", async () => {
  await using folder = await consumer();
  const wrong = TWIN.replace("smtp.enabled", "smtp.isEnabled");
  const env = consumerEnvironment({});
  const ended = await run(denoRun(await folder.write("main.ts", wrong), "--check"), {
    env,
    cwd: folder.path,
  });
  assert.notEqual(ended.status, 0);
  assert.match(ended.stderr, /TS2\d{3}.*isEnabled|isEnabled.*TS2\d{3}/s);
});

const SEND =
  `import { buildMail, deliverMail, errorText, Failure, readSettings } from "@nethserver/ns8-sendmail";

const mail = await buildMail("<p>Grüße</p>", {
  to: ["A <a@one.test>", "b@two.test, c@two.test"],
  bcc: "d@three.test",
  from: "me@home.test",
  subject: "Grüße",
});
try {
  const { status } = await deliverMail(mail, await readSettings(Deno.env), Deno.env);
  console.log(status);
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  console.log(error.details.status, errorText(error));
}
`;

Deno.test("a program sends a mail through the library", async () => {
  await using server = await honestSmtp({ encryption: "none" });
  await using redis = await redisServer(smarthostHash(server));
  await using folder = await consumer();
  const env = consumerEnvironment({ REDIS_ADDRESS: redis.address });
  const ended = await run(denoRun(await folder.write("main.ts", SEND)), { env, cwd: folder.path });
  assert.deepEqual(ended, { status: 0, stdout: "0\n", stderr: "" });
  const [message] = await server.messages();
  assert.equal(message?.sender, "me@home.test");
  assert.deepEqual(message?.recipients, ["a@one.test", "b@two.test", "c@two.test", "d@three.test"]);
  const content = new TextDecoder().decode(message?.content);
  assert.match(content, /^Content-Type: text\/html/m);
  assert.doesNotMatch(content, /d@three/);
});

Deno.test("a program of the library is told what the executable would say", async () => {
  await using redis = await redisServer(
    smarthostHash({ host: "127.0.0.1", port: 25 }, { enabled: "0" }),
  );
  await using folder = await consumer();
  const env = consumerEnvironment({ REDIS_ADDRESS: redis.address });
  const ended = await run(denoRun(await folder.write("main.ts", SEND)), { env, cwd: folder.path });
  assert.deepEqual(ended, { status: 0, stdout: "78 Smarthost is not enabled.\n", stderr: "" });
});

const LISTEN = `import { listenForChanges } from "@nethserver/ns8-sendmail";

const ending = new AbortController();
const notice = (line: string) => {
  console.log(line);
  ending.abort();
};
for await (const _ of listenForChanges(Deno.env, { signal: ending.signal, notice })) break;
console.log("ended");
// It fires only where something else keeps the process alive.
Deno.unrefTimer(setTimeout(() => console.log("still alive"), 1000));
`;

Deno.test("a program ends as soon as it no longer listens", async () => {
  await using redis = await redisServer(smarthostHash({ host: "mail.test", port: 25 }));
  await using folder = await consumer();
  const env = consumerEnvironment({ REDIS_ADDRESS: redis.address });
  const file = await folder.write("main.ts", LISTEN);
  const ended = await run(denoRun(file), { env, cwd: folder.path });
  assert.deepEqual(ended, {
    status: 0,
    stdout: `Listening to Redis at ${redis.address}\nended\n`,
    stderr: "",
  });
});

Deno.test("the documentation of the library is complete", async () => {
  const ended = await run(
    [Deno.execPath(), "doc", "--quiet", "--lint", projectFile("lib/mod.ts")],
    {
      env: denoEnvironment(),
      cwd: projectFile(""),
    },
  );
  assert.equal(ended.status, 0, ended.stderr);
});

Deno.test("whoever uses the library gets no parser of the command line", async () => {
  const ended = await run(
    [Deno.execPath(), "info", "--json", "--frozen", projectFile("lib/mod.ts")],
    { env: denoEnvironment(), cwd: projectFile("") },
  );
  assert.equal(ended.status, 0, ended.stderr);
  const { modules }: { modules: { specifier: string }[] } = JSON.parse(ended.stdout);
  const names = modules.map(({ specifier }) => specifier);
  assert.ok(names.some((name) => name.endsWith("lib/mod.ts")));
  assert.deepEqual(names.filter((name) => /@std\/cli|command_line/.test(name)), []);
});

Deno.test("the published package holds the library, and nothing else of the project", async () => {
  const ended = await run(
    [Deno.execPath(), "publish", "--dry-run", "--allow-dirty", "--no-check"],
    { env: denoEnvironment(), cwd: projectFile("") },
  );
  assert.equal(ended.status, 0, ended.stderr);
  const prefix = `file://${projectFile("")}`;
  const files = (ended.stdout + ended.stderr).split("\n").map((line) => line.trim())
    .filter((line) => line.startsWith(prefix))
    .map((line) => line.slice(prefix.length).replace(/ \(.*$/, ""));
  assert.ok(files.includes("lib/mod.ts"), ended.stderr);
  const others = files.filter((name) => !name.startsWith("lib/")).toSorted();
  assert.deepEqual(others, ["CHANGELOG.md", "LICENSE", "README.md", "deno.json"]);
});
