/**
 * A Redis that does what a table tells it, byte by byte, for what no real Redis does. Without a
 * table it is a well-behaved one that knows as much as the program needs.
 *
 * @module
 */

import type { Socket } from "node:net";
import { type Action, hangUp, inTurn, peerOf, raw } from "./peer.ts";
import { createRecorder, type Recorder } from "./recorder.ts";
import { type RedisLike, secretsIn, type SmarthostHash } from "./redis.ts";
import { listen, type ListeningServer } from "./tcp.ts";

/** What is done when a connection comes in, and instead of the usual at a command, by its name. */
export type RedisScript = Record<string, Action>;

/** A running scripted Redis. */
export type ScriptedRedis = ListeningServer & RedisLike & {
  /** The commands of all connections, in order, each with its arguments. */
  readonly commands: readonly string[][];
};

/** Starts a scripted Redis on a free loopback port. */
export async function scriptedRedis(
  script: RedisScript = {},
  hash: SmarthostHash = {},
): Promise<ScriptedRedis> {
  const commands: string[][] = [];
  const server = await listen((socket) => serve(socket, script, hash, commands));
  return { ...server, commands, passwords: secretsIn(hash) };
}

async function serve(
  socket: Socket,
  script: RedisScript,
  hash: SmarthostHash,
  commands: string[][],
): Promise<void> {
  const recorder = createRecorder();
  recorder.listen(socket);
  const peer = peerOf(socket);
  let version = 2;
  await script.connect?.(peer);
  while (true) {
    const command = await readCommand(recorder);
    if (!command) return;
    commands.push(command);
    const name = command[0]?.toUpperCase() ?? "";
    if (name === "HELLO" && !script.HELLO) version = Number(command[1] ?? 2);
    await (script[name] ?? usual(name, version, hash))(peer);
  }
}

/** Reads a command: an array of bulk strings (RESP). */
async function readCommand(recorder: Recorder): Promise<string[] | undefined> {
  const count = Number((await recorder.line())?.slice(1));
  const words: string[] = [];
  while (words.length < count) {
    const length = Number((await recorder.line())?.slice(1));
    const word = await recorder.bytes(length + 2);
    if (!word) return undefined;
    words.push(new TextDecoder().decode(word.subarray(0, length)));
  }
  return words.length > 0 ? words : undefined;
}

function usual(name: string, version: number, hash: SmarthostHash): Action {
  switch (name) {
    case "HELLO":
      return raw(encodeMap({ server: "redis", version: "7.0.15", mode: "standalone" }, version));
    case "HGETALL":
      return raw(encodeMap(hash, version));
    case "AUTH":
    case "CLIENT":
    case "SELECT":
      return raw("+OK\r\n");
    case "QUIT":
      return inTurn(raw("+OK\r\n"), hangUp());
    default:
      return raw(`-ERR unknown command '${name}'\r\n`);
  }
}

/** Encodes a map as version 3 of the protocol has it, or as the flat array of version 2. */
export function encodeMap(map: Record<string, string>, version: number): string {
  const words = Object.entries(map).flat();
  const head = version === 3 ? `%${words.length / 2}` : `*${words.length}`;
  return `${head}\r\n${words.map(encodeBulk).join("")}`;
}

function encodeBulk(text: string): string {
  return `$${new TextEncoder().encode(text).length}\r\n${text}\r\n`;
}
