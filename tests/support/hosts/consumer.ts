/**
 * A program of somebody else's, in a folder of its own, that imports this package by its name.
 *
 * @module
 */

import { denoEnvironment, projectFile } from "../program/command.ts";
import { type Folder, temporaryFolder } from "./folder.ts";

const NAME = "@nethserver/ns8-sendmail";

/** What a lock file has that is of interest here. */
type Lock = { workspace: { dependencies: string[]; links: Record<string, unknown> } };

/**
 * Makes a folder whose deno.json links the checkout in place of what JSR would have. Its lock is
 * the checkout's, so that nothing has to be asked of any registry.
 */
export async function consumer(): Promise<Folder> {
  const folder = await temporaryFolder();
  const { version }: { version: string } = JSON.parse(await read("deno.json"));
  const major = version.split(".", 1)[0];
  const lock: Lock = JSON.parse(await read("deno.lock"));
  const { dependencies, links } = lock.workspace;
  await folder.write(
    "deno.json",
    JSON.stringify({
      imports: { [NAME]: `jsr:${NAME}@^${version}` },
      links: [projectFile(""), projectFile("scripts/bundle/links/debug")],
      nodeModulesDir: "auto",
      vendor: true,
    }),
  );
  await folder.write(
    "deno.lock",
    JSON.stringify({
      ...lock,
      workspace: {
        dependencies: [`jsr:${NAME}@${major}`],
        links: { [`jsr:${NAME}@${version}`]: { dependencies }, ...links },
      },
    }),
  );
  await Deno.mkdir(folder.file("vendor"));
  await Deno.symlink(projectFile("vendor/jsr.io"), folder.file("vendor/jsr.io"));
  return folder;
}

/** The command that runs a program of such a folder, with the permissions that it needs. */
export function denoRun(file: string, check: "--check" | "--no-check" = "--no-check"): string[] {
  const permissions = ["--allow-env", "--allow-net", "--allow-read", "--allow-sys=hostname"];
  const flags = ["--quiet", check, "--cached-only", "--no-prompt", ...permissions];
  return [Deno.execPath(), "run", ...flags, file];
}

/** The environment of such a program. */
export function consumerEnvironment(env: Record<string, string>): Record<string, string> {
  return { ...denoEnvironment(), ...env };
}

function read(name: string): Promise<string> {
  return Deno.readTextFile(projectFile(name));
}
