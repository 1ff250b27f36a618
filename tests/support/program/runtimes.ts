/**
 * The two runtimes under which the program has to be the same: that of the executable, and the
 * current Deno, under which the gate runs the same bundle once more. Where the current Deno's base
 * can be had, the executable has it, too. What may differ between them stands here, and nowhere else.
 *
 * Run as a program, it prints the files of tests that the second run leaves out, as `deno test
 * --ignore` takes them.
 *
 * @module
 */

import { EXECUTABLE } from "./program.ts";

/** Tests that look at the file, or at scripts: a second run would show nothing new. */
export const ONCE: Readonly<Record<string, string>> = {
  "arm64_test.ts": "it compiles an executable of its own",
  "corpus_test.ts": "it compares with other programs; what goes out is compared by all other tests",
  "deploy_test.ts": "it copies the file to hosts",
  "host_test.ts": "the program has to be one file there",
  "library_test.ts": "it runs the library from its sources",
  "listener_life_test.ts": "the program has to be one file there",
  "packages_test.ts": "the program has to be one file there",
  "permissions_test.ts": "it reads what is baked into the file, and which files it opens",
  "readme_test.ts": "it runs the commands of the README, scripts among them",
  "release_test.ts": "it runs a script",
  "reproducible_test.ts": "it compiles executables of its own",
  "set_smarthost_test.ts": "it runs a script",
  "sources_test.ts": "it runs the program from its sources, under both",
  "systemd_test.ts": "the program has to be one file there",
  "toolchain_test.ts": "it runs the scripts that build",
};

/** What a run may be like: under Deno 2.7.11, and under the current Deno. */
type Difference<T> = { readonly older: T; readonly current: T };

/** Gives what holds for the program under test. */
export function underThisRuntime<T>({ older, current }: Difference<T>): T {
  return isOlder(EXECUTABLE) ? older : current;
}

/** All that differs, beside how the runtime gives up before the program begins. */
export const DIFFERENCES = {
  /** A connection that is reset: the current Deno does not tell it from a hang-up inside TLS. */
  reset: {
    older: /connection reset by the server/,
    current: /connection reset by the server|the server closed the connection/,
  },
  /** An argument that is not UTF-8: 2.7.11 ends before the program begins. */
  argumentNotUtf8: { older: 101, current: 64 },
} as const;

const known = new Map<string, boolean>();

/** Every Deno has its version in it, for the servers that it downloads from. */
function isOlder(executable: string): boolean {
  const found = known.get(executable);
  if (found !== undefined) return found;
  const args = ["-aoEm1", "Deno/[0-9]+[.][0-9]+[.][0-9]+", executable];
  const { stdout } = new Deno.Command("/usr/bin/grep", { args }).outputSync();
  const [version = ""] = new TextDecoder().decode(stdout).split("\n");
  if (version === "") throw new Error(`${executable} does not say which Deno is in it`);
  known.set(executable, version === "Deno/2.7.11");
  return version === "Deno/2.7.11";
}

if (import.meta.main) {
  console.log(Object.keys(ONCE).map((name) => `tests/e2e/${name}`).join(","));
}
