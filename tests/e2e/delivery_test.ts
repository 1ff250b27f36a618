/** The program's one job, from a pipe to the store of a mail server that is not ours. */

import assert from "node:assert/strict";
import { assertSilentSuccess } from "../support/program/assertions.ts";
import { aiosmtpd } from "../support/servers/aiosmtpd.ts";
import { certificateAuthority } from "../support/servers/certificates.ts";
import { temporaryFolder } from "../support/hosts/folder.ts";
import { mailReader } from "../support/mail/mail_reader.ts";
import { type Circumstances, EXECUTABLE, sendmail } from "../support/program/program.ts";
import { redisServer, smarthostHash } from "../support/servers/redis.ts";
import { sandbox, unprivileged } from "../support/hosts/sandbox.ts";
import { honestSmtp } from "../support/servers/smtp_honest.ts";
import { scriptedSmtp } from "../support/servers/smtp_scripted.ts";
import { LOGIN } from "../support/servers/smtp_login.ts";

const SERVERS = [["smtp-server", honestSmtp], ["aiosmtpd", aiosmtpd]] as const;

/** The manual's own example. */
const EXAMPLE = ["-s", "My test mail", "-f", "no-reply@nethserver.org", "user@test.org"];

type Encryption = "none" | "starttls" | "tls";

/** How the program comes to accept the certificate of a private authority. */
type Trust = "SSL_CERT_FILE" | "the system's store" | "no verification";

const WAYS: [Encryption, Trust][] = [
  ["none", "no verification"],
  ...(["starttls", "tls"] as const).flatMap((encryption) =>
    (["SSL_CERT_FILE", "the system's store", "no verification"] as const).map((
      trust,
    ): [Encryption, Trust] => [encryption, trust])
  ),
];

function trusting(trust: Trust, authorityFile: string): Circumstances {
  switch (trust) {
    case "SSL_CERT_FILE":
      return { env: { SSL_CERT_FILE: authorityFile } };
    case "the system's store":
      return { under: sandbox({ replaced: { [SYSTEM_STORE]: authorityFile } }) };
    case "no verification":
      return {};
  }
}

const SYSTEM_STORE = "/etc/ssl/certs/ca-certificates.crt";

for (const [name, start] of SERVERS) {
  for (const [encryption, trust] of WAYS) {
    for (const login of [undefined, LOGIN]) {
      const what = `${encryption}, ${trust}, ${login ? "with" : "without"} login`;
      Deno.test(`the manual's example is delivered to ${name}: ${what}`, async () => {
        await using authority = await certificateAuthority();
        const certificate = await authority.issue();
        await using server = await start({ encryption, certificate, ...(login && { login }) });
        const hash = smarthostHash(server, {
          host: "localhost",
          encrypt_smtp: encryption,
          tls_verify: trust === "no verification" ? "0" : "1",
          ...login,
        });
        await using redis = await redisServer(hash);
        const surroundings = trusting(trust, authority.certificateFile);
        const run = await sendmail(EXAMPLE, { redis, stdin: "Hello, world!\n", ...surroundings });
        assertSilentSuccess(run);

        const [message, ...others] = await server.messages();
        assert.deepEqual(others, []);
        assert.ok(message);
        const { content, ...envelope } = message;
        assert.deepEqual(envelope, {
          sender: "no-reply@nethserver.org",
          recipients: ["user@test.org"],
          encrypted: encryption !== "none",
          ...(login && { username: login.username }),
        });
        await using reader = await mailReader();
        const read = await reader.read(content);
        assert.deepEqual(read.all("Subject"), ["My test mail"]);
        assert.deepEqual(read.mailboxes.From, [["", "no-reply@nethserver.org"]]);
        assert.deepEqual(read.mailboxes.To, [["", "user@test.org"]]);
        assert.equal(read.parts[0]?.type, "text/plain");
        assert.equal(read.text(), "Hello, world!\r\n");
        assert.deepEqual(read.defects, []);
      });
    }
  }
}

Deno.test("two recipients are two RCPT commands", async () => {
  await using server = await scriptedSmtp();
  await using redis = await redisServer(smarthostHash(server));
  const run = await sendmail(["a@one.test", "b@two.test"], { redis, stdin: "Hello" });
  await server.settled();
  assertSilentSuccess(run);
  const recipients = server.commands().filter((line) => line.startsWith("RCPT"));
  assert.deepEqual(recipients, ["RCPT TO:<a@one.test>", "RCPT TO:<b@two.test>"]);
  assert.deepEqual(server.messages()[0]?.recipients, ["a@one.test", "b@two.test"]);
});

Deno.test("a recipient that is named twice gets the message once", async () => {
  await using server = await scriptedSmtp();
  await using redis = await redisServer(smarthostHash(server));
  const args = ["--cc", "A <a@one.test>", "a@one.test, a@ONE.test", "b@one.test"];
  const run = await sendmail(args, { redis, stdin: "Hello" });
  await server.settled();
  assertSilentSuccess(run);
  assert.deepEqual(server.messages()[0]?.recipients.toSorted(), ["a@one.test", "b@one.test"]);
});

for (const encryption of ["none", "starttls", "tls"] as const) {
  Deno.test(`the conversation is no longer than it has to be: ${encryption}`, async () => {
    await using authority = await certificateAuthority();
    const certificate = await authority.issue();
    const auth = "AUTH PLAIN LOGIN";
    await using server = await scriptedSmtp({}, { encryption, certificate, login: LOGIN, auth });
    const hash = smarthostHash(server, { ...LOGIN, encrypt_smtp: encryption });
    await using redis = await redisServer(hash);
    const env = { SSL_CERT_FILE: authority.certificateFile };
    const run = await sendmail(EXAMPLE, { redis, env, stdin: "Hello" });
    await server.settled();
    assertSilentSuccess(run);
    const verbs = server.commands().map((line) => line.split(" ")[0]);
    const opening = encryption === "starttls" ? ["EHLO", "STARTTLS", "EHLO"] : ["EHLO"];
    assert.deepEqual(verbs, [...opening, "AUTH", "MAIL", "RCPT", "DATA", "QUIT"]);
  });
}

Deno.test("the executable works in a read-only world, as nobody, with PATH alone", async () => {
  await using folder = await temporaryFolder();
  const executable = folder.file("ns8-sendmail");
  await Deno.copyFile(EXECUTABLE, executable);
  await Deno.chmod(executable, 0o555);
  await Deno.chmod(folder.path, 0o555);
  await using server = await honestSmtp({ encryption: "none" });
  await using redis = await redisServer(smarthostHash(server));
  const run = await sendmail(EXAMPLE, {
    redis,
    executable,
    cwd: folder.path,
    env: { PATH: "/usr/bin" },
    under: [...sandbox({ readOnly: true }), ...unprivileged()],
    stdin: "Hello",
  });
  assertSilentSuccess(run);
  assert.equal((await server.messages()).length, 1);
});
