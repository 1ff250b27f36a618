/**
 * What a client said to a scripted server: kept whole, and read from as the conversation goes on.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Socket } from "node:net";

/** Reads off a socket and keeps every byte. What it gives is nothing once the client has closed. */
export type Recorder = {
  /** Begins to listen to a socket. */
  listen(socket: Socket): void;
  /** Stops listening, and gives back what is unread: it was never heard. */
  release(): Uint8Array;
  /** Every byte so far, read or not. */
  said(): Uint8Array;
  /** The next line as UTF-8, without its LF or CRLF. */
  line(): Promise<string | undefined>;
  /** So many bytes. */
  bytes(count: number): Promise<Uint8Array | undefined>;
  /** The wire form of a mail message: what stands before the line that is a lone dot. */
  message(): Promise<Uint8Array | undefined>;
  /** Waits for any byte that is unread; tells whether there is one. */
  anything(): Promise<boolean>;
};

/** Makes a recorder that has heard nothing yet. */
export function createRecorder(): Recorder {
  let buffer = Buffer.alloc(4096);
  let length = 0;
  let position = 0;
  let current: Socket | undefined;
  let ended = false;
  let wake = () => {};

  const keep = (chunk: Uint8Array) => {
    if (length + chunk.length > buffer.length) {
      const larger = Buffer.alloc(2 * (length + chunk.length));
      buffer.copy(larger, 0, 0, length);
      buffer = larger;
    }
    buffer.set(chunk, length);
    length += chunk.length;
    wake();
  };
  const more = () =>
    new Promise<boolean>((resolve) => {
      if (ended) resolve(false);
      wake = () => resolve(!ended);
    });
  const find = async (needle: string, from: number) => {
    while (true) {
      const at = buffer.subarray(0, length).indexOf(needle, from, "latin1");
      if (at >= 0) return at;
      from = Math.max(from, length - needle.length);
      if (!await more()) return -1;
    }
  };
  const take = (end: number, next: number) => {
    const bytes = Uint8Array.from(buffer.subarray(position, end));
    position = next;
    return bytes;
  };

  return {
    listen(socket) {
      current = socket;
      socket.on("data", keep);
      socket.once("close", () => {
        if (socket !== current) return;
        ended = true;
        wake();
      });
    },
    release() {
      current?.off("data", keep);
      current?.pause();
      const unread = take(length, length);
      length -= unread.length;
      position = length;
      return unread;
    },
    said: () => Uint8Array.from(buffer.subarray(0, length)),
    async line() {
      const end = await find("\n", position);
      if (end < 0) return undefined;
      return new TextDecoder().decode(take(end, end + 1)).replace(/\r$/, "");
    },
    async bytes(count) {
      while (length - position < count) if (!await more()) return undefined;
      return take(position + count, position + count);
    },
    async message() {
      // The CRLF before the dot of an empty message is that of the DATA command.
      const end = await find("\r\n.\r\n", position - 2);
      return end < 0 ? undefined : take(Math.max(position, end + 2), end + 5);
    },
    anything: async () => position < length || await more(),
  };
}
