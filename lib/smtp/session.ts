/**
 * nodemailer's SMTP connection as promises with typed replies.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import SMTPConnection from "nodemailer/lib/smtp-connection";
import type { Connection } from "./connection.ts";
import { afterClose } from "./dialogue.ts";
import { type Answer, type Exchange, isAccepted, watchExchange } from "./exchange.ts";
import { Failure, type RecipientOutcome, type Reply } from "../outcome.ts";
import { reasonOf, systemCode } from "../text/mod.ts";
import { type Capabilities, NO_CAPABILITIES, parseCapabilities } from "./reply.ts";
import { refusal, type Step } from "./status.ts";

/** What goes to the server for one message. */
export type Transaction = {
  /** The envelope sender; the empty string is the empty sender. */
  sender: string;
  /** The envelope recipients, at least one. */
  recipients: readonly string[];
  /** The finished message with CRLF line ends, not dot-stuffed, in slices. */
  content: Iterable<Uint8Array>;
  /** What SIZE declares (RFC 1870), in octets. */
  size?: number;
  /** Whether BODY=8BITMIME is declared (RFC 6152). */
  eightBit: boolean;
};

/** How the server took a message. */
export type Receipt = {
  /** Every recipient in the order of the envelope. */
  recipients: RecipientOutcome[];
  /** The reply to the final dot; missing where every recipient was refused. */
  reply?: Reply;
};

/** An SMTP session that has passed EHLO or HELO. */
export type Session = {
  capabilities: Capabilities;
  /** Logs in with one mechanism, one attempt. */
  login(username: string, password: string, mechanism: string): Promise<void>;
  /** Sends one message; a refused recipient is a result, a refused message a Failure. */
  send(transaction: Transaction): Promise<Receipt>;
  /**
   * Says QUIT where the server waits for a command, and waits for the answer, but not for long
   * (RFC 5321, 4.1.1.10). Never throws.
   */
  quit(): Promise<void>;
  /** Cuts the connection; nothing more is said. */
  close(): void;
};

/** How to hold the session. */
export type SessionOptions = {
  /** The longest wait for any one whole answer, in milliseconds. */
  timeout: number;
  /** Takes the lines of the dialogue, logins masked. */
  transcript: (line: string) => void;
};

/** nodemailer's own limits, in milliseconds, out of the way of ours. */
const NEVER = 2 ** 31 - 1;

/** How long QUIT may take, in milliseconds: by then the message is the server's already. */
const PARTING = 1000;

/**
 * Says EHLO (or HELO) on an open connection. This and every call of the session throws a Failure
 * that names the step at which the server refused, fell silent, hung up or broke the protocol.
 */
export async function openSession(
  connection: Connection,
  options: SessionOptions,
): Promise<Session> {
  const dialogue = startDialogue(connection, options);
  const { socket, greeting } = connection;
  socket.on("data", (chunk) => dialogue.exchange.received(chunk));
  const error = await dialogue.run((done) => {
    dialogue.client.connect(done);
    // nodemailer, which listens from now on, waits for a greeting, and this connection's has been
    // read; here it is once more. To put it back would take a pause, see dialogue.ts.
    setImmediate(() => socket.emit("data", Buffer.from(`${greeting.code} \r\n`)));
  });
  if (error) throw dialogue.lost(error);
  return {
    capabilities: capabilitiesIn(dialogue.exchange.answers),
    login: (username, password, mechanism) => login(dialogue, username, password, mechanism),
    send: (transaction) => send(dialogue, transaction),
    quit: () => quit(dialogue, socket),
    close: () => {
      dialogue.exchange.end();
      dialogue.client.close();
    },
  };
}

type Dialogue = {
  server: string;
  client: SMTPConnection;
  exchange: Exchange;
  /** Runs a call of nodemailer's to its callback, and gives the error that it calls back with. */
  run(call: (done: (error?: unknown) => void) => void): Promise<unknown>;
  /** The failure of a connection that nodemailer has lost. */
  lost(error: unknown): Failure;
  /** True while what nodemailer says is a secret. */
  isLoggingIn: boolean;
};

function startDialogue({ socket, server, ...connection }: Connection, options: SessionOptions) {
  const { promise: broken, reject: breakOff } = Promise.withResolvers<never>();
  broken.catch(() => {});
  const onFailure = (failure: Failure) => {
    breakOff(failure);
    client.close();
  };
  const exchange = watchExchange({ ...options, server, onFailure });
  const isEncrypted = connection.encryption !== undefined;
  const client = new SMTPConnection({
    connection: socket,
    name: connection.clientName,
    // Never used. Without it nodemailer looks whether its default host is an address, for half a
    // millisecond.
    servername: connection.clientName,
    secure: isEncrypted,
    secured: isEncrypted,
    ignoreTLS: true,
    connectionTimeout: NEVER,
    greetingTimeout: NEVER,
    socketTimeout: NEVER,
    socketCloseTimeout: 0,
    transactionLog: true,
    logger: {
      debug: ({ tnx }: { tnx?: string }, text: string) => {
        if (tnx === "client") exchange.said(text, dialogue.isLoggingIn);
      },
      info: ({ tnx }: { tnx?: string }) => {
        if (tnx === "message") exchange.messageEnded();
      },
      warn: () => {},
      error: () => {},
    },
  });
  const dialogue: Dialogue = {
    server,
    client,
    exchange,
    run: (call) => Promise.race([broken, new Promise((resolve) => call(resolve))]),
    lost: (error) => exchange.lost(whyLost(error)),
    isLoggingIn: false,
  };
  client.on("error", (error) => breakOff(dialogue.lost(error)));
  afterClose(socket, () => breakOff(exchange.lost("the server closed the connection")));
  return dialogue;
}

async function login(dialogue: Dialogue, user: string, pass: string, method: string) {
  const { client, exchange, run, lost, server } = dialogue;
  dialogue.isLoggingIn = true;
  const error = await run((done) => client.login({ user, pass, method }, done));
  dialogue.isLoggingIn = false;
  if (!error) return;
  const answer = exchange.answers.at(-1);
  if (answer?.step !== "AUTH" || isConnectionError(error)) throw lost(error);
  throw refusal("AUTH", server, answer.reply);
}

async function send(dialogue: Dialogue, transaction: Transaction): Promise<Receipt> {
  const { client, exchange, run, lost, server } = dialogue;
  const { sender, recipients, content, size, eightBit } = transaction;
  const envelope = {
    from: sender,
    to: [...recipients],
    use8BitMime: eightBit,
    ...(size !== undefined && { size }),
  };
  const message = Readable.from(watched(content, exchange.progressed), { objectMode: false });
  const error = await run((done) => client.send(envelope, message, (error) => done(error)))
    .catch((failure) => failure);
  const problem = isConnectionError(error) ? lost(error) : error;
  return receiptOf(exchange.answers, recipients, server, problem);
}

async function quit({ client, exchange }: Dialogue, socket: Socket): Promise<void> {
  if (!exchange.isIdle() || socket.destroyed || !socket.writable) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, PARTING);
  socket.once("close", () => resolve()).once("data", () => resolve());
  client.quit();
  await promise;
  clearTimeout(timer);
}

function capabilitiesIn(answers: readonly Answer[]): Capabilities {
  const ehlo = answers.find(({ step, reply }) => step === "EHLO" && reply.code === 250);
  return ehlo === undefined ? NO_CAPABILITIES : parseCapabilities(ehlo.reply);
}

function* watched(slices: Iterable<Uint8Array>, onSlice: () => void): Generator<Uint8Array> {
  for (const slice of slices) {
    onSlice();
    yield slice;
  }
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

/**
 * Judges a transaction by what the server answered. Only where that leaves it open, `problem`
 * counts: after the reply to the final dot nothing turns success into failure.
 */
function receiptOf(
  answers: readonly Answer[],
  addresses: readonly string[],
  server: string,
  problem: unknown,
): Receipt {
  const to = (step: Step) => answers.filter((answer) => answer.step === step);
  const [[mail], [data], [final]] = [to("MAIL"), to("DATA"), to("message")];
  if (mail !== undefined && !isAccepted(mail)) throw refusal("MAIL", server, mail.reply);
  const replies = to("RCPT");
  const recipients = replies.map((answer, index) => ({
    address: addresses[index] ?? "",
    accepted: isAccepted(answer),
    reply: answer.reply,
  }));
  const isEveryoneRefused = recipients.length === addresses.length &&
    recipients.every(({ accepted }) => !accepted);
  if (isEveryoneRefused) return { recipients };
  if (data !== undefined && data.reply.code >= 400) {
    throw refusal("DATA", server, data.reply, recipients);
  }
  if (final !== undefined && isAccepted(final)) return { recipients, reply: final.reply };
  if (final !== undefined) throw refusal("message", server, final.reply, recipients);
  if (problem instanceof Failure) throw new Failure({ ...problem.details, recipients });
  throw problem;
}
