/**
 * One worst case of `deno task scaling`, and how it is measured.
 *
 * @module
 */

import { temporaryFolder } from "../../tests/support/hosts/folder.ts";
import { sandbox } from "../../tests/support/hosts/sandbox.ts";
import { sendmail } from "../../tests/support/program/program.ts";
import { smarthostHash } from "../../tests/support/servers/redis.ts";
import { type RedisScript, scriptedRedis } from "../../tests/support/servers/redis_scripted.ts";
import type { Script, ScriptedOptions } from "../../tests/support/servers/smtp_conversation.ts";
import { scriptedSmtp } from "../../tests/support/servers/smtp_scripted.ts";
import { sink } from "./sink.ts";

/** A worst case: one row of a table. */
export type Case = {
  name: string;
  /** A quarter, a half, and the whole of the largest size. */
  sizes: [number, number, number];
  /** What the sizes count. */
  unit: string;
  /** Makes the input and the servers for a size; this time is not counted. */
  prepare(size: number): Situation;
};

/** One run of the program: how it differs from an ordinary one. */
export type Situation = {
  /** The arguments; one recipient unless told otherwise. */
  args?: string[];
  stdin?: string | Uint8Array;
  /** What the mail server does; by default it accepts everything and stores nothing. */
  smtp?: Script;
  smtpOptions?: ScriptedOptions;
  /** What Redis does, if it is not the usual. */
  redis?: RedisScript;
  /** User name and password; without, the program does not log in. */
  login?: { username: string; password: string };
  /** The exit status that is right; 0 unless told otherwise. */
  status?: number;
};

/** What a case has taken, size by size. */
export type Measured = {
  /** Processor time in milliseconds; other load on the machine hardly changes it. */
  times: number[];
  /** The peak of memory at the largest size, in bytes. */
  peak: number;
};

/** Runs a case at all its sizes. Throws where the program does not end with the right status. */
export async function measureCase({ name, sizes, prepare }: Case): Promise<Measured> {
  const measured: Measured = { times: [], peak: 0 };
  for (const size of sizes) {
    const situation = prepare(size);
    const { run, cpu, peak } = await runIn(situation);
    const { status = 0 } = situation;
    if (run.status !== status) {
      throw new Error(`${name}, ${size}: status ${run.status}, not ${status}: ${run.stderr}`);
    }
    measured.times.push(cpu);
    measured.peak = peak;
  }
  return measured;
}

async function runIn(situation: Situation) {
  const { args = ["to@to.test"], stdin = "Hello\n", smtp, smtpOptions, login = {} } = situation;
  await using folder = await temporaryFolder();
  await using server = smtp === undefined ? await sink() : await scriptedSmtp(smtp, smtpOptions);
  const hash = smarthostHash(server, login);
  await using redis = await scriptedRedis(situation.redis, hash);
  const file = folder.file("measured");
  const measure = new URL("measure.py", import.meta.url).pathname;
  const under = [...sandbox({ hostName: "node.example.org" }), "/usr/bin/python3", measure, file];
  const run = await sendmail(args, { redis, under, stdin });
  const { cpu, peak }: { cpu: number; peak: number } = JSON.parse(await Deno.readTextFile(file));
  return { run, cpu, peak };
}
