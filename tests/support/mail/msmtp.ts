/**
 * msmtp, another program that hands a message to a smarthost: what it says to the same server.
 *
 * @module
 */

import { type Ended, run } from "../program/command.ts";
import { HOST_NAME } from "../servers/smarthost.ts";
import { type ScriptedSmtp, scriptedSmtp } from "../servers/smtp_scripted.ts";

/** Runs msmtp with these arguments against a server of its own; its disposal is the caller's. */
export async function msmtp(
  args: string[],
  stdin: Uint8Array,
): Promise<{ ended: Ended; server: ScriptedSmtp }> {
  const server = await scriptedSmtp();
  const account = ["--file=/dev/null", `--host=${server.host}`, `--port=${server.port}`]
    .concat("--tls=off", "--auth=off", `--domain=${HOST_NAME}`);
  const ended = await run(["msmtp", ...account, ...args], { stdin });
  await server.settled();
  return { ended, server };
}
