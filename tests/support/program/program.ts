/**
 * The program as its callers see it: an executable file, a pipe, an exit status. Whatever a run
 * says is searched for passwords and for the insides of the program.
 *
 * @module
 */

import type { LogRecord, LogSocket } from "../servers/log_socket.ts";
import type { RedisLike } from "../servers/redis.ts";
import { sandbox } from "../hosts/sandbox.ts";
import { assertNoInsides, assertNoSecrets } from "./secrets.ts";

/** The executable under test. */
export const EXECUTABLE = existing(
  Deno.env.get("NS8_SENDMAIL_BINARY") ??
    new URL("../../../dist/ns8-sendmail", import.meta.url).pathname,
);

/** Where there is nothing to test, one test says so, and the others of the run do not exist. */
function existing(path: string): string {
  try {
    Deno.statSync(path);
    return path;
  } catch {
    const said = "NS8_SENDMAIL_MISSING";
    const { test, env } = Deno;
    if (!env.has(said)) {
      test("there is an executable to test", () => {
        throw new Error(`${path} is missing. ./scripts/compile.sh makes it.`);
      });
    }
    env.set(said, path);
    Object.assign(Deno, { test: () => {} });
    return path;
  }
}

/** Under which circumstances the program runs. */
export type Circumstances = {
  /** The input, written to a pipe that is closed at its end; nothing unless told otherwise. */
  stdin?: string | Uint8Array | ReadableStream<Uint8Array>;
  /** Redirections of the shell, such as `<&-` or `>/dev/full`. */
  redirect?: string;
  /** The Redis at `REDIS_ADDRESS`; without, there is none at that address. */
  redis?: RedisLike;
  /** The environment, beside a plain PATH and REDIS_ADDRESS; nothing else is handed on. */
  env?: Record<string, string | undefined>;
  /** The system log; without, there is none. */
  log?: LogSocket;
  /** A command that runs the program, see sandbox.ts; with a log it has to provide that, too. */
  under?: string[];
  /** More passwords that must not be seen, beside those in Redis. */
  secrets?: string[];
  /** Another copy of the executable. */
  executable?: string;
  /** The current folder. */
  cwd?: string;
};

/** What came of a run. */
export type Run = {
  /** The exit status; that of a shell, 128 and the signal's number, where a signal ended it. */
  status: number;
  signal: Deno.Signal | null;
  stdout: string;
  stderr: string;
  /** What stands in `stdout`, as bytes. */
  output: Uint8Array;
  /** All that has been written to the system log by then. */
  records: LogRecord[];
  /** How long it took, in milliseconds. */
  elapsed: number;
};

/** A program that runs. */
export type RunningProgram = {
  readonly pid: number;
  kill(signal: Deno.Signal): void;
  /** Settles when it has ended; rejects where it said what it must not say, or hung. */
  readonly ended: Promise<Run>;
};

/** An address at which no Redis listens: tests stay clear of one that the host may have. */
const NO_REDIS = "127.0.0.1:1";

/** Asked of `test`, for Deno lets nobody but the almighty look into `/dev`. */
const HOST_HAS_LOG =
  new Deno.Command("/usr/bin/test", { args: ["-e", "/dev/log"] }).outputSync().success;

/** After this time a run is taken to hang, in milliseconds. */
const HANGS_AFTER = 60_000;

/** Runs the program to its end. */
export function sendmail(args: string[], circumstances: Circumstances = {}): Promise<Run> {
  return startSendmail(args, circumstances).ended;
}

/** Starts the program and lets the test go on. */
export function startSendmail(args: string[], circumstances: Circumstances = {}): RunningProgram {
  const [command = "", ...rest] = commandLine(args, circumstances);
  const { stdin = "", cwd, redirect = "" } = circumstances;
  const isPiped = !redirect.includes("<");
  const started = performance.now();
  const child = new Deno.Command(command, {
    args: rest,
    clearEnv: true,
    env: environment(circumstances),
    ...(cwd !== undefined && { cwd }),
    stdin: isPiped ? "piped" : "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const finish = async (): Promise<Run> => {
    const over = new AbortController();
    const fed = isPiped ? feed(child.stdin, stdin, over.signal) : undefined;
    const { code, signal, stdout, stderr } = await outputInTime(child);
    over.abort();
    await fed;
    const elapsed = performance.now() - started;
    const records = await circumstances.log?.records() ?? [];
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    const texts = { stdout: decode(stdout), stderr: decode(stderr) };
    const run = { status: code, signal, output: stdout, ...texts, records, elapsed };
    inspect(run, args, circumstances);
    return run;
  };
  return { pid: child.pid, kill: (signal) => child.kill(signal), ended: finish() };
}

function commandLine(args: string[], circumstances: Circumstances): string[] {
  const { log, redirect, executable = EXECUTABLE } = circumstances;
  // A host's own log is kept clean of the records of tests.
  const { under = log || HOST_HAS_LOG ? sandbox({ log }) : [] } = circumstances;
  const shell = redirect ? ["/bin/sh", "-c", `exec "$0" "$@" ${redirect}`] : [];
  return [...under, ...shell, executable, ...args];
}

function environment({ redis, env = {} }: Circumstances): Record<string, string> {
  const all = { PATH: "/usr/bin:/bin", REDIS_ADDRESS: redis?.address ?? NO_REDIS, ...env };
  const set = Object.entries(all).filter((entry): entry is [string, string] =>
    entry[1] !== undefined
  );
  return Object.fromEntries(set);
}

async function outputInTime(child: Deno.ChildProcess): Promise<Deno.CommandOutput> {
  let hangs = false;
  const timer = setTimeout(() => {
    hangs = true;
    child.kill("SIGKILL");
  }, HANGS_AFTER);
  const output = await child.output();
  clearTimeout(timer);
  if (hangs) throw new Error("The program did not end");
  return output;
}

/** Writes the input; a program that ends without having read it all is no fault of the test's. */
async function feed(
  pipe: WritableStream<Uint8Array<ArrayBuffer>>,
  input: string | Uint8Array | ReadableStream<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  const source = input instanceof ReadableStream
    ? input
    : ReadableStream.from([typeof input === "string" ? new TextEncoder().encode(input) : input]);
  try {
    await source.pipeTo(pipe, { signal });
  } catch (error) {
    if (!signal.aborted && !(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

function inspect(run: Run, args: string[], { redis, secrets = [] }: Circumstances): void {
  const passwords = [...redis?.passwords ?? [], ...secrets];
  const log = run.records.map(({ text }) => text).join("\n");
  const prints = args.includes("--settings")
    ? "settings"
    : args.includes("--dry-run")
    ? "mail"
    : "";
  if (prints !== "settings") assertNoSecrets("stdout", run.stdout, passwords);
  if (prints !== "mail") assertNoInsides("stdout", run.stdout);
  for (const [where, text] of [["stderr", run.stderr], ["the log", log]] as const) {
    assertNoSecrets(where, text, passwords);
    assertNoInsides(where, text);
  }
}
