/**
 * A mail server that accepts messages of any length and stores nothing.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import { once } from "node:events";
import type { Socket } from "node:net";
import { listen, type ListeningServer } from "../../tests/support/servers/tcp.ts";

const END = "\r\n.\r\n";

/** Starts the server on a free port of loopback. */
export function sink(): Promise<ListeningServer> {
  return listen(async (socket) => {
    converse(socket);
    await once(socket, "close");
  });
}

function converse(socket: Socket): void {
  let rest = "";
  let isMessage = false;
  socket.write("220 sink.test ESMTP\r\n");
  socket.on("data", (chunk: Buffer) => {
    // Only the end of the message matters, and it may arrive in pieces.
    const text = rest + (isMessage ? chunk.subarray(-END.length) : chunk).toString("latin1");
    if (isMessage) {
      rest = text.slice(-END.length);
      if (rest !== END) return;
      isMessage = false;
      rest = "";
      return void socket.write("250 2.0.0 Ok: queued as 1\r\n");
    }
    const lines = text.split("\r\n");
    rest = lines.pop() ?? "";
    socket.write(lines.map(answer).join(""));
    isMessage = lines.at(-1) === "DATA";
    if (isMessage) rest = "\r\n";
  });
}

function answer(line: string): string {
  switch (line.slice(0, 4)) {
    case "EHLO":
      return "250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE\r\n";
    case "DATA":
      return "354 Go on\r\n";
    case "QUIT":
      return "221 2.0.0 Bye\r\n";
    default:
      return "250 2.0.0 Ok\r\n";
  }
}
