/** The contract's chapter "Exit status": hints for common slips at the end of the error line. */

import assert from "node:assert/strict";
import { type Certificate, certificateAuthority } from "../support/servers/certificates.ts";
import { sendmail } from "../support/program/program.ts";
import { redisServer, smarthostHash } from "../support/servers/redis.ts";
import { ownNetwork, REDIS_INSIDE } from "../support/hosts/network.ts";
import { type Action, silence } from "../support/servers/peer.ts";
import { type ScriptedSmtp, scriptedSmtp } from "../support/servers/smtp_scripted.ts";
import { LOGIN } from "../support/servers/smtp_login.ts";

async function certificate(): Promise<Certificate> {
  await using authority = await certificateAuthority();
  return await authority.issue();
}

/** Sends with these settings; gives the status, and the error without host and port. */
async function attempt(server: ScriptedSmtp, given: Record<string, string>, timeout = "1") {
  await using redis = await redisServer(smarthostHash(server, { host: "localhost", ...given }));
  const run = await sendmail(["--timeout", timeout, "to@to.test"], { redis, stdin: "Hello\n" });
  return [run.status, run.stderr.replace(`localhost:${server.port}`, "SERVER")];
}

for (const encryption of ["none", "starttls"]) {
  Deno.test(`silence where TLS is expected is 76 with a hint: ${encryption}`, async () => {
    const options = { encryption: "tls", certificate: await certificate(), login: LOGIN } as const;
    await using server = await scriptedSmtp({}, options);
    assert.deepEqual(await attempt(server, { encrypt_smtp: encryption, ...LOGIN }), [
      76,
      "Error: No greeting from the smarthost (SERVER): timed out after 1 s; the server expects TLS " +
      `from the first byte, so encrypt_smtp has to be "tls", and it is "${encryption}"\n`,
    ]);
    await server.settled();
    assert.deepEqual(server.commands(), []);
  });

  Deno.test(`silence where no TLS is expected either is 75 without a hint: ${encryption}`, async () => {
    await using server = await scriptedSmtp({ greeting: silence() });
    assert.deepEqual(await attempt(server, { encrypt_smtp: encryption }), [
      75,
      "Error: No greeting from the smarthost (SERVER): timed out after 1 s\n",
    ]);
  });
}

Deno.test("a server that pauses before its greeting is spoken to by nobody before the time is up", async () => {
  const begins: number[] = [];
  const greeting: Action = (peer) => {
    begins.push(performance.now());
    return silence()(peer);
  };
  await using server = await scriptedSmtp({ greeting });
  await attempt(server, { encrypt_smtp: "none" }, "2");
  const [first = 0, second = 0] = begins;
  assert.equal(begins.length, 2);
  assert.ok(second - first > 1900, `${second - first} ms`);
});

Deno.test("a login that is not offered has not crossed the network, and --check does not say so", async () => {
  await using server = await scriptedSmtp();
  await using redis = await redisServer(smarthostHash(server, { encrypt_smtp: "none", ...LOGIN }));
  const check = await sendmail(["--check"], { redis });
  assert.equal(check.status, 77);
  assert.doesNotMatch(check.stdout, /warning/);
});

for (const port of [25, 587]) {
  Deno.test(`tls on port ${port}, where no TLS is, is 76 with a hint`, async () => {
    const under = ownNetwork(
      { port, encryption: "tls" },
      `client.sendall(b"220 mail.test ESMTP\\r\\n")`,
    );
    const run = await sendmail(["to@to.test"], { under, env: REDIS_INSIDE });
    assert.deepEqual([run.status, run.stderr], [
      76,
      `Error: TLS handshake failed (localhost:${port}): the server does not answer in TLS; on port ` +
      `${port} encrypt_smtp is usually "starttls", and it is "tls"\n`,
    ]);
  });
}

Deno.test("on port 465 silence is looked into long before the time for the greeting is up", async () => {
  // It says nothing until it hears something in TLS, and then that it wants to hear no more.
  const serve = `client.recv(4096) and client.sendall(bytes.fromhex("15030300020228"))`;
  const under = ownNetwork({ port: 465, encryption: "starttls" }, serve);
  const run = await sendmail(["--timeout", "50", "to@to.test"], { under, env: REDIS_INSIDE });
  assert.deepEqual([run.status, run.stderr], [
    76,
    "Error: No greeting from the smarthost (localhost:465): timed out after 4 s; the server expects " +
    'TLS from the first byte, so encrypt_smtp has to be "tls", and it is "starttls"\n',
  ]);
});

/** Says what Postfix of the cluster's Mail application says, command by command. */
const MAIL_APPLICATION = [
  `client.sendall(b"220 mail.test ESMTP\\r\\n")`,
  `client.recv(4096)`,
  `client.sendall(b"250-mail.test\\r\\n250-STARTTLS\\r\\n250 AUTH PLAIN\\r\\n")`,
  `client.recv(4096)`,
  `client.sendall(b"221 Bye\\r\\n")`,
].join("; ");

/** The settings that the cluster makes for its own Mail application, and those of another smarthost. */
const IN_THE_CLEAR: [host: string, port: number, warnings: number][] = [
  ["10.5.4.1", 25, 0],
  ["10.5.4.1", 587, 2],
  ["localhost", 25, 2],
];

for (const [host, port, warnings] of IN_THE_CLEAR) {
  Deno.test(`--check in the clear to ${host}:${port} gives ${warnings} warnings`, async () => {
    const settings = { port, encryption: "none", host, username: "", password: "" };
    const under = ownNetwork(settings, MAIL_APPLICATION);
    const run = await sendmail(["--check"], { under, env: REDIS_INSIDE });
    assert.equal(run.status, 0, run.stderr + run.stdout);
    assert.equal(run.stdout.match(/^warning /gm)?.length ?? 0, warnings, run.stdout);
  });
}
