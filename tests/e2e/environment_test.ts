/** Variables of the environment that the runtime reads, and the program must not suffer from. */

import assert from "node:assert/strict";
import { assertSilentSuccess } from "../support/program/assertions.ts";
import { temporaryFolder } from "../support/hosts/folder.ts";
import { type Circumstances, sendmail } from "../support/program/program.ts";
import { sandbox } from "../support/hosts/sandbox.ts";
import { type Action, inTurn, pause, raw } from "../support/servers/peer.ts";
import { smarthostHash } from "../support/servers/redis.ts";
import { encodeMap, scriptedRedis } from "../support/servers/redis_scripted.ts";
import { HOST_NAME, smarthost } from "../support/servers/smarthost.ts";
import { scriptedSmtp } from "../support/servers/smtp_scripted.ts";

const LOGIN = { username: "user@mail.test", password: "hunter2-Secret" };

// --- TMPDIR ---

/** Sets TMPDIR as a shell writes it: not every value can be handed on by a test in JavaScript. */
function withTemporaryFolder(value: string): string[] {
  const become = `export TMPDIR; exec "$@"`;
  return [...sandbox({ hostName: HOST_NAME }), "/bin/sh", "-c", `TMPDIR=${value}; ${become}`, "sh"];
}

/** Values of TMPDIR, as a shell writes them; FOLDER is a folder of the test's own. */
const TEMPORARY_FOLDERS: [what: string, value: string][] = [
  ["a folder in memory", "/dev/shm"],
  ["a folder of the kernel's", "/proc/self"],
  ["another folder of the kernel's", "/sys"],
  ["a folder that is not there", "FOLDER/missing"],
  ["a file", "FOLDER/file"],
  ["a symbolic link", "FOLDER/link"],
  ["a symbolic link to itself", "FOLDER/loop"],
  ["a folder that nobody may enter", "FOLDER/closed"],
  ["a name with blanks and signs", `'FOLDER/a b%20%2e%2e#?"'`],
  ["a name with a line break", `'FOLDER/a\nb'`],
  ["a name outside ASCII", "FOLDER/größe"],
  ["a name that is not UTF-8", `$(printf 'FOLDER/\\377')`],
  ["a name that ends in a slash", "FOLDER/"],
  ["a long name", `FOLDER/${"x".repeat(5000)}`],
];

for (const [what, value] of TEMPORARY_FOLDERS) {
  Deno.test(`a message gets through where TMPDIR is ${what}`, async () => {
    await using folder = await temporaryFolder();
    await folder.write("file", "");
    await Deno.symlink(folder.path, folder.file("link"));
    await Deno.symlink(folder.file("loop"), folder.file("loop"));
    await Deno.mkdir(folder.file("closed"), { mode: 0 });
    await using host = await smarthost();
    const under = withTemporaryFolder(value.replaceAll("FOLDER", folder.path));
    const given = { ...host.circumstances, under, stdin: "Hello\n" };
    assertSilentSuccess(await sendmail(["u@x.org"], given));
    await host.server.settled();
    assert.equal(host.server.messages().length, 1);
  });
}

// --- NODE_DEBUG ---

/** Values of NODE_DEBUG: what the runtime's copies of Node's modules may be asked to print. */
const DEBUGGED = ["*", "stream", "net,tls,stream,timer,module,http,dns,child_process,worker"];

/** The settings with the password first, which is how Redis gives what was stored in that order. */
function hashWithPasswordFirst(server: { host: string; port: number }): string {
  const { password = "", ...rest } = smarthostHash(server, LOGIN);
  return encodeMap({ password, ...rest }, 2);
}

for (const NODE_DEBUG of DEBUGGED) {
  for (const [how, cut] of [["in one piece", 0], ["in two pieces", 20]] as const) {
    Deno.test(`NODE_DEBUG=${NODE_DEBUG} prints nothing, with settings that come ${how}`, async () => {
      await using server = await scriptedSmtp({}, { login: LOGIN });
      const answer = hashWithPasswordFirst(server);
      const pieces: Action[] = [raw(answer.slice(0, cut)), pause(20), raw(answer.slice(cut))];
      const HGETALL = cut > 0 ? inTurn(...pieces) : raw(answer);
      await using redis = await scriptedRedis({ HGETALL });
      const given: Circumstances = { redis, env: { NODE_DEBUG }, secrets: [LOGIN.password] };
      assertSilentSuccess(await sendmail(["u@x.org"], { ...given, stdin: "Hello\n" }));
      await server.settled();
      assert.equal(server.messages().length, 1);
      const refused = await sendmail(["u@x.org"], { env: { NODE_DEBUG } });
      assert.match(refused.stderr, /^Error: [^\n]+\n$/);
    });
  }
}
