/** The same source gives the same executable, wherever it is compiled. */

import assert from "node:assert/strict";
import { projectFile } from "../support/program/command.ts";
import { checkout } from "../support/hosts/checkout.ts";
import { temporaryFolder } from "../support/hosts/folder.ts";
import { sandbox, type SandboxOptions } from "../support/hosts/sandbox.ts";

/** Compiles on a host, and gives the executable's checksum. */
async function checksumOn(host: SandboxOptions): Promise<string> {
  await using copy = await checkout();
  const { status, stdout, stderr } = await copy.run("scripts/compile.sh", {}, sandbox(host));
  assert.equal(status, 0, stdout + stderr);
  return await Deno.readTextFile(copy.file("dist/ns8-sendmail.sha256"));
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
    assert.equal(await checksumOn({ hostName, replaced: { "/etc/hosts": hosts } }), own);
  }
});
