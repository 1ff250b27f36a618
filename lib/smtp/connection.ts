/**
 * From the name of the smarthost to a connection on which SMTP can be spoken: address, socket,
 * greeting, and encryption from the first byte or by a demanded STARTTLS.
 *
 * @module
 */

import { isIP, type Socket } from "node:net";
import { readReply } from "./dialogue.ts";
import { describeEncryption, encrypt, type Encrypted, type Encryption } from "./encryption.ts";
import { ExitStatus, Failure, formatAddress, type Reply } from "../outcome.ts";
import { parseCapabilities } from "./reply.ts";
import { connectSocket } from "./socket.ts";
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
  const { host, port, encryption } = smarthost;
  const server = formatAddress(smarthost);
  const opening = { ...options, where: server };
  const onResolved = (addresses: readonly string[]) =>
    options.progress("resolve", addresses.join(", "));
  const secure = (socket: Socket) => encrypt(socket, smarthost, server, options.timeout);
  const begin = (socket: Socket) => encryption === "tls" ? secure(socket) : undefined;
  const { socket, begun } = await connectSocket(host, port, { ...opening, onResolved }, begin);
  try {
    const clientName = options.hostName ?? addressLiteral(socket.localAddress ?? "");
    const connected = () =>
      options.progress("connect", formatAddress({ host: socket.remoteAddress ?? host, port }));
    if (begun !== undefined) {
      connected();
      const encrypted = await reported(begun, options);
      const greeting = await readGreeting(encrypted.socket, opening);
      return { ...encrypted, server, greeting, clientName };
    }
    const greeting = await readGreeting(socket, opening);
    connected();
    if (encryption === "none") return { socket, server, greeting, clientName };
    const encrypted = await reported(startTls(socket, clientName, opening, secure), options);
    return { ...encrypted, server, greeting, clientName };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

type Opening = ConnectionOptions & { where: string };

async function reported(
  handshake: Promise<Encrypted>,
  { progress }: ConnectionOptions,
): Promise<Encrypted> {
  const encrypted = await handshake;
  progress("encrypt", describeEncryption(encrypted.encryption));
  return encrypted;
}

async function readGreeting(socket: Socket, opening: Opening): Promise<Reply> {
  const greeting = await readReply(socket, { ...opening, step: "greeting" });
  if (greeting.code === 220) return greeting;
  throw refusal("greeting", opening.where, greeting);
}

/**
 * STARTTLS as RFC 3207 has it, but demanded: nothing more is said to a server that does not offer
 * it, and nothing may come between its 220 and the handshake.
 */
async function startTls(
  socket: Socket,
  clientName: string,
  opening: Opening,
  secure: (socket: Socket) => Promise<Encrypted>,
): Promise<Encrypted> {
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
    if (helo.code !== 250) throw refusal("HELO", where, helo);
  } else if (ehlo.code !== 250) {
    throw refusal("EHLO", where, ehlo);
  }
  if (ehlo.code !== 250 || !parseCapabilities(ehlo).startTls) {
    throw new Failure({
      status: ExitStatus.protocol,
      what: "Smarthost does not offer STARTTLS",
      where,
      why: "the settings demand it, so nothing was sent",
    });
  }
  let handshake: Promise<Encrypted> | undefined;
  const go = await say("STARTTLS", "STARTTLS", ({ code }) => {
    if (code === 220) handshake = secure(socket);
  });
  if (handshake === undefined) throw refusal("STARTTLS", where, go);
  return await handshake;
}

/** The local end of the connection as EHLO says it without a name (RFC 5321, 4.1.3 and 4.1.4). */
function addressLiteral(address: string): string {
  // An IPv4 peer on a socket of both families.
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, "");
  return isIP(plain) === 6 ? `[IPv6:${plain}]` : `[${plain}]`;
}
