/**
 * What the runtime cannot do, before the program's first line or below it, and the status that it
 * then gives. README, manual page and SECURITY.md list the same. Where a row fails because the message
 * has been sent, a newer runtime has mended it: take the row out, and its line in those papers.
 */

import assert from "node:assert/strict";
import { temporaryFolder } from "../support/hosts/folder.ts";
import { sandbox } from "../support/hosts/sandbox.ts";
import { projectFile, run } from "../support/program/command.ts";
import { EXECUTABLE } from "../support/program/program.ts";
import { DIFFERENCES, underThisRuntime } from "../support/program/runtimes.ts";
import { smarthost } from "../support/servers/smarthost.ts";

const UNIT = projectFile("tests/support/hosts/unit.py");

const limited = (...limits: string[]) => ["/usr/bin/prlimit", ...limits, "--"];
/** A user of its own, whose processes are counted. */
const alone = (uid: number) => ["/usr/bin/setpriv", `--reuid=${uid}`, "--clear-groups", "--"];

/** What stands before the program, and its status under Deno 2.7.11; a signal's has 128 added. */
const LIMITS: [what: string, under: string[], status: number][] = [
  ["an empty TMPDIR", ["/usr/bin/env", "TMPDIR="], 1],
  ["a relative TMPDIR", ["/usr/bin/env", "TMPDIR=tmp"], 1],
  ["a TMPDIR with .. in it", ["/usr/bin/env", "TMPDIR=/tmp/.."], 1],
  ["no /proc", [...sandbox().slice(0, -1), "--tmpfs", "/proc", "--"], 1],
  ["a current folder that is gone", [
    "/bin/sh",
    "-c",
    'cd "$(mktemp -d)" && rmdir "$PWD" && exec "$@"',
    "sh",
  ], 1],
  ["LimitAS=8G", limited("--as=8589934592"), 133],
  ["SystemCallFilter=@system-service without @pkey", [
    "/usr/bin/python3",
    "-B",
    UNIT,
    "SystemCallFilter=@system-service",
  ], 159],
  ["LimitNOFILE=10", limited("--nofile=10"), 101],
  ["LimitSTACK=64K", limited("--stack=65536"), 134],
  ["LimitNPROC=2", [...alone(61001), ...limited("--nproc=2")], 134],
  [
    "DENO_TOKIO_GLOBAL_QUEUE_INTERVAL=0",
    ["/usr/bin/env", "DENO_TOKIO_GLOBAL_QUEUE_INTERVAL=0"],
    101,
  ],
  ["RUST_MIN_STACK larger than the memory", ["/usr/bin/env", "RUST_MIN_STACK=99999999999999"], 134],
];

/** Runs the program on a message, and tells its status and how many messages have arrived. */
async function attempt(
  under: string[],
  args = `"u@x.org"`,
): Promise<[status: number, arrived: number]> {
  await using host = await smarthost();
  const shell = ["/bin/sh", "-c", `exec "$0" "$@" ${args}`];
  const env = { REDIS_ADDRESS: host.circumstances.redis?.address ?? "" };
  const [command = "", ...rest] = [...shell, ...under, EXECUTABLE];
  const { status } = await run([command, ...rest], { env, stdin: "Hello\n" });
  await host.server.settled();
  return [status, host.server.messages().length];
}

for (const [what, under, older] of LIMITS) {
  Deno.test({
    name: `the runtime gives up, and that never looks like success: ${what}`,
    ignore: Deno.uid() !== 0 && under.includes("--clear-groups"), // it becomes another user
    async fn() {
      const [status, arrived] = await attempt(under);
      assert.equal(arrived, status === 0 ? 1 : 0);
      assert.equal(status, underThisRuntime({ older, current: status }));
    },
  });
}

Deno.test("the runtime gives up at an argument that is not UTF-8, and no one is sent anything", async () => {
  const [status, arrived] = await attempt(["/usr/bin/env"], `"$(printf '\\377')@x.org"`);
  assert.deepEqual([status, arrived], [underThisRuntime(DIFFERENCES.argumentNotUtf8), 0]);
});

Deno.test("SSLKEYLOGFILE is opened by the runtime, whatever the program is asked for", async () => {
  await using folder = await temporaryFolder();
  const env = { SSLKEYLOGFILE: folder.file("keys") };
  const { status } = await run([EXECUTABLE, "--version"], { env });
  assert.equal(status, 0);
  assert.ok((await Deno.stat(folder.file("keys"))).isFile);
});
