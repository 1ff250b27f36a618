/** What a public forge does with the project. */

import assert from "node:assert/strict";

const read = (path: string) => Deno.readTextFile(new URL(`../../${path}`, import.meta.url));
const WORKFLOW = await read(".github/workflows/ci.yml");

Deno.test("the forge runs the one gate, and makes the release of what passed it", () => {
  assert.match(WORKFLOW, /^ {6}- run: .*\.\/\.ci\/run$/m);
  assert.match(WORKFLOW, /^ {6}- run: \.\/scripts\/release\.sh "\$TAG"$/m);
  assert.match(WORKFLOW, /^ {4}needs: \[gate, executables\]$/m);
  assert.match(WORKFLOW, /^ {4}if: github\.ref_type == 'tag'$/m);
});

Deno.test("every action of the workflow is pinned to a whole version", () => {
  const actions = [...WORKFLOW.matchAll(/uses: (\S+)/g)].map(([, action = ""]) => action);
  assert.ok(actions.length > 0);
  assert.deepEqual(actions.filter((action) => !/@v\d+\.\d+\.\d+$/.test(action)), []);
});

Deno.test("a job may write only where it makes a release", () => {
  assert.match(WORKFLOW, /^permissions:\n {2}contents: read$/m);
  assert.deepEqual(WORKFLOW.match(/\S+: write/g), ["contents: write"]);
});

Deno.test("the changelog says what is new in this version", async () => {
  const { version }: { version: string } = JSON.parse(await read("deno.json"));
  const chapter = (await read("CHANGELOG.md")).split(/^## /m)
    .find((text) => text.startsWith(`[${version}]`));
  assert.match(chapter ?? "", /^- \S/m);
});
