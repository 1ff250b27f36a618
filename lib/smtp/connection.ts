/**
 * Opens a connection to the smarthost that is ready for EHLO: address, socket, greeting, and
 * encryption from the first byte or by STARTTLS.
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
import { closeAfterFailure } from "./dialogue.ts";
import { readGreeting } from "./greeting.ts";
import { connectForTls, connectInClear } from "./start_tls.ts";
import { explainTlsFailure } from "./tls_diagnosis.ts";
import type { ConnectionOptions, Opening, Smarthost } from "./smarthost.ts";

/** An open connection whose greeting has been read. */
export type Connection = {
  socket: Socket;
  /** The smarthost as `host:port`. */
  server: string;
  greeting: Reply;
  /** The name for EHLO: the host's name or an address literal. */
  clientName: string;
  /** How the connection is encrypted; missing if it is not. */
  encryption?: Encryption;
  /** Gives the first TLS error, which in TLS 1.3 may come after the handshake. */
  tlsError?: () => unknown;
};

/**
 * Connects, reads the greeting and encrypts as the settings say. Throws a Failure: 68 if the name
 * does not exist, 75 or 69 depending on the greeting, 76 if the server does not speak SMTP or does
 * not offer STARTTLS, 77 if its certificate is not valid, 75 for temporary problems. After a failure
 * nothing more is sent, except on the connections that find out why TLS failed (tls_diagnosis.ts).
 */
export async function openConnection(
  smarthost: Smarthost,
  options: ConnectionOptions,
): Promise<Connection> {
  const where = formatAddress(smarthost);
  const opening = { ...options, where };
  if (smarthost.encryption === "none") {
    return { ...await connectInClear(smarthost, opening), server: where };
  }
  try {
    return await openEncrypted(smarthost, opening);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const again = await explainTlsFailure(withHint(error, smarthost), smarthost, opening);
    return await openEncrypted(again, opening).catch(async (later) => {
      throw later instanceof Failure ? await explainTlsFailure(later, again, opening) : later;
    });
  }
}

/** The ports where the greeting comes unencrypted, and TLS starts with STARTTLS (RFC 5321, RFC 6409). */
const CLEAR_PORTS = [25, 587];

/** Adds a hint if the settings use TLS from the first byte and the server does not. */
function withHint(failure: Failure, { port, encryption }: Smarthost): Failure {
  const { details } = failure;
  if (encryption !== "tls" || details.why !== NOT_TLS) return failure;
  const hint = CLEAR_PORTS.includes(port)
    ? `on port ${port} encrypt_smtp is usually "starttls", and it is "tls"`
    : 'encrypt_smtp is "tls", and the server may want "starttls"';
  return new Failure({ ...details, hint });
}

/**
 * Connects with TLS from the first byte to a server of another protocol than SMTP. `timeout` is the
 * longest wait for each step, in milliseconds. Throws a Failure as {@linkcode openConnection} does.
 */
export async function openTls(
  server: Omit<Smarthost, "encryption">,
  timeout: number,
): Promise<Encrypted> {
  const where = formatAddress(server);
  const opening = { where, timeout, transcript() {}, progress() {} };
  const attempt = async (authorities: readonly string[]): Promise<Encrypted> => {
    const trusting: Smarthost = { ...server, encryption: "tls", authorities };
    const secure = (socket: Socket) => encrypt(socket, trusting, where, timeout);
    return (await connectForTls(trusting, opening, secure)).secured;
  };
  try {
    return await attempt(server.authorities);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { authorities } = await explainTlsFailure(
      error,
      { ...server, encryption: "tls" },
      opening,
    );
    return await attempt(authorities);
  }
}

async function openEncrypted(smarthost: Smarthost, opening: Opening): Promise<Connection> {
  const { where, timeout, progress, transcript } = opening;
  const secure = (socket: Socket) => encrypt(socket, smarthost, where, timeout);
  const { secured, clientName, ...opened } = await connectForTls(smarthost, opening, secure);
  const { socket, encryption, tlsError } = secured;
  const described = describeEncryption(encryption);
  transcript(`* ${described}`);
  progress("encrypt", described);
  const greeting = opened.greeting ?? await readEncryptedGreeting(secured, smarthost, opening);
  return { socket, encryption, tlsError, server: where, greeting, clientName };
}

/** Reads the greeting inside TLS. In TLS 1.3 the server may refuse the handshake only at this point. */
async function readEncryptedGreeting(
  { socket, tlsError }: Encrypted,
  smarthost: Smarthost,
  opening: Opening,
): Promise<Reply> {
  try {
    return await readGreeting(socket, smarthost, opening);
  } catch (error) {
    await closeAfterFailure(socket, error, opening);
    throw alertFailure(tlsError(), opening.where) ?? error;
  }
}
