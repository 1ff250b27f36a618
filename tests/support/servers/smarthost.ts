/**
 * A smarthost that records every byte, and a Redis that names it: all that a message needs to get
 * out of the program.
 *
 * @module
 */

import { type Circumstances, type Run, sendmail } from "../program/program.ts";
import { type SmarthostHash, smarthostHash } from "./redis.ts";
import { scriptedRedis } from "./redis_scripted.ts";
import { sandbox } from "../hosts/sandbox.ts";
import type { Script, ScriptedOptions } from "./smtp_conversation.ts";
import { type ScriptedSmtp, scriptedSmtp } from "./smtp_scripted.ts";

/** The host's name in all runs: what the program writes does not depend on where it is tested. */
export const HOST_NAME = "node.example.org";

/** A running smarthost, ended by its disposal. */
export type Smarthost = AsyncDisposable & {
  readonly server: ScriptedSmtp;
  /** Under which circumstances a program finds this smarthost. */
  readonly circumstances: Circumstances;
  /** Runs the program to its end, and waits until the server has heard all of it. */
  submit(args: string[], stdin: string | Uint8Array): Promise<Run>;
};

/** Starts a smarthost that does as the script says; without one it takes every message. */
export async function smarthost(
  script: Script = {},
  options: ScriptedOptions = {},
  { hostName = HOST_NAME, settings = {} }: { hostName?: string; settings?: SmarthostHash } = {},
): Promise<Smarthost> {
  const server = await scriptedSmtp(script, options);
  const redis = await scriptedRedis({}, smarthostHash(server, settings));
  const circumstances = { redis, under: sandbox({ hostName }) };
  return {
    server,
    circumstances,
    async submit(args, stdin) {
      const run = await sendmail(args, { ...circumstances, stdin });
      await server.settled();
      return run;
    },
    async [Symbol.asyncDispose]() {
      await redis[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Runs the program to its end under the usual host name, with neither Redis nor smarthost. */
export function dryRun(args: string[], stdin: string | Uint8Array): Promise<Run> {
  return sendmail(["--dry-run", ...args], { stdin, under: sandbox({ hostName: HOST_NAME }) });
}
