/** Getting the executable onto hosts. */

import assert from "node:assert/strict";
import { type Ended, projectFile, run } from "../support/program/command.ts";
import { temporaryFolder } from "../support/hosts/folder.ts";
import { EXECUTABLE } from "../support/program/program.ts";
import { README, readmeBlock } from "../support/program/readme.ts";

const { version: VERSION }: { version: string } = JSON.parse(
  await Deno.readTextFile(projectFile("deno.json")),
);

/**
 * Stands for ssh. A host is a folder; what it has in `bin` stands in the place of /usr/local/bin,
 * and the file `connect` says what else is different there.
 */
const SSH = `#!/bin/bash
[ "$1" = "--" ] && [ $# = 3 ] || { echo "ssh: wrong usage" >&2; exit 255; }
host=$HOSTS/$2
[ -d "$host" ] || { echo "ssh: Could not resolve hostname \${2#*@}: Name or service not known" >&2; exit 255; }
input=cat
. "$host/connect"
$input | bwrap --dev-bind / / --bind "$host/bin" /usr/local/bin --bind "$host/share" /usr/local/share -- /bin/sh -c "$3"
`;

/** A checkout of its own, and hosts. */
type Site = AsyncDisposable & {
  /** Runs the script with these arguments. */
  deploy(...args: string[]): Promise<Ended>;
  /** Runs a command on a host. */
  ssh(host: string, command: string): Promise<Ended>;
  /** Makes a host; `connect` are lines of bash. */
  host(name: string, connect?: string): Promise<void>;
  /** What a host has in /usr/local/bin. */
  installed(host: string): Promise<string[]>;
  /** The path of a file that is on a host in /usr/local/bin. */
  on(host: string, name?: string): string;
  /** The path of a file of the checkout. */
  file(name: string): string;
  /** Makes another executable of the same version: with these lines at its end. */
  change(lines: string): Promise<void>;
  /** Gives the checkout what writes the documents, or a listener. */
  withDocuments(): Promise<void>;
  withListener(): Promise<void>;
};

/** Stands for the executable where it need not be the real one; large enough to be cut. */
const STUB = `#!/bin/sh\n[ -z "$BROKEN" ] && echo ns8-sendmail VERSION\n${"#".repeat(2_000_000)}\n`;

async function site(executable?: string): Promise<Site> {
  const folder = await temporaryFolder();
  for (const name of ["checkout/scripts/toolchain", "checkout/dist", "hosts", "bin"]) {
    await Deno.mkdir(folder.file(name), { recursive: true });
  }
  const file = (name: string) => folder.file(`checkout/${name}`);
  for (const name of ["scripts/deploy.sh", "scripts/toolchain/environment.sh", "deno.json"]) {
    await Deno.copyFile(projectFile(name), file(name));
  }
  if (executable !== undefined) await Deno.symlink(executable, file("dist/ns8-sendmail"));
  else {
    const { version }: { version: string } = JSON.parse(await Deno.readTextFile(file("deno.json")));
    const stub = STUB.replace("VERSION", version);
    await Deno.writeTextFile(file("dist/ns8-sendmail"), stub, { mode: 0o755 });
  }
  await writeChecksum(file("dist"), "ns8-sendmail");
  await Deno.chmod(await folder.write("bin/ssh", SSH), 0o755);
  const env = { PATH: `${folder.file("bin")}:/usr/bin:/bin`, HOSTS: folder.file("hosts") };
  const on = (host: string, name = "ns8-sendmail") => folder.file(`hosts/${host}/bin/${name}`);
  return {
    file,
    on,
    deploy: (...args) => run(["/bin/bash", file("scripts/deploy.sh"), ...args], { env }),
    ssh: (host, command) => run([folder.file("bin/ssh"), "--", host, command], { env }),
    async host(name, connect = "") {
      await Deno.mkdir(folder.file(`hosts/${name}/bin`), { recursive: true });
      await Deno.mkdir(folder.file(`hosts/${name}/share`), { recursive: true });
      await Deno.writeTextFile(folder.file(`hosts/${name}/connect`), connect);
    },
    async installed(host) {
      const entries = await Array.fromAsync(Deno.readDir(folder.file(`hosts/${host}/bin`)));
      return entries.map(({ name }) => name).toSorted();
    },
    async change(lines) {
      await Deno.writeTextFile(file("dist/ns8-sendmail"), lines, { append: true });
      await writeChecksum(file("dist"), "ns8-sendmail");
    },
    async withDocuments() {
      await Deno.writeTextFile(
        file("scripts/documents.ts"),
        `for (const name of ["ns8-sendmail.1", "ns8-sendmail.bash", "_ns8-sendmail"]) {
          Deno.writeTextFileSync(Deno.args[0] + "/" + name, "document");
        }`,
      );
      await Deno.writeTextFile(file("deno.json"), `{\n  "version": "${VERSION}"\n}\n`);
      const folder = file(`.cache/deno-${Deno.version.deno}`);
      await Deno.mkdir(folder, { recursive: true });
      await Deno.symlink(Deno.execPath(), `${folder}/deno`);
    },
    async withListener() {
      const stub = `#!/bin/sh\necho ns8-sendmail-listener ${VERSION}\n`;
      await Deno.writeTextFile(file("dist/ns8-sendmail-listener"), stub, { mode: 0o755 });
      await writeChecksum(file("dist"), "ns8-sendmail-listener");
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

async function writeChecksum(folder: string, name: string): Promise<void> {
  const { stdout } = await run(["sha256sum", name], { cwd: folder });
  await Deno.writeTextFile(`${folder}/${name}.sha256`, stdout);
}

async function checksumOf(path: string): Promise<string> {
  return (await run(["sha256sum", path])).stdout.split(" ")[0] ?? "";
}

Deno.test("the executable gets onto each host, whole, executable, and for everybody", async () => {
  await using place = await site(EXECUTABLE);
  for (const host of ["one", "root@two"]) await place.host(host);
  const { status, stdout, stderr } = await place.deploy("one", "root@two");
  assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
  assert.match(
    stdout,
    /^==> one has ns8-sendmail \d+\.\d+\.\d+ in \/usr\/local\/bin\/ns8-sendmail$/m,
  );
  assert.match(stdout, /^==> root@two has ns8-sendmail /m);
  for (const host of ["one", "root@two"]) {
    const checksum = await checksumOf(EXECUTABLE);
    const real = `ns8-sendmail-${VERSION}-${checksum.slice(0, 8)}`;
    assert.deepEqual(await place.installed(host), ["ns8-sendmail", real]);
    assert.equal(await Deno.readLink(place.on(host)), real);
    assert.equal(await checksumOf(place.on(host)), checksum);
    assert.equal((await Deno.stat(place.on(host))).mode, 0o100755);
    const version = await run([place.on(host), "--version"]);
    assert.match(version.stdout, /^ns8-sendmail \d/);
  }
});

Deno.test("a host that has it already is left alone", async () => {
  await using place = await site();
  await place.host("one");
  await place.deploy("one");
  const { ino } = await Deno.stat(place.on("one"));
  const { status, stdout } = await place.deploy("one");
  assert.equal(status, 0);
  assert.match(stdout, /^==> one has ns8-sendmail \S+ already$/m);
  assert.equal((await Deno.stat(place.on("one"))).ino, ino);
});

Deno.test("the README's example says what the README shows", async () => {
  await using place = await site();
  const [first = "", second = ""] = ["root@node1.example.org", "root@node2.example.org"];
  for (const name of [first, second]) await place.host(name);
  await place.deploy(second);
  const lines = readmeBlock("$ ./scripts/compile.sh").split("\n");
  const [, hosts = ""] = /^\$ \.\/scripts\/deploy\.sh (.*)$/.exec(lines[1] ?? "") ?? [];
  const { status, stdout, stderr } = await place.deploy(...hosts.split(" "));
  assert.equal(status, 1);
  // All hosts at once: the order of their lines is chance.
  const said = (stdout + stderr).trim().split("\n").toSorted();
  assert.deepEqual(said, lines.slice(2).toSorted());
});

Deno.test("another one is replaced in one step: who runs it goes on", async () => {
  await using place = await site();
  await place.host("one");
  await Deno.writeTextFile(place.on("one"), "#!/bin/sh\nread -r _; echo old\n", { mode: 0o755 });
  await using old = await Deno.open(place.on("one"));
  assert.equal((await place.deploy("one")).status, 0);
  assert.equal(
    await checksumOf(place.on("one")),
    await checksumOf(place.file("dist/ns8-sendmail")),
  );
  assert.match(await new Response(old.readable).text(), /echo old\n$/);
});

/** What goes wrong on a host, and what is said of it. */
const FAULTS: [what: string, connect: string, says: RegExp][] = [
  ["cannot be reached", "echo no route >&2; exit 255", /^Error: bad: no route$/m],
  ["receives half of it", "input='head -c 1000'", /^Error: bad: .*not whole/m],
  [
    "receives something else",
    "input() { gzip -dc | sed s/echo/exec/ | gzip; }; input=input",
    /another checksum/,
  ],
  ["cannot run it", "export BROKEN=1", /does not run there/],
  [
    "has another kind of processor",
    processor("riscv64"),
    /dist\/ns8-sendmail-riscv64.* is missing/,
  ],
  [
    "has the other kind of processor, and nothing was compiled for it",
    processor(Deno.build.arch === "x86_64" ? "aarch64" : "x86_64"),
    /is missing \(\.\/scripts\/compile\.sh \w+-unknown-linux-gnu\)/,
  ],
  ["has no room", `trap '' XFSZ; ulimit -f 1000`, /Error: Not deployed to bad/],
];

/** Lines for a host that has another processor. */
function processor(name: string): string {
  return `mkdir "$host/more"
    printf '#!/bin/sh\\necho ${name}\\n' >"$host/more/uname"
    chmod +x "$host/more/uname"
    PATH=$host/more:$PATH`;
}

for (const [what, connect, says] of FAULTS) {
  Deno.test(`a host that ${what} keeps what it has, and does not keep others from it`, async () => {
    await using place = await site();
    await place.host("bad", connect);
    await place.host("good");
    await Deno.writeTextFile(place.on("bad"), "old");
    const { status, stdout, stderr } = await place.deploy("bad", "good");
    assert.equal(status, 1);
    assert.match(stderr, says);
    assert.match(stderr, /^Error: Not deployed to bad$/m);
    assert.match(stdout, /^==> good has /m);
    assert.deepEqual(await place.installed("bad"), ["ns8-sendmail"]);
    assert.equal(await Deno.readTextFile(place.on("bad")), "old");
    assert.equal((await place.installed("good")).length, 2);
  });
}

Deno.test("an executable that is not what its checksum says is not deployed", async () => {
  await using place = await site();
  await place.host("one");
  const sum = "0".repeat(64);
  await Deno.writeTextFile(place.file("dist/ns8-sendmail.sha256"), `${sum}  ns8-sendmail\n`);
  const { status, stderr } = await place.deploy("one");
  assert.equal(status, 1);
  assert.match(stderr, /dist\/ns8-sendmail is not what dist\/ns8-sendmail\.sha256 says/);
  assert.deepEqual(await place.installed("one"), []);
});

Deno.test("an executable of another version than the checkout is not deployed", async () => {
  await using place = await site();
  await place.host("one");
  const config = await Deno.readTextFile(place.file("deno.json"));
  await Deno.writeTextFile(
    place.file("deno.json"),
    config.replace(/("version": ")[^"]+/, "$199.0.0"),
  );
  const { status, stderr } = await place.deploy("one");
  assert.equal(status, 1);
  assert.match(stderr, /it is ns8-sendmail \S+ there, not ns8-sendmail 99\.0\.0/);
  assert.deepEqual(await place.installed("one"), []);
});

Deno.test("it goes where it is told to, whatever that is called", async () => {
  await using place = await site();
  await place.host("one");
  await Deno.mkdir(place.on("one", "it's $(here)"));
  const path = "/usr/local/bin/it's $(here)/ns8 sendmail";
  const { status, stderr } = await place.deploy("--to", path, "one");
  assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
  const installed = place.on("one", "it's $(here)/ns8 sendmail");
  assert.equal(await checksumOf(installed), await checksumOf(place.file("dist/ns8-sendmail")));
});

for (
  const args of [[], ["--to", "relative", "one"], ["-oProxyCommand=id"], ["one", ""], ["--to"], [
    "--to",
    "/opt/",
    "one",
  ]]
) {
  Deno.test(`a wrong use connects to nobody: ${JSON.stringify(args)}`, async () => {
    await using place = await site();
    await place.host("one");
    const { status, stderr } = await place.deploy(...args);
    assert.equal(status, 1);
    assert.equal(stderr, "Error: Usage: deploy.sh [--listener] [--to PATH] [USER@]HOST...\n");
    assert.deepEqual(await place.installed("one"), []);
  });
}

Deno.test("the README's command takes it away again, with its documents, and leaves the listener", async () => {
  await using place = await site();
  await place.host("HOST");
  await place.withDocuments();
  await place.withListener();
  await place.deploy("HOST");
  await place.deploy("--listener", "HOST");
  const listener = (await place.installed("HOST")).filter((name) => name.includes("listener"));
  assert.equal(listener.length, 2);
  const [, command = ""] = /^ {4}ssh root@HOST '(.*)'$/m.exec(README) ?? [];
  const { status, stderr } = await place.ssh("HOST", command);
  assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
  assert.deepEqual(await place.installed("HOST"), listener);
  const shared = await run(["/usr/bin/find", place.on("HOST", "../share"), "-type", "f"]);
  assert.equal(shared.stdout, "");
});

Deno.test("a folder is no place for it, and stays as it is", async () => {
  await using place = await site();
  await place.host("one");
  await Deno.mkdir(place.on("one", "folder"));
  const { status, stderr } = await place.deploy("--to", "/usr/local/bin/folder", "one");
  assert.equal(status, 1);
  assert.match(stderr, /^Error: one: \/usr\/local\/bin\/folder is a folder *$/m);
  assert.deepEqual(await place.installed("one"), ["folder"]);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(place.on("one", "folder"))), []);
});

Deno.test("the version before stays until the next one comes, and then it goes", async () => {
  await using place = await site();
  await place.host("one");
  const names: string[][] = [];
  for (const round of [1, 2, 3]) {
    await place.change(`# ${round}\n`);
    assert.equal((await place.deploy("one")).status, 0);
    names.push(await place.installed("one"));
  }
  const [first = [], second = [], third = []] = names;
  assert.equal(first.length, 2);
  assert.equal(second.length, 3);
  assert.equal(third.length, 3);
  assert.ok(!third.includes(first.find((name) => name !== "ns8-sendmail") ?? ""), third.join());
});

Deno.test("what a host says does nothing to the terminal of the administrator", async () => {
  await using place = await site();
  await place.host("loud", "printf 'Welcome!\\n\\033]0;pwned\\007\\n'");
  await place.host("bad", "printf '\\033]0;pwned\\007no route\\n' >&2; exit 255");
  const { stdout, stderr } = await place.deploy("loud", "bad");
  // A greeting in front of the answer is passed over.
  assert.match(stdout, /^==> loud has ns8-sendmail /m);
  assert.match(stderr, /^Error: bad: .*no route/m);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(stdout + stderr, /[\x00-\x09\x0b-\x1f\x7f]/);
});

Deno.test("manual page and completions come along", async () => {
  await using place = await site();
  await place.host("one");
  await place.withDocuments();
  const { status, stderr } = await place.deploy("one");
  assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
  for (
    const name of [
      "man/man1/ns8-sendmail.1",
      "bash-completion/completions/ns8-sendmail",
      "zsh/site-functions/_ns8-sendmail",
    ]
  ) {
    assert.ok((await Deno.stat(place.on("one", `../share/${name}`))).size > 0);
  }
});

Deno.test("a host that lacks only the documents gets them", async () => {
  await using place = await site();
  await place.host("one");
  await place.deploy("one");
  await place.withDocuments();
  const { status, stderr } = await place.deploy("one");
  assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
  assert.ok((await Deno.stat(place.on("one", "../share/man/man1/ns8-sendmail.1"))).size > 0);
});

Deno.test("the listener is copied in the same way", async () => {
  await using place = await site();
  await place.host("one");
  await place.withListener();
  const { status, stdout, stderr } = await place.deploy("--listener", "one");
  assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
  assert.match(
    stdout,
    /^==> one has ns8-sendmail-listener \S+ in \/usr\/local\/bin\/ns8-sendmail-listener$/m,
  );
});

Deno.test("--help says how to use it, on standard output", async () => {
  await using place = await site();
  const { status, stdout, stderr } = await place.deploy("--help");
  assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
  assert.match(stdout, /^Usage: deploy\.sh /);
  assert.match(stdout, /Example: /);
});

Deno.test("400 starts during 400 upgrades all find a whole program", async () => {
  await using place = await site(EXECUTABLE);
  await place.host("one");
  await place.deploy("one");
  // What the script does on the host, with the same two files in turn.
  const folder = place.on("one", "");
  const script = `
    cd "$1"
    real=$(readlink ns8-sendmail)
    cp -- "$real" other
    count=0
    until [ -e stop ] && [ $count -ge 400 ]; do
      for file in other "$real"; do ln -s -- "$file" new.link; mv -fT -- new.link ns8-sendmail; done
      count=$((count + 2))
    done`;
  const upgrades = run(["/bin/sh", "-c", script, "sh", folder]);
  const statuses: number[] = [];
  for (let count = 0; count < 400; count += 20) {
    const starts = Array.from({ length: 20 }, () => run([place.on("one"), "--version"]));
    statuses.push(...(await Promise.all(starts)).map(({ status }) => status));
  }
  await Deno.writeTextFile(`${folder}/stop`, "");
  assert.equal((await upgrades).status, 0);
  assert.deepEqual(statuses.filter((status) => status !== 0), []);
});
