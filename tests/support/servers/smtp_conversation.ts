/**
 * One conversation of a scripted SMTP server with a client.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { Certificate } from "./certificates.ts";
import { type Action, hangUp, inTurn, type Peer, peerOf, reply } from "./peer.ts";
import { createRecorder, type Recorder } from "./recorder.ts";
import { createLogin, type Login } from "./smtp_login.ts";
import { closeOf } from "./tcp.ts";

/**
 * The points of a conversation where a server may misbehave: when a connection came in (`greeting`),
 * at the commands of that name, at the client's answers to a 334 (`answer`), in place of the TLS
 * handshake, at the first bytes of a message (`body`), and after its final dot (`dot`).
 */
export type Stage =
  | "greeting"
  | "ehlo"
  | "helo"
  | "starttls"
  | "handshake"
  | "auth"
  | "answer"
  | "mail"
  | "rcpt"
  | "data"
  | "body"
  | "dot"
  | "rset"
  | "quit"
  | "unknown";

/**
 * What the server does at each stage instead of the usual; a list is for the first time, the second
 * time and so on within one connection, its last entry for all times after.
 */
export type Script = Partial<Record<Stage, Action | Action[]>>;

/** What a scripted server is like, beside its script. */
export type ScriptedOptions = {
  /** `tls` from the first byte, or STARTTLS on offer; both want a certificate. */
  encryption?: "none" | "starttls" | "tls";
  certificate?: Certificate;
  /** Keywords of the EHLO reply, beside STARTTLS and AUTH, which follow from the other options. */
  capabilities?: string[];
  /** Whom it lets in; without, AUTH is not offered. */
  login?: Login;
  /** Where it listens; on a free port unless told otherwise. */
  port?: number;
  /** How it offers AUTH, where not as PLAIN, LOGIN and CRAM-MD5. */
  auth?: string;
};

/** A message as it came in between DATA and the dot. */
export type SubmittedMessage = {
  sender: string;
  recipients: string[];
  /** The bytes on the wire, dots doubled, up to the CRLF before the final dot. */
  wire: Uint8Array;
  /** The message: the same without the doubled dots (RFC 5321, 4.5.2). */
  content: Uint8Array;
};

/** One connection as the server saw it; all of it grows while the client talks. */
export type Conversation = {
  /** Command lines without their CRLF; what answers a 334 is among them, a message is not. */
  readonly commands: string[];
  readonly messages: SubmittedMessage[];
  /** Whether what is said now is said inside TLS. */
  encrypted: boolean;
  /** Why the handshake failed, where it did. */
  handshakeError?: Error;
  /** Every byte that the client has sent; inside TLS, what it meant. */
  said(): Uint8Array;
  /** The same as text, one character a byte. */
  saidText(): string;
  /** Settles when the connection is closed. */
  readonly closed: Promise<void>;
};

const CAPABILITIES = ["PIPELINING", "SIZE 52428800", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"];

/** The state of one connection. */
type Session = {
  readonly conversation: Conversation;
  readonly recorder: Recorder;
  readonly options: ScriptedOptions;
  /** Does a stage as scripted, else as usual; gives the code of the last reply line sent in it. */
  act(stage: Stage, usual: Action): Promise<string>;
  /** Talks through another socket from now on. */
  use(socket: Socket): void;
  sender: string;
  recipients: string[];
};

/** Serves a client; `done` settles when there is nothing more to say. */
export function converse(
  socket: Socket,
  script: Script,
  options: ScriptedOptions,
): { conversation: Conversation; done: Promise<void> } {
  const recorder = createRecorder();
  const conversation: Conversation = {
    commands: [],
    messages: [],
    encrypted: false,
    said: recorder.said,
    // To a TextDecoder "latin1" is windows-1252, some of whose characters stand for no byte.
    saidText: () => Buffer.from(recorder.said()).toString("latin1"),
    closed: closeOf(socket),
  };
  const session = createSession(socket, script, options, conversation, recorder);
  return { conversation, done: talk(session, socket) };
}

function createSession(
  socket: Socket,
  script: Script,
  options: ScriptedOptions,
  conversation: Conversation,
  recorder: Recorder,
): Session {
  let peer = peerOf(socket);
  const times = new Map<Stage, number>();
  recorder.listen(socket);
  return {
    conversation,
    recorder,
    options,
    sender: "",
    recipients: [],
    use(upgraded) {
      peer = peerOf(upgraded, socket);
      recorder.listen(upgraded);
    },
    async act(stage, usual) {
      const time = times.get(stage) ?? 0;
      times.set(stage, time + 1);
      let sent = "";
      const listening: Peer = {
        ...peer,
        send(bytes) {
          sent = (sent + new TextDecoder("latin1").decode(bytes.subarray(-1024))).slice(-1024);
          return peer.send(bytes);
        },
      };
      await (scripted(script[stage], time) ?? usual)(listening);
      return /(?:^|\n)(\d{3})(?: [^\n]*)?\r?\n$/.exec(sent)?.[1] ?? "";
    },
  };
}

function scripted(entry: Action | Action[] | undefined, time: number): Action | undefined {
  return Array.isArray(entry) ? entry[time] ?? entry.at(-1) : entry;
}

async function talk(session: Session, socket: Socket): Promise<void> {
  const { conversation, recorder, options } = session;
  if (options.encryption === "tls" && !await encrypt(session, socket)) return;
  await session.act("greeting", reply("220 scripted.test ESMTP"));
  while (true) {
    const line = await recorder.line();
    if (line === undefined) return;
    conversation.commands.push(line);
    const verb = line.split(" ", 1)[0]?.toUpperCase() ?? "";
    await (COMMANDS[verb] ?? unknown)(session, line, socket);
  }
}

const unknown: Command = async ({ act }) => void await act("unknown", reply("500 5.5.1 Unknown"));

type Command = (session: Session, line: string, socket: Socket) => Promise<void>;

const COMMANDS: Record<string, Command> = {
  async EHLO(session) {
    await session.act("ehlo", reply(...capabilityLines(session)));
  },
  async HELO({ act }) {
    await act("helo", reply("250 scripted.test"));
  },
  async STARTTLS(session, _line, socket) {
    const code = await session.act("starttls", reply("220 2.0.0 Go ahead"));
    if (code === "220") await encrypt(session, socket);
  },
  async AUTH(session, line) {
    const login = createLogin(session.options.login, line);
    let code = await session.act("auth", reply(login.next()));
    while (code === "334") {
      const answer = await session.recorder.line();
      if (answer === undefined) return;
      session.conversation.commands.push(answer);
      code = await session.act("answer", reply(login.next(answer)));
    }
  },
  async MAIL(session, line) {
    const code = await session.act("mail", reply("250 2.1.0 Sender ok"));
    if (code.startsWith("2")) [session.sender, session.recipients] = [pathIn(line), []];
  },
  async RCPT(session, line) {
    const code = await session.act("rcpt", reply("250 2.1.5 Recipient ok"));
    if (code.startsWith("2")) session.recipients.push(pathIn(line));
  },
  async DATA(session) {
    const code = await session.act("data", reply("354 Go on, end with a dot"));
    if (!code.startsWith("3") || !await session.recorder.anything()) return;
    await session.act("body", () => {});
    const wire = await session.recorder.message();
    if (wire === undefined) return;
    const { sender, recipients } = session;
    session.conversation.messages.push({ sender, recipients, wire, content: withoutDots(wire) });
    await session.act("dot", reply("250 2.0.0 Ok: queued as 4F1"));
  },
  async RSET({ act }) {
    await act("rset", reply("250 2.0.0 Ok"));
  },
  async QUIT({ act }) {
    await act("quit", inTurn(reply("221 2.0.0 Bye"), hangUp()));
  },
};

/** Takes the dot away that stands before a line of a message on the wire (RFC 5321, 4.5.2). */
function withoutDots(wire: Uint8Array): Uint8Array {
  return Buffer.from(Buffer.from(wire).toString("latin1").replace(/(^|\r\n)\./g, "$1"), "latin1");
}

function capabilityLines({ options, conversation }: Session): string[] {
  const keywords = ["scripted.test", ...(options.capabilities ?? CAPABILITIES)];
  if (options.encryption === "starttls" && !conversation.encrypted) keywords.push("STARTTLS");
  if (options.login) keywords.push(options.auth ?? "AUTH PLAIN LOGIN CRAM-MD5");
  return keywords.map((word, i) => `250${i < keywords.length - 1 ? "-" : " "}${word}`);
}

function pathIn(line: string): string {
  return /<(.*)>/.exec(line)?.[1] ?? "";
}

/** Does the handshake, or what the script has in its place; tells whether TLS is up. */
async function encrypt(session: Session, socket: Socket): Promise<boolean> {
  let usual = false;
  await session.act("handshake", () => void (usual = true));
  if (!usual) return false;
  const { certificate } = session.options;
  if (!certificate) throw new Error("TLS needs a certificate");
  socket.unshift(session.recorder.release());
  const { key, chain: cert } = certificate;
  const secure = new TLSSocket(socket, { isServer: true, key, cert });
  const failure = await new Promise<Error | "closed" | undefined>((resolve) => {
    secure.once("secure", () => resolve(undefined));
    secure.once("error", resolve);
    secure.once("close", () => resolve("closed"));
    // Of a connection that has ended before, there is no event.
    session.conversation.closed.then(() => resolve("closed"));
  });
  if (failure) {
    if (failure !== "closed") session.conversation.handshakeError = failure;
    secure.destroy();
    socket.destroy();
    return false;
  }
  secure.on("error", () => {});
  session.conversation.encrypted = true;
  session.use(secure);
  return true;
}
