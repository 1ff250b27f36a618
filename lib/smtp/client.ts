/**
 * nodemailer's SMTP connection, on a socket that is open: it says the commands, and hears of the
 * server's replies only what it is told here.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import { setImmediate } from "node:timers";
import SMTPConnection from "nodemailer/lib/smtp-connection";
import type { Connection } from "./connection.ts";
import type { Capabilities } from "./reply.ts";
import type { Step } from "./status.ts";

/** What MAIL and RCPT say. */
export type Envelope = { from: string; to: string[]; use8BitMime: boolean; size?: number };

/** nodemailer, which waits to be told how its commands were answered. */
export type Client = {
  /** Says EHLO, then HELO where EHLO is refused; gives what nodemailer reports as an error. */
  connect(): Promise<unknown>;
  /** Says a transaction and sends the message; gives what nodemailer reports as an error. */
  send(envelope: Envelope, message: Readable): Promise<unknown>;
  /** Tells that a command was answered by a yes, or else by a no. */
  hear(step: Step, isYes: boolean): void;
  /** Cuts the connection. */
  close(): void;
};

/** What the client needs. */
export type ClientOptions = {
  /** Gives what the server can do, once EHLO has been answered. */
  capabilities: () => Capabilities;
  /** Takes each command before it is said. */
  onCommand: (command: string) => void;
  /** Tells that the message has been handed over whole, with its final dot. */
  onMessageEnd: () => void;
  /** Takes the error of a connection that nodemailer has lost. */
  onError: (error: unknown) => void;
};

/** nodemailer's own limits, in milliseconds, out of the way of ours. */
const NEVER = 2 ** 31 - 1;

/** A no to whichever command. */
const NO = "550 \r\n";

/** Starts nodemailer on a connection whose bytes go to `received` and not to it. */
export function startClient(
  connection: Connection,
  received: (chunk: Buffer) => void,
  options: ClientOptions,
): Client {
  const { socket, greeting } = connection;
  const client = new SMTPConnection(clientOptions(connection, options));
  client.on("error", options.onError);
  socket.on("data", received);
  let ears: ReturnType<typeof takeListeners> = [];
  const hear = (text: string) => {
    for (const ear of ears) Reflect.apply(ear, socket, [Buffer.from(text)]);
  };
  return {
    connect: () =>
      new Promise((resolve) => {
        client.connect(resolve);
        // By then nodemailer listens, and waits for a greeting: this connection's has been read.
        setImmediate(() => {
          ears = takeListeners(socket, received);
          hear(`${greeting.code} \r\n`);
        });
      }),
    send: (envelope, message) =>
      new Promise((resolve) => client.send(envelope, message, (error) => resolve(error))),
    hear: (step, isYes) => hear(isYes ? yesTo(step, options.capabilities) : NO),
    close: () => client.close(),
  };
}

/** Takes all listeners for data off a socket but one, and gives them. */
function takeListeners(socket: Socket, kept: (chunk: Buffer) => void) {
  const taken = socket.listeners("data").filter((listener) => listener !== kept);
  socket.removeAllListeners("data").on("data", kept);
  return taken;
}

function clientOptions({ socket, encryption, clientName }: Connection, options: ClientOptions) {
  const isEncrypted = encryption !== undefined;
  return {
    connection: socket,
    name: clientName,
    // Never used. Without it nodemailer looks whether its default host is an address, for half a
    // millisecond.
    servername: clientName,
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
        if (tnx === "client") options.onCommand(text);
      },
      info: ({ tnx }: { tnx?: string }) => {
        if (tnx === "message") options.onMessageEnd();
      },
      warn: () => {},
      error: () => {},
    },
  };
}

/** The reply that nodemailer takes for a yes. */
function yesTo(step: Step, capabilities: () => Capabilities): string {
  switch (step) {
    case "EHLO":
      return ["smarthost", ...keywordsOf(capabilities())]
        .map((word, at, { length }) => `250${at < length - 1 ? "-" : " "}${word}\r\n`).join("");
    case "DATA":
      return "354 \r\n";
    default:
      return "250 \r\n";
  }
}

/** The keywords that decide what nodemailer says; it compares no size. */
function keywordsOf({ pipelining, smtpUtf8, eightBitMime, size }: Capabilities): string[] {
  return [
    ...(pipelining ? ["PIPELINING"] : []),
    ...(smtpUtf8 ? ["SMTPUTF8"] : []),
    ...(eightBitMime ? ["8BITMIME"] : []),
    ...(size !== undefined ? ["SIZE"] : []),
  ];
}
