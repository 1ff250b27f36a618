/**
 * TCP servers of a test's own, on free loopback ports, gone with all their connections when the
 * test ends.
 *
 * @module
 */

import { once } from "node:events";
import net from "node:net";

/** A server that listens on loopback; its disposal ends it and breaks off its connections. */
export type ListeningServer = AsyncDisposable & {
  readonly host: string;
  readonly port: number;
  /** `host:port`. */
  readonly address: string;
  /** Waits until every connection made so far has been taken, served and closed. */
  settled(): Promise<void>;
};

/** Loopback, the only place where tests listen. */
export const LOOPBACK = "127.0.0.1";

/** Gives the port that a server listens on. */
export function portOf(server: net.Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("Not a TCP server");
  return address.port;
}

/** Gives a port where nothing listens, and where no server of a test that runs beside this one will. */
export function closedPort(): number {
  return portFrom(CLOSED_PORTS);
}

/** Gives a free port for a server that has to be told one. */
export function freePort(): number {
  return portFrom(FREE_PORTS);
}

/** Where these ports begin: below those that the kernel hands out (ip(7), ip_local_port_range). */
const CLOSED_PORTS = 10_000;
const FREE_PORTS = 20_000;
const PORT_COUNT = 10_000;

function portFrom(first: number): number {
  for (;;) {
    const port = first + Math.floor(Math.random() * PORT_COUNT);
    try {
      using listener = Deno.listen({ hostname: LOOPBACK, port });
      return listener.addr.port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

/** Waits until a socket is closed; unlike node's `once` it does not mind how that comes about. */
export function closeOf(socket: net.Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

/** Where the last one in line comes from, see {@linkcode lastInLine}. */
const LAST_IN_LINE = "127.0.0.9";

/**
 * Listens, on a free port or `at` this one, and hands each connection to `serve`, whose promise
 * settles when it has been served.
 */
export async function listen(
  serve: (socket: net.Socket) => Promise<void>,
  at = 0,
): Promise<ListeningServer> {
  const sockets = new Set<net.Socket>();
  const served: Promise<void>[] = [];
  const server = net.createServer((socket) => {
    socket.on("error", () => {}); // a reset is an end like any other; "close" follows
    if (socket.remoteAddress === LAST_IN_LINE) return void socket.destroy();
    sockets.add(socket);
    socket.setNoDelay(true);
    served.push(serve(socket), closeOf(socket).then(() => void sockets.delete(socket)));
  });
  server.listen(at, LOOPBACK);
  await once(server, "listening");
  const port = portOf(server);
  return {
    host: LOOPBACK,
    port,
    address: `${LOOPBACK}:${port}`,
    async settled() {
      await lastInLine(port);
      await Promise.all(served);
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Connects and waits until the server has closed it: by then all before it have been taken. */
async function lastInLine(port: number): Promise<void> {
  const socket = net.connect({ port, host: LOOPBACK, localAddress: LAST_IN_LINE });
  socket.on("error", () => {});
  await closeOf(socket);
}
