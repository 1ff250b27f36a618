/**
 * Postfix and sendmail 8 as programs that callers hand mail to, out of Debian's packages and each with
 * a configuration of its own, and msmtp beside them: whom they serve, and with what.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { msmtp } from "../mail/msmtp.ts";
import { hasPackages, withPackages } from "../hosts/package_root.ts";
import { projectFile, run } from "../program/command.ts";
import { pythonWith } from "../program/python.ts";
import { HOST_NAME } from "../servers/smarthost.ts";
import type { SubmittedMessage } from "../servers/smtp_conversation.ts";
import { scriptedSmtp } from "../servers/smtp_scripted.ts";

/** A call of a mail program. */
export type Call = { arguments: readonly string[]; input: Uint8Array };

/** What came of a call: how the program ended, and what the server took. */
export type Sent = { status: number; stderr: string; messages: SubmittedMessage[] };

/** The programs with a set of packages of their own. */
export type MailerName = "postfix" | "sendmail";

/** Whether this host can run both. */
export function canRunMailers(): boolean {
  return hasPackages("postfix") && hasPackages("sendmail");
}

/** Makes all calls, each as a user of its own, called `caller` and the place in the list. */
export async function callMailer(name: MailerName, calls: readonly Call[]): Promise<Sent[]> {
  await using server = await scriptedSmtp();
  const lay = projectFile(`tests/support/mailers/${name}.sh`);
  const all = projectFile("tests/support/mailers/run_all.py");
  const command = withPackages(name, lay, await pythonWith("email"), "-B", all);
  const { status, stdout, stderr } = await run(command, {
    stdin: calls.map(rowOf).join(""),
    env: { PORT: `${server.port}` },
  });
  const ended: Omit<Sent, "messages">[] = status === 0 ? JSON.parse(stdout) : [];
  if (ended.length !== calls.length) {
    throw new Error(`${name} has ended with ${status}:\n${stderr}`);
  }
  await server.settled();
  const sent = ended.map((each): Sent => ({ ...each, messages: [] }));
  for (const message of server.messages()) sent[placeOf(message)]?.messages.push(message);
  return sent;
}

/** Makes one call of msmtp, which asks nobody who the sender is. */
export async function callMsmtp({ arguments: args, input }: Call): Promise<Sent> {
  const isNamed = args.some((arg) => /^-[fr]/.test(arg));
  const [header = ""] = new TextDecoder().decode(input).split(/\r?\n\r?\n/);
  const sender = isNamed
    ? []
    : /^From:/im.test(header)
    ? ["--read-envelope-from"]
    : ["-f", `no-reply@${HOST_NAME}`];
  const { ended, server } = await msmtp([...sender, ...args], input);
  await using _server = server;
  return { ...ended, messages: server.messages() };
}

/** Strings with one character an octet pass through JSON, and through Python, as they are. */
function rowOf({ arguments: args, input }: Call): string {
  const octets = args.map((arg) => Buffer.from(arg).toString("latin1"));
  return `${JSON.stringify({ arguments: octets, input: Buffer.from(input).toString("base64") })}\n`;
}

/** From which call a message comes; a report of what could not be delivered comes from none. */
function placeOf({ content }: SubmittedMessage): number {
  const start = Buffer.from(content.subarray(0, 200)).toString("latin1");
  const [, user, caller] =
    /^Received: (?:by \S+ \(Postfix, from userid (\d+)\)|\(from caller(\d+)@)/.exec(start) ?? [];
  return user === undefined ? Number(caller ?? -1) : Number(user) - FIRST_USER;
}

/** The same number as in run_all.py. */
const FIRST_USER = 20000;
