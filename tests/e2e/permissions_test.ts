/** What is baked into the executable, read back out of it: permissions and all that could undo them. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { projectFile } from "../support/program/command.ts";
import { temporaryFolder } from "../support/hosts/folder.ts";
import { EXECUTABLE, sendmail } from "../support/program/program.ts";
import { assertSilentSuccess } from "../support/program/assertions.ts";
import { certificateAuthority } from "../support/servers/certificates.ts";
import { redisServer, smarthostHash } from "../support/servers/redis.ts";
import { sandbox } from "../support/hosts/sandbox.ts";
import { honestSmtp } from "../support/servers/smtp_honest.ts";
import { LOGIN } from "../support/servers/smtp_login.ts";

/** What stands before the section that `deno compile` adds to its runtime. */
const MAGIC = "d3n0l4nd";

/** Permissions as `deno compile` stores them: none, those in the list, or all where it is empty. */
type Permissions = Record<string, string[] | boolean | null>;

type Metadata = { permissions: Permissions } & Record<string, unknown>;

/**
 * Reads the metadata of an executable: the section begins with its mark, the metadata's length in
 * eight octets (little-endian), and the metadata as JSON. The mark is elsewhere in the runtime too.
 */
async function metadataOf(executable: string): Promise<Metadata> {
  const bytes = Buffer.from((await Deno.readFile(executable)).buffer);
  const start = bytes.indexOf(`{"argv":`, bytes.lastIndexOf(MAGIC, bytes.lastIndexOf(`{"argv":`)));
  assert.equal(bytes.toString("latin1", start - 16, start - 8), MAGIC);
  const length = Number(bytes.readBigUInt64LE(start - 8));
  return JSON.parse(bytes.toString("utf8", start, start + length));
}

/** The flags that make these permissions; `prompt` is none of them. */
function flagsOf({ prompt: _, ...lists }: Permissions): string[] {
  return Object.entries(lists).flatMap(([name, list]) => {
    if (list === null) return [];
    const flag = `--${name.replace("_", "-")}`;
    return Array.isArray(list) && list.length > 0 ? [`${flag}=${list.join(",")}`] : [flag];
  }).toSorted();
}

/** The flags that scripts/bundle/permissions.txt says are baked in. */
async function wantedFlags(): Promise<string[]> {
  const text = await Deno.readTextFile(projectFile("scripts/bundle/permissions.txt"));
  return text.split("\n").filter((line) => line.startsWith("--")).toSorted();
}

Deno.test("the executable has the permissions of scripts/bundle/permissions.txt, and no other", async () => {
  const { permissions } = await metadataOf(EXECUTABLE);
  // Hosts to import from are always there; that all importing is denied goes before them.
  const { allow_import: _, ...given } = permissions;
  assert.deepEqual(given.deny_import, []);
  assert.deepEqual(flagsOf(given), await wantedFlags());
});

Deno.test("the executable may write nothing, load no native code, and asks nobody for more", async () => {
  const { permissions } = await metadataOf(EXECUTABLE);
  const { allow_write, allow_ffi, allow_all, prompt } = permissions;
  assert.deepEqual([allow_write, allow_ffi, allow_all ?? null, prompt], [null, null, null, false]);
});

Deno.test("the executable trusts the system's store, and nothing else is set in it", async () => {
  const metadata = await metadataOf(EXECUTABLE);
  assert.deepEqual(metadata.env_vars_from_env_file, { DENO_TLS_CA_STORE: "system" });
  const { argv, seed, location, ca_stores, ca_data, unsafely_ignore_certificate_errors } = metadata;
  assert.deepEqual(argv, []);
  const unset = { seed, location, ca_stores, ca_data, unsafely_ignore_certificate_errors };
  assert.deepEqual([...new Set(Object.values(unset))], [null]);
  assert.deepEqual([metadata.preload_modules, metadata.require_modules], [[], []]);
});

Deno.test("the executable keeps no cache of its code: a run leaves no file behind", async () => {
  const { code_cache_key } = await metadataOf(EXECUTABLE);
  assert.equal(code_cache_key, null);
  await using folder = await temporaryFolder();
  const { path } = folder;
  const env = { TMPDIR: path, HOME: path, DENO_DIR: path, XDG_CACHE_HOME: path };
  for (const args of [["--dry-run", "u@x.org"], ["u@x.org"], ["--help"]]) {
    await sendmail(args, { env, cwd: path, under: sandbox() });
  }
  assert.deepEqual(await Array.fromAsync(Deno.readDir(path)), []);
});

Deno.test("the executable has the flags of scripts/bundle/v8_flags.txt, and makes no machine code", async () => {
  const { v8_flags } = await metadataOf(EXECUTABLE);
  const text = await Deno.readTextFile(projectFile("scripts/bundle/v8_flags.txt"));
  const wanted = text.split("\n").filter((line) => line.startsWith("--"));
  assert.ok(wanted.includes("--jitless"));
  assert.ok(Array.isArray(v8_flags));
  assert.deepEqual(v8_flags.slice(-wanted.length), wanted);
});

// --- What it looks at ---

const EXAMPLE = ["-s", "My test mail", "-f", "no-reply@nethserver.org", "user@test.org"];
const SYSTEM_STORE = "/etc/ssl/certs/ca-certificates.crt";

/** The paths that a run names to the system, as strace writes them. */
async function pathsIn(trace: string): Promise<string[]> {
  const calls = (await Deno.readTextFile(trace)).split("\n");
  return calls.flatMap((call) => [...call.matchAll(/"([^"]*)"/g)].map(([, path = ""]) => path));
}

for (const encryption of ["none", "starttls", "tls"] as const) {
  Deno.test(`the executable looks at nothing that others can write: ${encryption}`, async () => {
    await using folder = await temporaryFolder();
    await using authority = await certificateAuthority();
    const certificate = await authority.issue();
    await using server = await honestSmtp({ encryption, certificate, login: LOGIN });
    const hash = smarthostHash(server, { ...LOGIN, encrypt_smtp: encryption });
    await using redis = await redisServer(hash);
    const trace = folder.file("trace");
    const run = await sendmail(EXAMPLE, {
      redis,
      cwd: "/",
      env: { HOME: "/root", TMPDIR: "/var/tmp" },
      under: [
        ...sandbox({ replaced: { [SYSTEM_STORE]: authority.certificateFile } }),
        ...["strace", "-f", "-qq", "-s", "4096", "-e", "trace=%file", "-o", trace],
      ],
      stdin: "Hello",
    });
    assertSilentSuccess(run);
    const paths = await pathsIn(trace);
    assert.ok(paths.includes(EXECUTABLE), "nothing was traced");
    const checkout = new URL("../..", import.meta.url).pathname;
    const forbidden = ["/tmp", "/var/tmp", "/node_modules", "/package.json", "/root", checkout];
    const seen = paths.filter((path) =>
      path !== EXECUTABLE && forbidden.some((start) => path.startsWith(start))
    );
    assert.deepEqual(seen, []);
  });
}
