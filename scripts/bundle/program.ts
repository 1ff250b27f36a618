/**
 * The program inside the executable: a script, and the bytecode that V8 made of it when the
 * executable was compiled. Without that, V8 would parse and compile the script anew for every
 * message, which takes longer than all the rest of it. See CONTRIBUTING.md, "What a start costs".
 *
 * @module
 */

import { createRequire } from "node:module";
import { Script } from "node:vm";
import { dataStream } from "./data_stream.ts";

/** The program, ready to run. */
export type Program = {
  /** True if V8 accepted the bytecode; otherwise V8 compiles the script. */
  isPrecompiled: boolean;
  run(): void;
  /** The bytecode of all functions that have run by now. */
  bytecode(): Uint8Array;
};

/**
 * The modules that scripts/compile.sh leaves out of the script, and their replacements. Most are parts
 * of the libraries that the program never uses, but that take time to load. A call of one of them
 * fails at once.
 */
const LEFT_OUT: Readonly<Record<string, unknown>> = {
  // ioredis makes two methods of each of Redis's 300 commands, at every start. Without any, `call`
  // says them all.
  "@ioredis/commands": { list: [], exists: () => false },
  "./cluster": { default: leftOut },
  "./connectors/SentinelConnector": { default: leftOut, SentinelIterator: leftOut },
  "./SentinelConnector": { default: leftOut },
  // nodemailer fetches attachments from the web.
  "../fetch/index.js": leftOut,
  "./data-stream.js": dataStream,
};

function leftOut(): never {
  throw new Error("This part of a library is left out of the executable");
}

/**
 * Loads the script, which is a function of `require`.
 *
 * @param bytecode what V8 made of the script; an empty array where there is none
 * @param replaced modules of the runtime that others stand in for, by name
 */
export function loadProgram(
  source: string,
  bytecode: Uint8Array,
  replaced: Readonly<Record<string, unknown>> = {},
): Program {
  const script = new Script(source, {
    filename: "ns8-sendmail.js",
    ...(bytecode.length > 0 && { cachedData: bytecode }),
  });
  const requireBuiltin = createRequire(import.meta.url);
  const known = new Map(Object.entries({ ...LEFT_OUT, ...replaced }));
  const requireOnce = (name: string) => {
    if (!known.has(name)) known.set(name, prototypeOf(requireBuiltin(name)));
    return known.get(name);
  };
  return {
    isPrecompiled: script.cachedDataRejected === false,
    run() {
      const main: (require: (name: string) => unknown) => void = script.runInThisContext();
      main(requireOnce);
    },
    bytecode: () => script.createCachedData(),
  };
}

/**
 * Gives an object that has the module as its prototype and no names of its own. The bundle copies the
 * names that a module itself has, one by one, for each file that imports it; V8 would have to collect
 * that garbage while a message is sent.
 */
function prototypeOf(module: unknown): unknown {
  return typeof module === "object" ? Object.create(module) : module;
}
