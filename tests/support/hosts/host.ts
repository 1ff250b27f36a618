/**
 * A host with next to nothing on it: glibc, `sh`, `logger`, and what a test puts there. No Deno, no
 * Node, no Python, not even `cat`.
 *
 * @module
 */

import { run } from "../program/command.ts";
import { type Folder, temporaryFolder } from "./folder.ts";
import type { LogSocket } from "../servers/log_socket.ts";

/** An empty host. */
export type Host = Folder & {
  /** The command that runs another one on it, with the network of the test. */
  readonly enter: string[];
  /** Puts a file there, at a path as the host has it. */
  install(path: string, content: string, mode?: number): Promise<void>;
};

/** What every host has. */
const PROGRAMS = ["/bin/sh", "/usr/bin/logger"];

/**
 * Makes a host.
 *
 * @param log its system log
 * @param executables files of the test that stand in its `/usr/local/bin`
 */
export async function emptyHost(log: LogSocket, executables: readonly string[]): Promise<Host> {
  const root = await temporaryFolder();
  const install = async (path: string, from: string) => {
    await Deno.mkdir(root.file(path.slice(1, path.lastIndexOf("/"))), { recursive: true });
    await Deno.copyFile(from, root.file(path.slice(1)));
  };
  const libraries = await Promise.all([...PROGRAMS, ...executables].map(librariesOf));
  for (const path of new Set([...PROGRAMS, ...libraries.flat()])) await install(path, path);
  const binds = executables.flatMap((path) => [
    "--ro-bind",
    path,
    `/usr/local/bin/${path.slice(path.lastIndexOf("/") + 1)}`,
  ]);
  return {
    ...root,
    enter: [
      ...["/usr/bin/bwrap", "--die-with-parent", "--bind", root.path, "/", "--dev", "/dev"],
      ...["--proc", "/proc"],
      ...["--bind", log.path, "/dev/log", ...binds, "--chdir", "/", "--"],
    ],
    async install(path, content, mode = 0o644) {
      await Deno.mkdir(root.file(path.slice(1, path.lastIndexOf("/"))), { recursive: true });
      await Deno.writeTextFile(root.file(path.slice(1)), content);
      await Deno.chmod(root.file(path.slice(1)), mode);
    },
  };
}

/** The libraries that a program is linked to, the loader among them, by their paths. */
async function librariesOf(program: string): Promise<string[]> {
  const { stdout } = await run(["ldd", program]);
  return [...stdout.matchAll(/(?:=> |^\s*)(\/\S+) \(0x/gm)].map(([, path = ""]) => path);
}
