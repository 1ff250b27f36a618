/**
 * Connects up to the point where TLS or EHLO begins: socket, greeting, and STARTTLS.
 *
 * @module
 */

import { isIP, type Socket } from "node:net";
import { ExitStatus, Failure, formatAddress, type Reply } from "../outcome.ts";
import { closeAfterFailure, readReply } from "./dialogue.ts";
import { readGreeting } from "./greeting.ts";
import { parseCapabilities } from "./reply.ts";
import type { Opening, Smarthost } from "./smarthost.ts";
import { connectSocket } from "../network/mod.ts";
import { refusal, type Step } from "./status.ts";

/** An unencrypted connection whose greeting has been read. */
export type GreetedConnection = { socket: Socket; greeting: Reply; clientName: string };

/** Connects and reads the greeting. Throws a Failure, see {@linkcode openConnection}. */
export async function connectInClear(
  smarthost: Smarthost,
  opening: Opening,
): Promise<GreetedConnection> {
  const { socket } = await connect(smarthost, opening, () => {});
  return await greetingOn(socket, smarthost, opening);
}

/**
 * Connects up to the start of TLS, and calls `secure` synchronously in the event that allows TLS to
 * start. Gives the result of `secure`, and the greeting if it came before TLS. Throws a Failure, see
 * {@linkcode openConnection}.
 */
export async function connectForTls<T>(
  smarthost: Smarthost,
  opening: Opening,
  secure: (socket: Socket) => Promise<T>,
): Promise<{ secured: T; greeting?: Reply; clientName: string }> {
  const isImplicit = smarthost.encryption === "tls";
  const onConnect = (socket: Socket) => isImplicit ? secure(socket) : undefined;
  const { socket, started } = await connect(smarthost, opening, onConnect);
  try {
    if (started !== undefined) {
      reportConnect(socket, smarthost, opening);
      return { secured: await started, clientName: clientNameOn(socket, opening) };
    }
    const { greeting, clientName } = await greetingOn(socket, smarthost, opening);
    return { secured: await startTls(socket, clientName, opening, secure), greeting, clientName };
  } catch (error) {
    await closeAfterFailure(socket, error, opening);
    throw error;
  }
}

async function connect<T>(
  { host, port }: Smarthost,
  opening: Opening,
  onConnect: (socket: Socket) => T,
) {
  const onResolved = (addresses: readonly string[]) =>
    opening.progress("resolve", addresses.join(", "));
  const connected = await connectSocket(host, port, { ...opening, onResolved }, onConnect);
  opening.transcript(`* Connected to ${addressOf(connected.socket, { host, port })}`);
  return connected;
}

async function greetingOn(
  socket: Socket,
  smarthost: Smarthost,
  opening: Opening,
): Promise<GreetedConnection> {
  try {
    const clientName = clientNameOn(socket, opening);
    const greeting = await readGreeting(socket, smarthost, opening);
    reportConnect(socket, smarthost, opening);
    return { socket, greeting, clientName };
  } catch (error) {
    await closeAfterFailure(socket, error, opening);
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
 * Sends EHLO and STARTTLS (RFC 3207), and calls `secure` in the event of the 220. STARTTLS is
 * required: if the server does not offer it, or sends anything between the 220 and the handshake,
 * nothing more is sent to it.
 */
async function startTls<T>(
  socket: Socket,
  clientName: string,
  opening: Opening,
  secure: (socket: Socket) => Promise<T>,
): Promise<T> {
  const { where, transcript } = opening;
  const send = (step: Step, command: string, onReply = (_reply: Reply) => {}) => {
    transcript(`> ${command}`);
    socket.write(`${command}\r\n`);
    return readReply(socket, { ...opening, step, onReply });
  };
  const ehlo = await send("EHLO", `EHLO ${clientName}`);
  if (ehlo.code >= 500) {
    // A server that knows only HELO cannot offer STARTTLS; a server that refuses this client
    // refuses HELO too, and then the error is its refusal.
    const helo = await send("HELO", `HELO ${clientName}`);
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
  const answer = await send("STARTTLS", "STARTTLS", ({ code }) => {
    if (code === 220) handshake = secure(socket);
  });
  if (handshake === undefined) throw refusal("STARTTLS", where, answer);
  return await handshake;
}

/** True for any 2xx reply (RFC 5321, 4.2.1). */
function isPositive({ code }: Reply): boolean {
  return code >= 200 && code < 300;
}

/** Gives the name for EHLO: the host's name, or its address on this connection (RFC 5321, 4.1.3, 4.1.4). */
function clientNameOn({ localAddress = "" }: Socket, { hostName }: Opening): string {
  if (hostName !== undefined) return hostName;
  // An IPv4 address on an IPv6 socket.
  const plain = localAddress.replace(/^::ffff:(?=\d+\.)/i, "");
  return isIP(plain) === 6 ? `[IPv6:${plain}]` : `[${plain}]`;
}
