/**
 * An SMTP session on an open connection: EHLO, login, messages, QUIT.
 *
 * @module
 */

import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { type Client, startClient } from "./client.ts";
import type { Connection } from "./connection.ts";
import { onceClosed, QUIT_TIMEOUT } from "./dialogue.ts";
import { alertFailure } from "../tls/mod.ts";
import { type Exchange, startExchange } from "./exchange.ts";
import { readAfterError } from "./late_reply.ts";
import { logIn } from "./login.ts";
import type { Credentials } from "./mechanism.ts";
import { Failure } from "../outcome.ts";
import { reasonOf, systemCode } from "../text/mod.ts";
import { type Capabilities, NO_CAPABILITIES, parseCapabilities } from "./reply.ts";
import { withProgress } from "./progress.ts";
import { isTransactionOpen, type Receipt, receiptOf } from "./receipt.ts";
import { isAccepted } from "./status.ts";

/** One message with its envelope, as it is sent. */
export type Transaction = {
  /** The envelope sender; the empty string is the empty sender. */
  sender: string;
  /** The envelope recipients, at least one. */
  recipients: readonly string[];
  /** The finished message with CRLF line ends, not dot-stuffed, in slices. */
  content: Iterable<Uint8Array>;
  /** The size of the content, in octets. */
  total: number;
  /** The declared size (SIZE, RFC 1870), in octets. */
  size?: number;
  /** Whether BODY=8BITMIME is declared (RFC 6152). */
  eightBit: boolean;
};

/** An SMTP session that has passed EHLO or HELO. */
export type Session = {
  capabilities: Capabilities;
  /** Logs in with the first of these mechanisms that the server accepts, and gives its name. */
  login(credentials: Credentials, mechanisms: readonly string[]): Promise<string>;
  /** Sends one message; a refused recipient is a result, a refused message a Failure. */
  send(transaction: Transaction): Promise<Receipt>;
  /** True if no answer came in time while answers to several commands were outstanding. */
  hasLostPipeline(): boolean;
  /**
   * Sends QUIT if the server would read it as a command, and waits for the answer, one second at most
   * (RFC 5321, 4.1.1.10). Never throws.
   */
  quit(): Promise<void>;
  /** Closes the connection without QUIT. */
  close(): void;
};

/** The options of a session. */
export type SessionOptions = {
  /** The longest wait for any one whole answer, in milliseconds. */
  timeout: number;
  /** The longest wait for the answer to the final dot, in milliseconds. */
  finalTimeout: number;
  /** False to send one command at a time although the server offers PIPELINING (RFC 2920). */
  pipelining?: boolean;
  /** Called with each command and reply, logins masked. */
  transcript: (said: string) => void;
  /** Called with how many octets of the message have been sent, and of how many. */
  onSent?: (octets: number, total: number) => void;
};

/** How many bytes that are not the answer to QUIT are read before the connection is closed. */
const MOST_READ_AT_QUIT = 65536;

/** The wait for the answer to QUIT if the server did not answer in time before, in milliseconds. */
const QUIT_TIMEOUT_AFTER_SILENCE = 50;

/**
 * Sends EHLO (or HELO) on an open connection. This and every call of the session throw a Failure that
 * names the step at which the server refused, did not answer, closed the connection or broke the
 * protocol.
 */
export async function openSession(
  connection: Connection,
  options: SessionOptions,
): Promise<Session> {
  const capabilities = { current: NO_CAPABILITIES };
  const dialogue = startDialogue(connection, options, capabilities);
  const { client, exchange, run, connectionFailure, server } = dialogue;
  try {
    const error = await run(client.connect());
    if (error) throw connectionFailure(error);
  } catch (error) {
    await quit(dialogue);
    throw error;
  }
  const say = (line: string, shown: string) => run(exchange.ask("AUTH", line, shown));
  return {
    capabilities: capabilities.current,
    login: (credentials, mechanisms) => logIn(say, credentials, mechanisms, server),
    send: (transaction) => send(dialogue, transaction),
    hasLostPipeline: exchange.hasLostPipeline,
    quit: () => quit(dialogue),
    close: () => {
      exchange.end();
      client.close();
    },
  };
}

/** What the functions of a session share. */
type Dialogue = {
  options: SessionOptions;
  server: string;
  socket: Socket;
  client: Client;
  exchange: Exchange;
  /** Waits for the call; throws the Failure of the exchange if that comes first. */
  run<T>(call: Promise<T>): Promise<T>;
  /** Builds the Failure for a connection that nodemailer has lost. */
  connectionFailure(error: unknown): Failure;
};

function startDialogue(
  connection: Connection,
  options: SessionOptions,
  capabilities: { current: Capabilities },
): Dialogue {
  const { socket, server, tlsError = () => undefined } = connection;
  const { promise: broken, reject: rejectBroken } = Promise.withResolvers<never>();
  broken.catch(() => {});
  const exchange = startExchange({
    ...options,
    server,
    send: (line) => void socket.write(`${line}\r\n`),
    onAnswers(answers) {
      const hello = answers.find(({ step }) => step === "EHLO");
      if (hello !== undefined && isAccepted(hello)) {
        const offered = parseCapabilities(hello.reply);
        const pipelining = offered.pipelining && options.pipelining !== false;
        capabilities.current = { ...offered, pipelining };
      }
      client.answered(answers);
    },
    onFailure(failure) {
      rejectBroken(failure);
      // Nothing more can be sent, not even QUIT.
      if (!exchange.canQuit()) client.close();
    },
  });
  const connectionFailure = (why: string) => {
    const alert = alertFailure(tlsError(), server);
    if (alert === undefined) return exchange.connectionFailure(why);
    // After an answer the handshake is over, and an alert ends the connection as a hang-up does.
    return exchange.answers.length === 0 ? alert : exchange.connectionFailure(reasonOf(tlsError()));
  };
  readAfterError(socket, exchange.receive);
  const client = startClient(connection, exchange.receive, {
    capabilities: () => capabilities.current,
    onCommand: exchange.commandSent,
    onMessageEnd: exchange.messageEnded,
    onError: (error) => rejectBroken(connectionFailure(lossReason(error))),
  });
  onceClosed(socket, () => rejectBroken(connectionFailure("the server closed the connection")));
  return {
    ...{ options, server, socket, client, exchange },
    connectionFailure: (error) => connectionFailure(lossReason(error)),
    run: (call) => Promise.race([broken, call]),
  };
}

async function send(dialogue: Dialogue, transaction: Transaction): Promise<Receipt> {
  const { client, exchange, run, connectionFailure, server } = dialogue;
  const { sender, recipients, content, total, size, eightBit } = transaction;
  // After a transaction in which every recipient was refused, the server takes no other MAIL before
  // RSET (RFC 5321, 4.1.4 and 4.1.1.5).
  if (isTransactionOpen(exchange.answers)) await run(exchange.ask("RSET", "RSET"));
  const envelope = {
    from: sender,
    to: [...recipients],
    use8BitMime: eightBit,
    ...(size !== undefined && { size }),
  };
  const { transcript, onSent = () => {} } = dialogue.options;
  const slices = withProgress(content, {
    ...{ total, transcript },
    onSent(octets) {
      exchange.sliceSent();
      onSent(octets, total);
    },
  });
  const message = Readable.from(slices, { objectMode: false });
  const start = exchange.answers.length;
  const error = await run(client.send(envelope, message)).catch((failure) => failure);
  const problem = isConnectionError(error) ? connectionFailure(error) : error;
  const answers = exchange.answers.slice(start);
  return receiptOf(
    answers,
    recipients,
    server,
    answers.length > 0 ? problem : withSender(problem, sender),
  );
}

/** Adds the sender to the failure of a transaction in which the server refused it. */
function withSender(problem: unknown, sender: string): unknown {
  if (!(problem instanceof Failure)) return problem;
  const { reply } = problem.details;
  // Other codes than 4xx and 5xx are not refusals, and 421 ends the session for another reason.
  if (reply === undefined || reply.code < 400 || reply.code === 421) return problem;
  return new Failure({ ...problem.details, why: sender === "" ? "<>" : sender });
}

/** Sends QUIT, and waits for the answer or the end of the connection. */
async function quit({ exchange, socket }: Dialogue): Promise<void> {
  if (!exchange.canQuit() || socket.destroyed || !socket.writable) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(
    resolve,
    exchange.hasTimedOut() ? QUIT_TIMEOUT_AFTER_SILENCE : QUIT_TIMEOUT,
  );
  socket.once("close", () => resolve());
  // After a failure other answers may come first, or data without end.
  let most = exchange.isIdle() ? 0 : MOST_READ_AT_QUIT;
  socket.on("data", (chunk) => (most -= chunk.length) < 0 && resolve());
  exchange.ask("QUIT", "QUIT");
  await promise;
  clearTimeout(timer);
}

/** True if nodemailer reports a lost connection, and not an answer of the server. */
function isConnectionError(error: unknown): boolean {
  return error instanceof Error && !(error instanceof Failure) &&
    Reflect.get(error, "code") === "ECONNECTION";
}

function lossReason(error: unknown): string {
  return isConnectionError(error) && systemCode(error) === "ECONNECTION"
    ? "the server closed the connection"
    : reasonOf(error);
}
