/**
 * The benchmark: ns8-sendmail beside the least that a compiled program takes and beside the other
 * programs of this host that send mail, run in turn. Started by bench.sh.
 *
 * Options: --effort FACTOR for more rounds or fewer, --only TEXT for the cases with this in their
 * name, --reference FILE for a program that is called as ns8-sendmail is, --json FILE.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { certificateAuthority } from "../../tests/support/servers/certificates.ts";
import { type Folder, temporaryFolder } from "../../tests/support/hosts/folder.ts";
import { type PythonHelper, startPython } from "../../tests/support/program/python.ts";
import { type RedisServer, redisServer, smarthostHash } from "../../tests/support/servers/redis.ts";
import { sandbox } from "../../tests/support/hosts/sandbox.ts";
import { allCases, type Case, writeInputs } from "./cases.ts";
import { floor, peers, type Program, sendmail, type Target, toOne } from "./programs.ts";
import {
  type Figures,
  HANDSHAKE,
  HELLO,
  ONE_RECIPIENT,
  OURS,
  type Results,
  tables,
  verdicts,
} from "./report.ts";

/** The name of a node of a cluster is fully qualified. */
const HOST_NAME = "node1.bench.test";

/** How often each program's peak of memory is taken. */
const PEAKS = 3;

/** How many copies of each executable take turns. */
const COPIES = 3;

type Measured = { wall: number[]; cpu: number[]; peak: number[] };

/** What the servers have received. */
type Counts = { messages?: number; recipients?: number; records?: number };

type Bench = {
  servers: PythonHelper;
  redis: RedisServer;
  programs: Program[];
  target: Omit<Target, "host" | "port">;
  /** The ports of the mail servers. */
  ports: Record<Case["server"], Partial<Record<Case["encryption"], number>>>;
  /** The command that runs another one with the benchmark's own system log. */
  surroundings: string[];
};

/** Runs all programs for one case, and gives the figures of each. */
async function measure(test: Case, bench: Bench): Promise<Map<string, Figures>> {
  const port = bench.ports[test.server][test.encryption];
  if (port === undefined) throw new Error(`No server for ${test.name}`);
  // Certificates are for a name; without them, no name service is measured.
  const host = test.encryption === "none" ? "127.0.0.1" : "localhost";
  await bench.redis.store(smarthostHash({ host, port }, { encrypt_smtp: test.encryption }));
  const commands = [];
  for (const program of bench.programs) {
    const made = await program.command(test, { ...bench.target, host, port });
    if (made === undefined) continue;
    const { name, sends, recipients = test.recipients } = program;
    const arriving = sends ? recipients : 0;
    commands.push({ name, arriving, together: test.together, ...made });
  }
  const plan = { rounds: test.rounds, peaks: PEAKS, commands };
  const results = await runPlan(plan, bench.surroundings);
  await requireDelivery(bench.servers, test, commands.map(({ arriving }) => arriving));
  const [floor] = results;
  return new Map(commands.map(({ name }, index) => [name, figuresOf(results[index], floor)]));
}

async function runPlan(plan: unknown, surroundings: string[]): Promise<Measured[]> {
  const script = new URL("measure.py", import.meta.url).pathname;
  const [command = "", ...args] = [...surroundings, "/usr/bin/python3", "-I", script];
  const child = new Deno.Command(command, {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const output = child.output();
  await ReadableStream.from([new TextEncoder().encode(JSON.stringify(plan))]).pipeTo(child.stdin);
  const { success, stdout } = await output;
  if (!success) throw new Error("The measurement has failed");
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** Throws if a program did not send to every recipient: it would win because it did less. */
async function requireDelivery(
  servers: PythonHelper,
  test: Case,
  arriving: number[],
): Promise<void> {
  const runs = (test.rounds + COPIES) * test.together + PEAKS;
  const messages = runs * arriving.filter((recipients) => recipients > 0).length;
  const counts: Counts = JSON.parse(await servers.ask(`${messages}`));
  const recipients = runs * arriving.reduce((sum, each) => sum + each, 0);
  if (counts.messages === messages && counts.recipients === recipients && counts.records) return;
  throw new Error(`${JSON.stringify(counts)} instead of ${messages} messages`);
}

function figuresOf(measured: Measured | undefined, floor: Measured | undefined): Figures {
  const { wall = [], cpu = [], peak = [] } = measured ?? {};
  return {
    median: median(wall),
    // A shared machine has slow minutes, in which all programs are slow.
    ratio: median(wall.map((time, round) => time / (floor?.wall[round] ?? NaN))),
    least: Math.min(...wall),
    cpu: median(cpu),
    peak: median(peak) * 1024 / 1e6,
  };
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? NaN) + (sorted[Math.floor(middle)] ?? NaN)) / 2;
}

/**
 * Copies an executable several times, and gives the paths. How much of a file a process has in memory
 * depends on how the file was written, and its speed depends on where it lies in memory. So all
 * executables are written in the same way, and each has several copies.
 */
async function install(executable: string, folder: Folder): Promise<string[]> {
  const name = executable.replace(/.*\//, "");
  const paths = Array.from({ length: COPIES }, (_, number) => folder.file(`${name}-${number}`));
  for (const path of paths) await Deno.copyFile(executable, path);
  return paths;
}

/** The programs to compare, the floor first. */
async function programsOf(folder: Folder, built: string, reference?: string): Promise<Program[]> {
  const handshake = floor(HANDSHAKE, await install(`${built}/handshake`, folder));
  const own = await install(new URL("../../dist/ns8-sendmail", import.meta.url).pathname, folder);
  return [
    floor(HELLO, await install(`${built}/hello`, folder)),
    {
      ...handshake,
      command: (test, target) =>
        test.encryption === "tls" ? handshake.command(test, target) : undefined,
    },
    sendmail(OURS, own),
    toOne(sendmail(ONE_RECIPIENT, own)),
    ...await peers(),
    ...(reference === undefined ? [] : [sendmail("reference", [reference])]),
  ];
}

async function main(): Promise<void> {
  const { effort, only, reference, json, built = "", sink, libraries } = parseArgs(Deno.args, {
    string: ["effort", "only", "reference", "json", "built", "sink", "libraries"],
  });
  await using folder = await temporaryFolder();
  await using authority = await certificateAuthority();
  await using redis = await redisServer();
  const certificate = await authority.issue();
  const log = folder.file("log");
  const { chainFile, keyFile } = certificate;
  await using servers = await startPython("../../scripts/bench/servers.py", [
    JSON.stringify({ certificate: chainFile, key: keyFile, log, sink, libraries }),
  ]);
  const programs = await programsOf(folder, built, reference);
  const target = {
    authorityFile: authority.certificateFile,
    redisAddress: redis.address,
    inputs: await writeInputs(folder),
    folder,
  };
  const bench = {
    servers,
    redis,
    programs,
    target,
    ports: JSON.parse(servers.greeting),
    surroundings: sandbox({ log: { path: log }, hostName: HOST_NAME }),
  };
  const results: Results = new Map();
  const cases = allCases(Number(effort ?? 1)).filter(({ name }) => name.includes(only ?? ""));
  for (const test of cases) {
    console.error(`==> ${test.name}`);
    results.set(test.name, await measure(test, bench));
  }
  await report(results, built, json);
}

async function report(results: Results, built: string, json?: string): Promise<void> {
  const sizeOf = async (path: string) => (await Deno.stat(path)).size;
  const sizes = {
    executable: await sizeOf(new URL("../../dist/ns8-sendmail", import.meta.url).pathname),
    hello: await sizeOf(`${built}/hello`),
  };
  console.log(`${tables(results)}\n\n${verdicts(results, sizes)}`);
  const load = Deno.loadavg()[0]?.toFixed(1);
  const cores = navigator.hardwareConcurrency;
  const hello = results.values().next().value?.get(HELLO)?.median.toFixed(1);
  console.log(`\nhello took ${hello} ms; ${cores} processors, load at the end ${load}`);
  if (json === undefined) return;
  const plain = [...results].map(([test, figures]) => [test, Object.fromEntries(figures)]);
  const written = { cores, load, sizes, results: Object.fromEntries(plain) };
  await Deno.writeTextFile(json, JSON.stringify(written, undefined, 2) + "\n");
}

await main();
