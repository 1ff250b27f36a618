/** The same source gives the same executable, wherever it is compiled. */

import assert from "node:assert/strict";
import { denoEnvironment, projectFile, run } from "../support/program/command.ts";
import { type Folder, temporaryFolder } from "../support/hosts/folder.ts";
import { sandbox, type SandboxOptions } from "../support/hosts/sandbox.ts";

/** What the executable is made of, and what makes it. */
const SOURCES = ["main.ts", "lib", "deno.json", "deno.lock", "scripts"];
const LIBRARIES = ["vendor", "node_modules"];

/** A checkout of its own in a folder, with a cache of its own that holds the tools. */
async function checkout(folder: Folder): Promise<void> {
  const copied = await run(["cp", "-a", ...SOURCES.map(projectFile), folder.path]);
  assert.equal(copied.status, 0, copied.stderr);
  for (const name of LIBRARIES) await Deno.symlink(projectFile(name), folder.file(name));
  await Deno.mkdir(folder.file(".cache"));
  const cache = Deno.env.get("NS8_SENDMAIL_CACHE") ?? projectFile(".cache");
  for await (const { name } of Deno.readDir(cache)) {
    if (!/^(deno|npm-registry)/.test(name)) continue;
    await Deno.symlink(`${cache}/${name}`, folder.file(`.cache/${name}`));
  }
}

/** Compiles on a host, and gives the executable's checksum. */
async function checksumOn(host: SandboxOptions): Promise<string> {
  await using folder = await temporaryFolder();
  await checkout(folder);
  const { NS8_SENDMAIL_CACHE: _, ...env } = denoEnvironment();
  const { status, stdout, stderr } = await run(
    [...sandbox(host), folder.file("scripts/compile.sh")],
    { env: { DENO_DIR: projectFile(".cache/deno"), ...env } },
  );
  assert.equal(status, 0, stdout + stderr);
  return (await Deno.readTextFile(folder.file("dist/ns8-sendmail.sha256"))).trim();
}

/** What a build host may be called, and the lines of its /etc/hosts. */
const HOSTS: [hostName: string, hosts: string][] = [
  ["vm", "127.0.0.1 localhost\n127.0.1.1 vm\n"],
  ["nowhere", "127.0.0.1 localhost\n"],
  ["host.example.org", "127.0.0.1 localhost\n192.0.2.7 host.example.org host\n"],
  ["runner", "127.0.0.1 localhost\n10.1.0.7 runner.internal.example runner\n::1 runner6 runner\n"],
];

Deno.test("the executable is the same file whatever the build host is called, and knows of itself", async () => {
  await using folder = await temporaryFolder();
  const own = await Deno.readTextFile(projectFile("dist/ns8-sendmail.sha256"));
  for (const [hostName, lines] of HOSTS) {
    const hosts = await folder.write("hosts", lines);
    assert.equal(await checksumOn({ hostName, replaced: { "/etc/hosts": hosts } }), own.trim());
  }
});
