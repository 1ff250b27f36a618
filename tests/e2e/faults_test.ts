/** The contract's chapters "The connection" and "Exit status": a smarthost that misbehaves. */

import assert from "node:assert/strict";
import { type Certificate, certificateAuthority } from "../support/servers/certificates.ts";
import { assertEnding, attempts, type MakeAttempt } from "../support/servers/ending.ts";
import { ONE_BY_ONE, PIPELINED, TABLE } from "../support/servers/fault_table.ts";
import { logSocket } from "../support/servers/log_socket.ts";
import { sideBySide } from "../support/program/parallel.ts";
import { sendmail } from "../support/program/program.ts";
import { reply } from "../support/servers/peer.ts";
import type { Stage } from "../support/servers/smtp_conversation.ts";
import { smarthostHash } from "../support/servers/redis.ts";
import { scriptedRedis } from "../support/servers/redis_scripted.ts";
import type { Fault } from "../support/servers/smtp_faults.ts";
import { scriptedSmtp } from "../support/servers/smtp_scripted.ts";

/** A certificate, and the file of the authority that has issued it. */
type Trust = { certificate: Certificate; authorityFile: string };

/** Plays one cell, and sees that nothing is said to the server after it has failed. */
async function play(
  { script, ending, server: options = ONE_BY_ONE, stdin, args = [], timeout, last }: Fault,
  attempt: MakeAttempt,
  { certificate, authorityFile }: Trust,
): Promise<void> {
  const { encryption = "none", login = {} } = options;
  await using server = await scriptedSmtp(script, {
    ...options,
    certificate,
  });
  const hash = smarthostHash(server, { encrypt_smtp: encryption, ...login });
  await using redis = await scriptedRedis({}, hash);
  const made = await attempt(
    { redis, env: { SSL_CERT_FILE: authorityFile }, ...(stdin && { stdin }) },
    { args, ...(timeout !== undefined && { timeout }) },
  );
  await server.settled();
  assertEnding(made, ending, server.address);
  if (last === undefined || ending.status === 0) return;
  const verbs = server.commands().map((line) => line.split(" ")[0] ?? "");
  const allowed = options === PIPELINED ? ["QUIT", "RCPT", "DATA"] : ["QUIT"];
  const after = verbs.slice(verbs.lastIndexOf(last) + 1);
  assert.deepEqual(after.filter((verb) => !allowed.includes(verb)), []);
}

/** The verbs that a server hears which refuses a client at this stage. */
const REFUSED: [stage: Stage, refusal: string, verbs: string[], encryption?: "starttls" | "tls"][] =
  [
    ["greeting", "554 5.7.1 Go away", ["QUIT"]],
    ["greeting", "454 4.7.1 Later", ["QUIT"]],
    ["greeting", "554 5.7.1 Go away", ["QUIT"], "starttls"],
    ["greeting", "554 5.7.1 Go away", ["QUIT"], "tls"],
    ["greeting", "421 4.3.2 Closing", []],
    ["greeting", "SSH-2.0-OpenSSH_9.2", []],
    ["ehlo", "454 4.7.1 Later", ["EHLO", "QUIT"]],
    ["ehlo", "454 4.7.1 Later", ["EHLO", "QUIT"], "starttls"],
    ["starttls", "454 4.7.0 Later", ["EHLO", "STARTTLS", "QUIT"], "starttls"],
    ["starttls", "501 5.5.4 No", ["EHLO", "STARTTLS", "QUIT"], "starttls"],
    ["starttls", "250 2.0.0 Ok", ["EHLO", "STARTTLS"], "starttls"],
    ["starttls", "220 Go\r\n250 More", ["EHLO", "STARTTLS"], "starttls"],
    ["mail", "550 5.7.1 No", ["EHLO", "MAIL", "QUIT"]],
    ["rcpt", "550 5.1.1 No", ["EHLO", "MAIL", "RCPT", "QUIT"]],
    ["data", "451 4.3.0 Later", ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]],
    ["dot", "554 5.6.0 Spam", ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]],
    ["mail", "421 4.3.2 Closing", ["EHLO", "MAIL"]],
  ];

Deno.test("QUIT is said wherever the server may still listen, and never after a breach", async (test) => {
  await using authority = await certificateAuthority();
  const certificate = await authority.issue();
  const rows = REFUSED.map((row) => ({ row, name: row.join(" ") }));
  await sideBySide(test, rows, async ({ row }) => {
    const [stage, refusal, verbs, encryption = "none"] = row;
    const script = { [stage]: reply(refusal) };
    await using server = await scriptedSmtp(script, { ...ONE_BY_ONE, encryption, certificate });
    await using redis = await scriptedRedis(
      {},
      smarthostHash(server, { encrypt_smtp: encryption }),
    );
    const env = { SSL_CERT_FILE: authority.certificateFile };
    const run = await sendmail(["-f", "a@b.test", "to@to.test"], { redis, env, stdin: "Hello\n" });
    await server.settled();
    assert.notEqual(run.status, 0);
    assert.deepEqual(server.commands().map((line) => line.split(" ")[0]), verbs);
  });
});

let count = 0;
for (const [stage, faults] of Object.entries(TABLE)) {
  count += faults.length;
  Deno.test(`what a smarthost may do wrong at ${stage}`, async (test) => {
    await using log = await logSocket();
    await using authority = await certificateAuthority();
    const trust = {
      certificate: await authority.issue(),
      authorityFile: authority.certificateFile,
    };
    const attempt = attempts(log);
    await sideBySide(test, faults, (fault) => play(fault, attempt, trust));
  });
}
console.log(`The table of the smarthost's faults has ${count} rows.`);
