/**
 * The greeting of the smarthost, and what its absence means.
 *
 * @module
 */

import type { Socket } from "node:net";
import { ExitStatus, Failure, type Reply } from "../outcome.ts";
import { timedOut } from "../text/mod.ts";
import { askServer, certificateName } from "../tls/mod.ts";
import { readReply } from "./dialogue.ts";
import type { Opening, Smarthost } from "./smarthost.ts";
import { connectSocket } from "../network/mod.ts";
import { noAnswer, refusal } from "./status.ts";

/** The port of TLS from the first byte (RFC 8314, 7.3): it need not be waited for long. */
const TLS_PORT = 465;

/** When silence on that port is looked into, and how long that may take, in milliseconds. */
const EARLY = 4000;
const LOOK = 900;

/**
 * Reads the greeting. Throws a Failure: 75 or 69 as the greeting says, 75 when the server falls
 * silent or hangs up, 76 when it does not speak SMTP, or expects TLS from the first byte. A
 * server with a pause before its greeting punishes whoever speaks first; that is looked into
 * only when the time for the greeting has passed, and on a connection of its own.
 */
export async function readGreeting(
  socket: Socket,
  smarthost: Smarthost,
  options: Opening,
): Promise<Reply> {
  const silence = silenceOn(smarthost, options);
  try {
    const reading = readReply(socket, { ...options, step: "greeting" });
    const greeting = await Promise.race([reading, silence.early]);
    if (greeting.code === 220) return greeting;
    throw refusal("greeting", options.where, greeting);
  } catch (error) {
    const isSilent = error instanceof Failure && error.details.why === timedOut(options.timeout);
    if (isSilent) await silence.look(options.timeout);
    throw error;
  } finally {
    silence.end();
  }
}

/** Finds out whether a server that is silent expects TLS. */
function silenceOn(smarthost: Smarthost, options: Opening) {
  const { encryption, port } = smarthost;
  const { promise: early, reject } = Promise.withResolvers<never>();
  early.catch(() => {});
  // A TLS connection has proved already that TLS is spoken there.
  const look = async (waited: number, timeout = LOOK) => {
    if (encryption === "tls" || !(await speaksTls(smarthost, options, timeout))) return;
    throw new Failure({
      status: ExitStatus.protocol,
      what: noAnswer("greeting"),
      where: options.where,
      why: `${timedOut(waited)}; the server expects TLS from the first byte, ` +
        `so encrypt_smtp has to be "tls", and it is "${encryption}"`,
    });
  };
  const wait = Math.min(EARLY, options.timeout * 0.8);
  const timer = port === TLS_PORT ? setTimeout(() => look(wait).catch(reject), wait) : undefined;
  return { early, look: (waited: number) => look(waited, LOOK), end: () => clearTimeout(timer) };
}

/** Whether the server answers a hello of TLS, on a connection of its own that ends there. */
async function speaksTls(
  { host, port }: Smarthost,
  { where }: Opening,
  timeout: number,
): Promise<boolean> {
  try {
    const options = { where, timeout, onResolved() {} };
    const ask = (socket: Socket) => askServer(socket, certificateName(host), timeout);
    const { begun } = await connectSocket(host, port, options, ask);
    return (await begun).isTls === true;
  } catch {
    return false;
  }
}
