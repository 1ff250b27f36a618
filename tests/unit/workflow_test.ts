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

Deno.test("every action of the workflow is pinned to a commit, and says which version that is", () => {
  const actions = [...WORKFLOW.matchAll(/uses: (.+)/g)].map(([, action = ""]) => action);
  assert.ok(actions.length > 0);
  const pinned = /^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/;
  assert.deepEqual(actions.filter((action) => !pinned.test(action)), []);
});

Deno.test("the forge signs where each file of a release comes from, before it is released", () => {
  const release = WORKFLOW.slice(WORKFLOW.indexOf("\n  release:"));
  assert.match(release, /^ {6}id-token: write$/m);
  assert.match(release, /^ {6}attestations: write$/m);
  const [signed, released] = ["actions/attest-build-provenance@", "gh release create"]
    .map((step) => release.indexOf(step));
  assert.ok(signed !== undefined && released !== undefined && 0 < signed && signed < released);
  assert.match(release, /subject-path: release\/\*$/m);
});

Deno.test("a job may write only where it makes a release", () => {
  assert.match(WORKFLOW, /^permissions:\n {2}contents: read$/m);
  const [before, release = ""] = WORKFLOW.split("\n  release:");
  assert.equal(before?.match(/\S+: write/g), null);
  const allowed = ["contents: write", "id-token: write", "attestations: write"];
  assert.deepEqual(release.match(/\S+: write/g), allowed);
});

Deno.test("the changelog says what is new in this version", async () => {
  const { version }: { version: string } = JSON.parse(await read("deno.json"));
  const chapter = (await read("CHANGELOG.md")).split(/^## /m)
    .find((text) => text.startsWith(`[${version}]`));
  assert.match(chapter ?? "", /^- \S/m);
});
