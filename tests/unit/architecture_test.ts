/** The house as it is meant to be: who may know whom, and how large a file may grow. */

import assert from "node:assert/strict";

const ROOT = new URL("../..", import.meta.url).pathname;

type Storey = {
  files: string[];
  /** The storeys that it may import from, beside its own and the vocabulary. */
  below: string[];
  /** Whether it only turns values into values: no clock, no chance, nothing of the host. */
  pure: boolean;
};

/** The house by storeys; a file that is missing here has no place in it yet. */
const STOREYS: Record<string, Storey> = {
  vocabulary: { files: ["outcome", "reason", "escape"], below: [], pure: true },
  address: { files: ["domain", "words", "tokens", "address"], below: [], pure: true },
  "command line": { files: ["usage", "options"], below: ["address"], pure: true },
  settings: { files: ["settings"], below: [], pure: true },
  message: {
    files: [
      ...["lines", "charset", "html", "transfer", "header", "mime"],
      ...["fields", "envelope", "compose", "relay", "message"],
    ],
    below: ["address", "command line"],
    pure: true,
  },
  reply: { files: ["reply", "status"], below: [], pure: true },
  smarthost: {
    files: [
      ...["entropy", "trust", "socket", "dialogue", "encryption", "connection"],
      ...["exchange", "smtp"],
    ],
    below: ["address", "reply"],
    pure: false,
  },
  policy: {
    files: ["delivery", "check", "context"],
    below: ["smarthost", "reply", "message", "settings"],
    pure: false,
  },
  report: {
    files: ["report", "redact", "json", "attempt"],
    below: ["policy", "message", "settings", "command line", "address"],
    pure: true,
  },
  redis: { files: ["resp", "redis"], below: [], pure: false },
  cluster: { files: ["cluster", "events"], below: ["redis", "settings"], pure: false },
  host: { files: ["host", "input", "output", "syslog"], below: [], pure: false },
  ending: { files: ["announce"], below: ["policy", "report", "host"], pure: false },
  face: {
    files: ["mod"],
    below: ["address", "settings", "message", "smarthost", "policy", "report", "redis", "cluster"]
      .concat("host"),
    pure: false,
  },
};

/** The files that alone may know a package. */
const PACKAGES: Record<string, string[]> = {
  "@std/cli/parse-args": ["options.ts"],
  "ioredis": ["events.ts", "redis.ts"],
  "nodemailer/lib/mime-funcs": ["header.ts", "mime.ts", "words.ts"],
  "nodemailer/lib/smtp-connection": ["smtp.ts"],
};

const filesOf = (name: string) => (STOREYS[name]?.files ?? []).map((file) => `${file}.ts`);

/** What a file of lib may import, beside the runtime. */
function mayImport(file: string): string[] {
  const [name = "", storey] =
    Object.entries(STOREYS).find(([name]) => filesOf(name).includes(file)) ?? [];
  const storeys = ["vocabulary", name, ...storey?.below ?? []].flatMap(filesOf);
  const packages = Object.keys(PACKAGES).filter((name) => PACKAGES[name]?.includes(file));
  return [...storeys, ...packages];
}

const FILES = [...Deno.readDirSync(`${ROOT}/lib`)].map(({ name }) => name).toSorted();
const source = (path: string) => Deno.readTextFileSync(`${ROOT}/${path}`);

/** What a source imports, types too: `./x.ts` as `x.ts`, without what the runtime brings. */
function importsOf(text: string): string[] {
  const pattern =
    /^(?:import\b[^;"]*|export (?:type )?(?:\{[^}]*\}|\*)) from "([^"]+)"|\bimport\(?\s*"([^"]+)"/gm;
  const names = [...text.matchAll(pattern)].map(([, name = "", bare]) => bare ?? name);
  return names.filter((name) => !name.startsWith("node:")).map((name) => name.replace("./", ""));
}

/** The source without comments and without what stands in quotation marks. */
function codeOf(text: string): string {
  return text
    .replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '""')
    .replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, "");
}

/** Functions as `deno fmt` lays them out, from the first line to the lone closing brace. */
function functionsIn(text: string): { name: string; length: number }[] {
  const lines = text.split("\n");
  const begins = /^\s*(?:export )?(?:async )?function\b|=> \{$|^\s+(?:async )?[\w$]+\(.*\{$/;
  const control = /^\s*(?:if|for|while|switch|catch)\b|^\s*\} /;
  return lines.flatMap((line, start) => {
    if (!begins.test(line) || control.test(line)) return [];
    const indent = /^\s*/.exec(line)?.[0] ?? "";
    const end = lines.findIndex((other, i) =>
      i > start && other.startsWith(`${indent}}`) &&
      /^\s*\}[);,]*$/.test(other)
    );
    return [{ name: line.trim(), length: end - start + 1 }];
  });
}

Deno.test("the house has the rooms of its plan, and lib is flat", () => {
  assert.deepEqual(FILES, Object.keys(STOREYS).flatMap(filesOf).toSorted());
});

for (const file of FILES) {
  const text = source(`lib/${file}`);
  const code = codeOf(text);

  Deno.test(`lib/${file} imports only what the plan lets it`, () => {
    const allowed = mayImport(file);
    assert.deepEqual(importsOf(text).filter((name) => !allowed.includes(name)), []);
  });

  Deno.test(`lib/${file} fits on five screens, and its functions on one`, () => {
    const lines = text.trimEnd().split("\n").length;
    assert.ok(lines <= 250, `${lines} lines`);
    assert.deepEqual(functionsIn(text).filter(({ length }) => length > 50), []);
  });

  Deno.test(`lib/${file} leaves the process to main.ts, and keeps no state of its own`, () => {
    assert.doesNotMatch(code, /\bDeno\.(exit|args|stdin|stdout|stderr)\b|\bconsole\.|\bprocess\./);
    assert.doesNotMatch(code, /^(?:export )?(?:let|var) /m);
  });

  Deno.test(`lib/${file} does not silence the checker`, () => {
    assert.doesNotMatch(code, /\bas any\b|[:<|&,(]\s*any\b|\bany\[\]/);
    assert.doesNotMatch(text, /@ts-(?:ignore|expect-error|nocheck)|deno-lint-ignore/);
  });
}

const PURE = Object.keys(STOREYS).filter((name) => STOREYS[name]?.pure).flatMap(filesOf);

for (const file of FILES.filter((file) => PURE.includes(file))) {
  Deno.test(`lib/${file} takes clock, chance and host as values`, () => {
    const code = codeOf(source(`lib/${file}`));
    assert.doesNotMatch(code, /\bnew Date\(\)|\bDate\.now\b|\bperformance\b|\bMath\.random\b/);
    assert.doesNotMatch(code, /\bcrypto\b|\bsetTimeout\b|\bDeno\.|\bfetch\(/);
  });
}

Deno.test("files of lib never import each other in a circle", () => {
  const imports = new Map(FILES.map((file) => [file, importsOf(source(`lib/${file}`))]));
  const known = new Set<string>();
  const visit = (file: string, path: string[]): string[] => {
    if (path.includes(file)) return [[...path, file].join(" -> ")];
    if (known.has(file)) return [];
    known.add(file);
    return (imports.get(file) ?? []).flatMap((name) => visit(name, [...path, file]));
  };
  assert.deepEqual(FILES.flatMap((file) => visit(file, [])), []);
});

Deno.test("the program fits on one page", () => {
  const lines = source("main.ts").trimEnd().split("\n").length;
  assert.ok(lines <= 110, `${lines} lines`);
});
