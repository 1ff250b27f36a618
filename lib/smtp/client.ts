/**
 * nodemailer's SMTP connection on an open socket. nodemailer sends the commands. It does not see the
 * server's replies: this program reads them, and tells nodemailer only "accepted" or "refused".
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
import { type Answer, isAccepted, type Step } from "./status.ts";

/** The envelope of one transaction, for MAIL and RCPT. */
export type Envelope = { from: string; to: string[]; use8BitMime: boolean; size?: number };

/** nodemailer's client. After each command it waits for `answered`. */
export type Client = {
  /** Sends EHLO, and HELO if EHLO is refused. Gives nodemailer's error, or nothing. */
  connect(): Promise<unknown>;
  /** Sends the commands of a transaction and the message. Gives nodemailer's error, or nothing. */
  send(envelope: Envelope, message: Readable): Promise<unknown>;
  /** Tells nodemailer for each of these answers whether it accepted the command, all at once. */
  answered(answers: readonly Answer[]): void;
  /** Closes the connection without QUIT. */
  close(): void;
};

/** The callbacks of the client. */
export type ClientOptions = {
  /** Gives the server's capabilities; called after the reply to EHLO. */
  capabilities: () => Capabilities;
  /** Called with each command before it is sent. */
  onCommand: (command: string) => void;
  /** Called when the whole message and the final dot have been written. */
  onMessageEnd: () => void;
  /** Called with nodemailer's error when the connection is lost. */
  onError: (error: unknown) => void;
};

/** nodemailer's own time limits, in milliseconds: so long that only the limits of this program count. */
const NO_TIMEOUT = 2 ** 31 - 1;

/** The reply that refuses any command. */
const NEGATIVE_REPLY = "550 \r\n";

/** Starts nodemailer on a connection. The server's bytes go to `received` and not to nodemailer. */
export function startClient(
  connection: Connection,
  received: (chunk: Buffer) => void,
  options: ClientOptions,
): Client {
  const { socket, greeting } = connection;
  const client = new SMTPConnection(clientOptions(connection, options));
  client.on("error", options.onError);
  socket.on("data", received);
  let nodemailerListeners: ReturnType<typeof removeDataListeners> = [];
  const passReplies = (text: string) => {
    for (const listener of nodemailerListeners) {
      Reflect.apply(listener, socket, [Buffer.from(text)]);
    }
  };
  return {
    connect: () =>
      new Promise((resolve) => {
        client.connect(resolve);
        // Now nodemailer listens and waits for the greeting, which has been read before.
        setImmediate(() => {
          nodemailerListeners = removeDataListeners(socket, received);
          passReplies(`${greeting.code} \r\n`);
        });
      }),
    send: (envelope, message) =>
      new Promise((resolve) => client.send(envelope, message, (error) => resolve(error))),
    answered: (answers) =>
      passReplies(answers.map((answer) => replyFor(answer, options.capabilities)).join("")),
    close: () => client.close(),
  };
}

/** Removes all listeners for data but one from a socket, and gives those that it removed. */
function removeDataListeners(socket: Socket, kept: (chunk: Buffer) => void) {
  const removed = socket.listeners("data").filter((listener) => listener !== kept);
  socket.removeAllListeners("data").on("data", kept);
  return removed;
}

function clientOptions({ socket, encryption, clientName }: Connection, options: ClientOptions) {
  const isEncrypted = encryption !== undefined;
  return {
    connection: socket,
    name: clientName,
    // Not used. Without it nodemailer spends half a millisecond on a check of its default host.
    servername: clientName,
    secure: isEncrypted,
    secured: isEncrypted,
    ignoreTLS: true,
    connectionTimeout: NO_TIMEOUT,
    greetingTimeout: NO_TIMEOUT,
    socketTimeout: NO_TIMEOUT,
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

function replyFor(answer: Answer, capabilities: () => Capabilities): string {
  return isAccepted(answer) ? positiveReply(answer.step, capabilities) : NEGATIVE_REPLY;
}

/** The reply by which nodemailer sees that its command was accepted. */
function positiveReply(step: Step, capabilities: () => Capabilities): string {
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

/** The EHLO keywords that change what nodemailer sends. It does not compare the value of SIZE. */
function keywordsOf({ pipelining, smtpUtf8, eightBitMime, size }: Capabilities): string[] {
  return [
    ...(pipelining ? ["PIPELINING"] : []),
    ...(smtpUtf8 ? ["SMTPUTF8"] : []),
    ...(eightBitMime ? ["8BITMIME"] : []),
    ...(size !== undefined ? ["SIZE"] : []),
  ];
}
