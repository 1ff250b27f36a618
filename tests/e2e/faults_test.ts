/** The contract's chapters "The connection" and "Exit status": a smarthost that misbehaves. */

import assert from "node:assert/strict";
import { type Certificate, certificateAuthority } from "../support/servers/certificates.ts";
import { assertEnding, attempts, type MakeAttempt } from "../support/servers/ending.ts";
import { ONE_BY_ONE, PIPELINED, TABLE } from "../support/servers/fault_table.ts";
import { logSocket } from "../support/servers/log_socket.ts";
import { sideBySide } from "../support/program/parallel.ts";
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
