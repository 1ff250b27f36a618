/**
 * Finds every variable of the environment that the executable reads, with a library that is preloaded
 * into it, and prints the table of SECURITY.md. Needs a C compiler.
 * Usage: variables.ts, after compile.sh
 *
 * @module
 */

import { temporaryFolder } from "../tests/support/hosts/folder.ts";
import { run } from "../tests/support/program/command.ts";
import { type Circumstances, sendmail } from "../tests/support/program/program.ts";
import { certificateAuthority } from "../tests/support/servers/certificates.ts";
import { smarthostHash } from "../tests/support/servers/redis.ts";
import { scriptedRedis } from "../tests/support/servers/redis_scripted.ts";
import { scriptedSmtp } from "../tests/support/servers/smtp_scripted.ts";
import { EFFECTS } from "./variables/effects.ts";

/** Ways to run the program that read different variables. */
const ENCRYPTIONS = ["none", "starttls", "tls"] as const;

/** Runs the program in each way: with a trusted server, with another one, and without sending. */
async function runAll(given: Circumstances): Promise<void> {
  await using authority = await certificateAuthority();
  const certificate = await authority.issue();
  for (const args of [["--help"], ["--version"], ["--dry-run", "u@x.org"], ["u@x.org"]]) {
    await sendmail(args, given);
  }
  for (const encryption of ENCRYPTIONS) {
    await using server = await scriptedSmtp({}, { encryption, certificate });
    const hash = smarthostHash(server, { encrypt_smtp: encryption });
    await using redis = await scriptedRedis({}, hash);
    await sendmail(["u@x.org"], { ...given, redis });
    const env = { ...given.env, SSL_CERT_FILE: authority.certificateFile };
    await sendmail(["u@x.org"], { ...given, redis, env });
  }
}

/** Gives the names of all variables that these runs read, sorted. */
export async function variablesRead(): Promise<string[]> {
  await using folder = await temporaryFolder();
  const [library, noted] = [folder.file("getenv.so"), await folder.write("noted", "")];
  const source = new URL("variables/getenv.c", import.meta.url).pathname;
  const compiled = await run(["cc", "-shared", "-fPIC", "-o", library, source]);
  if (compiled.status !== 0) throw new Error(compiled.stderr);
  await runAll({ env: { LD_PRELOAD: library, NOTED: noted }, under: [] });
  const names = (await Deno.readTextFile(noted)).trim().split("\n");
  return [...new Set(names)].toSorted();
}

/** The table of SECURITY.md for these variables. */
export function tableOf(names: readonly string[]): string[] {
  return names.map((name) => `| \`${name}\` | ${EFFECTS[name] ?? "**not known**"} |`);
}

if (import.meta.main) {
  console.log(
    ["| variable | effect |", "| --- | --- |", ...tableOf(await variablesRead())].join("\n"),
  );
}
