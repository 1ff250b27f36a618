/** The contract's chapter "The connection": more recipients than a server takes in one transaction. */

import assert from "node:assert/strict";
import { logSocket } from "../support/servers/log_socket.ts";
import { type Action, hangUp, inTurn, reply, silence } from "../support/servers/peer.ts";
import { sendmail } from "../support/program/program.ts";
import { smarthostHash } from "../support/servers/redis.ts";
import { scriptedRedis } from "../support/servers/redis_scripted.ts";
import type { Script } from "../support/servers/smtp_conversation.ts";
import { scriptedSmtp } from "../support/servers/smtp_scripted.ts";

const CAPABILITIES = ["SIZE 52428800", "8BITMIME"];

/** A server that takes so many recipients in a transaction, and says this to one more. */
function limited(most: number, refusal: string): Script {
  let count = 0;
  let messages = 0;
  return {
    mail: (peer) => {
      count = 0;
      return reply("250 2.1.0 Ok")(peer);
    },
    rcpt: (peer) => reply(++count > most ? refusal : "250 2.1.5 Ok")(peer),
    dot: (peer) => reply(`250 2.0.0 Ok: queued as 4F${++messages}`)(peer),
  };
}

const addresses = (count: number) => Array.from({ length: count }, (_, i) => `r${i}@dest.test`);

/** Sends to so many; with `capabilities` of the server beside those of every one. */
async function sendTo(count: number, script: Script, ...capabilities: string[]) {
  await using log = await logSocket();
  await using smtp = await scriptedSmtp(script, {
    capabilities: [...CAPABILITIES, ...capabilities],
  });
  await using redis = await scriptedRedis({}, smarthostHash(smtp));
  const args = ["-f", "s@host.test", "-s", "Test", "--json", "--timeout", "5"];
  const stdin = "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\nGrüße\n.\n";
  const run = await sendmail([...args, ...addresses(count)], { redis, log, stdin });
  await smtp.settled();
  const records = run.records.map(({ text }) => text);
  return { smtp, run, records, object: JSON.parse(run.stdout) };
}

for (const pipelining of [[], ["PIPELINING"]]) {
  for (
    const refusal of [
      "452 4.5.3 too many recipients",
      "552 5.5.3 Maximum limit of 2 recipients reached",
    ]
  ) {
    const how = pipelining.length > 0 ? "pipelined" : "one by one";
    Deno.test(`${refusal}: the rest goes in further transactions of the same session, ${how}`, async () => {
      const { smtp, run, records, object } = await sendTo(5, limited(2, refusal), ...pipelining);
      assert.equal(run.status, 0, run.stderr);
      assert.equal(run.stderr, "");
      assert.equal(smtp.conversations.length, 1);
      const [first, ...others] = smtp.messages();
      assert.deepEqual(
        smtp.messages().map(({ recipients }) => recipients),
        [["r0@dest.test", "r1@dest.test"], ["r2@dest.test", "r3@dest.test"], ["r4@dest.test"]],
      );
      for (const { content } of others) assert.deepEqual(content, first?.content);
      const mails = smtp.commands().filter((line) => line.startsWith("MAIL"));
      assert.match(mails[0] ?? "", /BODY=8BITMIME SIZE=\d+$/);
      assert.equal(new Set(mails).size, 1);
      assert.deepEqual(
        object.recipients.map(({ transaction }: { transaction: number }) => transaction),
        [
          ...[1, 1, 2, 2, 3],
        ],
      );
      assert.deepEqual(object.transactions.map(({ queueId }: { queueId: string }) => queueId), [
        ...["4F1", "4F2", "4F3"],
      ]);
      assert.match(
        records.join("\n"),
        /^status=sent .* code=250 transactions="1: r0@dest.test and 1 more, 2: r2@dest.test and 1 more, 3: r4@dest.test"$/,
      );
    });
  }
}

Deno.test("LIMITS RCPTMAX: no transaction has more recipients", async () => {
  const { smtp, run } = await sendTo(5, limited(2, "550 5.5.3 I told you"), "LIMITS RCPTMAX=2");
  assert.equal(run.status, 0, run.stderr);
  assert.deepEqual(smtp.messages().map(({ recipients }) => recipients.length), [2, 2, 1]);
});

/** A server that takes no MAIL within a transaction (RFC 5321, 4.1.4), and not these recipients. */
function strict(refused: readonly string[], rset = "250 2.0.0 Ok"): Script {
  let isOpen = false;
  const state = (after: boolean, words: string): Action => (peer) => {
    isOpen = after;
    return reply(words)(peer);
  };
  return {
    mail: (peer) =>
      isOpen ? reply("503 5.5.1 Nested MAIL command")(peer) : state(true, "250 Ok")(peer),
    rcpt: refused.map((line) => reply(line)).concat(reply("250 2.1.5 Ok")),
    dot: (peer) => state(false, "250 2.0.0 Ok")(peer),
    rset: (peer) => state(!rset.startsWith("2") && isOpen, rset)(peer),
  };
}

for (
  const [refusal, status] of [["550 5.1.1 Unknown", 67], ["452 4.2.2 Full", 75]] as const
) {
  Deno.test(`LIMITS RCPTMAX, and a transaction in which everybody is refused with ${refusal}: the others get their mail`, async () => {
    const { run, smtp } = await sendTo(4, strict([refusal, refusal]), "LIMITS RCPTMAX=2");
    assert.equal(run.status, status, run.stderr);
    assert.deepEqual(smtp.messages().map(({ recipients }) => recipients), [
      ["r2@dest.test", "r3@dest.test"],
    ]);
    assert.match(run.stderr, /^The others got the message: r2@dest.test, r3@dest.test$/m);
    const verbs = smtp.commands().map((line) => line.slice(0, 4)).join(" ");
    assert.equal(verbs, "EHLO MAIL RCPT RCPT RSET MAIL RCPT RCPT DATA QUIT");
  });
}

Deno.test("a server that takes no RSET either: its answer to the next MAIL counts", async () => {
  const refusal = "550 5.1.1 Unknown";
  const script = strict([refusal, refusal], "502 5.5.1 No RSET");
  const { run } = await sendTo(3, script, "LIMITS RCPTMAX=2");
  assert.equal(run.status, 69, run.stderr);
  assert.match(run.stderr, /^Error: Sender refused .* 503 5\.5\.1 Nested MAIL command\n$/);
});

Deno.test("150 recipients, and a server that takes 100", async () => {
  const { smtp, run } = await sendTo(150, limited(100, "452 4.5.3 Error: too many"), "PIPELINING");
  assert.equal(run.status, 0, run.stderr);
  assert.deepEqual(smtp.messages().map(({ recipients }) => recipients.length), [100, 50]);
});

Deno.test("where a transaction takes nobody more, it is the last: 75, and who got the message is named", async () => {
  let mails = 0;
  const full = reply("452 4.5.3 too many recipients");
  const { run, smtp, records } = await sendTo(3, {
    mail: (peer) => {
      mails++;
      return reply("250 2.1.0 Ok")(peer);
    },
    rcpt: [reply("250 2.1.5 Ok"), full, full, full, full],
  });
  assert.equal(run.status, 75, run.stderr);
  assert.equal(mails, 2, "r1 was refused alone, so r2 is not tried again");
  assert.equal(smtp.messages().length, 1);
  assert.match(run.stderr, /^Error: Recipients refused .*r1@dest.test: 452 .*\n.*r0@dest\.test\n$/);
  assert.match(
    records.join("\n"),
    /^status=error .* code=452 message="4\.5\.3 too many recipients"$/,
  );
});

// [what happens in the second transaction, the script there, the status, the error]
const SECOND: [string, Script, number, RegExp][] = [
  ["MAIL is refused", { mail: [ok("250 Ok"), ok("550 5.7.1 Slow down")] }, 69, /Sender refused/],
  ["MAIL is refused for now", { mail: [ok("250 Ok"), ok("451 Later")] }, 75, /Sender refused/],
  ["DATA is refused", { data: [ok("354 Go on"), ok("451 Later")] }, 75, /Message refused/],
  ["the message is refused", { dot: [ok("250 Ok"), ok("554 Spam")] }, 69, /Message refused/],
  ["the server hangs up", { mail: [ok("250 Ok"), hangUp()] }, 75, /Connection lost .* MAIL/],
  [
    "the server ends the session",
    {
      mail: [ok("250 Ok"), inTurn(ok("421 Enough"), hangUp())],
    },
    75,
    /ended the session at MAIL/,
  ],
  ["the answer to the dot is lost", { dot: [ok("250 Ok"), hangUp()] }, 75, /may have the message/],
];
for (const [what, script, status, error] of SECOND) {
  Deno.test(`in the second transaction ${what}: ${status}, and who got the message is named`, async () => {
    const { run, smtp, object, records } = await sendTo(3, script, "LIMITS RCPTMAX=2");
    assert.equal(run.status, status, run.stderr);
    const [first = "", second] = run.stderr.split("\n");
    assert.match(first, error);
    assert.equal(second, "These recipients got the message: r0@dest.test, r1@dest.test");
    assert.deepEqual(
      object.recipients.map(({ transaction }: { transaction?: number }) => transaction),
      [
        ...[1, 1, undefined],
      ],
    );
    assert.match(
      records.join("\n"),
      /^status=error .* transactions="1: r0@dest\.test and 1 more"$/,
    );
    assert.ok(smtp.messages().length >= 1);
  });
}

function ok(line: string): Action {
  return reply(line);
}

// --- PIPELINING that is offered and not honoured ---

Deno.test("a server that answers MAIL alone gets the message on a second connection, one command at a time", async () => {
  let connections = 0;
  const smtp = await scriptedSmtp({
    greeting: (peer) => {
      connections++;
      return reply("220 scripted.test ESMTP")(peer);
    },
    // It flushes its input: what was sent with MAIL is never answered.
    mail: (peer) => reply("250 2.1.0 Ok")(peer),
    rcpt: (peer) => connections === 1 ? silence()(peer) : reply("250 2.1.5 Ok")(peer),
  }, { capabilities: ["PIPELINING"] });
  await using server = smtp;
  await using redis = await scriptedRedis({}, smarthostHash(server));
  const args = ["-f", "s@host.test", "--timeout", "1", "-v", "to@dest.test"];
  const run = await sendmail(args, { redis, stdin: "Hello\n" });
  await server.settled();
  assert.equal(run.status, 0, run.stderr);
  assert.match(run.stderr, /^\* No answer to commands sent together; once more, one at a time$/m);
  assert.equal(server.conversations.length, 2);
  assert.deepEqual(server.conversations.map(({ messages }) => messages.length), [0, 1]);
  // One at a time: RCPT is said when MAIL has been answered.
  assert.match(
    run.stderr,
    /> MAIL [^\n]*\n< 250 2\.1\.0 Ok\n> RCPT [^\n]*\n< 250 2\.1\.5 Ok\n> DATA\n/,
  );
});

Deno.test("a server that is slow in any case gets no third connection", async () => {
  await using server = await scriptedSmtp({ rcpt: silence() }, { capabilities: ["PIPELINING"] });
  await using redis = await scriptedRedis({}, smarthostHash(server));
  const args = ["-f", "s@host.test", "--timeout", "1", "to@dest.test"];
  const run = await sendmail(args, { redis, stdin: "Hello\n" });
  await server.settled();
  assert.equal(run.status, 75);
  assert.match(run.stderr, /^Error: No answer to RCPT \([^)]*\): timed out after 1 s\n$/);
  assert.equal(server.conversations.length, 2);
});
