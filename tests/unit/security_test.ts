/** SECURITY.md: behind each statement stands the test that shows it. */

import assert from "node:assert/strict";

const ROOT = new URL("../../", import.meta.url);

/** The chapters whose items are promises, each with its test. */
const CHAPTERS = [
  "What the program trusts",
  "What is masked",
  "What it does not look at",
  "How it is built",
];

const text = await Deno.readTextFile(new URL("SECURITY.md", ROOT));

/** The items of the lists in a chapter, each on one line. */
function itemsOf(chapter: string): string[] {
  const [, body = ""] = text.split(`\n## ${chapter}\n`);
  const [own = ""] = body.split("\n## ");
  return own.split(/^- /m).slice(1).map((item) =>
    item.split("\n\n")[0]?.replaceAll(/\s+/g, " ").trim() ?? ""
  );
}

/** The test files that a text names, as paths below `tests/`. */
function testsIn(item: string): string[] {
  return [...item.matchAll(/`((?:unit|e2e)\/[\w/]+\.ts)`/g)].map(([, path = ""]) => path);
}

for (const chapter of CHAPTERS) {
  Deno.test(`each statement of "${chapter}" names its test, or is a judgement`, () => {
    const items = itemsOf(chapter);
    assert.ok(items.length >= 4);
    const without = items.filter((item) =>
      testsIn(item).length === 0 && !/\(judgement\b/.test(item)
    );
    assert.deepEqual(without, []);
  });
}

Deno.test("every test that SECURITY.md names exists", async () => {
  const named = new Set(testsIn(text));
  assert.ok(named.size >= 20);
  for (const path of named) {
    const file = await Deno.stat(new URL(`tests/${path}`, ROOT)).catch(() => undefined);
    assert.ok(file?.isFile, `tests/${path} is missing`);
  }
});

Deno.test("every file of the project that SECURITY.md links exists", async () => {
  for (const [, path = ""] of text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)) {
    await assert.doesNotReject(Deno.stat(new URL(path, ROOT)), path);
  }
});
