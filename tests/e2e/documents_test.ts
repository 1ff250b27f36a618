/** The manual page and the completions, as man, bash and zsh understand them. */

import assert from "node:assert/strict";
import { ExitStatus } from "../../lib/outcome.ts";
import { type Option, OPTIONS } from "../../lib/command_line/usage.ts";
import { DOCUMENTS } from "../../scripts/documents.ts";
import {
  CHECK_KEYS,
  KEYS,
  LIMITS,
  OPTION_SENTENCES,
} from "../../scripts/documents/manual_texts.ts";
import { projectFile, run } from "../support/program/command.ts";
import { temporaryFolder } from "../support/hosts/folder.ts";
import { sendmail } from "../support/program/program.ts";
import { interactiveShell, type ShellName } from "../support/hosts/terminal.ts";

const SHOWN = OPTIONS.filter(({ kind }) => kind === "once" || kind === "list");
const IGNORED = OPTIONS.filter(({ kind }) => kind === "ignored");
const NAMES = SHOWN.flatMap(namesOf);

function namesOf({ short, also, long }: Option): string[] {
  return [short && `-${short}`, also && `-${also}`, long && `--${long}`]
    .filter((name) => name !== undefined);
}

function synopsisOf(option: Option): string {
  return namesOf(option).join(", ") + (option.value === undefined ? "" : ` ${option.value}`);
}

/** The page as a reader sees it; throws where man has something to complain of. */
async function renderedManual(): Promise<string> {
  await using folder = await temporaryFolder();
  const page = await folder.write("ns8-sendmail.1", DOCUMENTS["ns8-sendmail.1"] ?? "");
  const env = { MANWIDTH: "80", LC_ALL: "C.UTF-8", MAN_KEEP_FORMATTING: "" };
  const { status, stdout, stderr } = await run(["man", "--warnings", "-l", page], { env });
  assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
  return stdout;
}

/** The text with every run of white space as one space: where lines break says nothing. */
function flowing(text: string): string {
  return text.replace(/\s+/g, " ");
}

/** The rows of the tables in the README that have these columns, each with its cells. */
async function readmeTables(...columns: string[]): Promise<string[][][]> {
  const readme = await Deno.readTextFile(projectFile("README.md"));
  const tables = readme.split(/\n(?!\|)/).map((text) =>
    text.trim().split("\n").filter((line) => line.startsWith("|"))
      .map((line) => line.slice(1, -1).split("|").map((cell) => cell.trim()))
  );
  const found = tables.filter(([head]) => columns.every((column, i) => head?.[i] === column));
  return found.map((rows) => rows.slice(2));
}

/** The rows of the first table that has these columns. */
async function readmeTable(...columns: string[]): Promise<string[][]> {
  const [found] = await readmeTables(...columns);
  assert.ok(found, `README.md has no table ${columns.join(", ")}`);
  return found;
}

/** The cell of a table as a sentence of the manual page. */
function sentenceOf(cell = ""): string {
  const words = cell.replaceAll("`", "");
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}

Deno.test("man renders the page without a warning, and it fits 80 columns", async () => {
  const manual = await renderedManual();
  assert.match(manual, /^NAME\n {7}ns8-sendmail - send a message through the smarthost/m);
  const examples = manual.indexOf("EXAMPLES");
  for (const line of manual.slice(0, examples).split("\n")) {
    // What stands as it is written, a record of the log, may be longer.
    if (!line.startsWith("         ")) assert.ok(line.length <= 80, line);
  }
  for (const quote of [`'Name <user@host>'`, `'' or '<>'`, "no-reply@HOST", "--"]) {
    assert.ok(manual.includes(quote), quote);
  }
  assert.ok(!manual.includes("\u2010"), "a hyphen divides a word");
});

Deno.test("the manual page has every option with its value, in whole sentences, in the order of --help", async () => {
  const manual = flowing(await renderedManual());
  const entries = SHOWN.map((option) => {
    const sentences = OPTION_SENTENCES[option.long ?? option.short ?? ""] ?? "";
    assert.match(sentences, /^[A-Z].*\.$/);
    return `${synopsisOf(option)} ${sentences}`;
  });
  assert.equal(Object.keys(OPTION_SENTENCES).length, SHOWN.length);
  assert.ok(manual.includes(` OPTIONS ${entries.join(" ")} `), manual);
  assert.ok(manual.includes(` ${IGNORED.map(synopsisOf).join(", ")}. `), manual);
});

Deno.test("--help has every option with its value and its words", async () => {
  const { status, stdout } = await sendmail(["--help"]);
  assert.equal(status, 0);
  const help = flowing(stdout);
  for (const option of SHOWN) {
    assert.ok(help.includes(` ${synopsisOf(option)} ${option.help} `), synopsisOf(option));
  }
  assert.ok(help.includes(` ${IGNORED.map(synopsisOf).join(", ")} `), help);
});

Deno.test("the README's table has every option with its value and its words", async () => {
  const rows = await readmeTable("option", "meaning");
  assert.deepEqual(
    rows.map(([option = "", meaning]) => [option.replaceAll("`", ""), meaning]),
    SHOWN.map((option) => [synopsisOf(option), option.help]),
  );
  const readme = await Deno.readTextFile(projectFile("README.md"));
  const prose = readme.slice(0, readme.indexOf("## Exit status"));
  for (const { short } of IGNORED) assert.match(prose, new RegExp(`[\`\\s]-${short}`));
});

Deno.test("README, manual page and program have the same exit statuses", async () => {
  const rows = await readmeTable("status", "when");
  const numbers: number[] = Object.values(ExitStatus);
  assert.deepEqual(rows.map(([status]) => Number(status)), numbers);
  const manual = flowing(await renderedManual());
  const entries = rows.map(([status, when]) => `${status} ${sentenceOf(when)}`);
  assert.ok(manual.includes(` EXIT STATUS ${entries.join(" ")} `), manual);
});

Deno.test("README and manual page have the same keys of JSON, and steps of a check", async () => {
  const rows = await readmeTable("key", "meaning");
  const cells = rows.map(([key = "", meaning]) => [key.replaceAll("`", ""), sentenceOf(meaning)]);
  assert.deepEqual(cells, KEYS);
  const readme = flowing(await Deno.readTextFile(projectFile("README.md")));
  for (const [key] of CHECK_KEYS) assert.ok(readme.includes(`\`${key}\``), key);
  const [, steps = ""] = /the names are ([\w, ]+)\)/.exec(readme) ?? [];
  const said = Object.fromEntries(CHECK_KEYS)["steps"] ?? "";
  assert.ok(said.includes(`(${steps.replace(" and ", ", ")})`), said);
});

Deno.test("README and manual page have the same limits of the runtime", async () => {
  const [, limits = []] = await readmeTables("status", "when");
  assert.deepEqual(
    limits.map(([status, when = ""]) => [Number(status), when.replaceAll("`", "")]),
    LIMITS,
  );
});

Deno.test("the manual page names every variable that the executable may read, but Deno's own", async () => {
  const permissions = await Deno.readTextFile(projectFile("scripts/bundle/permissions.txt"));
  const names = /^--allow-env=(.*)$/m.exec(permissions)?.[1]?.split(",") ?? [];
  assert.ok(names.length > 0);
  const manual = await renderedManual();
  const [, environment = ""] = manual.split(/^ENVIRONMENT$/m);
  for (const name of names.filter((name) => !name.startsWith("DENO_"))) {
    assert.ok(environment.includes(name), name);
  }
});

Deno.test("the manual page has a date, files, the log, limits and at least ten examples", async () => {
  const manual = await renderedManual();
  const headings = [...manual.matchAll(/^[A-Z][A-Z ]+$/gm)].map(([heading]) => heading);
  assert.deepEqual(headings, [
    ...["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "ENVIRONMENT", "FILES", "LOG"],
    ...["JSON", "LIMITS", "EXAMPLES", "SEE ALSO"],
  ]);
  const [, examples = ""] = manual.split(/^EXAMPLES$/m);
  const commands = examples.split("\n").filter((line) => line.startsWith("         "));
  assert.ok(commands.length >= 10, examples);
  assert.match(manual, /\d{4}-\d\d-\d\d/);
});

/** The shortest beginning of a name that no other name has, or all of it. */
function beginningOf(name: string): string {
  const others = NAMES.filter((other) => other !== name);
  for (let length = 3; length < name.length; length++) {
    const start = name.slice(0, length);
    if (!others.some((other) => other.startsWith(start))) return start;
  }
  return name;
}

const LONG = SHOWN.filter(({ long }) => long !== undefined);

/** What is typed, and what is on the line after Tab; `bash` and `zsh` where they differ. */
const LINES: [what: string, typed: string, bash: string, zsh: string][] = [
  ...LONG.map(({ long, value }): [string, string, string, string] => [
    `--${long}`,
    `ns8-sendmail ${beginningOf(`--${long}`)}`,
    `ns8-sendmail --${long} `,
    `ns8-sendmail --${long}${value === undefined ? " " : "="}`,
  ]),
  [
    "as far as it is certain",
    "ns8-sendmail --se",
    "ns8-sendmail --settings ",
    "ns8-sendmail --settings ",
  ],
  [
    "nothing where the text of an option stands",
    "ns8-sendmail -s --he",
    "ns8-sendmail -s --he",
    "ns8-sendmail -s --he",
  ],
  [
    "options behind the text of an option",
    "ns8-sendmail -s --x --he",
    "ns8-sendmail -s --x --help ",
    "ns8-sendmail -s --x --help ",
  ],
  [
    "nothing but recipients behind --",
    "ns8-sendmail -- --he",
    "ns8-sendmail -- --he",
    "ns8-sendmail -- --he",
  ],
  ["local users as recipients", "ns8-sendmail roo", "ns8-sendmail root ", "ns8-sendmail root "],
  [
    "local users as the sender",
    "ns8-sendmail -f roo",
    "ns8-sendmail -f root ",
    "ns8-sendmail -f root ",
  ],
  [
    "local users behind =",
    "ns8-sendmail --cc=roo",
    "ns8-sendmail --cc=root ",
    "ns8-sendmail --cc=root ",
  ],
  [
    "options behind those of sendmail",
    "ns8-sendmail -oi -n --he",
    "ns8-sendmail -oi -n --help ",
    "ns8-sendmail -oi -n --help ",
  ],
  [
    "no options of sendmail that do nothing",
    "ns8-sendmail -G --he",
    "ns8-sendmail -G --help ",
    "ns8-sendmail -G --help ",
  ],
];

for (const name of ["bash", "zsh"] as const satisfies ShellName[]) {
  Deno.test(`Tab in ${name} completes options, users, and nothing where a text is wanted`, async () => {
    await using shell = await interactiveShell(name, DOCUMENTS);
    for (const [what, typed, bash, zsh] of LINES) {
      assert.equal(await shell.complete(typed), name === "bash" ? bash : zsh, what);
    }
  });

  Deno.test(`Tab in ${name} shows the options of --help and no others`, async () => {
    await using shell = await interactiveShell(name, DOCUMENTS);
    const shown = await shell.list("ns8-sendmail -");
    const names = [...shown.matchAll(/(?<=\s)-{1,2}\w[\w-]*(?=\s)/g)].map(([found]) => found);
    assert.deepEqual([...new Set(names)].toSorted(), NAMES.toSorted(), shown);
  });
}

Deno.test("Tab in zsh says what an option does", async () => {
  await using shell = await interactiveShell("zsh", DOCUMENTS);
  const shown = await shell.list("ns8-sendmail -");
  for (const { help } of SHOWN) assert.ok(shown.includes(`-- ${help}`), `${help}\n${shown}`);
});

Deno.test("bash and zsh find no fault with the completions", async () => {
  await using folder = await temporaryFolder();
  const bash = await folder.write("bash", DOCUMENTS["ns8-sendmail.bash"] ?? "");
  const zsh = await folder.write("zsh", DOCUMENTS["_ns8-sendmail"] ?? "");
  for (const command of [["bash", "-n", bash], ["zsh", "-n", zsh]]) {
    assert.deepEqual(await run(command), { status: 0, stdout: "", stderr: "" });
  }
});
