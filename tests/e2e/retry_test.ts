/** The contract's chapter "Retry". The pauses are as short as --retry can make them. */

import assert from "node:assert/strict";
import { logSocket } from "../support/servers/log_socket.ts";
import { type Action, hangUp, inTurn, reply } from "../support/servers/peer.ts";
import { type Circumstances, sendmail, startSendmail } from "../support/program/program.ts";
import { smarthostHash } from "../support/servers/redis.ts";
import { scriptedRedis } from "../support/servers/redis_scripted.ts";
import { type ScriptedSmtp, scriptedSmtp } from "../support/servers/smtp_scripted.ts";

const GREYLISTED = reply("450 4.2.0 Greylisted, try again");
const OK = reply("250 2.1.5 Ok");

/** The first action at the first call, the second one at all others. */
function firstly(first: Action, then: Action): Action {
  let calls = 0;
  return (peer) => calls++ === 0 ? first(peer) : then(peer);
}

/** Sends with one pause of a second, and gives what came of it. */
async function send(smtp: ScriptedSmtp, given: Circumstances = {}, ...args: string[]) {
  await using log = await logSocket();
  await using redis = await scriptedRedis({}, smarthostHash(smtp));
  const all = ["-f", "s@host.test", "-s", "Test", "--retry", "1", "--json", ...args];
  const run = await sendmail(all, { redis, log, stdin: "Hello\n", ...given });
  await smtp.settled();
  return { run, records: run.records.map(({ text }) => text), object: JSON.parse(run.stdout) };
}

const idsIn = (smtp: ScriptedSmtp) =>
  smtp.messages().map(({ content }) =>
    /^Message-ID: (.*)$/im.exec(new TextDecoder().decode(content))?.[1]
  );

Deno.test("a greylisted recipient is tried again, alone, with the same Message-ID and a record an attempt", async () => {
  let gone = 0;
  await using smtp = await scriptedSmtp({
    // r1 is refused once.
    rcpt: (peer) => (++gone === 2 ? GREYLISTED : OK)(peer),
  }, { capabilities: ["8BITMIME"] });
  const { run, records, object } = await send(smtp, {}, "-v", "r0@to.test", "r1@to.test");
  assert.equal(run.status, 0, run.stderr);
  assert.deepEqual(smtp.messages().map(({ recipients }) => recipients), [["r0@to.test"], [
    "r1@to.test",
  ]]);
  const [first, second] = idsIn(smtp);
  assert.ok(first);
  assert.equal(second, first);
  assert.equal(records.length, 2);
  assert.match(
    records[0] ?? "",
    /^status=error .* to=r0@to\.test .* code=450 message="4\.2\.0 Grey/,
  );
  assert.match(records[1] ?? "", /^status=sent .* to=r1@to\.test .* code=250$/);
  assert.match(
    run.stderr,
    /^\* Next attempt in 1 s: Recipient refused .*r1@to\.test: 450 4\.2\.0 Grey/m,
  );
  assert.deepEqual(
    object.recipients.map(({ transaction }: { transaction: number }) => transaction),
    [1, 2],
  );
});

Deno.test("an attempt that is lost after the final dot is made again, with the same Message-ID", async () => {
  await using smtp = await scriptedSmtp({ dot: firstly(hangUp(), reply("250 2.0.0 Ok")) });
  const { run, records } = await send(smtp, {}, "to@to.test");
  assert.equal(run.status, 0, run.stderr);
  assert.equal(run.stderr, "");
  assert.equal(smtp.messages().length, 2);
  assert.equal(new Set(idsIn(smtp)).size, 1);
  assert.match(records[0] ?? "", /may have the message/);
});

Deno.test("without --retry there is one attempt; what is no 75 is not tried again", async () => {
  for (const [args, refusal] of [[["--retry", "0"], "450"], [[], "550"]] as const) {
    await using smtp = await scriptedSmtp({ rcpt: reply(`${refusal} 5.1.1 No`) });
    const { run, records } = await send(smtp, {}, ...args, "to@to.test");
    assert.equal(run.status, refusal === "450" ? 75 : 67);
    assert.equal(records.length, 1);
    assert.equal(smtp.conversations.length, 1);
  }
});

Deno.test("the last outcome is the status and what is said, once", async () => {
  await using smtp = await scriptedSmtp({
    greeting: firstly(reply("421 4.3.2 Later"), reply("554 5.3.2 Never")),
  });
  const { run, records } = await send(smtp, {}, "to@to.test");
  assert.equal(run.status, 69);
  assert.match(run.stderr, /^Error: [^\n]*554 5\.3\.2 Never\n$/);
  assert.equal(records.length, 2);
});

Deno.test("a Redis that restarts is asked again, and its settings are those of the moment", async () => {
  await using smtp = await scriptedSmtp();
  await using redis = await scriptedRedis({
    connect: firstly(hangUp(), () => {}),
  }, smarthostHash(smtp));
  const { run, records } = await send(smtp, { redis }, "to@to.test");
  assert.equal(run.status, 0, run.stderr);
  assert.match(
    records[0] ?? "",
    /^status=error .* server=- code=-1 message="Redis does not answer/,
  );
  assert.match(records[1] ?? "", /^status=sent /);
});

Deno.test("SIGTERM in a pause ends it at once with the last outcome", async () => {
  const parting = Promise.withResolvers<void>();
  // By then the outcome is certain.
  const quit: Action = (peer) => (parting.resolve(), inTurn(reply("221 Bye"), hangUp())(peer));
  await using smtp = await scriptedSmtp({ rcpt: GREYLISTED, quit });
  await using redis = await scriptedRedis({}, smarthostHash(smtp));
  const args = ["-f", "s@host.test", "--retry", "86400", "to@to.test"];
  // A sandbox would get the signal in the program's place.
  const program = startSendmail(args, { redis, stdin: "Hello\n", under: [] });
  await parting.promise;
  await smtp.settled();
  program.kill("SIGTERM");
  const { status, signal, stderr } = await program.ended;
  assert.deepEqual([status, signal], [75, null]);
  assert.match(stderr, /^Error: Recipient refused .*450 4\.2\.0 Greylisted, try again\n$/);
  assert.equal(smtp.conversations.length, 1);
});

Deno.test("the recipients of an attempt that took some are not served twice, whatever comes then", async () => {
  let calls = 0;
  await using smtp = await scriptedSmtp({
    rcpt: (peer) => (++calls % 2 === 0 ? GREYLISTED : OK)(peer),
    greeting: firstly(reply("220 scripted.test"), inTurn(reply("421 Later"), hangUp())),
  }, { capabilities: ["8BITMIME"] });
  const { run, object } = await send(smtp, {}, "r0@to.test", "r1@to.test");
  assert.equal(run.status, 75);
  assert.deepEqual(smtp.messages().map(({ recipients }) => recipients), [["r0@to.test"]]);
  assert.match(run.stderr, /\nThese recipients got the message: r0@to\.test\n$/);
  assert.deepEqual(
    object.recipients.map(({ transaction }: { transaction?: number }) => transaction),
    [
      ...[1, undefined],
    ],
  );
});

Deno.test("a smarthost that is stopped and started gets the message when it is there", async () => {
  await using stopped = await scriptedSmtp();
  const { host, port } = stopped;
  await stopped[Symbol.asyncDispose]();
  let started: ScriptedSmtp | undefined;
  let calls = 0;
  await using redis = await scriptedRedis({
    // The settings are read anew for each attempt; by the second one it runs again.
    CLIENT: reply("+OK"),
    AUTH: async (peer) => {
      if (++calls === 2) started = await scriptedSmtp({}, { port });
      await reply("+OK")(peer);
    },
  }, smarthostHash({ host, port }));
  await using log = await logSocket();
  const args = ["-f", "s@host.test", "--retry", "1", "to@to.test"];
  const run = await sendmail(args, { redis, log, stdin: "Hello\n" });
  assert.equal(run.status, 0, run.stderr);
  assert.ok(started);
  await using server = started;
  await server.settled();
  assert.equal(server.messages().length, 1);
  const records = run.records.map(({ text }) => text);
  assert.equal(records.length, 2);
  assert.match(records[0] ?? "", /^status=error .* code=-1 message=".*connection refused"$/);
  assert.match(records[1] ?? "", /^status=sent /);
});
