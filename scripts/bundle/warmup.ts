/**
 * Makes the bytecode that the executable holds, and writes it to stdout: runs the program against
 * servers of its own on loopback, so that V8 compiles what sending a message needs, and nothing
 * else. It takes the program's own arguments and input. It is compiled itself, on the same base as
 * the executable, since bytecode fits only the V8 that made it.
 *
 * @module
 */

import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { loadProgram, type Program } from "./program.ts";

// compile.sh puts its import in front of the bundle.
declare const SCRIPT: Uint8Array;

/** The ways to use a smarthost, and the statuses that show that the program got there. */
const WAYS = [
  { encryption: "none", status: 0 },
  // These servers have no certificate: what answers the handshake is not TLS.
  { encryption: "starttls", status: 76 },
  { encryption: "tls", status: 76 },
];

const SMTP_REPLIES: Readonly<Record<string, string>> = {
  EHLO: "250-localhost\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-STARTTLS\r\n250 SIZE\r\n",
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

/** A Redis that answers the one batch of commands that the program sends; tells when it has gone. */
function serveRedis(socket: Socket, hash: Record<string, string>, onGone: () => void): void {
  socket.once("close", onGone);
  const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`;
  const list = Object.entries(hash).flat();
  socket.once(
    "data",
    () => socket.end(`+OK\r\n*${list.length}\r\n${list.map(bulk).join("")}+OK\r\n`),
  );
}

function serveSmtp(socket: Socket): void {
  let rest = "";
  let isMessage = false;
  socket.write("220 localhost ESMTP\r\n");
  socket.on("data", (chunk) => {
    // A TLS handshake, which no line end ends.
    if (chunk[0] === 0x16) return void socket.end("This is not TLS\r\n");
    const lines = (rest + chunk.toString("latin1")).split("\r\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (isMessage && line !== ".") continue;
      socket.write(SMTP_REPLIES[line.split(" ", 1)[0] ?? ""] ?? "250 Ok\r\n");
      isMessage = line === "DATA";
    }
  });
}

/** Runs the program, and gives the status with which it would end this process. */
function statusOf(program: Program): Promise<number> {
  return new Promise((resolve) => {
    Object.assign(Deno, { exit: resolve });
    program.run();
  });
}

/**
 * Input that comes after the settings have been read. Which of them comes first is chance otherwise,
 * and the order in which functions first run can be seen in the bytecode.
 */
function holdInputUntil(ready: Promise<void>): void {
  const read = async (into: Uint8Array) => {
    await ready;
    return await readInput(into);
  };
  Object.assign(Deno.stdin, { read });
}

/** A command that does nothing: the log of the host on which this runs is left alone. */
class NoCommand extends Deno.Command {
  constructor(_command: string, options?: Deno.CommandOptions) {
    super("true", options);
  }
}

/** The host on which this runs leaves no trace in the bytecode: a host of its own stands in for it. */
const HOST_NAME = "warmup";
const NAME_SERVICE = {
  lookup: () => Promise.resolve([{ address: "192.0.2.1", family: 4 }]),
};
const HOST_FILES: Readonly<Record<string, string>> = {
  "/etc/hosts": `127.0.0.1 localhost\n127.0.1.1 ${HOST_NAME}.example.org ${HOST_NAME}\n`,
  "/etc/nsswitch.conf": "hosts: files dns\n",
};

const { exit } = Deno;
const readInput = Deno.stdin.read.bind(Deno.stdin);

/** Not thrown, for the program that runs here takes what nobody catches. */
function fail(why: string): void {
  console.error(why);
  exit(1);
}

Object.assign(Deno, {
  Command: NoCommand,
  hostname: () => HOST_NAME,
  statSync: () => ({ isFile: true, size: 0 }),
  readTextFileSync: (path: string) => HOST_FILES[path] ?? "",
});
const hash = { host: "127.0.0.1", username: "", password: "", enabled: "1", tls_verify: "1" };
const port = `${await listen(serveSmtp)}`;
const source = new TextDecoder().decode(SCRIPT);
const program = loadProgram(source, new Uint8Array(), { "node:dns/promises": NAME_SERVICE });
for (const { encryption, status } of WAYS) {
  const settings = { ...hash, port, encrypt_smtp: encryption };
  const { promise: answered, resolve: onAnswered } = Promise.withResolvers<void>();
  const redis = await listen((socket) => serveRedis(socket, settings, onAnswered));
  holdInputUntil(answered);
  Deno.env.set("REDIS_ADDRESS", `127.0.0.1:${redis}`);
  const ended = await statusOf(program);
  if (ended !== status) fail(`${encryption} ended with status ${ended}`);
}
const bytecode = program.bytecode();
if (!loadProgram(source, bytecode).isPrecompiled) fail("V8 refuses its own bytecode");
await ReadableStream.from([bytecode]).pipeTo(Deno.stdout.writable);
exit(0);
