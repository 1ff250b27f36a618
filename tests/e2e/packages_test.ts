/** The packages for Debian and Red Hat: made, installed, used, upgraded and removed. */

import assert from "node:assert/strict";
import { type Folder, temporaryFolder } from "../support/hosts/folder.ts";
import { bootSystemd, hasPackages, rpmLife } from "../support/hosts/package_root.ts";
import { projectFile, run, start } from "../support/program/command.ts";
import { EXECUTABLE } from "../support/program/program.ts";
import { smarthost } from "../support/servers/smarthost.ts";

const MACHINE = Deno.build.arch;
const { version: VERSION }: { version: string } = JSON.parse(
  await Deno.readTextFile(projectFile("deno.json")),
);

/** Makes the packages of the executable under test in a folder. */
async function makePackages(folder: Folder): Promise<void> {
  const documents = folder.file("documents");
  const write = [
    "--allow-read",
    `--allow-write=${documents}`,
    projectFile("scripts/documents.ts"),
    documents,
  ];
  await succeed([Deno.execPath(), "run", "--quiet", "--frozen", "--no-prompt", ...write]);
  const licences = await folder.write("THIRD-PARTY", "Licences\n");
  const target = `${MACHINE}-unknown-linux-gnu`;
  const script = projectFile("scripts/packages/packages.sh");
  await succeed([script, target, EXECUTABLE, documents, licences, folder.path]);
}

/** Makes a package for Debian of another version out of the one that is there, in the same folder. */
async function makeVersion(folder: Folder, version: string): Promise<void> {
  const script = `
    set -eu
    cd "$1"
    dpkg-deb --raw-extract ns8-sendmail_${VERSION}_*.deb tree
    sed -i 's/^Version: .*/Version: ${version}/' tree/DEBIAN/control
    mv tree/usr/lib/ns8-sendmail/ns8-sendmail-${VERSION} tree/usr/lib/ns8-sendmail/ns8-sendmail-${version}
    ln -sfn ../lib/ns8-sendmail/ns8-sendmail-${version} tree/usr/bin/ns8-sendmail
    dpkg-deb --root-owner-group -Zgzip -z1 --build tree .`;
  await succeed(["/bin/sh", "-c", script, "sh", folder.path]);
}

/** Makes a package of another mailer, and one of a program that needs a mailer, in the folder. */
async function makeMailers(folder: Folder): Promise<void> {
  const script = `
    set -eu
    cd "$1"
    package() {
      mkdir -p "$1/DEBIAN"
      printf 'Package: %s\\nVersion: 1\\nArchitecture: all\\nMaintainer: Test <t@x.test>\\nDescription: test\\n' "$1" >"$1/DEBIAN/control"
      cat >>"$1/DEBIAN/control"
      dpkg-deb --root-owner-group --build "$1" . >/dev/null
      mv "$1_1_all.deb" "$1.deb"
    }
    mkdir -p other-mailer/usr/sbin
    echo other >other-mailer/usr/sbin/sendmail
    printf '%s: mail-transport-agent\\n' Provides Conflicts Replaces | package other-mailer
    echo 'Depends: default-mta | mail-transport-agent' | package needs-mailer`;
  await succeed(["/bin/sh", "-c", script, "sh", folder.path]);
}

/** Gives the commands of the README for whoever has a host, block by block. */
async function readmeBlocks(): Promise<string[]> {
  const readme = await Deno.readTextFile(projectFile("README.md"));
  const architecture = MACHINE === "x86_64" ? "amd64" : "arm64";
  return [...readme.matchAll(/^```sh\n([\s\S]*?)^```$/gm)]
    .map(([, block = ""]) => block.replaceAll("amd64", architecture));
}

/** The steps of package_life.sh that are blocks of the README, in the README's order. */
const README_STEPS = [
  "install",
  "install as sendmail",
  "check",
  "first mail",
  "log line",
  "upgrade",
  "uninstall",
];

/** The units of that Debian; `REDIS` is where Redis is. Nothing of a whole boot is waited for. */
const UNITS: Readonly<Record<string, string>> = {
  "test.target": `[Unit]
DefaultDependencies=no
Wants=life.service
`,
  "life.service": `[Unit]
DefaultDependencies=no
Requires=systemd-journald.service
After=systemd-journald.service
[Service]
Type=oneshot
TimeoutStartSec=infinity
Environment=REDIS_ADDRESS=REDIS
ExecStart=/bin/bash /outside/life.sh
StandardOutput=file:/outside/said
StandardError=inherit
`,
  "fails.service": `[Unit]
DefaultDependencies=no
OnFailure=notify@%n.service
[Service]
Type=oneshot
ExecStart=/bin/false
`,
  "notify@.service": `[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
Environment=REDIS_ADDRESS=REDIS
ExecStart=/bin/sh -c 'echo "hello from %i" | sendmail -f alarm@example.test onfailure@example.test'
`,
  ...Object.fromEntries(
    ["cron", "atd", "logrotate"].map((name) => [
      `${name}.service.d/test.conf`,
      "[Unit]\nDefaultDependencies=no\nConditionACPower=\n[Service]\nEnvironment=REDIS_ADDRESS=REDIS\n",
    ]),
  ),
};

/** Writes what package_life.sh needs. */
async function writeLife(folder: Folder, redis: string, blocks: string[]): Promise<void> {
  for (const [at, block] of blocks.entries()) await folder.write(`readme-${at + 1}.sh`, block);
  const script = projectFile("tests/support/hosts/package_life.sh");
  await Deno.copyFile(script, folder.file("life.sh"));
  await folder.write("arrived", "");
  await succeed(["/usr/bin/mkfifo", folder.file("said")]);
  for (const [name, text] of Object.entries(UNITS)) {
    const path = folder.file(`units/${name}`);
    await Deno.mkdir(path.replace(/[^/]*$/, ""), { recursive: true });
    await Deno.writeTextFile(path, text.replace("ADDRESS=REDIS", `ADDRESS=${redis}`));
  }
}

async function succeed(command: string[]): Promise<string> {
  const ended = await run(command, { env: { PATH: Deno.env.get("PATH") ?? "" } });
  assert.equal(ended.status, 0, ended.stderr + ended.stdout);
  return ended.stdout;
}

/** What a run of package_life.sh has said, step by step, and how long each took, in seconds. */
function stepsOf(lines: readonly string[]) {
  const steps = new Map<string, { said: string; seconds: string }>();
  for (const part of lines.join("\n").split(/^== /m).slice(1)) {
    const [name = "", ...rest] = part.trimEnd().split("\n");
    const seconds = /^-- (.*)/.exec(rest.at(-1) ?? "")?.[1] ?? "";
    steps.set(name, { said: rest.filter((line) => !line.startsWith("-- ")).join("\n"), seconds });
  }
  return steps;
}

Deno.test({
  name:
    "by the README's commands, on a Debian with another mailer, the packages are installed, used, upgraded and removed",
  ignore: !hasPackages("debian"),
  async fn() {
    const blocks = await readmeBlocks();
    assert.equal(blocks.length, README_STEPS.length);
    const later = /_(.*)_/.exec(blocks[README_STEPS.indexOf("upgrade")] ?? "")?.[1] ?? "";
    await using folder = await temporaryFolder();
    await makePackages(folder);
    await makeVersion(folder, later);
    await makeMailers(folder);
    await using host = await smarthost();
    await writeLife(folder, host.circumstances.redis?.address ?? "", blocks);
    await using life = start(["/bin/cat", folder.file("said")]);
    await using systemd = bootSystemd(folder.path);
    // The script waits for the mail of cron, of at and of a unit.
    const arrivals = setInterval(() => {
      const recipients = host.server.messages().flatMap((message) => message.recipients);
      Deno.writeTextFileSync(folder.file("arrived"), recipients.join("\n"));
    }, 50);
    await Promise.race([life.ended, systemd.ended]);
    clearInterval(arrivals);
    const steps = stepsOf(life.lines);
    assert.ok(steps.has("end"), [...systemd.lines, ...life.lines].join("\n"));

    const said = (step: string) => steps.get(step)?.said ?? "";
    const real = (version: string) => `/usr/lib/ns8-sendmail/ns8-sendmail-${version}`;
    const installed = said("what is installed");
    assert.ok(installed.startsWith(`ns8-sendmail ${VERSION}\n`), installed);
    assert.equal(installed.split(real(VERSION)).length - 1, 2, installed);
    const mailers = said("what is replaced").split("\n");
    assert.ok(mailers.includes("needs-mailer installed"), mailers.join("\n"));
    assert.ok(!mailers.includes("other-mailer installed"), mailers.join("\n"));
    assert.match(said("a mailer is needed"), /needs-mailer depends on .*mail-transport-agent/);
    assert.match(said("check"), /^settings {2}ok /m);
    assert.doesNotMatch(said("check"), /failed|Error/);
    assert.equal(said("first mail"), "");
    assert.match(
      said("log line"),
      /^\w+ \d+ [\d:]+ node\.example\.org ns8-sendmail\[\d+\]: status=sent from=no-reply@nethserver.org to=user@test.org subject="My test mail" server=\S+ code=250$/m,
    );
    assert.match(said("mailq"), /There is no queue[\s\S]*There are no aliases/);
    assert.doesNotMatch(said("no other mailer is wanted"), /exim|postfix|mail-transport/);
    assert.match(said("no other mailer is wanted"), /^Inst logwatch/m);
    const upgraded = said("what is upgraded");
    assert.ok(upgraded.includes(`ns8-sendmail-${later}`), upgraded);
    assert.ok(!upgraded.includes(`\nns8-sendmail-${VERSION}\n`), upgraded);
    assert.ok(upgraded.endsWith("/usr/bin/ns8-sendmail"), upgraded);
    assert.match(
      said("a file that is there already"),
      /^ns8-sendmail: \/usr\/local\/bin\/ns8-sendmail was there already and stays; [\s\S]*^other$/m,
    );
    assert.equal(said("what is left"), "nothing is left");

    const messages = host.server.messages().map(({ recipients, content }) => {
      const text = new TextDecoder().decode(content);
      return [recipients.join(), /hello from \S+/.exec(text)?.[0]];
    });
    assert.deepEqual(messages, [
      ["user@test.org", undefined],
      ["php@example.test", "hello from PHP"],
      ["logrotate@example.test", "hello from logrotate"],
      ["onfailure@example.test", "hello from fails.service"],
      ["cron@example.test", "hello from cron"],
      ["root@node.example.org", "hello from at"],
    ]);
    for (const step of README_STEPS) {
      const { seconds } = steps.get(step) ?? { seconds: "" };
      assert.match(seconds, /^\d+\.\d{3}$/, step);
      console.log(`${step}: ${seconds} s`);
    }
  },
});

Deno.test({
  name:
    "the packages for Red Hat hold the same files, say what they provide, and rpm leaves nothing",
  ignore: !hasPackages("debian"),
  async fn() {
    await using folder = await temporaryFolder();
    await makePackages(folder);
    const query = (file: string, ...what: string[]) =>
      succeed(["/usr/bin/rpm", "--dbpath", folder.file("db"), "-qp", ...what, folder.file(file)]);
    const main = `ns8-sendmail-${VERSION}-1.${MACHINE}.rpm`;
    const mta = `ns8-sendmail-mta-${VERSION}-1.noarch.rpm`;
    const files = (await query(main, "--list")).trim().split("\n");
    assert.ok(files.includes("/usr/bin/ns8-sendmail"));
    assert.ok(files.includes("/usr/share/man/man1/ns8-sendmail.1.gz"));
    assert.ok(files.includes("/usr/share/zsh/site-functions/_ns8-sendmail"));
    assert.ok(files.includes("/usr/share/ns8-sendmail/10handler"));
    assert.deepEqual((await query(mta, "--list")).trim().split("\n").slice(0, 4), [
      "/usr/bin/mailq",
      "/usr/bin/newaliases",
      "/usr/lib/sendmail",
      "/usr/sbin/sendmail",
    ]);
    assert.match(
      await query(mta, "--provides"),
      /^MTA$[\s\S]*^server\(smtp\)$[\s\S]*^smtpdaemon$/m,
    );
    // What is inside is the executable under test, to the byte.
    const unpack =
      `cd "$1" && mkdir x && cd x && rpm2cpio "../$2" | cpio -idm --quiet && sha256sum usr/lib/ns8-sendmail/*`;
    const inside = await succeed(["/bin/sh", "-c", unpack, "sh", folder.path, main]);
    const outside = await succeed(["/usr/bin/sha256sum", EXECUTABLE]);
    assert.equal(inside.split(" ")[0], outside.split(" ")[0]);

    const said = await succeed(rpmLife(folder.file(main), folder.file(mta)));
    const version = `ns8-sendmail ${VERSION}`;
    assert.deepEqual(said.trim().split("\n"), [
      version,
      version,
      "There is no queue: ns8-sendmail hands each message to the smarthost at once.",
      "/usr/bin/ns8-sendmail",
      "nothing is left",
    ]);
  },
});
