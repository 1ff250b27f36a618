/** The program without the project's scripts: as its sources, and compiled by Deno alone. */

import assert from "node:assert/strict";
import { projectCache } from "../support/hosts/checkout.ts";
import { temporaryFolder } from "../support/hosts/folder.ts";
import { assertSilentSuccess } from "../support/program/assertions.ts";
import { denoEnvironment, projectFile, run } from "../support/program/command.ts";
import { sendmail } from "../support/program/program.ts";
import { smarthost } from "../support/servers/smarthost.ts";

const TARGET = `${Deno.build.arch}-unknown-linux-gnu`;
const MAIN = projectFile("main.ts");
const OPTIONS = ["--quiet", "--allow-all", "--frozen", "--cached-only"];

/** What a version has in the cache: Deno itself, and the base into which it compiles. */
async function programsOf(folder: string): Promise<{ deno: string; base?: string }> {
  const path = `${projectCache()}/${folder}`;
  const names = (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name);
  const base = `denort-${TARGET}`;
  return { deno: `${path}/deno`, ...(names.includes(base) && { base: `${path}/${base}` }) };
}

/** Sends a message by a file that is run like the executable. */
async function assertSends(executable: string): Promise<void> {
  await using host = await smarthost();
  const given = { ...host.circumstances, executable, stdin: "Hello\n" };
  assertSilentSuccess(await sendmail(["-s", "Test", "u@x.org"], given));
  await host.server.settled();
  assert.equal(host.server.messages().length, 1);
}

for await (const { name } of Deno.readDir(projectCache())) {
  if (!/^deno-\d/.test(name)) continue;
  const { deno, base } = await programsOf(name);

  Deno.test(`deno run main.ts sends a message: ${name}`, async () => {
    await using folder = await temporaryFolder();
    const variables = Object.entries(denoEnvironment()).map(([key, value]) => `${key}='${value}'`);
    const command = `exec env ${variables.join(" ")} '${deno}' run ${OPTIONS.join(" ")} '${MAIN}'`;
    const executable = await folder.write("ns8-sendmail", `#!/bin/sh\n${command} "$@"\n`);
    await Deno.chmod(executable, 0o755);
    await assertSends(executable);
  });

  Deno.test({
    name: `deno compile main.ts makes a program that sends a message: ${name}`,
    ignore: base === undefined, // what cannot be had compiles nothing
    async fn() {
      await using folder = await temporaryFolder();
      const executable = folder.file("ns8-sendmail");
      const command = [deno, "compile", ...OPTIONS, "--output", executable, MAIN];
      const env = { ...denoEnvironment(), ...(base !== undefined && { DENORT_BIN: base }) };
      const compiled = await run(command, { env, cwd: projectFile("") });
      assert.equal(compiled.status, 0, compiled.stderr);
      await assertSends(executable);
    },
  });
}
