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
  for (const from of await toolsIn(projectCache())) {
    if (without.some((name) => from.startsWith(name))) continue;
    await Deno.mkdir(cache(from.slice(0, from.lastIndexOf("/"))), { recursive: true });
    await Deno.symlink(`${projectCache()}/${from}`, cache(from));
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

/** The tools in a cache, and what is in Deno's own, by their paths. */
async function toolsIn(cache: string): Promise<string[]> {
  const names = async (path: string) =>
    (await Array.fromAsync(Deno.readDir(`${cache}/${path}`))).map(({ name }) => `${path}/${name}`);
  const versions = (await names(".")).map((path) => path.slice(2)).filter((name) =>
    /^deno-\d/.test(name)
  );
  const own = (await names("deno")).filter((name) => name !== "deno/dl");
  const folders = [...versions, ...await names("deno/dl")];
  return [...(await Promise.all(folders.map(names))).flat(), ...own];
}
