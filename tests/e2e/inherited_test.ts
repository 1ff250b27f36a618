/** What a caller may have done to itself, and a program that it starts inherits. */

import assert from "node:assert/strict";
import { assertFailure, assertSilentSuccess } from "../support/program/assertions.ts";
import { logSocket } from "../support/servers/log_socket.ts";
import { sendmail } from "../support/program/program.ts";
import { smarthostHash } from "../support/servers/redis.ts";
import { scriptedRedis } from "../support/servers/redis_scripted.ts";
import { sandbox } from "../support/hosts/sandbox.ts";
import { scriptedSmtp } from "../support/servers/smtp_scripted.ts";
import { closedPort, LOOPBACK } from "../support/servers/tcp.ts";

const SCRIPT = new URL("../support/hosts/surroundings.py", import.meta.url).pathname;

/** The state of signals and streams, as surroundings.py names it. */
const STATES = [
  "SIGCHLD is ignored",
  "SIGPIPE ends",
  "all signals are blocked",
  "SIGCHLD is ignored, all signals are blocked",
  "stdin does not block",
  "stdout is full",
  "stdout is broken",
  "stderr is broken",
];

for (const state of STATES) {
  Deno.test(`a message is sent, or not, and logged where ${state}`, async () => {
    await using log = await logSocket();
    await using server = await scriptedSmtp();
    const under = [...sandbox({ log }), "/usr/bin/python3", SCRIPT, state];
    await using redis = await scriptedRedis({}, smarthostHash(server));
    assertSilentSuccess(await sendmail(["to@to.test"], { redis, log, under, stdin: "Hello\n" }));
    assert.equal(server.messages().length, 1);

    await using other = await scriptedRedis(
      {},
      smarthostHash({ host: LOOPBACK, port: closedPort() }),
    );
    const refused = await sendmail(["to@to.test"], { redis: other, log, under });
    if (state === "stderr is broken") assert.deepEqual([refused.status, refused.stderr], [75, ""]);
    else assertFailure(refused, 75, "connection refused");
    const statuses = refused.records.map(({ text }) => text.split(" ")[0]);
    assert.deepEqual(statuses, ["status=sent", "status=error"]);
  });
}

Deno.test("standard input may be a connection", async () => {
  await using server = await scriptedSmtp();
  await using redis = await scriptedRedis({}, smarthostHash(server));
  const under = [...sandbox(), "/usr/bin/python3", SCRIPT, "stdin is a socket"];
  assertSilentSuccess(await sendmail(["to@to.test"], { redis, under }));
  await server.settled();
  assert.match(new TextDecoder().decode(server.messages()[0]?.content), /\r\n\r\nHello\r\n$/);
});

for (const args of [["--settings"], ["--help"], ["--dry-run", "to@to.test"]]) {
  Deno.test(`what does not fit into a pipe in non-blocking mode is waited for: ${args[0]}`, async () => {
    await using redis = await scriptedRedis({}, smarthostHash({ host: "mail.test", port: 25 }));
    const under = [...sandbox(), "/usr/bin/python3", SCRIPT, "stdout is full"];
    assertSilentSuccess(await sendmail(args, { redis, under }));
  });
}
