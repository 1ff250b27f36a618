/**
 * From the name of the smarthost to a connection on which SMTP can be spoken: address, socket,
 * greeting, and encryption from the first byte or by a demanded STARTTLS.
 *
 * @module
 */

import { lookup } from "node:dns/promises";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { readReply } from "./dialogue.ts";
import { describeEncryption, encrypt, type Encryption } from "./encryption.ts";
import { ExitStatus, Failure, type Reply } from "./outcome.ts";
import { reasonOf, timedOut } from "./reason.ts";
import { parseCapabilities } from "./reply.ts";
import { refusal, type Step } from "./status.ts";

/** Where to connect to, and how. */
export type Smarthost = {
  /** A host name or an IP address. */
  host: string;
  port: number;
  /** `tls` from the first byte, `starttls` demanded, `none` in the clear. */
  encryption: "none" | "starttls" | "tls";
  /** Whether the certificate has to pass. */
  verify: boolean;
  /** Certificate authorities in PEM, beside those that the runtime trusts by itself. */
  authorities: readonly string[];
};

/** What openConnection needs to know beside the smarthost. */
export type ConnectionOptions = {
  /** The host's fully qualified name for EHLO; without one the address literal is used. */
  hostName?: string;
  /** The longest wait for any one whole answer, in milliseconds. */
  timeout: number;
  /** Takes the lines of the dialogue, `> EHLO …` and `< 250 …`, for whoever wants to see them. */
  transcript: (line: string) => void;
  /** Takes each step that has worked, with a detail for people. */
  progress: (step: "resolve" | "connect" | "encrypt", detail: string) => void;
};

/** An open connection whose greeting has been read. */
export type Connection = {
  socket: Socket;
  /** The smarthost as `host:port`. */
  server: string;
  greeting: Reply;
  /** What EHLO says: the host's name or an address literal. */
  clientName: string;
  /** How the connection is encrypted; missing where it is not. */
  encryption?: Encryption;
};

/** `host:port`, with brackets round an IPv6 address. */
export function formatServer(host: string, port: number): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Connects and encrypts as the smarthost demands it. Throws a Failure: 68 where the name does not
 * resolve, 75 and 69 as the greeting says, 76 where SMTP or STARTTLS is missing, 77 for a
 * certificate that does not pass, 75 for everything that another try may mend. After a failure
 * nothing more is said to the server.
 */
export async function openConnection(
  smarthost: Smarthost,
  options: ConnectionOptions,
): Promise<Connection> {
  const server = formatServer(smarthost.host, smarthost.port);
  const addresses = await resolve(smarthost.host, server, options);
  const socket = await connectToAny(addresses, smarthost.port, server, options);
  const address = formatServer(socket.remoteAddress ?? smarthost.host, smarthost.port);
  try {
    // Without an error listener, one that comes between two steps would end the process.
    socket.on("error", () => {});
    const clientName = options.hostName ?? addressLiteral(socket.localAddress ?? "");
    if (smarthost.encryption === "tls") {
      options.progress("connect", address);
      const secured = await encrypt(socket, smarthost, server, options.timeout);
      options.progress("encrypt", describeEncryption(secured.encryption));
      const greeting = await readGreeting(secured.socket, server, options);
      return { ...secured, server, greeting, clientName };
    }
    const greeting = await readGreeting(socket, server, options);
    options.progress("connect", address);
    if (smarthost.encryption === "none") return { socket, server, greeting, clientName };
    await startTls(socket, clientName, server, options);
    const secured = await encrypt(socket, smarthost, server, options.timeout);
    options.progress("encrypt", describeEncryption(secured.encryption));
    return { ...secured, server, greeting, clientName };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function resolve(
  host: string,
  server: string,
  { timeout, progress }: ConnectionOptions,
): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  const what = "Cannot resolve the smarthost's name";
  const late = new Failure({
    status: ExitStatus.tryAgain,
    what,
    where: server,
    why: timedOut(timeout),
  });
  const found = await within(timeout, late, lookup(host, { all: true })).catch((error) => {
    if (error instanceof Failure) throw error;
    throw new Failure({
      status: ExitStatus.noHost,
      what,
      where: server,
      why: reasonOf(error),
      cause: error,
    });
  });
  const addresses = [...new Set(found.map(({ address }) => address))];
  progress("resolve", addresses.join(", "));
  return addresses;
}

/** Tries one address after the other (RFC 5321, 5.1), each for its share of the time limit. */
async function connectToAny(
  addresses: string[],
  port: number,
  server: string,
  { timeout }: ConnectionOptions,
): Promise<Socket> {
  const reasons = new Set<string>();
  for (const address of addresses) {
    try {
      return await connectTo(address, port, timeout / addresses.length, timeout);
    } catch (error) {
      reasons.add(reasonOf(error));
    }
  }
  throw new Failure({
    status: ExitStatus.tryAgain,
    what: "Cannot connect to the smarthost",
    where: server,
    why: [...reasons].join("; "),
  });
}

function connectTo(host: string, port: number, share: number, timeout: number): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connectTcp({ host, port, autoSelectFamily: false });
  const timer = setTimeout(() => settle(new Error(timedOut(timeout))), share);
  const settle = (error?: Error) => {
    clearTimeout(timer);
    socket.removeListener("error", settle);
    if (error === undefined) return resolve(socket);
    socket.on("error", () => {});
    socket.destroy();
    reject(error);
  };
  socket.once("error", settle);
  socket.once("connect", () => {
    // A dialogue of short commands must not wait for the server's delayed ACKs; before
    // 'connect' this has no effect.
    socket.setNoDelay(true);
    settle();
  });
  return promise;
}

async function readGreeting(
  socket: Socket,
  server: string,
  options: ConnectionOptions,
): Promise<Reply> {
  const greeting = await readReply(socket, { ...options, step: "greeting", where: server });
  if (greeting.code === 220) return greeting;
  throw refusal("greeting", server, greeting);
}

/**
 * STARTTLS as RFC 3207 has it, but demanded: nothing more is said to a server that does not offer
 * it, and nothing may come between its 220 and the handshake.
 */
async function startTls(
  socket: Socket,
  clientName: string,
  server: string,
  options: ConnectionOptions,
): Promise<void> {
  const say = (step: Step, command: string) => {
    options.transcript(`> ${command}`);
    socket.write(`${command}\r\n`);
    return readReply(socket, { ...options, step, where: server });
  };
  const ehlo = await say("EHLO", `EHLO ${clientName}`);
  if (ehlo.code >= 500) {
    // A server that knows HELO only cannot offer STARTTLS, but one that refuses this client says
    // so to either.
    const helo = await say("HELO", `HELO ${clientName}`);
    if (helo.code !== 250) throw refusal("HELO", server, helo);
  } else if (ehlo.code !== 250) {
    throw refusal("EHLO", server, ehlo);
  }
  if (ehlo.code !== 250 || !parseCapabilities(ehlo).startTls) {
    throw new Failure({
      status: ExitStatus.protocol,
      what: "Smarthost does not offer STARTTLS",
      where: server,
      why: "the settings demand it, so nothing was sent",
    });
  }
  const go = await say("STARTTLS", "STARTTLS");
  if (go.code !== 220) throw refusal("STARTTLS", server, go);
}

/** The local end of the connection as EHLO says it without a name (RFC 5321, 4.1.3 and 4.1.4). */
function addressLiteral(address: string): string {
  // An IPv4 peer on a socket of both families.
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, "");
  return isIP(plain) === 6 ? `[IPv6:${plain}]` : `[${plain}]`;
}

/** What `work` gives, or `late` when that takes longer than `timeout` milliseconds. */
async function within<T>(timeout: number, late: Failure, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(late), timeout);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
