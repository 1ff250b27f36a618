/** What somebody who waits at a terminal is shown, and what -v says beside the dialogue. */

import assert from "node:assert/strict";
import { certificateAuthority } from "../support/servers/certificates.ts";
import { onTerminal } from "../support/hosts/terminal.ts";
import { EXECUTABLE, sendmail } from "../support/program/program.ts";
import { type Action, inTurn, reply } from "../support/servers/peer.ts";
import { smarthostHash } from "../support/servers/redis.ts";
import { scriptedRedis } from "../support/servers/redis_scripted.ts";
import { sandbox } from "../support/hosts/sandbox.ts";
import { scriptedSmtp } from "../support/servers/smtp_scripted.ts";

/** A server's answer that is held back until the test wants it. */
function held(answer: Action) {
  const { promise, resolve: release } = Promise.withResolvers<void>();
  return { action: inTurn(() => promise, answer), release };
}

/** Sends on a terminal; the shell says the status at the end. */
function sendOnTerminal(redis: { address: string }, options = "", redirect = "") {
  const quoted = [...sandbox(), EXECUTABLE].map((word) => `'${word}'`).join(" ");
  const send = `echo Hello | ${quoted} ${options} to@to.test ${redirect}`;
  return onTerminal(`${send}; echo "status: $?"`, { REDIS_ADDRESS: redis.address });
}

Deno.test("a delivery of more than two seconds shows on a terminal what it waits for", async () => {
  const greeting = held(reply("220 scripted.test ESMTP"));
  const dot = held(reply("250 2.0.0 Ok"));
  await using server = await scriptedSmtp({ greeting: greeting.action, dot: dot.action });
  await using redis = await scriptedRedis({}, smarthostHash(server));
  await using terminal = await sendOnTerminal(redis);
  const first = await terminal.shows("...\r\n");
  assert.equal(first, `* Waiting for the smarthost at ${server.host}:${server.port} ...\r\n`);
  greeting.release();
  assert.equal(
    await terminal.shows("answer ...\r\n"),
    "* The message is sent; waiting for the smarthost's answer ...\r\n",
  );
  dot.release();
  assert.equal(await terminal.shows("status: 0\r\n"), "status: 0\r\n");
  assert.equal(server.messages().length, 1);
});

Deno.test("a slow Redis is named on a terminal", async () => {
  const auth = held((peer) => peer.hangUp());
  await using redis = await scriptedRedis({ connect: auth.action });
  await using terminal = await sendOnTerminal(redis);
  assert.equal(await terminal.shows("...\r\n"), "* Waiting for the settings from Redis ...\r\n");
  auth.release();
  assert.match(await terminal.shows("status: 75"), /^Error: Redis does not answer/);
});

Deno.test("a fast delivery shows nothing on a terminal", async () => {
  await using server = await scriptedSmtp();
  await using redis = await scriptedRedis({}, smarthostHash(server));
  await using terminal = await sendOnTerminal(redis);
  assert.equal(await terminal.shows("status: 0\r\n"), "status: 0\r\n");
});

Deno.test("-v shows the address, the TLS version with the certificate, and how much of the message is sent", async () => {
  await using authority = await certificateAuthority("Example authority");
  const certificate = await authority.issue();
  await using server = await scriptedSmtp({}, { encryption: "starttls", certificate });
  const hash = smarthostHash(server, { host: "localhost", encrypt_smtp: "starttls" });
  await using redis = await scriptedRedis({}, hash);
  const run = await sendmail(["-v", "-f", "from@from.test", "to@to.test"], {
    redis,
    env: { SSL_CERT_FILE: authority.certificateFile },
    stdin: "From: from@from.test\n\n" + "x".repeat(99) + "\n".repeat(3_000_000),
  });
  assert.equal(run.status, 0, run.stderr);
  const own = run.stderr.split("\n").filter((line) => line.startsWith("* "));
  const [connected, encrypted, ...sent] = own;
  assert.equal(connected, `* Connected to 127.0.0.1:${server.port}`);
  assert.match(
    encrypted ?? "",
    /^\* TLSv1\.[23](?: or newer)?, certificate of mail\.test from Example authority, valid until \d{4}-/,
  );
  assert.ok(run.stderr.indexOf(connected ?? "") < run.stderr.indexOf("< 220"));
  const size = server.messages()[0]?.content.length ?? 0;
  assert.equal(sent.length, 6);
  assert.match(sent[0] ?? "", /^\* \d{7} of \d{7} bytes of the message are sent$/);
  assert.equal(sent.at(-1), `* The message is sent: ${size} bytes`);
});
