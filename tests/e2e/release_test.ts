/** What release.sh asks of the changelog and the tag before it makes anything. */

import assert from "node:assert/strict";
import { type Folder, temporaryFolder } from "../support/hosts/folder.ts";
import { type Ended, projectFile, run } from "../support/program/command.ts";

/** Copies what the beginning of release.sh needs; the first executable that it wants ends it. */
async function checkout(): Promise<Folder> {
  const folder = await temporaryFolder();
  await Deno.mkdir(folder.file("scripts/toolchain"), { recursive: true });
  const scripts = ["release.sh", "toolchain/environment.sh", "toolchain/checksums.sh"];
  for (const name of [...scripts.map((script) => `scripts/${script}`), "deno.json"]) {
    await Deno.copyFile(projectFile(name), folder.file(name));
  }
  const compile = await folder.write("scripts/compile.sh", "#!/bin/sh\necho compiling\nexit 3\n");
  await Deno.chmod(compile, 0o755);
  return folder;
}

async function release(changelog: string, ...args: string[]): Promise<Ended> {
  await using folder = await checkout();
  await folder.write("CHANGELOG.md", changelog);
  return await run(["/bin/bash", folder.file("scripts/release.sh"), ...args]);
}

const CHANGELOG = await Deno.readTextFile(projectFile("CHANGELOG.md"));
const { version: VERSION }: { version: string } = JSON.parse(
  await Deno.readTextFile(projectFile("deno.json")),
);

for (const [what, lines] of [["the project's changelog", 0], ["a long chapter", 20_000]] as const) {
  Deno.test(`a release begins with ${what}`, async () => {
    const heading = /^## \[.*\n/m;
    const more = "- Something is new.\n".repeat(lines);
    const ended = await release(CHANGELOG.replace(heading, `$&\n${more}`), `v${VERSION}`);
    assert.deepEqual(ended, { status: 3, stdout: "compiling\n", stderr: "" });
  });
}

Deno.test("a version without a chapter in the changelog is not released", async () => {
  const { status, stderr } = await release(
    `# Changelog\n\n## [${VERSION}] - 2026-11-25\n\n## [0.1]\nx\n`,
  );
  assert.equal(status, 1);
  assert.equal(stderr, `Error: CHANGELOG.md does not say what is new in ${VERSION}\n`);
});

Deno.test("another tag than the version is not released", async () => {
  const { status, stderr } = await release(CHANGELOG, "v0.0.1");
  assert.equal(status, 1);
  assert.equal(stderr, `Error: The tag is v0.0.1, but deno.json says ${VERSION}\n`);
});
