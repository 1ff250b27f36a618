/** What the build downloads and runs: only what it knows, also out of its own cache. */

import assert from "node:assert/strict";
import { type Checkout, checkout, projectCache } from "../support/hosts/checkout.ts";
import { sandbox } from "../support/hosts/sandbox.ts";
import { run } from "../support/program/command.ts";

const VERSION = "2.9.6";
const ARCHITECTURE = Deno.build.arch;
const TARGET = `${ARCHITECTURE}-unknown-linux-gnu`;
const ESBUILD = `deno/dl/esbuild-0.25.5-1/esbuild-linux-${
  ARCHITECTURE === "x86_64" ? "x64" : "arm64"
}`;

/** A server of files on loopback, which notes what it is asked for. */
type FileServer = AsyncDisposable & { readonly port: number; readonly asked: string[] };

type Answer = Uint8Array<ArrayBuffer> | string | Response;

/** Serves files by the ends of their paths; any other is not there. */
function serveFiles(files: Record<string, Answer>): FileServer {
  const asked: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }) => {
    const path = decodeURIComponent(new URL(url).pathname);
    asked.push(path);
    const found = Object.entries(files).find(([end]) => path.endsWith(end))?.[1];
    if (found instanceof Response) return found.clone();
    return found === undefined ? new Response("", { status: 404 }) : new Response(found);
  });
  return { port: server.addr.port, asked, [Symbol.asyncDispose]: () => server.shutdown() };
}

/** A port of loopback where nothing is downloaded from. */
const NOWHERE = "http://127.0.0.1:1";
const OFFLINE = { NS8_SENDMAIL_RELEASES: NOWHERE, NPM_CONFIG_REGISTRY: NOWHERE };

/** A script in the place of a program: it says what it is asked for, and leaves a trace. */
async function impostor(copy: Checkout, path: string, says: string): Promise<void> {
  await Deno.mkdir(copy.cache(path.slice(0, path.lastIndexOf("/"))), { recursive: true });
  await Deno.remove(copy.cache(path)).catch(() => {});
  const script = `#!/bin/sh\necho ran >>'${copy.file("ran")}'\necho '${says}'\n`;
  await Deno.writeTextFile(copy.cache(path), script, { mode: 0o755 });
}

async function assertNothingRan(copy: Checkout): Promise<void> {
  await assert.rejects(Deno.stat(copy.file("ran")), Deno.errors.NotFound);
  await assert.rejects(Deno.stat(copy.file("dist/ns8-sendmail")), Deno.errors.NotFound);
}

/** The programs that the build keeps, and what each says of itself. */
const KEPT: [path: string, says: string, sought: RegExp][] = [
  [`deno-${VERSION}/deno`, `deno ${VERSION}`, /@deno\/linux-\w+-glibc@2\.9\.6/],
  [ESBUILD, "0.25.5", /@esbuild\/linux-\w+@0\.25\.5/],
];

for (const [path, says, sought] of KEPT) {
  Deno.test(`a program in the cache that is not what it was is not run: ${says}`, async () => {
    await using copy = await checkout([path]);
    await impostor(copy, path, says);
    const { status, stderr } = await copy.run("scripts/compile.sh", OFFLINE);
    assert.equal(status, 1);
    assert.match(stderr, sought);
    await assertNothingRan(copy);
  });
}

Deno.test("the base of the executable that is not what it was is not used", async () => {
  const bases = (await Array.fromAsync(Deno.readDir(projectCache())))
    .flatMap(({ name }) => /^deno-\d/.test(name) ? [`${name}/denort-${TARGET}`] : []);
  await using copy = await checkout(bases);
  for (const base of bases) await impostor(copy, base, "a base");
  const { status } = await copy.run("scripts/compile.sh", OFFLINE);
  assert.equal(status, 1);
  await assertNothingRan(copy);
});

/** A package of the npm registry: an archive that holds one file. */
async function packageWith(copy: Checkout, path: string): Promise<Uint8Array<ArrayBuffer>> {
  await impostor(copy, `made/package/${path}`, "0.25.5");
  const tar = await run([
    "tar",
    "-czf",
    copy.file("made.tgz"),
    "-C",
    copy.cache("made"),
    "package",
  ]);
  assert.equal(tar.status, 0, tar.stderr);
  return await Deno.readFile(copy.file("made.tgz"));
}

Deno.test("what a registry says is esbuild is not run unless it is", async () => {
  await using copy = await checkout([ESBUILD]);
  const archive = await packageWith(copy, "bin/esbuild");
  const [, name = ""] = /esbuild-(linux-\w+)$/.exec(ESBUILD) ?? [];
  const versions = (port: number) => ({
    name: `@esbuild/${name}`,
    "dist-tags": { latest: "0.25.5" },
    versions: {
      "0.25.5": {
        name: `@esbuild/${name}`,
        version: "0.25.5",
        dist: { tarball: `http://127.0.0.1:${port}/${name}-0.25.5.tgz` },
      },
    },
  });
  const files: Record<string, Answer> = { ".tgz": archive };
  await using registry = serveFiles(files);
  files[`@esbuild/${name}`] = JSON.stringify(versions(registry.port));
  const { status, stderr } = await copy.run("scripts/compile.sh", {
    ...OFFLINE,
    NPM_CONFIG_REGISTRY: `http://127.0.0.1:${registry.port}`,
  });
  assert.equal(status, 1);
  assert.match(stderr, /^Error: @esbuild\/linux-\w+@0\.25\.5 has a wrong checksum: /m);
  assert.ok(registry.asked.some((path) => path.endsWith(".tgz")));
  await assertNothingRan(copy);
});

// --- The release server ---

/** An archive with one file in it. */
async function zipOf(copy: Checkout, file: string, name: string): Promise<Uint8Array<ArrayBuffer>> {
  const archive = copy.file(`${name}.zip`);
  const make =
    "import sys, zipfile; zipfile.ZipFile(sys.argv[1], 'w').write(sys.argv[2], sys.argv[3])";
  const made = await run(["/usr/bin/python3", "-c", make, archive, file, name]);
  assert.equal(made.status, 0, made.stderr);
  return await Deno.readFile(archive);
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

const DENO_ZIP = `deno-${TARGET}.zip`;
const BASE_ZIP = `denort-${TARGET}.zip`;
/** Stands for the base of the current Deno, which cannot be had here. */
const BASE = "This is a base.\n";

/** A checkout that knows nothing yet, and what a release server has for it. */
async function openNetwork() {
  const copy = await checkout(["deno-"]);
  const deno = await zipOf(copy, `${projectCache()}/deno-${VERSION}/deno`, "deno");
  const base = await zipOf(copy, await copy.write("base", BASE), "denort");
  const files: Record<string, Answer> = {
    [`/v${VERSION}/${DENO_ZIP}`]: deno,
    [`/v${VERSION}/${BASE_ZIP}`]: base,
    [`/v${VERSION}/${BASE_ZIP}.sha256sum`]: `${await sha256(base)}  ${BASE_ZIP}\n`,
  };
  // The true archive is not at hand, only what is in it.
  const table = copy.file("scripts/toolchain/checksums.sh");
  const text = await Deno.readTextFile(table);
  const line = new RegExp(
    `(deno-${RegExp.escape(`${VERSION}-${TARGET}`)}\\.zip\\) echo sha256:)\\w+`,
  );
  assert.match(text, line);
  await Deno.writeTextFile(table, text.replace(line, `$1${await sha256(deno)}`));
  return { copy, files };
}

Deno.test("on an open network Deno and its base come from the release server, and both are kept", async () => {
  const { copy, files } = await openNetwork();
  await using _ = copy;
  await using server = serveFiles(files);
  const env = { ...OFFLINE, NS8_SENDMAIL_RELEASES: `http://127.0.0.1:${server.port}` };
  const first = await copy.run("scripts/toolchain/toolchain.sh", env);
  assert.deepEqual([first.status, first.stderr], [0, ""]);
  const folder = `deno-${VERSION}`;
  assert.equal(await Deno.readTextFile(copy.cache(`${folder}/denort-${TARGET}`)), BASE);
  const { stdout } = await run([copy.cache(`${folder}/deno`), "-V"]);
  assert.equal(stdout, `deno ${VERSION}\n`);
  assert.deepEqual(server.asked.map((path) => path.slice(path.lastIndexOf("/") + 1)), [
    ...[`${BASE_ZIP}.sha256sum`, DENO_ZIP, BASE_ZIP],
  ]);
  const again = await copy.run("scripts/toolchain/toolchain.sh", env);
  assert.deepEqual([again.status, again.stderr, server.asked.length], [0, "", 3]);

  await Deno.writeTextFile(copy.cache(`${folder}/denort-${TARGET}`), "changed", { append: true });
  const changed = await copy.run("scripts/toolchain/toolchain.sh", env);
  assert.deepEqual([changed.status, changed.stderr], [0, ""]);
  assert.equal(await Deno.readTextFile(copy.cache(`${folder}/denort-${TARGET}`)), BASE);
});

for (const name of [DENO_ZIP, BASE_ZIP]) {
  Deno.test(`an archive of the release server that has another checksum is not used: ${name.split("-")[0]}`, async () => {
    const { copy, files } = await openNetwork();
    await using _ = copy;
    files[`/v${VERSION}/${name}`] = await zipOf(copy, await copy.write("other", "other"), "deno");
    await using server = serveFiles(files);
    const env = { ...OFFLINE, NS8_SENDMAIL_RELEASES: `http://127.0.0.1:${server.port}` };
    const { status, stderr } = await copy.run("scripts/toolchain/toolchain.sh", env);
    assert.equal(status, 1);
    assert.match(stderr, new RegExp(`^Error: ${RegExp.escape(name)} has a wrong checksum: `, "m"));
  });
}

Deno.test("nothing is downloaded without TLS, also where a server sends on to another", async () => {
  const { copy, files } = await openNetwork();
  await using _ = copy;
  await using other = serveFiles(files);
  const env = (address: string) => ({ ...OFFLINE, NS8_SENDMAIL_RELEASES: address });
  const hosts = await copy.write("hosts", "127.0.0.1 localhost mirror.test\n");
  const under = sandbox({ replaced: { "/etc/hosts": hosts } });
  for (const address of ["mirror.test", "localhost:x@mirror.test"]) {
    const plain = env(`http://${address}:${other.port}`);
    assert.equal((await copy.run("scripts/toolchain/toolchain.sh", plain, under)).status, 1);
  }

  const elsewhere = Response.redirect(`http://127.0.0.1:${other.port}/v${VERSION}/${DENO_ZIP}`);
  await using server = serveFiles({ ".zip": elsewhere, ".sha256sum": elsewhere });
  const redirected = env(`http://127.0.0.1:${server.port}`);
  assert.equal((await copy.run("scripts/toolchain/toolchain.sh", redirected)).status, 1);
  assert.deepEqual([server.asked.length > 0, other.asked], [true, []]);
});
