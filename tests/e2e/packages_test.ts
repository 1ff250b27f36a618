/** The packages for Debian and Red Hat: made, installed, used, upgraded and removed. */

import assert from "node:assert/strict";
import { type Folder, temporaryFolder } from "../support/hosts/folder.ts";
import { hasPackages, insideDebian } from "../support/hosts/package_root.ts";
import { projectFile, run, start } from "../support/program/command.ts";
import { EXECUTABLE } from "../support/program/program.ts";
import { smarthost } from "../support/servers/smarthost.ts";

const MACHINE = Deno.build.arch;
const { version: VERSION }: { version: string } = JSON.parse(
  await Deno.readTextFile(projectFile("deno.json")),
);
const LATER = `${VERSION}+later`;

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

/** Makes a later version of the package for Debian out of the one that is there. */
async function makeLater(folder: Folder): Promise<void> {
  const script = `
    set -eu
    cd "$1"
    dpkg-deb --raw-extract ns8-sendmail_${VERSION}_*.deb tree
    sed -i 's/^Version: .*/Version: ${LATER}/' tree/DEBIAN/control
    mv tree/usr/lib/ns8-sendmail/ns8-sendmail-${VERSION} tree/usr/lib/ns8-sendmail/ns8-sendmail-${LATER}
    ln -sfn ../lib/ns8-sendmail/ns8-sendmail-${LATER} tree/usr/bin/ns8-sendmail
    mkdir later
    dpkg-deb --root-owner-group -Zgzip -z1 --build tree later/`;
  await succeed(["/bin/sh", "-c", script, "sh", folder.path]);
}

/** Writes the commands of the README for whoever has a host, block by block. */
async function writeReadmeBlocks(folder: Folder): Promise<void> {
  const readme = await Deno.readTextFile(projectFile("README.md"));
  const blocks = [...readme.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => block);
  assert.equal(blocks.length, 5);
  const architecture = MACHINE === "x86_64" ? "amd64" : "arm64";
  for (const [at, block] of blocks.entries()) {
    await folder.write(`readme-${at + 1}.sh`, block.replaceAll("amd64", architecture));
  }
}

async function succeed(command: string[]): Promise<string> {
  const ended = await run(command, { env: { PATH: Deno.env.get("PATH") ?? "" } });
  assert.equal(ended.status, 0, ended.stderr + ended.stdout);
  return ended.stdout;
}

/** What a run of package_life.sh has said, step by step. */
function stepsOf(lines: readonly string[]): Map<string, string[]> {
  const steps = new Map<string, string[]>();
  let current: string[] = [];
  for (const line of lines) {
    const step = /^== (.*)$/.exec(line)?.[1];
    if (step !== undefined) steps.set(step, current = []);
    else current.push(line);
  }
  return steps;
}

Deno.test({
  name:
    "by the README's commands, on a Debian without a mailer, the packages are installed, used, upgraded and removed",
  ignore: !hasPackages("debian"),
  async fn() {
    await using folder = await temporaryFolder();
    await makePackages(folder);
    await makeLater(folder);
    await writeReadmeBlocks(folder);
    await folder.write("arrived", "");
    await using host = await smarthost();
    const script = projectFile("tests/support/hosts/package_life.sh");
    await using life = start(insideDebian(folder.path, script), {
      env: { REDIS_ADDRESS: host.circumstances.redis?.address ?? "" },
    });
    // The script waits for the mail of cron and of at.
    const arrivals = setInterval(() => {
      const recipients = host.server.messages().flatMap((message) => message.recipients);
      Deno.writeTextFileSync(folder.file("arrived"), recipients.join("\n"));
    }, 50);
    const status = await life.ended;
    clearInterval(arrivals);
    assert.equal(status, 0, life.lines.join("\n"));

    const steps = stepsOf(life.lines);
    const said = (step: string) => (steps.get(step) ?? []).join("\n");
    const real = (version: string) => `/usr/lib/ns8-sendmail/ns8-sendmail-${version}`;
    assert.ok(said("install").includes(`ns8-sendmail ${VERSION}`), said("install"));
    assert.equal(said("install").split(real(VERSION)).length - 1, 2, said("install"));
    assert.match(said("first mail"), /^settings {2}ok /m);
    assert.doesNotMatch(said("first mail"), /failed|Error/);
    assert.match(said("mailq"), /There is no queue[\s\S]*There are no aliases/);
    assert.doesNotMatch(said("no other mailer is wanted"), /exim|postfix|mail-transport/);
    assert.match(said("no other mailer is wanted"), /^Inst logwatch/m);
    assert.ok(said("upgrade").includes(`ns8-sendmail-${LATER}`), said("upgrade"));
    assert.ok(!said("upgrade").includes(`\nns8-sendmail-${VERSION}\n`), said("upgrade"));
    assert.ok(said("upgrade").endsWith("/usr/bin/ns8-sendmail"), said("upgrade"));
    assert.match(said("remove"), /nothing is left$/);

    const messages = host.server.messages().map(({ recipients, content }) => {
      const text = new TextDecoder().decode(content);
      return [recipients.join(), /hello from \S+/.exec(text)?.[0]];
    });
    assert.deepEqual(messages, [
      ["user@test.org", undefined],
      ["php@example.test", "hello from PHP"],
      ["logrotate@example.test", "hello from logrotate"],
      ["cron@example.test", "hello from cron"],
      ["root@node.example.org", "hello from at"],
    ]);
  },
});

Deno.test({
  name: "the packages for Red Hat hold the same files, and say what they provide",
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
  },
});
