/** The commands in the README and in the manual page, run as they stand there. */

import assert from "node:assert/strict";
import { EXAMPLES } from "../../scripts/documents/manual_texts.ts";
import { type Folder, temporaryFolder } from "../support/hosts/folder.ts";
import {
  CHANNEL,
  installation,
  listener,
  PAYLOAD,
  shippedHandler,
} from "../support/hosts/listener.ts";
import { denoEnvironment, type Ended, projectFile, run } from "../support/program/command.ts";
import { EXECUTABLE, sendmail } from "../support/program/program.ts";
import { README, readmeBlock as block } from "../support/program/readme.ts";
import { sandbox } from "../support/hosts/sandbox.ts";
import { logSocket } from "../support/servers/log_socket.ts";
import { reply } from "../support/servers/peer.ts";
import { scriptedSmtp } from "../support/servers/smtp_scripted.ts";
import { type RedisServer, redisServer, smarthostHash } from "../support/servers/redis.ts";
import { HOST_NAME, smarthost } from "../support/servers/smarthost.ts";
import { certificateAuthority } from "../support/servers/certificates.ts";
import { closedPort } from "../support/servers/tcp.ts";
import { honestSmtp } from "../support/servers/smtp_honest.ts";

/** The user who may write to Redis. */
const WRITER = { name: "cluster", password: "writers-own-word" };

/** Gives a folder with the executable in `bin`. */
async function place(): Promise<Folder> {
  const folder = await temporaryFolder();
  for (const name of ["bin", "sbin"]) await Deno.mkdir(folder.file(name));
  await Deno.symlink(EXECUTABLE, folder.file("bin/ns8-sendmail"));
  return folder;
}

/** Starts a Redis in which the writer may write. */
async function cluster(hash?: Record<string, string>): Promise<RedisServer> {
  const redis = await redisServer(hash);
  const rights = ["on", `>${WRITER.password}`, "~*", "&*", "+@all"];
  await redis.command("ACL", "SETUSER", WRITER.name, ...rights);
  return redis;
}

/** Runs commands in bash, in the checkout, with the executable and Deno on the PATH. */
function bash(
  script: string,
  folder: Folder,
  redis: { readonly address: string },
  { stdin = "", env = {} }: { stdin?: string; env?: Record<string, string> } = {},
): Promise<Ended> {
  const deno = Deno.execPath().replace(/\/[^/]*$/, "");
  return run(["/bin/bash", "-e", "-c", script], {
    cwd: projectFile(""),
    stdin,
    env: {
      ...denoEnvironment(),
      PATH: `${folder.file("bin")}:${deno}:/usr/bin:/bin`,
      REDIS_ADDRESS: redis.address,
      ...env,
    },
  });
}

async function storedIn(redis: RedisServer): Promise<Record<string, string>> {
  const flat = await redis.command("HGETALL", "cluster/smarthost");
  assert.ok(Array.isArray(flat));
  const pairs = Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]);
  return Object.fromEntries(pairs);
}

/** What each example of the manual page does: who gets mail, and what is printed. */
const DONE: Readonly<Record<string, { recipients?: string[]; says?: RegExp }>> = {
  "Send a text:": { recipients: ["user@test.org"] },
  "Send a message that names its recipients itself:": { recipients: ["ann@example.org"] },
  "Send a header and a text, as scripts write it for sendmail:": {
    recipients: [`root@${HOST_NAME}`],
  },
  "Send HTML:": { recipients: ["admin@example.org"] },
  "Send an attachment, with s-nail as the program that writes the message:": {
    recipients: ["admin@example.org"],
  },
  "See whether mail works, and if not why:": { says: /^hello {5}ok /m },
  "Wait up to an hour for a smarthost that is down:": { recipients: [`root@${HOST_NAME}`] },
  "Try again later only where that may help:": { recipients: [`root@${HOST_NAME}`] },
  "Let cron send its mail, where the package ns8-sendmail-mta is not installed:": {},
  "Let PHP send its mail, in php.ini:": { recipients: ["ann@example.org"] },
  "Monitor the smarthost:": { says: /^mail works$/m },
};

/** The input of the examples. */
const FILES: Readonly<Record<string, string>> = {
  "message.eml": "To: ann@example.org\nSubject: Test\n\nHello\n",
  "report.html": "<p>Hello</p>\n",
  "backup.log": "Done\n",
  "dpkg.log": "2026-11-25 installed\n",
};

/** An example as the shell runs it, with the host's folders in the test's own. */
function runnable(command: string, folder: Folder): string {
  const here = command
    .replaceAll("/usr/local/bin/", folder.file("bin/"))
    .replaceAll("/usr/sbin/", folder.file("sbin/"))
    .replaceAll("/var/log/", folder.file(""));
  const [, php] = /^sendmail_path = "(.*)"$/.exec(here) ?? [];
  return php === undefined ? here : `${php} < message.eml`;
}

Deno.test("each example of the manual page does what it says", async () => {
  await using folder = await place();
  for (const [name, content] of Object.entries(FILES)) await folder.write(name, content);
  assert.deepEqual(EXAMPLES.map(([what]) => what), Object.keys(DONE));
  for (const [what, command] of EXAMPLES) {
    await using host = await smarthost();
    const { recipients = [], says } = DONE[what] ?? {};
    const script = runnable(command, folder);
    const shell = [...(host.circumstances.under ?? []), "/bin/bash", "-c", script];
    const { status, stdout, stderr } = await run(shell, {
      cwd: folder.path,
      env: {
        PATH: `${folder.file("bin")}:/usr/bin:/bin`,
        REDIS_ADDRESS: host.circumstances.redis?.address ?? "",
      },
    });
    assert.deepEqual({ status, stderr }, { status: 0, stderr: "" }, what);
    if (says) assert.match(stdout, says, what);
    else assert.equal(stdout, "", what);
    await host.server.settled();
    assert.deepEqual(host.server.messages().flatMap((message) => message.recipients), recipients);
  }
  assert.equal(await Deno.realPath(folder.file("sbin/sendmail")), await Deno.realPath(EXECUTABLE));
});

Deno.test("the README's commands set the smarthost of a test cluster", async () => {
  await using folder = await place();
  await using redis = await cluster();
  await using module = await installation();
  await using _listening = await listener(module, { redis });
  const [login = "", command = "", says] = block("$ export REDIS_USER").split("\n");
  const script = [login, command].map((line) => line.replace(/^\$ /, "")).join("\n");
  const { status, stdout } = await bash(script, folder, redis, { stdin: `${WRITER.password}\n` });
  assert.deepEqual([status, stdout.trim()], [0, says]);
  const { host, enabled } = await storedIn(redis);
  assert.deepEqual({ host, enabled }, { host: "mail.example.org", enabled: "1" });
});

Deno.test("the README's commands set the fields of OAuth 2.0 and remove them", async () => {
  await using folder = await place();
  await using redis = await cluster();
  await using module = await installation();
  await using listening = await listener(module, { redis });
  await module.handler("10handler", "#!/bin/sh\n");
  const agent = `REDIS_USER=${WRITER.name}\nREDIS_PASSWORD=${WRITER.password}\n`;
  const file = await folder.write("agent.env", agent);
  const commands = block(". /var/lib/nethserver/cluster/state/agent.env")
    .replace("/var/lib/nethserver/cluster/state/agent.env", file)
    .replace("redis-cli ", `redis-cli -p ${redis.port} `);
  const set = await bash(commands, folder, redis, { stdin: "the secret\n" });
  assert.deepEqual([set.status, set.stderr], [0, ""]);
  const stored = await storedIn(redis);
  assert.equal(stored.oauth2_client_secret, "the secret");
  assert.equal(stored.host, "smtp.office365.com");
  const settings = await sendmail(["--settings"], { redis });
  assert.deepEqual([settings.status, settings.stderr], [0, ""]);
  await listening.said(`10handler of ${CHANNEL} ended with status 0`);

  const [, remove = ""] = /`(redis HDEL cluster\/smarthost [^`]*)`/.exec(README) ?? [];
  const beginning = commands.split("\n").slice(0, 2).join("\n");
  const removed = await bash(`${beginning}\n${remove}`, folder, redis);
  assert.deepEqual([removed.stdout, removed.stderr], ["4\n", ""]);
});

Deno.test("the README's command sets OAuth 2.0 on a test cluster", async () => {
  await using folder = await place();
  const login = { encrypt_smtp: "starttls", username: "user@mail.test" };
  await using redis = await cluster(smarthostHash({ host: "mail.test", port: 587 }, login));
  const env = { REDIS_USER: WRITER.name, REDIS_PASSWORD: WRITER.password };
  const given = { stdin: "the secret\n", env };
  const { status, stderr } = await bash(block("read -rs SECRET; export"), folder, redis, given);
  assert.deepEqual([status, stderr], [0, ""]);
  const { oauth2_client_secret, oauth2_client_id } = await storedIn(redis);
  assert.deepEqual([oauth2_client_secret, oauth2_client_id], ["the secret", "CLIENT"]);
});

Deno.test("the certificate of the README's command is trusted", async () => {
  await using folder = await place();
  const command = block("openssl req -x509").replaceAll("mail.example.org", "localhost");
  const made = await run(["/bin/sh", "-ec", command], { cwd: folder.path });
  assert.equal(made.status, 0, made.stderr);
  const [keyFile, chainFile] = [folder.file("mail.key"), folder.file("mail.crt")];
  const key = await Deno.readTextFile(keyFile);
  const chain = await Deno.readTextFile(chainFile);
  const certificate = { key, chain, keyFile, chainFile };
  await using server = await honestSmtp({ encryption: "tls", certificate });
  const hash = smarthostHash(server, { host: "localhost", encrypt_smtp: "tls" });
  await using redis = await redisServer(hash);
  const given = { redis, env: { SSL_CERT_FILE: chainFile }, stdin: "Hello\n" };
  const { status, stderr } = await sendmail(["-s", "Test", "user@test.org"], given);
  assert.deepEqual([status, stderr], [0, ""]);
});

Deno.test("the README's commands install the one file of a release, and the handler", async () => {
  await using folder = await place();
  const name = "ns8-sendmail-x86_64-unknown-linux-gnu";
  await Deno.symlink(EXECUTABLE, folder.file(name));
  const sums = await run(["/usr/bin/sha256sum", name], { cwd: folder.path });
  const others = `${"0".repeat(64)}  ns8-sendmail_2.0.0_amd64.deb\n`;
  await folder.write("SHA256SUMS", sums.stdout + others);
  const command = block("sha256sum --check").replace("/usr/local/bin/", folder.file("sbin/"));
  const installed = await run(["/bin/sh", "-ec", command], { cwd: folder.path });
  assert.equal(installed.status, 0, installed.stderr);
  const said = await run([folder.file("sbin/ns8-sendmail"), "--version"]);
  assert.match(said.stdout, /^ns8-sendmail /);

  const env = { AGENT_INSTALL_DIR: folder.path };
  const handler = await bash(block("install -D -m 755 scripts/host"), folder, { address: "" }, {
    env,
  });
  assert.equal(handler.status, 0, handler.stderr);
  const { mode } = await Deno.stat(folder.file("events/smarthost-changed/10handler"));
  assert.equal((mode ?? 0) & 0o777, 0o755);
});

Deno.test("without settings, --settings prints the defaults of the README", async () => {
  await using redis = await redisServer();
  const { status, stdout } = await sendmail(["--settings"], { redis });
  assert.deepEqual([status, stdout.trim()], [0, block('{"port": 587')]);
});

/** A text with the ports of servers and the ids of processes as one number. */
function withoutNumbers(text: string): string {
  return text.replace(/(?<=localhost:|127\.0\.0\.1:|ns8-sendmail\[)\d+/g, "0").trim();
}

Deno.test("a refused login is told and logged as the README shows it", async () => {
  const auth = reply("535 Wrong user name or password");
  const login = { username: "user", password: "the password" };
  await using log = await logSocket();
  await using server = await scriptedSmtp({ auth }, { login });
  const settings = { host: "localhost", username: "user", password: "another word" };
  await using redis = await redisServer(smarthostHash(server, settings));
  const given = { redis, log, stdin: "Full\n", under: sandbox({ log, hostName: "vm" }) };
  const ended = await sendmail(["-s", "Disk is full", "root@example.org"], given);
  const [, said, , status] = block('$ ns8-sendmail -s "Disk is full" root@example.org <').split(
    "\n",
  );
  assert.equal(`${ended.status}`, status);
  assert.equal(withoutNumbers(ended.stderr), withoutNumbers(said ?? ""));
  const [, record = ""] = block("ns8-sendmail[20639]").split("\n");
  const [logged] = ended.records;
  assert.equal(withoutNumbers(`ns8-sendmail[0]: ${logged?.text}`), withoutNumbers(record));
});

Deno.test("a refused recipient is told as the README shows it, and in JSON", async () => {
  const script = {
    rcpt: [reply("250 2.1.5 Ok"), reply("550 5.1.1 No such user here")],
    dot: reply("250 2.0.0 Ok: queued as 4F1"),
  };
  await using host = await smarthost(script);
  const args = ["-s", "Disk is full", "root@example.org", "gone@example.org"];
  const ended = await host.submit(args, "Full\n");
  const lines = block('$ ns8-sendmail -s "Disk is full" root@example.org gone').split("\n");
  assert.equal(`${ended.status}`, lines.at(-1));
  assert.equal(withoutNumbers(ended.stderr), withoutNumbers(lines.slice(1, 3).join("\n")));
  const json = await host.submit(["--json", ...args], "Full\n");
  assert.equal(withoutNumbers(json.stdout), withoutNumbers(block('{"status": 67')));
});

/** What quickstart.sh prints, without what another run prints otherwise. */
function quickstartLines(text: string): string[] {
  const lines = text.split("\n").map((line) => line.trim());
  return lines
    .slice(lines.findIndex((line) => line.startsWith("==> Starting")))
    .filter((line) => line !== "")
    .map((line) =>
      line
        .replace(/(?<=127\.0\.0\.1:|"port": )\d+/g, "0")
        .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, "ID")
        .replace(/(?<=@)[^>]*>$/, "HOST>")
        .replace(/^Date: .*/, "Date:")
    );
}

Deno.test("quickstart.sh sends the manual's example and says what the README shows", async () => {
  const env = { ...denoEnvironment(), PATH: Deno.env.get("PATH") ?? "" };
  const { status, stdout, stderr } = await run([projectFile("scripts/quickstart.sh")], { env });
  assert.deepEqual([status, stderr], [0, ""]);
  const end = "==> Both servers are down again";
  const beginning = README.indexOf("    ==> Compiling dist/ns8-sendmail");
  const shown = README.slice(beginning, README.indexOf(end) + end.length);
  assert.deepEqual(quickstartLines(stdout), quickstartLines(shown));
});

Deno.test("--check prints the steps that the README shows", async () => {
  await using authority = await certificateAuthority("Private authority");
  const certificate = await authority.issue();
  const login = { username: "cluster@example.org", password: "the password" };
  await using server = await honestSmtp({ encryption: "starttls", certificate, login });
  const hash = { host: "localhost", encrypt_smtp: "starttls", ...login };
  await using redis = await redisServer(smarthostHash(server, hash));
  const env = { SSL_CERT_FILE: authority.certificateFile };
  const { status, stdout } = await sendmail(["--check"], { redis, env });
  assert.equal(status, 0);
  const comparable = (text: string) =>
    withoutNumbers(text).replace(/TLSv1\.\S+( or newer)?/, "TLS").replace(
      /until \S+/,
      "until DATE",
    );
  assert.equal(comparable(stdout), comparable(block("settings  ok")));
});

/** Runs the shipped handler, and gives what it has logged. */
async function handlerLine(redisAddress: string, env: Record<string, string>): Promise<string> {
  await using log = await logSocket();
  await using module = await installation();
  const path = await module.handler("10handler", await shippedHandler());
  const { status, stderr } = await run([...sandbox({ log }), path], {
    stdin: PAYLOAD,
    env: { PATH: `${module.file("bin")}:/usr/bin:/bin`, REDIS_ADDRESS: redisAddress, ...env },
  });
  assert.deepEqual([status, stderr], [0, ""]);
  const [record] = await log.records();
  return `ns8-sendmail[0]: ${record?.text}`;
}

Deno.test("the handler logs the lines that the README shows", async () => {
  await using authority = await certificateAuthority();
  const certificate = await authority.issue({ valid: [-1, 8] });
  const env = { SSL_CERT_FILE: authority.certificateFile };
  await using encrypted = await honestSmtp({ encryption: "tls", certificate });
  await using plain = await scriptedSmtp();
  await using redis = await redisServer();
  const hash = { host: "localhost", encrypt_smtp: "tls" };
  const lines: string[] = [];
  for (
    const settings of [
      smarthostHash(encrypted, hash),
      smarthostHash(plain, hash),
      smarthostHash(plain, { enabled: "0" }),
    ]
  ) {
    await redis.store(settings);
    lines.push(await handlerLine(redis.address, env));
  }
  lines.push(await handlerLine(`127.0.0.1:${closedPort()}`, env));
  const comparable = (line: string) =>
    withoutNumbers(line).replace(/ends on \S+, in \d+ days$/, "ends on DATE");
  const shown = block("ns8-sendmail[11921]").split("\n");
  assert.deepEqual(lines.map(comparable), shown.map(comparable));
});

/** Where each block of the README is tried, by its beginning. */
const TRIED: readonly [where: string, ...beginnings: string[]][] = [
  [
    "packages_test.ts",
    "apt install",
    "ns8-sendmail --check",
    'echo "Hello, world!" |',
  ],
  ["packages_test.ts", "journalctl", "Nov 25 20:12:01", "dpkg --purge"],
  ["deploy_test.ts", "$ ./scripts/compile.sh", "ssh root@HOST"],
  [
    "readme_test.ts",
    "./scripts/quickstart.sh",
    "==> ",
    "Hello, world!",
    "sha256sum",
    "openssl req",
  ],
  ["readme_test.ts", '$ ns8-sendmail -s "Disk is full"', '{"status": 67', '{"port": 587'],
  ["readme_test.ts", "$ export REDIS_USER", ". /var/lib/nethserver", "read -rs SECRET; export"],
  ["readme_test.ts", "install -D -m 755 scripts", "ns8-sendmail[20639]"],
  ["oauth_test.ts", "hello     ok"],
  ["readme_test.ts", "settings  ok", "ns8-sendmail[11921]"],
  ["events_test.ts", "#!/bin/sh\nmycommand"],
  [
    "listener_life_test.ts",
    "install -D -m 755 /usr/share",
    "./scripts/compile-listener.sh",
    "sed -i",
  ],
  ["listener_life_test.ts", "Nov 25 20:15:07", "systemctl disable"],
  ["library_test.ts", "import {", '{"port":465', '{\n  "links"'],
  ["usage_test.ts", "ns8-sendmail [OPTION]"],
  // The gate itself, and what needs a tenant of Microsoft 365.
  ["", "./scripts/test.sh", "Connect-ExchangeOnline", "Set-CASMailbox"],
];

Deno.test("each block of the README is tried by a test, or listed as one that cannot be", async () => {
  const plain = README.replace(
    /^```\w+\n([\s\S]*?)^```$/gm,
    (_, code) => code.replace(/^/gm, "    "),
  );
  const blocks = plain.split("\n\n").filter((part) => /^ {4,}\S/.test(part))
    .map((part) => part.trim().replace(/^ {4}/gm, ""));
  const known = TRIED.flatMap(([, ...beginnings]) => beginnings);
  const isOf = (beginning: string) => (text: string) => text.startsWith(beginning);
  for (const text of blocks) assert.ok(known.some((one) => isOf(one)(text)), text);
  for (const beginning of known) assert.ok(blocks.some(isOf(beginning)), beginning);
  const files = TRIED.map(([where]) => where).filter((where) => where !== "");
  for (const name of files) await Deno.stat(projectFile(`tests/e2e/${name}`));
});
