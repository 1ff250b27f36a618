/**
 * Makes the bytecode that the executable holds, and writes it to stdout: runs the program against
 * servers of its own on loopback, so that V8 compiles what sending a message needs, and nothing
 * else. It is compiled itself, on the same base as the executable, since bytecode fits only the V8
 * that made it. SSL_CERT_FILE has to name the certificate of these servers.
 *
 * @module
 */

import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { loadProgram, type Program } from "./program.ts";

// compile.sh puts their imports in front of the bundle.
declare const SCRIPT: string;
declare const KEY: string;
declare const CERTIFICATE: string;

/** The most common uses of the program, with arguments and input, each with another kind of smarthost. */
const WAYS = [
  {
    encryption: "none",
    login: false,
    args: ["-s", "Test", "-f", "from@localhost", "to@localhost"],
    input: "Hello, world!\n",
  },
  {
    encryption: "starttls",
    login: true,
    args: ["-t"],
    input: "From: from@localhost\nTo: to@localhost\nSubject: Test\n\nHello, world!\n",
  },
  {
    encryption: "tls",
    login: true,
    args: ["-s", "Tést", "to@localhost"],
    input: "Hello, wörld!\n",
  },
];

const SMTP_REPLIES: Readonly<Record<string, string>> = {
  EHLO: "250-localhost\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-STARTTLS\r\n" +
    "250-AUTH PLAIN LOGIN\r\n250 SIZE\r\n",
  AUTH: "235 2.7.0 Ok\r\n",
  STARTTLS: "220 Go\r\n",
  DATA: "354 Go\r\n",
  ".": "250 2.0.0 Ok: queued as 1\r\n",
};

/** Listens on a free port of loopback, and gives it. */
async function listen(serve: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => serve(socket.on("error", () => {})));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port");
  return address.port;
}

/** Listens for connections that begin with a TLS handshake, and passes on what is inside to a port. */
function listenTls(port: number): number {
  const listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, key: KEY, cert: CERTIFICATE });
  const serve = async (outer: Deno.TlsConn) => {
    const inner = await Deno.connect({ hostname: "127.0.0.1", port });
    const ended = [outer.readable.pipeTo(inner.writable), inner.readable.pipeTo(outer.writable)];
    await Promise.allSettled(ended);
  };
  const accept = async () => {
    for await (const connection of listener) serve(connection);
  };
  accept();
  return listener.addr.port;
}

/** A Redis that answers the program's one batch of commands, and then closes the connection. */
function serveRedis(socket: Socket, hash: Record<string, string>, onGone: () => void): void {
  socket.once("close", onGone);
  const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`;
  const list = Object.entries(hash).flat();
  socket.once(
    "data",
    () => socket.end(`+OK\r\n*${list.length}\r\n${list.map(bulk).join("")}+OK\r\n`),
  );
}

/** Speaks SMTP; after STARTTLS, all that comes goes to a server that speaks TLS. */
function serveSmtp(socket: Socket, greeting: string, tlsPort?: number): void {
  let rest = "";
  let isMessage = false;
  socket.write(greeting);
  const hear = (chunk: Uint8Array) => {
    const lines = (rest + new TextDecoder().decode(chunk)).split("\r\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (isMessage && line !== ".") continue;
      const verb = line.split(" ", 1)[0] ?? "";
      socket.write(SMTP_REPLIES[verb] ?? "250 Ok\r\n");
      isMessage = verb === "DATA";
      if (verb !== "STARTTLS" || tlsPort === undefined) continue;
      socket.off("data", hear);
      const inner = connect(tlsPort, "127.0.0.1").on("error", () => {});
      socket.pipe(inner).pipe(socket);
    }
  };
  socket.on("data", hear);
}

/** Runs the program, and gives the status with which it would end this process. */
function statusOf(program: Program): Promise<number> {
  return new Promise((resolve) => {
    Object.assign(Deno, { exit: resolve });
    program.run();
  });
}

/**
 * Gives the program an input that comes after the settings have been read. Which of them comes first
 * is chance otherwise, and the order in which functions first run can be seen in the bytecode.
 */
function setInput(text: string, ready: Promise<void>): void {
  const pieces = [new TextEncoder().encode(text)];
  const read = async (into: Uint8Array) => {
    await ready;
    const piece = pieces.pop();
    if (piece !== undefined) into.set(piece);
    return piece?.length ?? null;
  };
  Object.assign(Deno.stdin, { read });
}

/** A command that does nothing: the log of the host on which this runs is left alone. */
class NoCommand extends Deno.Command {
  constructor(_command: string, options?: Deno.CommandOptions) {
    super("true", options);
  }
}

/** A fixed host in place of the real one, so that the bytecode does not depend on the building host. */
const HOST_NAME = "warmup";
const NAME_SERVICE = {
  lookup: () => Promise.resolve([{ address: "192.0.2.1", family: 4 }]),
};
const HOST_FILES: Readonly<Record<string, string>> = {
  "/etc/hosts": `127.0.0.1 localhost\n127.0.1.1 ${HOST_NAME}.example.org ${HOST_NAME}\n`,
  "/etc/nsswitch.conf": "hosts: files dns\n",
};

const { exit } = Deno;

/** Ends the process; a thrown error would be caught by the program that runs here. */
function fail(why: string): void {
  console.error(why);
  exit(1);
}

const GREETING = "220 localhost ESMTP\r\n";
const plain = await listen((socket) => serveSmtp(socket, GREETING));
// A server behind STARTTLS has greeted already.
const inside = listenTls(await listen((socket) => serveSmtp(socket, "")));
const PORTS: Readonly<Record<string, number>> = {
  none: plain,
  starttls: await listen((socket) => serveSmtp(socket, GREETING, inside)),
  tls: listenTls(plain),
};

Object.assign(Deno, {
  Command: NoCommand,
  hostname: () => HOST_NAME,
  statSync: () => ({ isFile: true, size: 0 }),
  readTextFileSync: (path: string) => HOST_FILES[path] ?? "",
});
const program = loadProgram(SCRIPT, new Uint8Array(), { "node:dns/promises": NAME_SERVICE });
for (const { encryption, login, args, input } of WAYS) {
  const settings = {
    ...{ host: "127.0.0.1", port: `${PORTS[encryption]}`, enabled: "1", tls_verify: "1" },
    ...{ username: login ? "user" : "", password: login ? "secret" : "" },
    encrypt_smtp: encryption,
  };
  const { promise: answered, resolve: onAnswered } = Promise.withResolvers<void>();
  const redis = await listen((socket) => serveRedis(socket, settings, onAnswered));
  setInput(input, answered);
  Deno.env.set("REDIS_ADDRESS", `127.0.0.1:${redis}`);
  Object.defineProperty(Deno, "args", { value: args, configurable: true });
  const ended = await statusOf(program);
  if (ended !== 0) fail(`${encryption} ended with status ${ended}`);
}
const bytecode = program.bytecode();
if (!loadProgram(SCRIPT, bytecode).isPrecompiled) fail("V8 refuses its own bytecode");
await ReadableStream.from([bytecode]).pipeTo(Deno.stdout.writable);
exit(0);
