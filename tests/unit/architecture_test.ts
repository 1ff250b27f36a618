/** The house as it is meant to be: folders as storeys, one door each, and arrows that go down. */

import assert from "node:assert/strict";
import { dirname, join, normalize } from "node:path/posix";

const ROOT = new URL("../..", import.meta.url).pathname;

/** The storeys from the ground up: what each may know beside itself and the vocabulary. */
const STOREYS: Record<string, readonly string[]> = {
  text: [],
  address: [],
  message: ["address", "text"],
  command_line: ["address", "message"],
  network: ["text"],
  cluster: ["text", "network"],
  tls: ["address", "text"],
  smtp: ["address", "text", "network", "tls"],
  oauth: ["text", "network", "tls", "smtp"],
  delivery: ["address", "message", "cluster", "tls", "smtp", "oauth", "text"],
  report: ["text", "address", "message", "cluster", "tls", "smtp", "delivery"],
  host: ["text"],
};

/** The storeys that only turn values into values: no clock, no chance, nothing of the host. */
const PURE = ["text", "address", "message", "command_line", "report"];

/** The folder that alone may know a package. */
const PACKAGES: Record<string, readonly string[]> = {
  "@std/cli/parse-args": ["command_line"],
  "ioredis": ["cluster"],
  "nodemailer/lib/mime-funcs": ["address", "message"],
  "nodemailer/lib/smtp-connection": ["smtp"],
};

const source = (path: string) => Deno.readTextFileSync(`${ROOT}/${path}`);

/** All sources below a folder, as paths from the root of the project. */
function filesBelow(folder: string): string[] {
  return [...Deno.readDirSync(`${ROOT}/${folder}`)].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesBelow(`${folder}/${name}`) : [`${folder}/${name}`]
  ).toSorted();
}

const FILES = filesBelow("lib");

/** The storey of a file; empty for the vocabulary and the face, which stand beside the storeys. */
const storeyOf = (file: string) => file.split("/").slice(1, -1).join("/");

/** What a source imports, types too: files of the project as paths from its root, and packages. */
function importsOf(file: string): string[] {
  const pattern =
    /^(?:import\b[^;"]*|export (?:type )?(?:\{[^}]*\}|\*)) from "([^"]+)"|\bimport\(?\s*"([^"]+)"/gm;
  const names = [...source(file).matchAll(pattern)].map(([, name = "", bare]) => bare ?? name);
  return names.filter((name) => !name.startsWith("node:"))
    .map((name) => name.startsWith(".") ? normalize(join(dirname(file), name)) : name);
}

/** Whether a file may import another file or a package. */
function mayImport(file: string, name: string): boolean {
  const storey = storeyOf(file);
  if (!name.startsWith("lib/")) return PACKAGES[name]?.includes(storey) ?? false;
  if (name === "lib/outcome.ts") return true;
  if (file === "lib/mod.ts") return name.endsWith("/mod.ts");
  if (storey !== "" && storeyOf(name) === storey) return !name.endsWith("/mod.ts");
  const isBelow = STOREYS[storey]?.includes(storeyOf(name)) ?? false;
  return isBelow && name === `lib/${storeyOf(name)}/mod.ts`;
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

Deno.test("lib has the storeys of the plan, each with a door", () => {
  const storeys = [...new Set(FILES.map(storeyOf))].filter((name) => name !== "");
  assert.deepEqual(storeys.toSorted(), Object.keys(STOREYS).toSorted());
  const doors = storeys.filter((storey) => FILES.includes(`lib/${storey}/mod.ts`));
  assert.deepEqual(doors, storeys);
  assert.deepEqual(FILES.filter((file) => storeyOf(file) === ""), ["lib/mod.ts", "lib/outcome.ts"]);
});

Deno.test("the storeys stand on each other: none knows one above it", () => {
  const order = Object.keys(STOREYS);
  for (const [storey, below] of Object.entries(STOREYS)) {
    assert.deepEqual(below.filter((name) => order.indexOf(name) >= order.indexOf(storey)), []);
  }
});

for (const storey of Object.keys(STOREYS)) {
  Deno.test(`the door of lib/${storey} tells what the folder is for, and does nothing`, () => {
    const text = source(`lib/${storey}/mod.ts`);
    const comment = /^\/\*\*\n([\s\S]*?)\n \*\//.exec(text)?.[1]?.split("\n") ?? [];
    assert.ok(comment.length >= 6, "a door tells its story in about ten lines");
    assert.match(codeOf(text), /^(?:\s*export (?:type )?\{[^}]*\} from "";)+\s*$/);
  });
}

Deno.test("each file of lib has its tests beside its name, or is tested by a neighbour", () => {
  const tests = filesBelow("tests/unit").filter((file) => file.split("/").length > 3);
  const rooms = tests.map((file) => file.replace("tests/unit/", "lib/").replace("_test.ts", ".ts"));
  assert.deepEqual(rooms.filter((file) => !FILES.includes(file)), []);
});

for (const file of FILES) {
  const text = source(file);
  const code = codeOf(text);

  Deno.test(`${file} imports only what the plan lets it`, () => {
    assert.deepEqual(importsOf(file).filter((name) => !mayImport(file, name)), []);
  });

  Deno.test(`${file} fits on five screens, and its functions on one`, () => {
    const lines = text.trimEnd().split("\n").length;
    assert.ok(lines <= 250, `${lines} lines`);
    assert.deepEqual(functionsIn(text).filter(({ length }) => length > 50), []);
  });

  Deno.test(`${file} leaves the process to main.ts, and keeps no state of its own`, () => {
    assert.doesNotMatch(code, /\bDeno\.(exit|args|stdin|stdout|stderr)\b|\bconsole\.|\bprocess\./);
    assert.doesNotMatch(code, /^(?:export )?(?:let|var) /m);
  });

  Deno.test(`${file} does not silence the checker`, () => {
    assert.doesNotMatch(code, /\bas any\b|[:<|&,(]\s*any\b|\bany\[\]/);
    assert.doesNotMatch(text, /@ts-(?:ignore|expect-error|nocheck)|deno-lint-ignore/);
  });
}

for (const file of FILES.filter((file) => PURE.includes(storeyOf(file)))) {
  Deno.test(`${file} takes clock, chance and host as values`, () => {
    const code = codeOf(source(file));
    assert.doesNotMatch(code, /\bnew Date\(\)|\bDate\.now\b|\bperformance\b|\bMath\.random\b/);
    assert.doesNotMatch(code, /\bcrypto\b|\bsetTimeout\b|\bDeno\.|\bfetch\(/);
  });
}

Deno.test("files of lib never import each other in a circle", () => {
  const known = new Set<string>();
  const visit = (file: string, path: string[]): string[] => {
    if (path.includes(file)) return [[...path, file].join(" -> ")];
    if (known.has(file)) return [];
    known.add(file);
    const imports = importsOf(file).filter((name) => name.startsWith("lib/"));
    return imports.flatMap((name) => visit(name, [...path, file]));
  };
  assert.deepEqual(FILES.flatMap((file) => visit(file, [])), []);
});

Deno.test("main.ts uses doors, keeps no state, and is read in five minutes", () => {
  const text = source("main.ts");
  const files = importsOf("main.ts").filter((name) => name.startsWith("lib/"));
  assert.deepEqual(files.filter((name) => !/^lib\/(?:outcome|[a-z_]+\/mod)\.ts$/.test(name)), []);
  assert.doesNotMatch(codeOf(text), /^(?:export )?(?:let|var) /m);
  const lines = text.trimEnd().split("\n").length;
  assert.ok(lines <= 200, `${lines} lines`);
});
