/** A host as an administrator sets it up, from an empty one. */

import assert from "node:assert/strict";
import { certificateAuthority } from "../support/servers/certificates.ts";
import {
  denoEnvironment,
  denoScript,
  projectFile,
  run,
  start,
} from "../support/program/command.ts";
import { emptyHost } from "../support/hosts/host.ts";
import { shippedHandler } from "../support/hosts/listener.ts";
import { logSocket } from "../support/servers/log_socket.ts";
import { EXECUTABLE } from "../support/program/program.ts";
import { redisServer } from "../support/servers/redis.ts";
import { assertNoSecrets } from "../support/program/secrets.ts";
import { honestSmtp } from "../support/servers/smtp_honest.ts";
import { LOGIN } from "../support/servers/smtp_login.ts";

const WRITER = { REDIS_USER: "cluster", REDIS_PASSWORD: "writers-own-word" };
const LISTENER = projectFile("dist/ns8-sendmail-listener");
const PATH = "/usr/local/bin:/usr/bin:/bin";

/** Those of the task that sets a smarthost. */
const PERMISSIONS = ["--allow-env", "--allow-net", "--allow-read", "--allow-sys=hostname"];

/** What the module does when the settings change; the host has no more than sh for it. */
const RELOAD = `#!/bin/sh
echo "New smarthost" | ns8-sendmail -s "Settings have changed" -f module@host.test admin@test.org
`;

Deno.test("on a host with nothing but glibc, sh and logger: settings change, the log says so, a mail arrives", async () => {
  await run([projectFile("scripts/compile-listener.sh")], {
    env: { ...denoEnvironment(), PATH: Deno.env.get("PATH") ?? "" },
  });
  await using authority = await certificateAuthority();
  const certificate = await authority.issue();
  await using server = await honestSmtp({ encryption: "starttls", certificate, login: LOGIN });
  await using redis = await redisServer();
  const everything = ["on", `>${WRITER.REDIS_PASSWORD}`, "~*", "&*", "+@all"];
  await redis.command("ACL", "SETUSER", WRITER.REDIS_USER, ...everything);
  await using log = await logSocket();

  await using host = await emptyHost(log, [EXECUTABLE, LISTENER]);
  await host.install("/etc/ssl/certs/ca-certificates.crt", authority.certificate);
  const handlers = "/etc/ns8-sendmail/events/smarthost-changed";
  await host.install(`${handlers}/10handler`, await shippedHandler(), 0o755);
  await host.install(`${handlers}/20reload`, RELOAD, 0o755);
  const env = { PATH, REDIS_ADDRESS: redis.address };
  const missing = await run([...host.enter, "/bin/sh", "-c", "command -v cat deno node python3"]);
  assert.equal(missing.stdout, "");

  await using listening = start([...host.enter, "/usr/local/bin/ns8-sendmail-listener"], {
    env: { ...env, AGENT_INSTALL_DIR: "/etc/ns8-sendmail" },
  });
  await listening.said("Listening to Redis");
  const settings = {
    ...{ port: server.port, host: server.host, ...LOGIN },
    ...{ enabled: true, encrypt_smtp: "starttls", tls_verify: true },
  };
  const set = await run(denoScript("scripts/set-smarthost.ts", ...PERMISSIONS), {
    stdin: JSON.stringify(settings),
    env: { ...denoEnvironment(), ...WRITER, REDIS_ADDRESS: redis.address },
  });
  assert.equal(set.status, 0, set.stderr);
  await listening.said("Handler 20reload of cluster/event/smarthost-changed ended with status 0");

  const example = `echo "Hello, world!" | ns8-sendmail -s "My test mail" ` +
    `-f "no-reply@nethserver.org" user@test.org`;
  const sent = await run([...host.enter, "/bin/sh", "-c", example], { env });
  assert.deepEqual(sent, { status: 0, stdout: "", stderr: "" });

  const [first, second, ...more] = await server.messages();
  assert.deepEqual(more, []);
  assert.deepEqual(first?.recipients, ["admin@test.org"]);
  assert.deepEqual(second?.recipients, ["user@test.org"]);
  for (const message of [first, second]) {
    assert.deepEqual([message?.encrypted, message?.username], [true, LOGIN.username]);
  }
  assert.match(new TextDecoder().decode(second?.content), /\r\n\r\nHello, world!\r\n$/);

  const records = await log.records();
  assert.deepEqual(records.map(({ ident }) => ident), Array(3).fill("ns8-sendmail"));
  const [news, ...attempts] = records.map(({ text }) => text);
  assert.equal(news, "Mail works with the new settings");
  assert.match(attempts[0] ?? "", /^status=sent from=module@host\.test to=admin@test\.org /);
  assert.match(attempts[1] ?? "", /^status=sent from=no-reply@nethserver\.org to=user@test\.org /);
  const said = [...listening.lines, ...records.map(({ text }) => text)].join("\n");
  assertNoSecrets("the host", said, [LOGIN.password, WRITER.REDIS_PASSWORD]);
});
