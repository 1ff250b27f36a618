/** The contract's chapter "Events". */

import assert from "node:assert/strict";
import {
  denoEnvironment,
  denoScript,
  projectFile,
  run,
  start,
} from "../support/program/command.ts";
import {
  CHANNEL,
  type Installation,
  installation,
  listener,
  PAYLOAD,
  shippedHandler,
  startListener,
} from "../support/hosts/listener.ts";
import { type LogRecord, logSocket } from "../support/servers/log_socket.ts";
import { reply, silence } from "../support/servers/peer.ts";
import { hasPackages, withPackages } from "../support/hosts/package_root.ts";
import { temporaryFolder } from "../support/hosts/folder.ts";
import { plainRedis } from "../support/servers/redis_plain.ts";
import {
  type RedisServer,
  redisServer,
  type SmarthostHash,
  smarthostHash,
} from "../support/servers/redis.ts";
import { sandbox } from "../support/hosts/sandbox.ts";
import { assertNoSecrets } from "../support/program/secrets.ts";
import type { Script } from "../support/servers/smtp_conversation.ts";
import { scriptedSmtp } from "../support/servers/smtp_scripted.ts";
import { closedPort } from "../support/servers/tcp.ts";
import { LOGIN } from "../support/servers/smtp_login.ts";

const MAIL_INFO = 22;
const MAIL_NOTICE = 21;
const MAIL_WARNING = 20;
const MAIL_ERR = 19;

/** Lets agents do what they may do in a cluster, and nothing more. */
async function restrictDefaultUser(redis: RedisServer): Promise<void> {
  const rules = "on nopass resetkeys ~cluster/* ~node/* ~module/* resetchannels &* nocommands " +
    "+@read +@connection +subscribe +psubscribe -@admin";
  await redis.command("ACL", "SETUSER", "default", ...rules.split(" "));
}

/** Changes the settings as the cluster's action does it. */
async function change(redis: RedisServer, hash: SmarthostHash): Promise<void> {
  await redis.command("HSET", "cluster/smarthost", ...Object.entries(hash).flat());
  await redis.publish(CHANNEL, PAYLOAD);
}

Deno.test("a change of the settings runs the handler, which reads the new ones and logs one line", async () => {
  await using smtp = await scriptedSmtp();
  await using redis = await redisServer(smarthostHash({ host: "old.test", port: 25 }));
  await restrictDefaultUser(redis);
  await using log = await logSocket();
  await using module = await installation();
  await module.handler("10handler", await shippedHandler());
  await module.handler("20reload", `#!/bin/sh\nexec ns8-sendmail --settings >"$0.out"\n`);
  const under = sandbox({ log });
  await using listening = await listener(module, { redis, under });

  const hash = smarthostHash(smtp, { encrypt_smtp: "none", username: "", password: "" });
  await change(redis, hash);
  await listening.said("Handler 20reload of cluster/event/smarthost-changed ended with status 0");

  const settings = await Deno.readTextFile(module.file("events/smarthost-changed/20reload.out"));
  assert.equal(JSON.parse(settings).port, smtp.port);
  const records = await log.records();
  assert.deepEqual(records.map(({ ident, priority, text }) => ({ ident, priority, text })), [
    { ident: "ns8-sendmail", priority: MAIL_INFO, text: "Mail works with the new settings" },
  ]);
  assert.deepEqual(smtp.messages(), []);
});

/** Runs the shipped handler as an agent would, and gives its log records and its status. */
async function handle(
  redis: RedisServer,
  given: { more?: string; shell?: string[]; env?: Record<string, string>; stdin?: string } = {},
): Promise<{ status: number; stdout: string; stderr: string; records: LogRecord[] }> {
  const { more, shell = [], env = {}, stdin = PAYLOAD } = given;
  await using log = await logSocket();
  await using module = await installation();
  const path = await module.handler("10handler", await shippedHandler(more));
  const ended = await run([...sandbox({ log }), ...shell, path], {
    stdin,
    env: {
      PATH: `${module.file("bin")}:/usr/bin:/bin`,
      REDIS_ADDRESS: redis.address,
      AGENT_EVENT_NAME: "smarthost-changed",
      AGENT_EVENT_SOURCE: "cluster",
      ...env,
    },
  });
  const records = await log.records();
  const said = [...records.map(({ text }) => text), ended.stdout, ended.stderr].join("\n");
  assertNoSecrets("the handler", said, redis.passwords);
  return { ...ended, records };
}

const LINES: [
  what: string,
  hash: SmarthostHash,
  script: Script,
  priority: number,
  line: RegExp,
][] = [
  ["that works", {}, {}, MAIL_INFO, /^Mail works with the new settings$/],
  [
    "that works and should not stay so",
    LOGIN,
    {},
    MAIL_WARNING,
    /^Mail works with the new settings; warning: User name and .*password cross the network unencrypted$/,
  ],
  [
    "that is not enabled",
    { enabled: "0" },
    {},
    MAIL_NOTICE,
    /^Mail is off: the smarthost is not enabled$/,
  ],
  [
    "that refuses the login",
    LOGIN,
    { answer: reply("535 5.7.8 No such user"), auth: reply("535 5.7.8 No such user") },
    MAIL_ERR,
    /^Mail does not work with the new settings: .*\(127\.0\.0\.1:\d+\): 535 5\.7\.8 No such user$/,
  ],
  [
    "that does not offer STARTTLS",
    { encrypt_smtp: "starttls" },
    {},
    MAIL_ERR,
    /^Mail does not work with the new settings: .*STARTTLS/,
  ],
  [
    "with wrong settings",
    { port: "smtp" },
    {},
    MAIL_ERR,
    /^Mail does not work with the new settings: .*port.*smtp/,
  ],
  [
    "that says a great deal on several lines",
    {},
    { greeting: reply(`554-No "service" $(here)\x1b[2J`, `554 ${"very long words ".repeat(80)}`) },
    MAIL_ERR,
    /^Mail does not work with the new settings: .*554 No "service" \$\(here\)\\x1b\[2J very long/,
  ],
];

for (const [what, given, script, priority, line] of LINES) {
  Deno.test(`the handler says in one line how it is with a smarthost ${what}`, async () => {
    const isLogin = given.username !== undefined;
    await using smtp = await scriptedSmtp(script, isLogin ? { login: LOGIN } : {});
    await using redis = await redisServer(smarthostHash(smtp, given));
    const { status, records, stderr, stdout } = await handle(redis);
    assert.deepEqual({ status, stderr, stdout }, { status: 0, stderr: "", stdout: "" });
    assert.equal(records.length, 1);
    const [record] = records;
    assert.equal(record?.ident, "ns8-sendmail");
    assert.equal(record?.priority, priority, record?.text);
    assert.match(record?.text ?? "", line);
    assert.ok(new TextEncoder().encode(record?.text).length < 1024);
  });
}

for (const shell of [["/bin/sh"], ["/bin/bash", "--posix"], ["/bin/zsh", "--emulate", "sh"]]) {
  Deno.test(`the handler is plain POSIX shell: ${shell.join(" ")}`, async () => {
    await using smtp = await scriptedSmtp({}, { login: LOGIN });
    await using redis = await redisServer(smarthostHash(smtp, LOGIN));
    const { status, records, stderr } = await handle(redis, { shell });
    assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
    assert.match(records[0]?.text ?? "", /^Mail works with the new settings; warning: \S/);
  });
}

for (
  const [mail, hash] of [["ok", {}], ["off", { enabled: "0" }], ["failed", { port: "x" }]] as const
) {
  Deno.test(`what stands below the handler's last line runs when mail is ${mail}, and gives its status`, async () => {
    await using smtp = await scriptedSmtp();
    await using redis = await redisServer(smarthostHash(smtp, hash));
    const more = `echo "$mail $AGENT_EVENT_NAME $AGENT_EVENT_SOURCE"; cat; (exit 7)\n`;
    const { status, stdout, records } = await handle(redis, { more });
    assert.equal(stdout, `${mail} smarthost-changed cluster\n${PAYLOAD}`);
    assert.equal(status, 7);
    assert.equal(records.length, 1);
  });
}

/** What stands in the place of the executable, and what the handler says then. */
const UNKNOWN: [what: string, program: string | undefined, line: RegExp][] = [
  ["there is no ns8-sendmail", undefined, /there is no ns8-sendmail on this host$/],
  [
    "ns8-sendmail is the cluster's Python script",
    `echo 'ns8-sendmail: error: unrecognized arguments: --check --timeout' >&2; exit 2`,
    /is the cluster's Python script, which cannot check$/,
  ],
  ["ns8-sendmail is no program", "", /status 126, /],
  [
    "ns8-sendmail knows no --check",
    "echo 'Error: Unknown option --check' >&2; exit 64",
    /status 64, /,
  ],
  ["the runtime dies", "echo Trap >&2; exit 133", /status 133, Trap$/],
  [
    "ns8-sendmail has a fault",
    "echo 'Error: Internal error: x' >&2; exit 70",
    /status 70, Internal/,
  ],
  ["ns8-sendmail never ends", "exec sleep 60", /did not answer within 5 s$/],
];

for (const [what, program, line] of UNKNOWN) {
  Deno.test(`the handler cannot tell whether mail works where ${what}`, async () => {
    await using redis = await redisServer();
    await using folder = await temporaryFolder();
    if (program !== undefined) {
      const file = await folder.write(
        "ns8-sendmail",
        program === "" ? "" : `#!/bin/sh\n${program}\n`,
      );
      await Deno.chmod(file, 0o755);
      if (program === "") await Deno.chmod(file, 0o644);
    }
    const { status, records } = await handle(redis, {
      env: { PATH: `${folder.path}:/usr/bin:/bin` },
    });
    assert.equal(status, 0);
    assert.equal(records[0]?.priority, MAIL_WARNING);
    assert.match(records[0]?.text ?? "", /^Cannot tell whether mail works with the new settings: /);
    // Without the execute bit a shell does not find the program at all.
    const expected = program === "" ? /status 126, |there is no ns8-sendmail/ : line;
    assert.match(records[0]?.text ?? "", expected);
  });
}

Deno.test("the handler cannot tell whether mail works where Redis does not answer", async () => {
  await using redis = await redisServer();
  const { status, records } = await handle(redis, { env: { REDIS_ADDRESS: "127.0.0.1:1" } });
  assert.equal(status, 0);
  assert.equal(records[0]?.priority, MAIL_WARNING);
  assert.match(records[0]?.text ?? "", /^Cannot tell .*: Redis does not answer \(127\.0\.0\.1:1\)/);
});

Deno.test("the handler cannot tell whether mail works where the smarthost takes its time", async () => {
  await using smtp = await scriptedSmtp({ greeting: silence() });
  await using redis = await redisServer(smarthostHash(smtp));
  const { status, records } = await handle(redis);
  assert.equal(status, 0);
  assert.equal(records[0]?.priority, MAIL_WARNING);
  assert.match(
    records[0]?.text ?? "",
    /^Cannot tell .*No greeting from the smarthost.*timed out after 3 s/,
  );
});

Deno.test("without logger the handler's line goes to the agent, which logs it", async () => {
  await using redis = await redisServer(smarthostHash({ host: "mail.test", port: 25 }, {
    enabled: "0",
  }));
  await using module = await installation();
  const path = await module.handler("10handler", await shippedHandler());
  const env = { PATH: module.file("bin"), REDIS_ADDRESS: redis.address };
  const { status, stderr } = await run(["/bin/sh", path], { env });
  assert.equal(status, 0);
  assert.match(stderr, /^Mail is off: the smarthost is not enabled$/m);
});

/** What is printed by handlers that tell about themselves. */
const TELL =
  `#!/bin/sh\nprintf '%s: %s %s %s\\n' "\${0##*/}" "$AGENT_EVENT_SOURCE" "$AGENT_EVENT_NAME" "$(cat)"\n`;

Deno.test("handlers run in the order of their names, with event, source and payload", async () => {
  await using redis = await redisServer();
  await restrictDefaultUser(redis);
  await using module = await installation();
  for (const name of ["30c", "100", "20b"]) await module.handler(name, TELL);
  await using listening = await listener(module, { redis });
  const payload = `{"key": "cluster/smarthost", "more": "ä\\n\n'$(id)"}`;
  assert.equal(await redis.publish(CHANNEL, payload), 1);
  await listening.said("Handler 30c of");
  const said = listening.lines.filter((line) => /^\d+\w?: /.test(line));
  const first = payload.split("\n", 1);
  assert.deepEqual(
    said,
    ["100", "20b", "30c"].map((name) => `${name}: cluster smarthost-changed ${first}`),
  );
});

Deno.test("the first handler that fails ends the event, and the next event comes all the same", async () => {
  await using redis = await redisServer();
  await using module = await installation();
  await module.handler("10first", TELL);
  await module.handler("20second", "#!/bin/sh\nexit 3\n");
  await module.handler("30third", TELL);
  await using listening = await listener(module, { redis });
  for (const payload of ["one", "two"]) {
    await redis.publish(CHANNEL, payload);
    await listening.said(`10first: cluster smarthost-changed ${payload}`);
    await listening.said("Handler 20second of cluster/event/smarthost-changed ended with status 3");
  }
  assert.deepEqual(listening.lines.filter((line) => line.includes("30third")), []);
});

Deno.test("what the agent could not run is skipped: no execute bit, no #!, a folder", async () => {
  await using redis = await redisServer();
  await using module = await installation();
  await module.handler("10plain", TELL, 0o644);
  await module.handler("20bare", "echo never\n");
  await Deno.mkdir(module.file("events/smarthost-changed/30folder"));
  await module.handler("40last", TELL);
  await using listening = await listener(module, { redis });
  await redis.publish(CHANNEL, PAYLOAD);
  await listening.said("Handler 40last of");
  const said = listening.lines.filter((line) => !line.startsWith("Listening"));
  assert.deepEqual(said.toSorted(), [
    `40last: cluster smarthost-changed ${PAYLOAD}`,
    "Handler 10plain of cluster/event/smarthost-changed is skipped: permission denied",
    "Handler 20bare of cluster/event/smarthost-changed is skipped: neither a program nor a script that begins with #!",
    "Handler 40last of cluster/event/smarthost-changed ended with status 0",
  ]);
});

Deno.test("a module without handlers is none the worse for it", async () => {
  await using redis = await redisServer();
  await using module = await installation();
  await Deno.remove(module.file("events"), { recursive: true });
  await using listening = await listener(module, { redis });
  await redis.publish(CHANNEL, "nobody's");
  await Deno.mkdir(module.file("events/smarthost-changed"), { recursive: true });
  await module.handler("10tells", TELL);
  await redis.publish(CHANNEL, "somebody's");
  await listening.said("10tells: cluster smarthost-changed somebody's");
  assert.deepEqual(listening.lines.filter((line) => /error/i.test(line)), []);
});

/** Publishes all payloads in one go: they arrive together. */
async function publishTogether(redis: RedisServer, ...payloads: string[]): Promise<void> {
  const script = "for _, payload in ipairs(ARGV) do redis.call('PUBLISH', KEYS[1], payload) end";
  await redis.command("EVAL", script, "1", CHANNEL, ...payloads);
}

/** A handler that waits in the middle until it is released. */
async function waitingHandler(module: Installation): Promise<{ release: () => Promise<void> }> {
  const fifo = module.file("fifo");
  await run(["mkfifo", fifo]);
  const script =
    `#!/bin/sh\npayload=$(cat)\necho "begin $payload"\nread -r _ <${fifo}\necho "end $payload"\n`;
  await module.handler("10waits", script);
  return { release: () => Deno.writeTextFile(fifo, "go\n", { create: false }) };
}

Deno.test("events are handled one at a time, in their order", async () => {
  await using redis = await redisServer();
  await using module = await installation();
  const { release } = await waitingHandler(module);
  await using listening = await listener(module, { redis });
  await publishTogether(redis, "one", "two", "three");
  for (const payload of ["one", "two", "three"]) {
    await listening.said(`begin ${payload}`);
    await release();
    await listening.said(`end ${payload}`);
  }
  const said = listening.lines.filter((line) => /^(begin|end)/.test(line));
  assert.deepEqual(said, ["one", "two", "three"].flatMap((x) => [`begin ${x}`, `end ${x}`]));
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`${signal} ends the listener with status 0, once the handlers are done`, async () => {
    await using redis = await redisServer();
    await using module = await installation();
    const { release } = await waitingHandler(module);
    await using listening = await listener(module, { redis });
    await publishTogether(redis, "one", "two");
    await listening.said("begin one");
    listening.kill(signal);
    await release();
    await listening.said("end one");
    await release();
    assert.equal(await listening.ended, 0);
    const said = listening.lines.filter((line) => /^(begin|end)/.test(line));
    assert.deepEqual(said, ["begin one", "end one", "begin two", "end two"]);
  });
}

Deno.test("the listener survives a restart of Redis", async () => {
  await using module = await installation();
  await module.handler("10tells", TELL);
  const before = await plainRedis();
  await using listening = await listener(module, { redis: before });
  await before[Symbol.asyncDispose]();
  await listening.said(`Redis at ${before.address}: connection closed by the server`);
  await listening.said(`Redis at ${before.address}: connection refused`);
  await using after = await plainRedis(before.port);
  await listening.said(`Listening to Redis at ${before.address}`);
  assert.equal(await after.publish(CHANNEL, "again"), 1);
  await listening.said("10tells: cluster smarthost-changed again");
  const refused = listening.lines.filter((line) => line.endsWith("connection refused"));
  assert.equal(refused.length, 1, "it is told once, and not at each attempt");
});

Deno.test("the listener may be started before Redis", async () => {
  await using module = await installation();
  const port = closedPort();
  await using listening = startListener(module, { redis: { address: `127.0.0.1:${port}` } });
  await listening.said("connection refused");
  await using redis = await plainRedis(port);
  await listening.said(`Listening to Redis at ${redis.address}`);
  listening.kill("SIGTERM");
  assert.equal(await listening.ended, 0);
});

Deno.test("the listener goes to the replica first, and to the leader while that is down", async () => {
  await using module = await installation();
  await module.handler("10tells", TELL);
  await using leader = await redisServer();
  const replica = `127.0.0.1:${closedPort()}`;
  const env = { REDIS_REPLICA_ADDRESS: replica };
  await using listening = await listener(module, { redis: leader, env });
  assert.equal(listening.lines[0], `Redis at ${replica}: connection refused`);
  await leader.publish(CHANNEL, PAYLOAD);
  await listening.said("10tells: cluster");
});

const REFUSED: [what: string, env: Record<string, string>, error: RegExp][] = [
  ["where the handlers are", { AGENT_INSTALL_DIR: "" }, /^Error: AGENT_INSTALL_DIR is not set/],
  ["where Redis is", { REDIS_ADDRESS: "nonsense" }, /^Error: .*REDIS_ADDRESS.*nonsense/],
];

for (const [what, env, error] of REFUSED) {
  Deno.test(`a listener that is not told ${what} ends with status 78 and says so`, async () => {
    await using module = await installation();
    await using listening = startListener(module, { redis: { address: "127.0.0.1:1" }, env });
    assert.equal(await listening.ended, 78);
    assert.equal(listening.lines.length, 1);
    assert.match(listening.lines[0] ?? "", error);
  });
}

Deno.test("the listener compiles to one file that does the same, for a host without Deno", async () => {
  const env = { ...denoEnvironment(), PATH: Deno.env.get("PATH") ?? "" };
  const compiled = await run([projectFile("scripts/compile-listener.sh")], { env });
  assert.equal(compiled.status, 0, compiled.stderr);
  await using redis = await redisServer();
  await restrictDefaultUser(redis);
  await using module = await installation();
  await module.handler("10tells", TELL);
  await using listening = start([projectFile("dist/ns8-sendmail-listener")], {
    env: { REDIS_ADDRESS: redis.address, AGENT_INSTALL_DIR: module.path },
  });
  await listening.said(`Listening to Redis at ${redis.address}`);
  await redis.publish(CHANNEL, PAYLOAD);
  await listening.said(`10tells: cluster smarthost-changed ${PAYLOAD}`);
  listening.kill("SIGTERM");
  assert.equal(await listening.ended, 0);
});

Deno.test("a listener says so where there are no handlers yet, and runs those that come later", async () => {
  await using module = await installation();
  await using redis = await redisServer();
  await using listening = await listener(module, { redis });
  const folder = module.file("events/smarthost-changed");
  assert.equal(listening.lines[0], `There are no handlers in ${folder}`);
  await module.handler("10tells", TELL);
  await redis.publish(CHANNEL, PAYLOAD);
  await listening.said("10tells: cluster");
});

Deno.test("the lines of the listener have a severity in the journal, and none on a terminal", async () => {
  await using module = await installation();
  await module.handler("10fails", "#!/bin/sh\nexit 3\n");
  await using redis = await redisServer();
  await using listening = await listener(module, { redis, env: { JOURNAL_STREAM: "8:1" } });
  assert.match(listening.lines[0] ?? "", /^<6>Listening to Redis/);
  await redis.publish(CHANNEL, PAYLOAD);
  assert.match(await listening.said("10fails"), /^<3>Handler 10fails .* ended with status 3$/);
});

const ARGUMENTS: [args: string[], status: number, says: RegExp][] = [
  [["--help"], 0, /^Usage: ns8-sendmail-listener[\s\S]*AGENT_INSTALL_DIR[\s\S]*Example: /],
  [["--version"], 0, /^ns8-sendmail-listener \d+\.\d+\.\d+\n$/],
  [
    ["--daemon"],
    64,
    /^Error: ns8-sendmail-listener takes no argument such as "--daemon": see --help\n$/,
  ],
];

for (const [args, status, says] of ARGUMENTS) {
  Deno.test(`the listener answers ${args.join(" ")} with status ${status}`, async () => {
    const ended = await run([...denoScript("scripts/listen.ts", "--allow-env"), ...args], {
      env: denoEnvironment(),
    });
    assert.equal(ended.status, status, ended.stderr);
    assert.match(ended.stdout + ended.stderr, says);
  });
}

Deno.test({
  name: "systemd finds nothing wrong with the unit of the listener",
  ignore: !hasPackages("callers"),
  async fn() {
    await using folder = await temporaryFolder();
    const unit = projectFile("scripts/host/ns8-sendmail-listener.service");
    const script = await folder.write(
      "verify.sh",
      `ldconfig
ln -s /bin/true /usr/local/bin/ns8-sendmail-listener
cp '${unit}' /etc/systemd/system/
SYSTEMD_LOG_LEVEL=warning systemd-analyze verify /etc/systemd/system/ns8-sendmail-listener.service
`,
    );
    const ended = await run(withPackages("callers", script), {
      env: { PATH: "/usr/sbin:/usr/bin" },
    });
    assert.equal(ended.status, 0, ended.stderr);
    assert.doesNotMatch(ended.stderr, /ns8-sendmail-listener\.service/);
  },
});

Deno.test("the systemd unit starts what is compiled, and lets it end by itself", async () => {
  const unit = await Deno.readTextFile(projectFile("scripts/host/ns8-sendmail-listener.service"));
  assert.match(unit, /^ExecStart=\/usr\/local\/bin\/ns8-sendmail-listener$/m);
  assert.match(unit, /^Environment=AGENT_INSTALL_DIR=\/etc\/ns8-sendmail$/m);
  // The signal is for the listener alone, which waits for its handlers.
  assert.match(unit, /^KillMode=mixed$/m);
});
