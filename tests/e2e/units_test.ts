/** The settings of systemd's units under which other mail clients run. */

import assert from "node:assert/strict";
import { assertSilentSuccess } from "../support/program/assertions.ts";
import { sendmail, startSendmail } from "../support/program/program.ts";
import { type Action, inTurn, reply, silence } from "../support/servers/peer.ts";
import { smarthostHash } from "../support/servers/redis.ts";
import { scriptedRedis } from "../support/servers/redis_scripted.ts";
import { smarthost } from "../support/servers/smarthost.ts";
import { scriptedSmtp } from "../support/servers/smtp_scripted.ts";

/** What `MemoryDenyWriteExecute=yes` is to the kernel: prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN). */
const DENY_WRITE_EXECUTE = [
  ...["/usr/bin/python3", "-c"],
  "import ctypes, os, sys; assert ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) == 0, 'no PR_SET_MDWE'; " +
  "os.execv(sys.argv[1], sys.argv[1:])",
];

Deno.test("a message gets through where no memory may be made executable", async () => {
  await using host = await smarthost();
  const { circumstances, server } = host;
  const under = [...circumstances.under ?? [], ...DENY_WRITE_EXECUTE];
  const run = await sendmail(["u@x.org"], { ...circumstances, under, stdin: "Hello\n" });
  assertSilentSuccess(run);
  await server.settled();
  assert.equal(server.messages().length, 1);
});

Deno.test("no memory of the process is both writable and executable, even in mid-message", async () => {
  const reached = Promise.withResolvers<void>();
  const looked = Promise.withResolvers<void>();
  const wait: Action = async (peer) => {
    reached.resolve();
    await Promise.race([looked.promise, silence()(peer)]);
  };
  await using server = await scriptedSmtp({ dot: inTurn(wait, reply("250 2.0.0 Ok")) });
  await using redis = await scriptedRedis({}, smarthostHash(server));
  const program = startSendmail(["u@x.org"], {
    redis,
    stdin: "Hello\n".repeat(200_000),
    under: [],
  });
  await Promise.race([reached.promise, program.ended]);
  const maps = (await Deno.readTextFile(`/proc/${program.pid}/maps`)).trimEnd().split("\n");
  looked.resolve();
  assertSilentSuccess(await program.ended);
  assert.ok(maps.length > 10);
  assert.deepEqual(maps.filter((line) => /^\S+ .wx/.test(line)), []);
});
