/**
 * Reads the server's last reply although the connection has an error.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Socket } from "node:net";

/** How long a reply that has already come is waited for, in milliseconds. */
const MOMENT = 100;

/**
 * Keeps a connection open for a moment after an error, and gives what is read then to `received`. A
 * server that refuses a message while it is being sent may reply and close the connection at once. Then
 * a write fails although the reply is there to read, and the socket would drop it.
 */
export function readAfterError(socket: Socket, received: (chunk: Buffer) => void): void {
  const destroy = socket.destroy.bind(socket);
  socket.destroy = (error?: Error) => {
    if (error === undefined) destroy();
    else setTimeout(destroy, MOMENT, error);
    return socket;
  };
  const push = socket.push.bind(socket);
  socket.push = (chunk: unknown, encoding?: Parameters<Socket["push"]>[1]) => {
    if (!socket.errored || !(chunk instanceof Uint8Array)) return push(chunk, encoding);
    received(Buffer.from(chunk));
    return true;
  };
}
