/**
 * Python helpers: small scripts that answer one line to each line they are asked. Python brings
 * what the tests need and Deno has not: an independent mail server, an independent reader of
 * messages, datagram sockets with a path.
 *
 * @module
 */

import { readLines } from "../mail/lines.ts";

/** A running script, ended by its disposal. */
export type PythonHelper = AsyncDisposable & {
  /** The first line that the script wrote, which says that it is ready. */
  readonly greeting: string;
  /** Asks one line and gives the line that answers it; questions wait for each other. */
  ask(line: string): Promise<string>;
};

/** Interpreters in order of preference: Debian's packages are for the system's own. */
const INTERPRETERS = ["/usr/bin/python3", "python3"];

async function hasModule(interpreter: string, module: string): Promise<boolean> {
  const find = "import importlib.util as u, sys; sys.exit(u.find_spec(sys.argv[1]) is None)";
  try {
    const { success } = await new Deno.Command(interpreter, {
      args: ["-c", find, module],
      stderr: "null",
    }).output();
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Gives the interpreter that has a module; throws where none has it. */
export async function pythonWith(module: string): Promise<string> {
  for (const interpreter of INTERPRETERS) {
    if (await hasModule(interpreter, module)) return interpreter;
  }
  throw new Error(`No Python here has the module ${module} (Debian: python3-${module}).`);
}

/**
 * Starts a script of a folder beside this one and waits for its greeting.
 *
 * @param script the path from tests/support
 * @param args its arguments
 * @param module a module that the interpreter must have
 */
export async function startPython(
  script: string,
  args: string[] = [],
  module = "email",
): Promise<PythonHelper> {
  const path = new URL(`../${script}`, import.meta.url).pathname;
  const child = new Deno.Command(await pythonWith(module), {
    args: ["-B", "-u", path, ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines = readLines(child.stdout);
  const writer = child.stdin.getWriter();
  const nextLine = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${script} has ended`);
    return value;
  };
  let turn: Promise<unknown> = Promise.resolve();
  const ask = (line: string) => {
    const answer = turn.then(async () => {
      await writer.write(new TextEncoder().encode(`${line}\n`));
      return await nextLine();
    });
    turn = answer.catch(() => {});
    return answer;
  };
  const end = async () => {
    child.kill("SIGKILL");
    await child.status;
    await writer.abort().catch(() => {});
    await lines.return(undefined);
  };
  try {
    return { greeting: await nextLine(), ask, [Symbol.asyncDispose]: end };
  } catch (error) {
    await end();
    throw error;
  }
}
