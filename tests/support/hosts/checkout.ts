/**
 * Copies of the project's sources, for tests of the scripts that build it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { denoEnvironment, type Ended, projectFile, run } from "../program/command.ts";
import { type Folder, temporaryFolder } from "./folder.ts";

/** What the executable is made of, and what makes it. */
const SOURCES = ["main.ts", "lib", "deno.json", "deno.lock", "scripts"];
const LIBRARIES = ["vendor", "node_modules"];

/** A copy of the sources, with a cache of its own. */
export type Checkout = Folder & {
  /** The cache, which a script may change without harm to that of the project. */
  readonly cache: Folder["file"];
  /** Runs a script of the copy, under another command if need be. */
  run(script: string, env?: Record<string, string>, under?: string[]): Promise<Ended>;
};

/** The cache of the project. */
export function projectCache(): string {
  return Deno.env.get("NS8_SENDMAIL_CACHE") ?? projectFile(".cache");
}

/** Deno's own cache, which may lie elsewhere (DENO_DIR). */
function denoCache(): string {
  return Deno.env.get("DENO_DIR") ?? `${projectCache()}/deno`;
}

/**
 * Makes a copy. Libraries are those of the project, and in the cache are links to its tools and to
 * Deno's own cache; names in `without` are left out of it.
 */
export async function checkout(without: readonly string[] = []): Promise<Checkout> {
  const folder = await temporaryFolder();
  const copied = await run(["cp", "-a", ...SOURCES.map(projectFile), folder.path]);
  assert.equal(copied.status, 0, copied.stderr);
  for (const name of LIBRARIES) await Deno.symlink(projectFile(name), folder.file(name));
  const cache = (name: string) => folder.file(`.cache/${name}`);
  await Deno.mkdir(cache("deno/dl"), { recursive: true });
  for (const [name, path] of await cachedTools()) {
    if (without.some((start) => name.startsWith(start))) continue;
    await Deno.mkdir(cache(name.slice(0, name.lastIndexOf("/"))), { recursive: true });
    await Deno.symlink(path, cache(name));
  }
  return {
    ...folder,
    cache,
    run: (script, env = {}, under = []) => {
      const { NS8_SENDMAIL_CACHE: _, DENO_DIR: __, ...own } = denoEnvironment();
      return run([...under, folder.file(script)], { env: { ...own, ...env } });
    },
  };
}

/** The tools in the cache, and what is in Deno's own: names in a cache that has both, and paths. */
async function cachedTools(): Promise<[name: string, path: string][]> {
  const below = async (name: string, path: string) =>
    (await Array.fromAsync(Deno.readDir(path)))
      .map((entry): [string, string] => [`${name}/${entry.name}`, `${path}/${entry.name}`]);
  const all = await below(".", projectCache());
  const versions = all.map(([name, path]): [string, string] => [name.slice(2), path])
    .filter(([name]) => /^deno-\d/.test(name));
  const own = (await below("deno", denoCache())).filter(([name]) => name !== "deno/dl");
  const folders = [...versions, ...await below("deno/dl", `${denoCache()}/dl`)];
  const tools = await Promise.all(folders.map(([name, path]) => below(name, path)));
  return [...tools.flat(), ...own];
}
