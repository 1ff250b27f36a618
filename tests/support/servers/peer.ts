/**
 * The other end of a connection, byte by byte: what a server may do to a client, well-behaved or
 * not. The scripted servers are tables of these actions.
 *
 * @module
 */

import { once } from "node:events";
import type { Socket } from "node:net";
import { setImmediate } from "node:timers";

/** A client as the server sees it. */
export type Peer = {
  /** Sends bytes and waits until there is room for more; does nothing once the client is gone. */
  send(bytes: Uint8Array): Promise<void>;
  /** Closes the connection in good order (FIN). */
  hangUp(): void;
  /** Breaks the connection off (RST). */
  reset(): void;
  /** Stops reading: what the client says stays in its hands once all buffers are full. */
  stopReading(): void;
  /** Goes on reading; without that the end of the connection would not be noticed. */
  goOnReading(): void;
  /** Aborts when the connection is closed, by whichever end. */
  readonly closed: AbortSignal;
};

/** What a server does at one point of the conversation. */
export type Action = (peer: Peer) => void | Promise<void>;

/** Gives the bytes of a text as UTF-8. */
export function bytesOf(text: string | Uint8Array): Uint8Array {
  return typeof text === "string" ? new TextEncoder().encode(text) : text;
}

/** Makes a peer of a socket; for one inside TLS, `transport` is the socket below. */
export function peerOf(socket: Socket, transport: Socket = socket): Peer {
  const gone = new AbortController();
  socket.once("close", () => gone.abort());
  const closed = gone.signal;
  return {
    closed,
    async send(bytes) {
      if (closed.aborted || !socket.writable) return;
      if (socket.write(bytes)) return;
      await once(socket, "drain", { signal: closed }).catch(() => {});
    },
    hangUp: () => void socket.end(),
    reset: () => void transport.resetAndDestroy(),
    stopReading: () => void socket.pause(),
    goOnReading: () => void socket.resume(),
  };
}

/** Sends bytes as they are, in one piece. */
export function raw(bytes: string | Uint8Array): Action {
  return (peer) => peer.send(bytesOf(bytes));
}

/** Sends lines, each ended by CRLF, in one piece. */
export function reply(...lines: string[]): Action {
  return raw(lines.map((line) => `${line}\r\n`).join(""));
}

/** Says nothing more, ever, and keeps the connection. */
export function silence(): Action {
  return ({ closed }) =>
    new Promise((resolve) => {
      // Who has gone already is not told of any more.
      if (closed.aborted) resolve();
      else closed.addEventListener("abort", () => resolve());
    });
}

/** Closes the connection in good order. */
export function hangUp(): Action {
  return (peer) => peer.hangUp();
}

/** Breaks the connection off. */
export function reset(): Action {
  return (peer) => peer.reset();
}

/** Reads nothing until an action is done and for so many milliseconds after it. */
export function withoutReading(action: Action, milliseconds: number): Action {
  const stop: Action = (peer) => peer.stopReading();
  const goOn: Action = (peer) => peer.goOnReading();
  return inTurn(stop, action, pause(milliseconds), goOn);
}

/** Does one action after the other, as long as the client is there. */
export function inTurn(...actions: Action[]): Action {
  return async (peer) => {
    for (const action of actions) {
      if (peer.closed.aborted) return;
      await action(peer);
    }
  };
}

/** Waits a moment of the server's own choosing. */
export function pause(milliseconds: number): Action {
  return (peer) =>
    new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        peer.closed.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      peer.closed.addEventListener("abort", done);
    });
}

/** Sends bytes one at a time, the given time apart. */
export function drip(bytes: string | Uint8Array, interval: number): Action {
  const single = Array.from(
    bytesOf(bytes),
    (byte) => inTurn(raw(Uint8Array.of(byte)), pause(interval)),
  );
  return inTurn(...single);
}

/** Drips the same bytes again and again, for as long as the client puts up with it. */
export function dripForEver(bytes: string | Uint8Array, interval: number): Action {
  return forEver(drip(bytes, interval));
}

/** Sends the same bytes again and again, as fast as the client reads. */
export function endless(bytes: string | Uint8Array): Action {
  return forEver(raw(bytes));
}

/** Sends bytes that belong to no protocol of mail. */
export function garbage(): Action {
  return raw(Uint8Array.from({ length: 512 }, (_, i) => (i * 167 + 13) % 256));
}

function forEver(action: Action): Action {
  return async (peer) => {
    while (!peer.closed.aborted) {
      await action(peer);
      // Without a turn of the event loop nobody would learn that the client is gone.
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
}
