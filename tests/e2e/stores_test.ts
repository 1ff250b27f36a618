/** The contract's chapter "The connection": what counts as an authority of this host, and what not. */

import assert from "node:assert/strict";
import { type Authority, certificateAuthority } from "../support/servers/certificates.ts";
import { recipe } from "../../lib/tls/verdict.ts";
import { run as runCommand } from "../support/program/command.ts";
import { FOR_AUTHORITY, makeCertificate } from "../support/servers/certificate_maker.ts";
import { dateAfter } from "../support/servers/dates.ts";
import { type Folder, temporaryFolder } from "../support/hosts/folder.ts";
import { sandbox } from "../support/hosts/sandbox.ts";
import { sendmail } from "../support/program/program.ts";
import { underThisRuntime } from "../support/program/runtimes.ts";
import { smarthostHash } from "../support/servers/redis.ts";
import { scriptedRedis } from "../support/servers/redis_scripted.ts";
import { scriptedSmtp } from "../support/servers/smtp_scripted.ts";

const SYSTEM_STORE = "/etc/ssl/certs/ca-certificates.crt";
const NO_AUTHORITY = "No certificate authority to check the smarthost's certificate with";

/** Sends to a server of this authority, in this environment, within some seconds. */
async function send(
  authority: Authority,
  env: Record<string, string>,
  { under = sandbox() } = {},
) {
  const certificate = await authority.issue();
  await using server = await scriptedSmtp({}, { encryption: "tls", certificate });
  const hash = smarthostHash(server, { host: "localhost", encrypt_smtp: "tls" });
  await using redis = await scriptedRedis({}, hash);
  const run = await sendmail(["--timeout", "10", "to@to.test"], {
    ...{ redis, env, under, stdin: "Hello\n" },
  });
  await server.settled();
  return { ...run, messages: server.messages().length };
}

/** What SSL_CERT_FILE may be that has no end, or is no file, and what is said of it. */
const ENDLESS: [what: string, path: (folder: Folder) => Promise<string>, why: string][] = [
  ["a pipe", async (folder) => {
    await new Deno.Command("mkfifo", { args: [folder.file("pipe")] }).output();
    return folder.file("pipe");
  }, "PATH: is not a regular file"],
  [
    "a device",
    () => Promise.resolve("/dev/zero"),
    "PATH: is not a regular file",
  ],
  ["a link to a device", async (folder) => {
    await Deno.symlink("/dev/zero", folder.file("link"));
    return folder.file("link");
  }, "PATH: (?:is not a regular file|this program may not read below /proc and /dev)"],
  [
    "a path of /proc",
    () => Promise.resolve("/proc/self/environ"),
    "PATH: this program may not read below /proc and /dev",
  ],
  ["a file larger than any store", async (folder) => {
    await folder.write("large", "");
    await Deno.truncate(folder.file("large"), 20 * 1024 * 1024 * 1024);
    return folder.file("large");
  }, "PATH: is larger than 16 MB"],
];

for (const [what, make, why] of ENDLESS) {
  Deno.test(`an SSL_CERT_FILE that is ${what} is 77 in words, at once`, async () => {
    await using authority = await certificateAuthority();
    await using folder = await temporaryFolder();
    const path = await make(folder);
    const { status, stderr, messages } = await send(authority, { SSL_CERT_FILE: path });
    assert.deepEqual([status, messages], [77, 0]);
    const words = why.replace("PATH", RegExp.escape(path));
    assert.match(stderr, new RegExp(`^Error: ${NO_AUTHORITY} \\(SSL_CERT_FILE\\): ${words}\n$`));
  });
}

Deno.test("an expired authority in SSL_CERT_FILE is none, and is named where it is the only one", async () => {
  await using authority = await certificateAuthority();
  await using folder = await temporaryFolder();
  const old = await makeCertificate(folder, "old", {
    subject: "/CN=Old root",
    extensions: FOR_AUTHORITY,
    valid: [-10, -1],
  });
  const alone = await send(authority, { SSL_CERT_FILE: old.certificate });
  const day = dateAfter(-1);
  assert.deepEqual([alone.status, alone.stderr], [
    77,
    `Error: ${NO_AUTHORITY} (SSL_CERT_FILE): all authorities have expired, the first on ${day}\n`,
  ]);
  const both = await folder.write("both.pem", `${old.pem}${authority.certificate}`);
  assert.equal((await send(authority, { SSL_CERT_FILE: both })).status, 0);
});

/** What DENO_CERT may be. */
const RUNTIME_FILES = ["AUTHORITY", "", "/nowhere/ca.pem", "/etc", "/dev/zero", "FIFO"];

for (const value of RUNTIME_FILES) {
  Deno.test(`DENO_CERT=${value} adds no authority and hangs nothing`, async () => {
    await using authority = await certificateAuthority();
    await using other = await certificateAuthority();
    await using folder = await temporaryFolder();
    await new Deno.Command("mkfifo", { args: [folder.file("pipe")] }).output();
    const DENO_CERT = value.replace("AUTHORITY", authority.certificateFile)
      .replace("FIFO", folder.file("pipe"));
    const refused = await send(authority, { DENO_CERT, SSL_CERT_FILE: other.certificateFile });
    assert.deepEqual([refused.status, refused.messages], [77, 0], refused.stderr);
    assert.match(refused.stderr, /issued by an authority that this host does not trust/);
    const sent = await send(authority, { DENO_CERT, SSL_CERT_FILE: authority.certificateFile });
    assert.deepEqual([sent.status, sent.stderr], [0, ""]);
    const under = sandbox({ replaced: { [SYSTEM_STORE]: other.certificateFile } });
    const system = await send(authority, { DENO_CERT }, { under });
    assert.deepEqual([system.status, system.messages], [77, 0], system.stderr);
  });
}

Deno.test("a certificate in the system's store itself is trusted where the runtime can check it", async () => {
  await using folder = await temporaryFolder();
  const names = "subjectAltName = DNS:localhost";
  const plain = ["basicConstraints = critical, CA:FALSE", names];
  const authoritys = ["basicConstraints = critical, CA:TRUE", names];
  for (const [extensions, older] of [[plain, 0], [authoritys, 77]] as const) {
    const made = await makeCertificate(folder, `own${older}`, { extensions: [...extensions] });
    const certificate = {
      ...{ chain: made.pem, chainFile: made.certificate, keyFile: made.key },
      key: await Deno.readTextFile(made.key),
    };
    await using server = await scriptedSmtp({}, { encryption: "starttls", certificate });
    const hash = smarthostHash(server, { host: "localhost", encrypt_smtp: "starttls" });
    await using redis = await scriptedRedis({}, hash);
    const under = sandbox({ replaced: { [SYSTEM_STORE]: made.certificate } });
    const run = await sendmail(["to@to.test"], { redis, under, stdin: "Hello\n" });
    assert.equal(run.status, underThisRuntime({ older, current: 0 }), run.stderr);
    await server.settled();
    assert.equal(server.messages().length, run.status === 0 ? 1 : 0);
  }
});

Deno.test("the command that an error tells makes a certificate that every runtime takes", async () => {
  await using folder = await temporaryFolder();
  const command = recipe("localhost").replace(/^make it again: /, "");
  const made = await runCommand(["/bin/sh", "-c", command], { cwd: folder.path });
  assert.equal(made.status, 0, made.stderr);
  const [chainFile, keyFile] = [folder.file("cert.pem"), folder.file("key.pem")];
  const [chain, key] = [await Deno.readTextFile(chainFile), await Deno.readTextFile(keyFile)];
  const certificate = { chain, key, chainFile, keyFile };
  await using server = await scriptedSmtp({}, { encryption: "tls", certificate });
  const hash = smarthostHash(server, { host: "localhost", encrypt_smtp: "tls" });
  await using redis = await scriptedRedis({}, hash);
  const run = await sendmail(["to@to.test"], { redis, env: { SSL_CERT_FILE: chainFile } });
  assert.deepEqual([run.status, run.stderr], [0, ""]);
});
