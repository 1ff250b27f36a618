/**
 * Typical slips of an administrator, ready to be made: each has its servers, and the exact words with
 * which the program answers it. scripts/slips.ts prints what other programs say of the same slips.
 *
 * @module
 */

import { temporaryFolder } from "../hosts/folder.ts";
import { sandbox } from "../hosts/sandbox.ts";
import type { Circumstances } from "../program/program.ts";
import { startPython } from "../program/python.ts";
import { type Authority, certificateAuthority } from "./certificates.ts";
import { type SmarthostHash, smarthostHash } from "./redis.ts";
import { scriptedRedis } from "./redis_scripted.ts";
import { LOGIN, type Making, RECIPIENT, RIGHT, slipTable } from "./slip_table.ts";
import { HOST_NAME } from "./smarthost.ts";
import type { ScriptedOptions } from "./smtp_conversation.ts";
import { scriptedSmtp } from "./smtp_scripted.ts";

/** One slip, ready to be made. */
export type Slip = {
  name: string;
  args: string[];
  circumstances: Circumstances;
  /** The settings, where other programs can be given the same. */
  hash?: SmarthostHash;
  /** The recipient, where other programs can be given the same. */
  recipient?: string;
  /** The exit status, and the whole standard error. */
  status: number;
  says: string;
};

/** All slips, whose servers run until this is disposed of. */
export type Slips = AsyncDisposable & { slips: readonly Slip[]; authorityFile: string };

/** Starts the servers of all slips. */
export async function prepareSlips(): Promise<Slips> {
  const stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder());
  const authority = stack.use(await certificateAuthority("Example authority"));
  const deaf = stack.use(await startPython("servers/full_backlog.py"));
  const right: ScriptedOptions = {
    encryption: "starttls",
    certificate: await authority.issue(),
    login: LOGIN,
  };
  const makings = await slipTable(folder, authority, Number(deaf.greeting));
  const slips: Slip[] = [];
  for (const making of makings) slips.push(await prepare(making, right, authority, stack));
  return {
    slips,
    authorityFile: authority.certificateFile,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function prepare(
  making: Making,
  right: ScriptedOptions,
  authority: Authority,
  stack: AsyncDisposableStack,
): Promise<Slip> {
  const { name, script, options, status, around = {}, recipient = RECIPIENT } = making;
  const server = stack.use(await scriptedSmtp(script, { ...right, ...options }));
  const port = making.port ?? server.port;
  const hash = smarthostHash({ host: "localhost", port }, { ...RIGHT, ...making.hash });
  const redis = stack.use(await scriptedRedis(making.redis, hash));
  const { env, ...others } = around;
  return {
    name,
    args: making.args ?? [recipient],
    circumstances: {
      redis,
      stdin: "The disk is full.\n",
      under: sandbox({ hostName: HOST_NAME }),
      ...others,
      env: { SSL_CERT_FILE: authority.certificateFile, ...env },
    },
    ...(making.isComparable ?? { hash, recipient }),
    status,
    says: making.says &&
      `Error: ${
        making.says.replace("SERVER", `${hash.host}:${hash.port}`).replace("REDIS", redis.address)
      }\n`,
  };
}
