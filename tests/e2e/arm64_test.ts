/** The executable for the other kind of processor, which has to be emulated here. */

import assert from "node:assert/strict";
import { assertSilentSuccess } from "../support/program/assertions.ts";
import { certificateAuthority } from "../support/servers/certificates.ts";
import { denoEnvironment, projectFile, run } from "../support/program/command.ts";
import { temporaryFolder } from "../support/hosts/folder.ts";
import { sendmail } from "../support/program/program.ts";
import { redisServer, smarthostHash } from "../support/servers/redis.ts";
import { honestSmtp } from "../support/servers/smtp_honest.ts";
import { LOGIN } from "../support/servers/smtp_login.ts";

const TARGET = "aarch64-unknown-linux-gnu";
const EMULATOR = "/usr/bin/qemu-aarch64";
/** Where Debian has the libraries of libc6-arm64-cross and libgcc-s1-arm64-cross. */
const LIBRARIES = "/usr/aarch64-linux-gnu";

const NEEDED = [EMULATOR, `${LIBRARIES}/lib/libc.so.6`, `${LIBRARIES}/lib/libgcc_s.so.1`];
const MISSING = NEEDED.filter((path) =>
  !new Deno.Command("/usr/bin/test", { args: ["-e", path] }).outputSync().success
);

Deno.test({
  name: "the executable for arm64 delivers the manual's example, emulated " +
    (MISSING.length > 0 ? `(left out: there is no ${MISSING.join(", ")})` : "by qemu"),
  ignore: MISSING.length > 0,
  async fn() {
    const compiled = await run([projectFile("scripts/compile.sh"), TARGET], {
      env: { ...denoEnvironment(), PATH: Deno.env.get("PATH") ?? "" },
    });
    assert.equal(compiled.status, 0, compiled.stderr);
    await using folder = await temporaryFolder();
    const program = projectFile(`dist/ns8-sendmail-${TARGET}`);
    const script = `#!/bin/sh\nexec ${EMULATOR} -L ${LIBRARIES} ${program} "$@"\n`;
    const executable = await folder.write("ns8-sendmail", script);
    await Deno.chmod(executable, 0o755);
    const { stdout } = await run([executable, "--version"]);
    assert.match(stdout, /^ns8-sendmail \d+\.\d+\.\d+\n$/);

    await using authority = await certificateAuthority();
    const certificate = await authority.issue();
    await using server = await honestSmtp({ encryption: "starttls", certificate, login: LOGIN });
    const given = { host: "localhost", encrypt_smtp: "starttls", ...LOGIN };
    await using redis = await redisServer(smarthostHash(server, given));
    const args = ["-s", "My test mail", "-f", "no-reply@nethserver.org", "user@test.org"];
    const env = { SSL_CERT_FILE: authority.certificateFile };
    const sent = await sendmail(args, { executable, redis, env, stdin: "Hello, world!\n" });
    assertSilentSuccess(sent);
    const [message] = await server.messages();
    assert.deepEqual(message?.recipients, ["user@test.org"]);
    assert.deepEqual([message?.encrypted, message?.username], [true, LOGIN.username]);
  },
});
