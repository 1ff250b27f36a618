/**
 * From a socket to the point where TLS begins, or where the dialogue does: the greeting, and a
 * demanded STARTTLS.
 *
 * @module
 */

import { isIP, type Socket } from "node:net";
import { ExitStatus, Failure, formatAddress, type Reply } from "../outcome.ts";
import { partFrom, readReply } from "./dialogue.ts";
import { readGreeting } from "./greeting.ts";
import { parseCapabilities } from "./reply.ts";
import type { Opening, Smarthost } from "./smarthost.ts";
import { connectSocket } from "../network/mod.ts";
import { refusal, type Step } from "./status.ts";

/** A connection in the clear whose greeting has been read. */
export type Reached = { socket: Socket; greeting: Reply; clientName: string };

/** Connects and reads the greeting. Throws a Failure, see {@linkcode openConnection}. */
export async function reachGreeting(smarthost: Smarthost, opening: Opening): Promise<Reached> {
  const { socket } = await connect(smarthost, opening, () => {});
  return await greetingOn(socket, smarthost, opening);
}

/**
 * Connects as far as TLS begins, and there calls `secure` in the very event that says so; gives
 * the greeting where it comes before TLS. Throws a Failure, see {@linkcode openConnection}.
 */
export async function reachTls<T>(
  smarthost: Smarthost,
  opening: Opening,
  secure: (socket: Socket) => Promise<T>,
): Promise<{ secured: T; greeting?: Reply; clientName: string }> {
  const isFirst = smarthost.encryption === "tls";
  const begin = (socket: Socket) => isFirst ? secure(socket) : undefined;
  const { socket, begun } = await connect(smarthost, opening, begin);
  try {
    if (begun !== undefined) {
      reportConnect(socket, smarthost, opening);
      return { secured: await begun, clientName: clientNameOn(socket, opening) };
    }
    const { greeting, clientName } = await greetingOn(socket, smarthost, opening);
    return { secured: await startTls(socket, clientName, opening, secure), greeting, clientName };
  } catch (error) {
    await partFrom(socket, error, opening);
    throw error;
  }
}

async function connect<T>(
  { host, port }: Smarthost,
  opening: Opening,
  begin: (socket: Socket) => T,
) {
  const onResolved = (addresses: readonly string[]) =>
    opening.progress("resolve", addresses.join(", "));
  const connected = await connectSocket(host, port, { ...opening, onResolved }, begin);
  opening.transcript(`* Connected to ${addressOf(connected.socket, { host, port })}`);
  return connected;
}

async function greetingOn(
  socket: Socket,
  smarthost: Smarthost,
  opening: Opening,
): Promise<Reached> {
  try {
    const clientName = clientNameOn(socket, opening);
    const greeting = await readGreeting(socket, smarthost, opening);
    reportConnect(socket, smarthost, opening);
    return { socket, greeting, clientName };
  } catch (error) {
    await partFrom(socket, error, opening);
    throw error;
  }
}

function reportConnect(socket: Socket, smarthost: Smarthost, { progress }: Opening): void {
  progress("connect", addressOf(socket, smarthost));
}

/** The address that a socket is connected to, with the port. */
function addressOf(
  { remoteAddress }: Socket,
  { host, port }: Pick<Smarthost, "host" | "port">,
): string {
  return formatAddress({ host: remoteAddress ?? host, port });
}

/**
 * STARTTLS as RFC 3207 has it, but demanded: nothing more is said to a server that does not offer
 * it, and nothing may come between its 220 and the handshake.
 */
async function startTls<T>(
  socket: Socket,
  clientName: string,
  opening: Opening,
  secure: (socket: Socket) => Promise<T>,
): Promise<T> {
  const { where, transcript } = opening;
  const say = (step: Step, command: string, onReply = (_reply: Reply) => {}) => {
    transcript(`> ${command}`);
    socket.write(`${command}\r\n`);
    return readReply(socket, { ...opening, step, onReply });
  };
  const ehlo = await say("EHLO", `EHLO ${clientName}`);
  if (ehlo.code >= 500) {
    // A server that knows HELO only cannot offer STARTTLS, but one that refuses this client says
    // so to either.
    const helo = await say("HELO", `HELO ${clientName}`);
    if (!isPositive(helo)) throw refusal("HELO", where, helo);
  } else if (!isPositive(ehlo)) {
    throw refusal("EHLO", where, ehlo);
  }
  if (!isPositive(ehlo) || !parseCapabilities(ehlo).startTls) {
    throw new Failure({
      status: ExitStatus.protocol,
      what: "Smarthost does not offer STARTTLS",
      where,
      why: "the settings demand it, so nothing was sent",
    });
  }
  let handshake: Promise<T> | undefined;
  const go = await say("STARTTLS", "STARTTLS", ({ code }) => {
    if (code === 220) handshake = secure(socket);
  });
  if (handshake === undefined) throw refusal("STARTTLS", where, go);
  return await handshake;
}

/** Any reply of the second class says yes (RFC 5321, 4.2.1). */
function isPositive({ code }: Reply): boolean {
  return code >= 200 && code < 300;
}

/** What EHLO says: the host's name, or the local end of the connection (RFC 5321, 4.1.3, 4.1.4). */
function clientNameOn({ localAddress = "" }: Socket, { hostName }: Opening): string {
  if (hostName !== undefined) return hostName;
  // An IPv4 peer on a socket of both families.
  const plain = localAddress.replace(/^::ffff:(?=\d+\.)/i, "");
  return isIP(plain) === 6 ? `[IPv6:${plain}]` : `[${plain}]`;
}
