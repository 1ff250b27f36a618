/**
 * From the name of the smarthost to a connection on which SMTP can be spoken: address, socket,
 * greeting, and encryption from the first byte or by a demanded STARTTLS.
 *
 * @module
 */

import type { Socket } from "node:net";
import { Failure, formatAddress, type Reply } from "../outcome.ts";
import {
  alertFailure,
  describeEncryption,
  encrypt,
  type Encrypted,
  type Encryption,
  NOT_TLS,
} from "../tls/mod.ts";
import { partFrom } from "./dialogue.ts";
import { readGreeting } from "./greeting.ts";
import { reachGreeting, reachTls } from "./reach.ts";
import { explain } from "./second_look.ts";
import type { ConnectionOptions, Opening, Smarthost } from "./smarthost.ts";

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
  /** The first error of TLS, which in TLS 1.3 may come after the handshake. */
  tlsError?: () => unknown;
};

/**
 * Connects and encrypts as the smarthost demands it. Throws a Failure: 68 where the name does not
 * resolve, 75 and 69 as the greeting says, 76 where SMTP or STARTTLS is missing, 77 for a
 * certificate that is not valid, 75 for everything that another try may mend. After a failure
 * nothing more is said to the server, but for a second look at its certificate (second_look.ts).
 */
export async function openConnection(
  smarthost: Smarthost,
  options: ConnectionOptions,
): Promise<Connection> {
  const where = formatAddress(smarthost);
  const opening = { ...options, where };
  if (smarthost.encryption === "none") {
    return { ...await reachGreeting(smarthost, opening), server: where };
  }
  try {
    return await openEncrypted(smarthost, opening);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const again = await explain(withHint(error, smarthost), smarthost, opening);
    return await openEncrypted(again, opening).catch(async (later) => {
      throw later instanceof Failure ? await explain(later, again, opening) : later;
    });
  }
}

/** The ports that are greeted on in the clear (RFC 5321 and RFC 6409); TLS begins with STARTTLS. */
const CLEAR_PORTS = [25, 587];

/** The failure with a hint where the settings begin with TLS on a port that does not. */
function withHint(failure: Failure, { port, encryption }: Smarthost): Failure {
  const { details } = failure;
  const isSlip = encryption === "tls" && CLEAR_PORTS.includes(port) && details.why === NOT_TLS;
  if (!isSlip) return failure;
  const why = `${NOT_TLS}; on port ${port} encrypt_smtp is usually "starttls", and it is "tls"`;
  return new Failure({ ...details, why });
}

/**
 * Connects to a server that speaks another protocol than SMTP, in TLS from the first byte. Throws a
 * Failure as {@linkcode openConnection} does.
 */
export async function openTls(
  server: Omit<Smarthost, "encryption">,
  timeout: number,
): Promise<Socket> {
  const where = formatAddress(server);
  const opening = { where, timeout, transcript() {}, progress() {} };
  const attempt = async (authorities: readonly string[]): Promise<Socket> => {
    const trusting: Smarthost = { ...server, encryption: "tls", authorities };
    const secure = (socket: Socket) => encrypt(socket, trusting, where, timeout);
    return (await reachTls(trusting, opening, secure)).secured.socket;
  };
  try {
    return await attempt(server.authorities);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { authorities } = await explain(error, { ...server, encryption: "tls" }, opening);
    return await attempt(authorities);
  }
}

async function openEncrypted(smarthost: Smarthost, opening: Opening): Promise<Connection> {
  const { where, timeout, progress, transcript } = opening;
  const secure = (socket: Socket) => encrypt(socket, smarthost, where, timeout);
  const { secured, clientName, ...reached } = await reachTls(smarthost, opening, secure);
  const { socket, encryption, tlsError } = secured;
  const described = describeEncryption(encryption);
  transcript(`* ${described}`);
  progress("encrypt", described);
  const greeting = reached.greeting ?? await readFirst(secured, smarthost, opening);
  return { socket, encryption, tlsError, server: where, greeting, clientName };
}

/** The greeting inside TLS; in TLS 1.3 the server may refuse the handshake only now. */
async function readFirst(
  { socket, tlsError }: Encrypted,
  smarthost: Smarthost,
  opening: Opening,
): Promise<Reply> {
  try {
    return await readGreeting(socket, smarthost, opening);
  } catch (error) {
    await partFrom(socket, error, opening);
    throw alertFailure(tlsError(), opening.where) ?? error;
  }
}
