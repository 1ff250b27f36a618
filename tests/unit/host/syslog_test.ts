import assert from "node:assert/strict";
import { type SyslogOptions, systemLog } from "../../../lib/host/syslog.ts";
import type { LogRecord } from "../../../lib/outcome.ts";
import { type Folder, temporaryFolder } from "../../support/hosts/folder.ts";
import { logSocket } from "../../support/servers/log_socket.ts";

const PATIENT = 30_000;
const RECORD = {
  severity: "info",
  text: 'status=sent from=<> subject="Gr\u00fc\u00dfe" $(id)',
} as const;

async function write(record: LogRecord, pid: number, options: SyslogOptions): Promise<void> {
  await systemLog(pid, options).write(record);
}

/** Writes a shell script to stand in for logger. */
async function script(folder: Folder, name: string, ...lines: string[]): Promise<string> {
  const path = await folder.write(name, ["#!/bin/sh", ...lines, ""].join("\n"));
  await Deno.chmod(path, 0o755);
  return path;
}

for (const [severity, priority] of [["info", 22], ["err", 19]] as const) {
  Deno.test(`a record of severity ${severity} arrives in the system log as it is`, async () => {
    await using folder = await temporaryFolder();
    await using socket = await logSocket();
    const program = await script(folder, "logger", `exec /usr/bin/logger -u ${socket.path} "$@"`);
    await write({ ...RECORD, severity }, Deno.pid, { program, limit: PATIENT });
    assert.deepEqual(await socket.records(), [
      { priority, ident: "ns8-sendmail", pid: Deno.pid, text: RECORD.text },
    ]);
  });
}

Deno.test("the longest record arrives in one piece", async () => {
  await using folder = await temporaryFolder();
  await using socket = await logSocket();
  const program = await script(folder, "logger", `exec /usr/bin/logger -u ${socket.path} "$@"`);
  const text = "x".repeat(999);
  await write({ severity: "err", text }, Deno.pid, { program, limit: PATIENT });
  assert.deepEqual((await socket.records()).map((record) => record.text), [text]);
});

Deno.test("nothing of a record stands among the arguments or in the environment", async () => {
  await using folder = await temporaryFolder();
  const seen = folder.file("seen");
  const program = await script(
    folder,
    "logger",
    `/usr/bin/tr '\\0' '\\n' </proc/$$/cmdline >${seen}`,
    `/usr/bin/tr '\\0' '\\n' </proc/$$/environ >>${seen}`,
  );
  await write(RECORD, 4711, { program, limit: PATIENT });
  assert.deepEqual((await Deno.readTextFile(seen)).trim().split("\n"), [
    ...["/bin/sh", program, "-t", "ns8-sendmail[4711]", "--prio-prefix"],
  ]);
});

/** What may stand in for logger where there is no log, and a script for it. */
const LOST: [title: string, ...lines: string[]][] = [
  ["that fails", "exit 1"],
  ["that reads nothing", "exec <&-"],
  ["that is killed", "kill -9 $$"],
  ["that cannot be run", "#"],
];

for (const [title, ...lines] of LOST) {
  Deno.test(`a log ${title} loses the record and nothing else`, async () => {
    await using folder = await temporaryFolder();
    const program = await script(folder, "logger", ...lines);
    if (title === "that cannot be run") await Deno.chmod(program, 0o644);
    await write(RECORD, Deno.pid, { program, limit: PATIENT });
  });
}

Deno.test("a host without logger loses the record and nothing else", async () => {
  await write(RECORD, Deno.pid, { program: "/nonexistent/logger" });
});

Deno.test("a full log is waited for only so long", async () => {
  await using folder = await temporaryFolder();
  await using socket = await logSocket("full");
  const program = await script(folder, "logger", `exec /usr/bin/logger -u ${socket.path} "$@"`);
  await write(RECORD, Deno.pid, { program, limit: 300 });
});

Deno.test("a logger that never ends is ended, and its children hold nothing up", async () => {
  await using folder = await temporaryFolder();
  const pid = folder.file("pid");
  const program = await script(folder, "logger", `echo $$ >${pid}`, "exec /bin/sleep 1000");
  await write(RECORD, Deno.pid, { program, limit: 300 });
  const gone = (await Deno.readTextFile(pid)).trim();
  const { success } = await new Deno.Command("/bin/sh", { args: ["-c", `kill -0 ${gone}`] })
    .output();
  assert.equal(success, false, `the logger with process id ${gone} is still there`);
});

Deno.test("a logger that is ready is the one that writes, and there is but one", async () => {
  await using folder = await temporaryFolder();
  const seen = folder.file("seen");
  const program = await script(folder, "logger", `echo started >>${seen}`, `/bin/cat >>${seen}`);
  const log = systemLog(Deno.pid, { program, limit: PATIENT });
  log.prepare();
  log.prepare();
  await log.write(RECORD);
  assert.equal(await Deno.readTextFile(seen), `started\n<22>${RECORD.text}\n`);
});

Deno.test("a log that has been started anew while a message was sent gets the record", async () => {
  await using folder = await temporaryFolder();
  const [link, ready] = [folder.file("log"), folder.file("ready")];
  await Deno.symlink(folder.file("old"), link);
  await new Deno.Command("mkfifo", { args: [ready] }).output();
  const program = await script(
    folder,
    "logger",
    `log=$(/bin/readlink ${link})`,
    `echo >${ready}`,
    '/bin/cat >>"$log"',
  );
  const log = systemLog(Deno.pid, { program, limit: PATIENT, fresh: 0 });
  log.prepare();
  await Deno.readFile(ready);
  await Promise.all([ready, link].map((file) => Deno.remove(file)));
  await Deno.symlink(folder.file("new"), link);
  await log.write(RECORD);
  assert.equal(await Deno.readTextFile(folder.file("new")), `<22>${RECORD.text}\n`);
});

Deno.test("without a record the program does not wait for the log", async () => {
  await using folder = await temporaryFolder();
  const program = await script(folder, "logger", "exec /bin/cat");
  const module = new URL("../../../lib/host/syslog.ts", import.meta.url);
  const code =
    `import { systemLog } from "${module}"; systemLog(1, { program: "${program}" }).prepare();`;
  const { success } = await new Deno.Command("/usr/bin/timeout", {
    args: ["60", Deno.execPath(), "eval", "--no-config", code],
  }).output();
  assert.ok(success);
});
