/**
 * Reads the greeting of the smarthost, and finds out why none comes.
 *
 * @module
 */

import type { Socket } from "node:net";
import { ExitStatus, Failure, type Reply } from "../outcome.ts";
import { timedOut } from "../text/mod.ts";
import { certificateName, probeServer } from "../tls/mod.ts";
import { readReply } from "./dialogue.ts";
import type { Opening, Smarthost } from "./smarthost.ts";
import { connectSocket } from "../network/mod.ts";
import { noAnswer, refusal } from "./status.ts";

/** The port of TLS from the first byte (RFC 8314, 7.3), where a silent server most likely waits for TLS. */
const TLS_PORT = 465;

/** After how long without a greeting TLS is tried on that port, and for how long, in milliseconds. */
const EARLY_PROBE = 4000;
const PROBE_TIME = 900;

/**
 * Reads the greeting. Throws a Failure: 75 or 69 depending on the greeting, 75 if none comes in time
 * or the server closes the connection, 76 if the server does not speak SMTP, or expects TLS from the
 * first byte. Whether it expects TLS is tried on a second connection: on port 465 early, on other ports
 * only when the time for the greeting has passed, because servers with a greeting delay reject clients
 * that speak first.
 */
export async function readGreeting(
  socket: Socket,
  smarthost: Smarthost,
  options: Opening,
): Promise<Reply> {
  const probe = tlsProbe(smarthost, options);
  try {
    const reading = readReply(socket, { ...options, step: "greeting" });
    const greeting = await Promise.race([reading, probe.early]);
    if (greeting.code === 220) return greeting;
    throw refusal("greeting", options.where, greeting);
  } catch (error) {
    const isLate = error instanceof Failure && error.details.why === timedOut(options.timeout);
    if (isLate) await probe.run(options.timeout);
    throw error;
  } finally {
    probe.end();
  }
}

/** Finds out whether a server that sends no greeting expects TLS; `early` rejects if it does. */
function tlsProbe(smarthost: Smarthost, options: Opening) {
  const { encryption, port } = smarthost;
  const { promise: early, reject } = Promise.withResolvers<never>();
  early.catch(() => {});
  // With TLS from the first byte it is known that the server speaks TLS.
  const run = async (waited: number) => {
    if (encryption === "tls" || !(await speaksTls(smarthost, options, PROBE_TIME))) return;
    throw new Failure({
      status: ExitStatus.protocol,
      what: noAnswer("greeting"),
      where: options.where,
      why: `${timedOut(waited)}; the server expects TLS from the first byte, ` +
        `so encrypt_smtp has to be "tls", and it is "${encryption}"`,
    });
  };
  const wait = Math.min(EARLY_PROBE, options.timeout * 0.8);
  const timer = port === TLS_PORT ? setTimeout(() => run(wait).catch(reject), wait) : undefined;
  return { early, run, end: () => clearTimeout(timer) };
}

/** True if the server answers a TLS hello on a second connection, which is closed then. */
async function speaksTls(
  { host, port }: Smarthost,
  { where }: Opening,
  timeout: number,
): Promise<boolean> {
  try {
    const options = { where, timeout, onResolved() {} };
    const ask = (socket: Socket) => probeServer(socket, certificateName(host), timeout);
    const { started } = await connectSocket(host, port, options, ask);
    return (await started).isTls === true;
  } catch {
    return false;
  }
}
