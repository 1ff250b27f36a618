/**
 * The corpus through our program and through three others, each against a server that records.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { mailReader } from "../mail/mail_reader.ts";
import { type Call, callMailer, callMsmtp, type Sent } from "../mailers/mailers.ts";
import { smarthost } from "../servers/smarthost.ts";
import type { Input } from "./inputs.ts";
import { type Sight, sightOf } from "./sight.ts";

/** The programs beside ours. */
export const OTHERS = ["postfix", "sendmail", "msmtp"] as const;

/** One of them. */
export type Other = typeof OTHERS[number];

/** An input, and what each program did with it. */
export type Compared = { input: Input; call: Call; ours: Sight; theirs: Record<Other, Sight> };

/** As many runs at a time as two processors keep up with. */
const AT_ONCE = 3;

/** Runs everything. */
export async function compareAll(inputs: readonly Input[]): Promise<Compared[]> {
  const calls = inputs.map(asSendmail);
  const [postfix, sendmail] = await Promise.all([
    callMailer("postfix", calls),
    callMailer("sendmail", calls),
  ]);
  const [ours, msmtp] = [await runOurs(inputs), await inTurns(calls, callMsmtp)];
  await using reader = await mailReader();
  const compared: Compared[] = [];
  for (const [at, input] of inputs.entries()) {
    const sight = (all: readonly Sent[]) => sightOf(all[at] ?? NOTHING, reader);
    const theirs = {
      postfix: await sight(postfix),
      sendmail: await sight(sendmail),
      msmtp: await sight(msmtp),
    };
    compared.push({ input, call: calls[at] ?? input, ours: await sight(ours), theirs });
  }
  return compared;
}

const NOTHING: Sent = { status: -1, stderr: "", messages: [] };

async function runOurs(inputs: readonly Input[]): Promise<Sent[]> {
  const hosts: Awaited<ReturnType<typeof smarthost>>[] = [];
  const sent = await inTurns(inputs, async ({ arguments: args, input }): Promise<Sent> => {
    const host = hosts.pop() ?? await smarthost();
    const before = host.server.messages().length;
    const { status, stderr } = await host.submit([...args], input);
    const messages = host.server.messages().slice(before);
    hosts.push(host);
    return { status, stderr, messages };
  });
  for (const host of hosts) await host[Symbol.asyncDispose]();
  return sent;
}

/** Does something for each of a list, several at a time; the results are in the list's order. */
async function inTurns<T, R>(list: readonly T[], work: (each: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const waiting = list.entries();
  const worker = async () => {
    // Each worker takes the next one from the one iterator.
    for (const [at, each] of waiting) results[at] = await work(each);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}

/** The options that only our program has, and what a caller of sendmail does instead. */
function asSendmail({ arguments: args, input }: Input): Call {
  const kept: string[] = [];
  let subject: string | undefined;
  const end = args.indexOf("--");
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? "";
    const isOption = end < 0 || at < end;
    if (isOption && arg === "-s") subject = args[++at];
    else if (isOption && /^--b?cc$/.test(arg)) kept.push(args[++at] ?? "");
    else if (!isOption || arg !== "--html") kept.push(arg);
    if (isOption && /^-[fFrBNRhO]$/.test(arg)) kept.push(args[++at] ?? "");
  }
  // Recipients stand last, as getopt of other systems wants them.
  if (subject === undefined) return { arguments: kept, input };
  const line = `Subject: ${subject.replace(/[\r\n]+$/, "")}\n`;
  return {
    arguments: kept,
    input: Buffer.concat([Buffer.from(args.includes("-t") ? line : `${line}\n`), input]),
  };
}
