/** Getting the executable onto hosts. */

import assert from "node:assert/strict";
import { type Ended, projectFile, run } from "../support/program/command.ts";
import { temporaryFolder } from "../support/hosts/folder.ts";
import { EXECUTABLE } from "../support/program/program.ts";

const TARGET = "/usr/local/bin/ns8-sendmail";

/**
 * Stands for ssh. A host is a folder; what it has in `bin` stands in the place of /usr/local/bin,
 * and the file `connect` says what else is different there.
 */
const SSH = `#!/bin/bash
[ "$1 $2" = "-C --" ] && [ $# = 4 ] || { echo "ssh: wrong usage" >&2; exit 255; }
host=$HOSTS/$3
[ -d "$host" ] || { echo "ssh: Could not resolve hostname $3" >&2; exit 255; }
input=cat
. "$host/connect"
$input | bwrap --dev-bind / / --bind "$host/bin" /usr/local/bin -- /bin/sh -c "$4"
`;

/** A checkout of its own, and hosts. */
type Site = AsyncDisposable & {
  /** Runs the script with these arguments. */
  deploy(...args: string[]): Promise<Ended>;
  /** Makes a host; `connect` are lines of bash. */
  host(name: string, connect?: string): Promise<void>;
  /** What a host has in /usr/local/bin. */
  installed(host: string): Promise<string[]>;
  /** The path of a file that is on a host in /usr/local/bin. */
  on(host: string, name?: string): string;
  /** The path of a file of the checkout. */
  file(name: string): string;
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
  const { stdout } = await run(["sha256sum", "ns8-sendmail"], { cwd: file("dist") });
  await Deno.writeTextFile(file("dist/ns8-sendmail.sha256"), stdout);
  await Deno.chmod(await folder.write("bin/ssh", SSH), 0o755);
  const on = (host: string, name = "ns8-sendmail") => folder.file(`hosts/${host}/bin/${name}`);
  return {
    file,
    on,
    deploy: (...args) =>
      run(["/bin/bash", file("scripts/deploy.sh"), ...args], {
        env: { PATH: `${folder.file("bin")}:/usr/bin:/bin`, HOSTS: folder.file("hosts") },
      }),
    async host(name, connect = "") {
      await Deno.mkdir(folder.file(`hosts/${name}/bin`), { recursive: true });
      await Deno.writeTextFile(folder.file(`hosts/${name}/connect`), connect);
    },
    async installed(host) {
      const entries = await Array.fromAsync(Deno.readDir(folder.file(`hosts/${host}/bin`)));
      return entries.map(({ name }) => name).toSorted();
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
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
    assert.deepEqual(await place.installed(host), ["ns8-sendmail"]);
    assert.equal(await checksumOf(place.on(host)), await checksumOf(EXECUTABLE));
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
  ["receives half of it", "input='head -c 1000000'", /^Error: bad: .*another checksum$/m],
  ["receives something else", "input='sed s/echo/exec/'", /another checksum/],
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
    assert.deepEqual(await place.installed("good"), ["ns8-sendmail"]);
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
  const args of [[], ["--to", "relative", "one"], ["-oProxyCommand=id"], ["one", ""], ["--to"]]
) {
  Deno.test(`a wrong use connects to nobody: ${JSON.stringify(args)}`, async () => {
    await using place = await site();
    await place.host("one");
    const { status, stderr } = await place.deploy(...args);
    assert.equal(status, 1);
    assert.equal(stderr, "Error: Usage: deploy.sh [--to PATH] [USER@]HOST...\n");
    assert.deepEqual(await place.installed("one"), []);
  });
}

Deno.test("the line that takes it away again does so", async () => {
  await using place = await site();
  await place.host("HOST");
  await place.deploy("HOST");
  const script = await Deno.readTextFile(place.file("scripts/deploy.sh"));
  const [, command = ""] = /^# To take it away again: ssh HOST (.*)$/m.exec(script) ?? [];
  assert.equal(command, `rm ${TARGET}`);
});
