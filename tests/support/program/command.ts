/**
 * Commands that are not the program itself: the project's scripts, shells, tools.
 *
 * @module
 */

import { readLines } from "../mail/lines.ts";

/** Under which circumstances a command runs. */
export type CommandOptions = {
  /** The input, of which a pipe is made; nothing unless told otherwise. */
  stdin?: string | Uint8Array;
  /** The environment, beside a plain PATH; nothing else is handed on. */
  env?: Record<string, string>;
  cwd?: string;
};

/** What came of it. */
export type Ended = { status: number; stdout: string; stderr: string };

/** A command that runs. */
export type RunningCommand = AsyncDisposable & {
  readonly pid: number;
  kill(signal: Deno.Signal): void;
  /**
   * Waits for the next line of either output that says this, and gives it; lines before it are
   * gone then. Throws where the command ends before.
   */
  said(text: string): Promise<string>;
  /** All lines of both outputs so far. */
  readonly lines: readonly string[];
  /** The exit status. */
  readonly ended: Promise<number>;
};

const PATH = "/usr/local/bin:/usr/bin:/bin";
const ROOT = new URL("../../..", import.meta.url).pathname;

/** The path of a file of the project. */
export function projectFile(name: string): string {
  return ROOT + name;
}

/** The command that runs a script of the project, as its users do, with the permissions given. */
export function denoScript(name: string, ...permissions: string[]): string[] {
  const flags = ["--quiet", "--frozen", "--cached-only", "--no-prompt", ...permissions];
  return [Deno.execPath(), "run", ...flags, projectFile(name)];
}

/** What Deno itself has to be told where its environment is cleared. */
export function denoEnvironment(): Record<string, string> {
  const names = [
    "DENO_DIR",
    "DENO_TLS_CA_STORE",
    "HOME",
    "NPM_CONFIG_REGISTRY",
    "NS8_SENDMAIL_CACHE",
  ];
  const set = names.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  });
  return { ...Object.fromEntries(set), DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" };
}

/** Runs a command to its end. */
export async function run(command: string[], options: CommandOptions = {}): Promise<Ended> {
  const child = spawn(command, options);
  const fed = feed(child, options.stdin);
  const { code, stdout, stderr } = await child.output();
  await fed;
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { status: code, stdout: decode(stdout), stderr: decode(stderr) };
}

/** Starts a command and lets the test go on; its disposal ends it the hard way. */
export function start(command: string[], options: CommandOptions = {}): RunningCommand {
  const child = spawn(command, options);
  const fed = feed(child, options.stdin);
  const lines: string[] = [];
  const waiting: { text: string; resolve: (line: string) => void; reject: (e: Error) => void }[] =
    [];
  let read = 0;
  const serve = () => {
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      const { text } = first;
      const at = lines.findIndex((line, i) => i >= read && line.includes(text));
      if (at < 0) return;
      read = at + 1;
      first.resolve(lines[at] ?? "");
      waiting.shift();
    }
  };
  const listen = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    for await (const line of readLines(stream)) {
      lines.push(line);
      serve();
    }
  };
  const giveUp = () => {
    for (const { text, reject } of waiting.splice(0)) {
      reject(new Error(`It ended and never said "${text}":\n${lines.join("\n")}`));
    }
  };
  let isOver = false;
  const over = Promise.all([listen(child.stdout), listen(child.stderr), fed]).then(async () => {
    const { code } = await child.status;
    isOver = true;
    giveUp();
    return code;
  });
  return {
    pid: child.pid,
    lines,
    ended: over,
    kill: (signal) => child.kill(signal),
    said(text) {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      waiting.push({ text, resolve, reject });
      serve();
      if (isOver) giveUp();
      return promise;
    },
    async [Symbol.asyncDispose]() {
      if (!isOver) child.kill("SIGKILL");
      await over;
    },
  };
}

function spawn([command = "", ...args]: string[], { env, cwd }: CommandOptions): Deno.ChildProcess {
  return new Deno.Command(command, {
    args,
    clearEnv: true,
    env: { PATH, ...env },
    ...(cwd !== undefined && { cwd }),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Writes the input; a command need not read it. */
async function feed(child: Deno.ChildProcess, stdin: string | Uint8Array = ""): Promise<void> {
  const writer = child.stdin.getWriter();
  const bytes = typeof stdin === "string" ? new TextEncoder().encode(stdin) : stdin;
  try {
    await writer.write(Uint8Array.from(bytes));
    await writer.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
