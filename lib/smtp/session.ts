/**
 * An SMTP session on an open connection: EHLO, login, messages, QUIT.
 *
 * @module
 */

import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { type Client, startClient } from "./client.ts";
import type { Connection } from "./connection.ts";
import { afterClose, PARTING } from "./dialogue.ts";
import { alertFailure } from "../tls/mod.ts";
import { type Exchange, watchExchange } from "./exchange.ts";
import { logIn } from "./login.ts";
import type { Credentials } from "./mechanism.ts";
import { Failure } from "../outcome.ts";
import { reasonOf, systemCode } from "../text/mod.ts";
import { type Capabilities, NO_CAPABILITIES, parseCapabilities } from "./reply.ts";
import { counted } from "./progress.ts";
import { type Receipt, receiptOf } from "./receipt.ts";
import { isAccepted } from "./status.ts";

/** What goes to the server for one message. */
export type Transaction = {
  /** The envelope sender; the empty string is the empty sender. */
  sender: string;
  /** The envelope recipients, at least one. */
  recipients: readonly string[];
  /** The finished message with CRLF line ends, not dot-stuffed, in slices. */
  content: Iterable<Uint8Array>;
  /** The size of the content, in octets. */
  total: number;
  /** What SIZE declares (RFC 1870), in octets. */
  size?: number;
  /** Whether BODY=8BITMIME is declared (RFC 6152). */
  eightBit: boolean;
};

/** An SMTP session that has passed EHLO or HELO. */
export type Session = {
  capabilities: Capabilities;
  /** Logs in by the first of these mechanisms that the server takes, and gives its name. */
  login(credentials: Credentials, mechanisms: readonly string[]): Promise<string>;
  /** Sends one message; a refused recipient is a result, a refused message a Failure. */
  send(transaction: Transaction): Promise<Receipt>;
  /** Whether the server fell silent where it owed the answers to several commands. */
  hasLostPipeline(): boolean;
  /**
   * Says QUIT where the server may still listen, and waits for the answer, but not for long (RFC
   * 5321, 4.1.1.10). Never throws.
   */
  quit(): Promise<void>;
  /** Cuts the connection; nothing more is said. */
  close(): void;
};

/** How to hold the session. */
export type SessionOptions = {
  /** The longest wait for any one whole answer, in milliseconds. */
  timeout: number;
  /** The longest wait for the answer to the final dot, in milliseconds. */
  finalTimeout: number;
  /** Whether commands are sent together where the server offers that (RFC 2920); by default they are. */
  pipelining?: boolean;
  /** Takes the lines of the dialogue, logins masked. */
  transcript: (said: string) => void;
  /** Takes how many octets of a message have gone, and of how many. */
  onSent?: (octets: number, total: number) => void;
};

/** How much of what was not asked for is read by then, in bytes. */
const MOST_HEARD_AT_PARTING = 65536;

/** How long QUIT may take where the server has not answered in time before, in milliseconds. */
const PARTING_FROM_SILENCE = 50;

/**
 * Says EHLO (or HELO) on an open connection. This and every call of the session throws a Failure
 * that names the step at which the server refused, fell silent, hung up or broke the protocol.
 */
export async function openSession(
  connection: Connection,
  options: SessionOptions,
): Promise<Session> {
  const capabilities = { current: NO_CAPABILITIES };
  const dialogue = startDialogue(connection, options, capabilities);
  const { client, exchange, run, lost, server } = dialogue;
  try {
    const error = await run(client.connect());
    if (error) throw lost(error);
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

/** What the calls of a session share. */
type Dialogue = {
  options: SessionOptions;
  server: string;
  socket: Socket;
  client: Client;
  exchange: Exchange;
  /** Waits for something that the exchange may end before; throws its failure then. */
  run<T>(call: Promise<T>): Promise<T>;
  /** The failure of a connection that nodemailer has lost. */
  lost(error: unknown): Failure;
};

function startDialogue(
  connection: Connection,
  options: SessionOptions,
  capabilities: { current: Capabilities },
): Dialogue {
  const { socket, server, tlsError = () => undefined } = connection;
  const { promise: broken, reject: breakOff } = Promise.withResolvers<never>();
  broken.catch(() => {});
  const exchange = watchExchange({
    ...options,
    server,
    send: (line) => void socket.write(`${line}\r\n`),
    hear(answer) {
      const isYes = isAccepted(answer);
      if (answer.step === "EHLO" && isYes) {
        const offered = parseCapabilities(answer.reply);
        const pipelining = offered.pipelining && options.pipelining !== false;
        capabilities.current = { ...offered, pipelining };
      }
      client.hear(answer.step, isYes);
    },
    onFailure(failure) {
      breakOff(failure);
      // Nothing more may be said, not even QUIT.
      if (!exchange.mayListen()) client.close();
    },
  });
  const lost = (why: string) => alertFailure(tlsError(), server) ?? exchange.lost(why);
  const client = startClient(connection, exchange.received, {
    capabilities: () => capabilities.current,
    onCommand: exchange.said,
    onMessageEnd: exchange.messageEnded,
    onError: (error) => breakOff(lost(whyLost(error))),
  });
  afterClose(socket, () => breakOff(lost("the server closed the connection")));
  return {
    ...{ options, server, socket, client, exchange },
    lost: (error) => lost(whyLost(error)),
    run: (call) => Promise.race([broken, call]),
  };
}

async function send(dialogue: Dialogue, transaction: Transaction): Promise<Receipt> {
  const { client, exchange, run, lost, server } = dialogue;
  const { sender, recipients, content, total, size, eightBit } = transaction;
  const envelope = {
    from: sender,
    to: [...recipients],
    use8BitMime: eightBit,
    ...(size !== undefined && { size }),
  };
  const { transcript, onSent = () => {} } = dialogue.options;
  const slices = counted(content, {
    ...{ total, transcript },
    onSent(octets) {
      exchange.progressed();
      onSent(octets, total);
    },
  });
  const message = Readable.from(slices, { objectMode: false });
  const start = exchange.answers.length;
  const error = await run(client.send(envelope, message)).catch((failure) => failure);
  const problem = isConnectionError(error) ? lost(error) : error;
  const answers = exchange.answers.slice(start);
  return receiptOf(
    answers,
    recipients,
    server,
    answers.length > 0 ? problem : naming(sender, problem),
  );
}

/** The failure of a transaction of which nothing was accepted; names the sender where it was refused. */
function naming(sender: string, problem: unknown): unknown {
  if (!(problem instanceof Failure)) return problem;
  const { reply } = problem.details;
  // What is not 4xx or 5xx is no refusal, and 421 is about the whole session.
  if (reply === undefined || reply.code < 400 || reply.code === 421) return problem;
  return new Failure({ ...problem.details, why: sender === "" ? "<>" : sender });
}

/** Says QUIT, and waits until the server has answered or gone. */
async function quit({ exchange, socket }: Dialogue): Promise<void> {
  if (!exchange.mayListen() || socket.destroyed || !socket.writable) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, exchange.isSilent() ? PARTING_FROM_SILENCE : PARTING);
  socket.once("close", () => resolve());
  // After a failure there may be other answers on their way, or a flood.
  let most = exchange.isIdle() ? 0 : MOST_HEARD_AT_PARTING;
  socket.on("data", (chunk) => (most -= chunk.length) < 0 && resolve());
  exchange.ask("QUIT", "QUIT");
  await promise;
  clearTimeout(timer);
}

/** Whether nodemailer says that there is no connection any more, and not what a server answered. */
function isConnectionError(error: unknown): boolean {
  return error instanceof Error && !(error instanceof Failure) &&
    Reflect.get(error, "code") === "ECONNECTION";
}

function whyLost(error: unknown): string {
  return isConnectionError(error) && systemCode(error) === "ECONNECTION"
    ? "the server closed the connection"
    : reasonOf(error);
}
