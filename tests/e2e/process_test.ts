/** The program as a process: signals, streams that are not what they should be, poor surroundings. */

import assert from "node:assert/strict";
import { assertFailure, assertSilentSuccess } from "../support/program/assertions.ts";
import { certificateAuthority } from "../support/servers/certificates.ts";
import { run as runCommand } from "../support/program/command.ts";
import { temporaryFolder } from "../support/hosts/folder.ts";
import { logSocket } from "../support/servers/log_socket.ts";
import { mailReader } from "../support/mail/mail_reader.ts";
import { type Row, sideBySide } from "../support/program/parallel.ts";
import { type Action, bytesOf, inTurn, reply, silence } from "../support/servers/peer.ts";
import {
  type Circumstances,
  EXECUTABLE,
  sendmail,
  startSendmail,
} from "../support/program/program.ts";
import { startPython } from "../support/program/python.ts";
import { redisServer, smarthostHash } from "../support/servers/redis.ts";
import { type RedisScript, scriptedRedis } from "../support/servers/redis_scripted.ts";
import { sandbox } from "../support/hosts/sandbox.ts";
import { smarthost } from "../support/servers/smarthost.ts";
import type { Script } from "../support/servers/smtp_conversation.ts";
import { honestSmtp } from "../support/servers/smtp_honest.ts";
import { scriptedSmtp } from "../support/servers/smtp_scripted.ts";

const MEBIBYTE = 1024 * 1024;

/** How the host is called where its name must not matter. */
const NAMED = { hostName: "node.example.org" };

// --- Signals ---

/** A moment of a run: who learns that it has come, and what goes on when it is over. */
type Moment = Row & {
  redis?: (now: Action) => RedisScript;
  smtp?: (now: Action) => Script;
  input?: string;
  /** The input comes to no end before the moment is over. */
  reads?: true;
  /** The smarthost has heard the whole message by then. */
  whole?: true;
};

/** Longer than what two kernels hold for a connection. */
const LONG_LINES = `${"x".repeat(70)}\n`.repeat(200_000);

const MOMENTS: Moment[] = [
  {
    name: "while standard input is read",
    redis: (now) => ({ QUIT: inTurn(reply("+OK"), now) }),
    reads: true,
  },
  { name: "while Redis is waited for", redis: (now) => ({ AUTH: inTurn(now, reply("+OK")) }) },
  {
    name: "while the greeting is waited for",
    smtp: (now) => ({ greeting: inTurn(now, reply("220 scripted.test ESMTP")) }),
  },
  {
    name: "in the middle of a conversation",
    smtp: (now) => ({ mail: inTurn(now, reply("250 2.1.0 Ok")) }),
  },
  {
    name: "in the middle of a message",
    input: LONG_LINES,
    smtp: (now) => ({
      body: inTurn((peer) => peer.stopReading(), now, (peer) => peer.goOnReading()),
    }),
  },
  {
    name: "while the answer to the dot is waited for",
    smtp: (now) => ({ dot: inTurn(now, reply("250 2.0.0 Ok")) }),
    whole: true,
  },
];

/** Starts a run that has come to its moment, with the servers around it. */
async function runAt(moment: Moment, given: Circumstances) {
  const reached = Promise.withResolvers<void>();
  const over = Promise.withResolvers<void>();
  const now: Action = async (peer) => {
    reached.resolve();
    await Promise.race([over.promise, silence()(peer)]);
  };
  const servers = new AsyncDisposableStack();
  const server = servers.use(await scriptedSmtp(moment.smtp?.(now)));
  const redis = servers.use(await scriptedRedis(moment.redis?.(now), smarthostHash(server)));
  const { input = "Hello\n" } = moment;
  const stdin = new ReadableStream<Uint8Array>({
    async start(controller) {
      controller.enqueue(bytesOf(input));
      if (moment.reads) await over.promise;
      controller.close();
    },
  });
  const program = startSendmail(["u@x.org"], { redis, stdin, ...given });
  await Promise.race([reached.promise, program.ended]);
  return {
    server,
    program,
    goOn: () => over.resolve(),
    [Symbol.asyncDispose]: () => servers.disposeAsync(),
  };
}

for (const [signal, status] of [["SIGTERM", 143], ["SIGINT", 130], ["SIGHUP", 129]] as const) {
  Deno.test(`${signal} ends a run at any moment, by that signal, and nothing is said`, async (test) => {
    await sideBySide(test, MOMENTS, async (moment) => {
      // A sandbox would get the signal in the program's place. Nothing comes to be logged.
      await using at = await runAt(moment, { under: [] });
      at.program.kill(signal);
      const ended = await at.program.ended;
      at.goOn();
      await at.server.settled();
      const { stdout, stderr } = ended;
      assert.deepEqual({ status: ended.status, signal: ended.signal, stdout, stderr }, {
        ...{ status, signal, stdout: "", stderr: "" },
      });
      assert.equal(at.server.messages().length, moment.whole ? 1 : 0);
      assert.ok(!at.server.commands().includes("QUIT"));
    });
  });
}

/** The server has said that it has the message. */
const TAKEN: Moment = {
  name: "while the answer to QUIT is waited for",
  smtp: (now) => ({ quit: now }),
  whole: true,
};

/** Starts a run under a log of its own, and gives the id of its process, which leads a group. */
async function loggedRunAt(moment: Moment, given: Circumstances) {
  await using folder = await temporaryFolder();
  const file = folder.file("pid");
  const noting = ["/bin/sh", "-c", `echo $$ >${file}; exec "$@"`, "sh"];
  const under = [...sandbox({ ...given, ...NAMED }), "/usr/bin/setsid", "--wait", ...noting];
  const at = await runAt(moment, { ...given, under });
  return { at, pid: Number(await Deno.readTextFile(file)) };
}

/** To the process alone, or to its whole group, as a terminal and timeout(1) do it. */
const TARGETS = [["the process", (pid: number) => `${pid}`], [
  "its group",
  (pid: number) => `-${pid}`,
]] as const;

for (const [whom, target] of TARGETS) {
  Deno.test(`a signal to ${whom} before the message is taken: the record says that it was stopped`, async (test) => {
    await sideBySide(test, MOMENTS, async (moment) => {
      await using log = await logSocket();
      const started = await loggedRunAt(moment, { log });
      await using at = started.at;
      await runCommand(["/usr/bin/kill", "-TERM", "--", target(started.pid)]);
      const { status, records, stderr } = await at.program.ended;
      at.goOn();
      assert.equal(stderr, "");
      assert.equal(status, 143);
      const texts = records.map(({ text }) => text);
      assert.equal(texts.length, 1, texts.join("\n"));
      assert.match(
        texts[0] ?? "",
        /^status=error from=\S+ to=u@x\.org subject="[^"]*" server=\S+ code=-1 message="Stopped by SIGTERM: /,
      );
      await at.server.settled();
      assert.equal(at.server.messages().length, moment.whole ? 1 : 0);
    });
  });

  Deno.test(`a signal to ${whom} once the message is taken changes nothing: status 0, and the record`, async (test) => {
    const rows = ["TERM", "INT", "HUP"].map((name) => ({ name }));
    await sideBySide(test, rows, async ({ name }) => {
      await using log = await logSocket();
      const started = await loggedRunAt(TAKEN, { log });
      await using at = started.at;
      await runCommand(["/usr/bin/kill", `-${name}`, "--", target(started.pid)]);
      at.goOn();
      const run = await at.program.ended;
      assertSilentSuccess(run);
      assert.deepEqual(run.records.map(({ text }) => /^status=sent .* code=250$/.test(text)), [
        true,
      ]);
    });
  });
}

Deno.test("SIGPIPE ends no run: a pipe that nobody reads is no reason to lose a message", async (test) => {
  await sideBySide(test, MOMENTS, async (moment) => {
    await using folder = await temporaryFolder();
    const file = folder.file("pid");
    const noting = ["/bin/sh", "-c", `echo $$ >${file}; exec "$@"`, "sh"];
    await using at = await runAt(moment, { under: [...sandbox(), ...noting] });
    Deno.kill(Number(await Deno.readTextFile(file)), "SIGPIPE");
    at.goOn();
    assertSilentSuccess(await at.program.ended);
    await at.server.settled();
    assert.equal(at.server.messages().length, 1);
  });
});

// --- Standard input ---

/** Runs against a smarthost that takes everything, and gives what it has got. */
async function submit(given: Circumstances, args: string[] = ["u@x.org"]) {
  await using host = await smarthost();
  const run = await sendmail(args, { ...host.circumstances, ...given });
  await host.server.settled();
  const contents = host.server.messages().map(({ content }) => content);
  const bodies = contents.map((content) => {
    const text = new TextDecoder().decode(content);
    return text.slice(text.indexOf("\r\n\r\n") + 4).trimEnd();
  });
  return { run, contents, bodies, conversations: host.server.conversations.length };
}

/** A command that sets a process up in Python and then becomes another one. */
function after(setup: string): string[] {
  const become = "os.execv(sys.argv[1], sys.argv[1:])";
  return [...sandbox(NAMED), "/usr/bin/python3", "-c", `import os, sys; ${setup}; ${become}`];
}

/** A command that sets a process up in the shell and then becomes another one. */
function afterShell(setup: string): string[] {
  return [...sandbox(NAMED), "/bin/sh", "-c", `${setup}; exec "$@"`, "sh"];
}

for (const redirect of ["<&-", "</dev/null"]) {
  Deno.test(`standard input as in ${redirect} is an empty message`, async () => {
    const { run, bodies } = await submit({ redirect });
    assertSilentSuccess(run);
    assert.deepEqual(bodies, [""]);
  });
}

Deno.test("an empty file is an empty message", async () => {
  await using folder = await temporaryFolder();
  const { run, bodies } = await submit({ redirect: `<${await folder.write("empty", "")}` });
  assertSilentSuccess(run);
  assert.deepEqual(bodies, [""]);
});

for (
  const [what, redirect, why] of [
    ["a directory", "</", /: is a directory$/m],
    ["open for writing only", "0>/dev/null", /: not open for this$/m],
  ] as const
) {
  Deno.test(`standard input that is ${what} is 74, and the smarthost is not asked`, async () => {
    const { run, conversations } = await submit({ redirect });
    assertFailure(run, 74, "Error: Cannot read standard input: ", why);
    assert.equal(conversations, 0);
  });
}

Deno.test("standard input that breaks off is 74: what has come of the message is not sent", async () => {
  const breakOff = "a.send(b'x'); b.send(b'Half a mess'); b.close(); os.dup2(a.fileno(), 0)";
  const under = after(`import socket; a, b = socket.socketpair(); ${breakOff}`);
  const { run, conversations } = await submit({ under });
  assertFailure(run, 74, "Error: Cannot read standard input: ", /reset/);
  assert.equal(conversations, 0);
});

Deno.test("standard input that is a terminal is read up to Ctrl-D", async () => {
  await using host = await smarthost();
  const { redis, under = [] } = host.circumstances;
  const environment = ["/usr/bin/env", "-i", `REDIS_ADDRESS=${redis?.address}`];
  const shell = ["/bin/sh", "-c", '"$0" u@x.org; echo "<$?>"', EXECUTABLE];
  await using terminal = await startPython(
    "hosts/terminal.py",
    [...environment, ...under, ...shell],
    "pty",
  );
  const shown = JSON.parse(await terminal.ask(JSON.stringify(["Typed by hand\n\x04", ">"])));
  assert.match(shown, /<0>/);
  await host.server.settled();
  assert.match(new TextDecoder().decode(host.server.messages()[0]?.content), /Typed by hand\r\n/);
});

Deno.test("a pipe in non-blocking mode that has nothing in it yet is waited for", async () => {
  const asked = Promise.withResolvers<void>();
  await using server = await scriptedSmtp();
  const AUTH = inTurn(reply("+OK"), () => asked.resolve());
  await using redis = await scriptedRedis({ AUTH }, smarthostHash(server));
  async function* input() {
    await asked.promise;
    yield bytesOf("late, ");
    await redis.settled();
    yield bytesOf("and later\n");
  }
  const stdin = ReadableStream.from(input());
  const under = after("os.set_blocking(0, False)");
  assertSilentSuccess(await sendmail(["u@x.org"], { redis, stdin, under }));
  await server.settled();
  const [message] = server.messages();
  assert.match(new TextDecoder().decode(message?.content), /\r\n\r\nlate, and later\r\n$/);
});

Deno.test("a producer that never ends is 65, after no more than 256 MiB", async () => {
  await using folder = await temporaryFolder();
  const [idle, busy] = [folder.file("idle"), folder.file("busy")];
  const script = new URL("../support/program/peak_memory.py", import.meta.url).pathname;
  const measured = ["/usr/bin/python3", script];
  const endless = ["/bin/sh", "-c", 'cat /dev/zero | "$@"', "sh"];
  const args = ["--dry-run", "u@x.org"];
  await sendmail(args, { under: [...sandbox(NAMED), ...measured, idle] });
  const run = await sendmail(args, { under: [...sandbox(NAMED), ...endless, ...measured, busy] });
  assertFailure(run, 65, "Error: The message is larger than 256 MiB");
  const [least, most] = [await Deno.readTextFile(idle), await Deno.readTextFile(busy)].map(Number);
  const held = (most ?? NaN) - (least ?? NaN);
  assert.ok(held < 272 * MEBIBYTE, `${held} bytes are held`);
});

// --- Standard output and standard error ---

/** A pipe without a reader, in the place of a stream. */
const gone = (stream: 1 | 2) => after(`r, w = os.pipe(); os.close(r); os.dup2(w, ${stream})`);

const PRINTING = [["--settings"], ["--check"], ["--check", "--json"], ["--dry-run", "u@x.org"], [
  "--help",
]];

for (const args of PRINTING) {
  Deno.test(`${args.join(" ")} is 74 where its output cannot be written`, async () => {
    const what = "Error: Cannot write to standard output: ";
    const full = await submit({ redirect: ">/dev/full" }, args);
    assertFailure(full.run, 74, `${what}no space left`);
    const broken = await submit({ under: gone(1) }, args);
    assertFailure(broken.run, 74, `${what}its reader is gone`);
    assert.deepEqual([...full.bodies, ...broken.bodies], []);
  });
}

/** Ways to lose a stream: full, closed, its reader gone. */
const lost = (stream: 1 | 2): [what: string, given: Circumstances][] => [
  ["is full", { redirect: `${stream}>/dev/full` }],
  ["is closed", { redirect: `${stream}>&-` }],
  ["has no reader", { under: gone(stream) }],
];

for (const [what, given] of lost(1)) {
  Deno.test(`a send with --json succeeds where standard output ${what}: the message has been taken`, async () => {
    const { run, bodies } = await submit({ ...given, stdin: "Hello\n" }, ["--json", "u@x.org"]);
    assertSilentSuccess(run);
    assert.deepEqual(bodies, ["Hello"]);
  });
}

for (const [what, given] of lost(2)) {
  Deno.test(`no status changes where standard error ${what}`, async () => {
    const { run, bodies } = await submit({ ...given, stdin: "Hello\n" }, ["-v", "u@x.org"]);
    assert.deepEqual([run.status, run.stderr, bodies], [0, "", ["Hello"]]);
    const unreachable = await sendmail(["u@x.org"], given);
    const unusable = await sendmail([], given);
    assert.deepEqual([unreachable.status, unusable.status], [75, 64]);
  });
}

Deno.test("standard output that is closed is to the runtime one that nobody wants to read", async () => {
  const { run } = await submit({ redirect: ">&-" }, ["--settings"]);
  assertSilentSuccess(run);
});

Deno.test("a run with all three streams closed still sends", async () => {
  const { run, bodies } = await submit({ redirect: "<&- >&- 2>&-" });
  assertSilentSuccess(run);
  assert.deepEqual(bodies, [""]);
});

// --- Surroundings ---

/** A sandbox in which the folder `/etc` is empty: no resolv.conf, hosts, passwd, localtime. */
const withoutEtc = () => [...sandbox({ hostName: "node" }).slice(0, -1), "--tmpfs", "/etc", "--"];

const closeAll = Array.from({ length: 7 }, (_, i) => `exec ${i + 3}<&-`).join("; ");

const SURROUNDINGS: [what: string, given: Circumstances][] = [
  ["without PATH, HOME and TMPDIR", {
    env: { PATH: undefined, HOME: undefined, TMPDIR: undefined },
  }],
  ["with HOME and TMPDIR that are not there", { env: { HOME: "/nowhere", TMPDIR: "/nowhere" } }],
  ["with an empty /etc", { under: withoutEtc() }],
  ["with the locale C", { env: { LC_ALL: "C", LANG: "C" } }],
  ["with a locale and a time zone that are not there", {
    env: { LC_ALL: "xx_YY", TZ: "Mars/Phobos" },
  }],
  ["with a read-only file system", { under: sandbox({ ...NAMED, readOnly: true }) }],
  ["with descriptors closed from 3 on", { under: afterShell(closeAll) }],
  ["with 64 open files at most", { under: afterShell("ulimit -n 64") }],
  ["without a core file and at the lowest priority", {
    under: afterShell("ulimit -c 0; renice -n 19 $$ >/dev/null"),
  }],
  ["in the root folder", { cwd: "/" }],
];

for (const [what, given] of SURROUNDINGS) {
  Deno.test(`a message gets through ${what}`, async () => {
    const args = ["-s", "Grüße", "u@x.org"];
    const { run, contents } = await submit({ ...given, stdin: "grün\n" }, args);
    assertSilentSuccess(run);
    await using reader = await mailReader();
    const read = await Promise.all(contents.map(reader.read));
    const understood = read.map((message) => [message.all("Subject"), message.text()]);
    assert.deepEqual(understood, [[["Grüße"], "grün\r\n"]]);
  });
}

Deno.test("a time zone, whichever it is, changes no date", async () => {
  for (const TZ of ["Asia/Kathmandu", "Mars/Phobos", ":xx+25", "/etc/passwd"]) {
    const run = await sendmail(["--dry-run", "u@x.org"], { env: { TZ }, under: sandbox(NAMED) });
    const date = /^Date: (.+ [+]0000)\r$/m.exec(run.stdout)?.[1] ?? "";
    assert.ok(Math.abs(Date.parse(date) - Date.now()) < 3600_000, `${TZ}: ${date}`);
  }
});

Deno.test("the runtime gives up in a folder that is gone: that never looks like success", async () => {
  const setup = "d=$(mktemp -d); cd $d; rmdir $d";
  const { run, conversations } = await submit({ under: afterShell(setup) });
  assert.deepEqual([run.status, run.stdout, conversations], [1, "", 0]);
  assert.match(run.stderr, /No such file or directory/);
});

const COMPILER = "/usr/bin/cc";
const hasCompiler = await runCommand(["/usr/bin/test", "-x", COMPILER]);

Deno.test({
  name: "with a clock in 1970 a message gets through, and a certificate is not yet valid",
  ignore: hasCompiler.status !== 0, // only a library in libc's place sets the clock of one process
  async fn() {
    await using folder = await temporaryFolder();
    const library = folder.file("clock.so");
    const source = new URL("../support/program/clock_1970.c", import.meta.url).pathname;
    const compiled = await runCommand([COMPILER, "-shared", "-fPIC", "-o", library, source]);
    assert.equal(compiled.status, 0, compiled.stderr);
    const under = [...sandbox(NAMED), "/usr/bin/env", `LD_PRELOAD=${library}`];
    const inTheClear = await submit({ under, stdin: "Hello\n" });
    assertSilentSuccess(inTheClear.run);
    const printed = await sendmail(["--dry-run", "u@x.org"], { under });
    assert.match(printed.stdout, /^Date: Thu, 01 Jan 1970 /m);

    await using authority = await certificateAuthority();
    const certificate = await authority.issue();
    await using server = await scriptedSmtp({}, { encryption: "tls", certificate });
    await using redis = await scriptedRedis({}, smarthostHash(server, { encrypt_smtp: "tls" }));
    const env = { SSL_CERT_FILE: authority.certificateFile };
    const refused = await sendmail(["u@x.org"], { redis, env, under });
    await server.settled();
    assertFailure(refused, 77, /not (yet )?valid/);
    assert.deepEqual(server.commands(), []);
  },
});

Deno.test("of 100 runs at once each delivers its message, once, and leaves its record", async () => {
  await using server = await honestSmtp({ encryption: "none" });
  await using redis = await redisServer(smarthostHash(server));
  await using log = await logSocket();
  const subjects = Array.from({ length: 100 }, (_, i) => `Message ${i}`);
  const runs = await Promise.all(
    subjects.map((subject) =>
      sendmail(["-s", subject, "u@x.org"], { redis, log, stdin: `This is ${subject}.\n` })
    ),
  );
  runs.forEach(assertSilentSuccess);
  const stored = (await server.messages()).map(({ content }) => {
    const text = new TextDecoder().decode(content);
    const [subject, body] = [/^Subject: (.*)\r$/m, /^This is (.*)\.\r$/m].map((e) =>
      e.exec(text)?.[1]
    );
    assert.equal(subject, body);
    return subject;
  });
  assert.deepEqual(stored.toSorted(), subjects.toSorted());
  const records = await log.records();
  const logged = records.map(({ text }) => /^status=sent .*subject="([^"]*)"/.exec(text)?.[1]);
  assert.deepEqual(logged.toSorted(), subjects.toSorted());
  assert.equal(new Set(records.map(({ pid }) => pid)).size, subjects.length);
});
