/**
 * From a name to a connected socket.
 *
 * @module
 */

import { lookup } from "node:dns/promises";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connectionCause, isNameUnknown, nameCause } from "./cause.ts";
import { ExitStatus, Failure } from "../outcome.ts";
import { reasonOf, timedOut } from "../text/mod.ts";

/** How to connect. */
export type SocketOptions = {
  /** The server as `host:port`, for error messages. */
  where: string;
  /** The longest wait for the name service, and again for the connection, in milliseconds. */
  timeout: number;
  /** Called with the addresses of the name. */
  onResolved: (addresses: readonly string[]) => void;
};

/** A connected socket, and the result of `onConnect`. */
export type Connected<T> = { socket: Socket; started: T };

/**
 * Connects to the first address of a host that answers. Calls `onConnect` synchronously in the
 * `connect` event, before any data is read. Throws a Failure: 68 if the name does not exist, 75 if
 * the name service does not answer, or no address answers in time.
 */
export async function connectSocket<T>(
  host: string,
  port: number,
  options: SocketOptions,
  onConnect: (socket: Socket) => T,
): Promise<Connected<T>> {
  const addresses = isIP(host) === 0 ? await resolve(host, options) : [host];
  const { where, timeout } = options;
  const reasons = new Set<string>();
  // The addresses in their order (RFC 5321, 5.1); each gets an equal part of the time.
  for (const address of addresses) {
    try {
      return await connectTo(address, port, timeout / addresses.length, onConnect);
    } catch (error) {
      const cause = error === LATE ? error : await connectionCause(error, { host: address, port });
      reasons.add(cause === LATE ? timedOut(timeout) : reasonOf(cause));
    }
  }
  const why = [...reasons].join("; ");
  throw new Failure({
    status: ExitStatus.tryAgain,
    what: "Cannot connect to the smarthost",
    where,
    why,
  });
}

async function resolve(
  host: string,
  { where, timeout, onResolved }: SocketOptions,
): Promise<string[]> {
  const fail = (status: ExitStatus, why: string, cause?: unknown) =>
    new Failure({ status, what: "Cannot resolve the smarthost's name", where, why, cause });
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(fail(ExitStatus.tryAgain, timedOut(timeout))), timeout);
  const looking = lookup(host, { all: true }).catch(async (error) => {
    const cause = await nameCause(error, host, timeout);
    const status = isNameUnknown(cause) ? ExitStatus.noHost : ExitStatus.tryAgain;
    throw fail(status, reasonOf(cause), error);
  });
  try {
    const found = await Promise.race([looking, late]);
    const addresses = [...new Set(found.map(({ address }) => address))];
    onResolved(addresses);
    return addresses;
  } finally {
    clearTimeout(timer);
  }
}

/** The error of a connection that is not made in time. */
const LATE = Symbol("late");

function connectTo<T>(
  host: string,
  port: number,
  timeout: number,
  onConnect: (socket: Socket) => T,
): Promise<Connected<T>> {
  const { promise, resolve, reject } = Promise.withResolvers<Connected<T>>();
  const socket = connectTcp({ host, port, autoSelectFamily: false });
  // Never removed: without a listener, an error between two steps would end the process.
  socket.on("error", (error) => abandon(error));
  const abandon = (reason: unknown) => {
    clearTimeout(timer);
    socket.destroy();
    reject(reason);
  };
  const timer = setTimeout(() => abandon(LATE), timeout);
  socket.once("connect", () => {
    clearTimeout(timer);
    // Without this, short commands wait for the server's delayed ACKs. Before 'connect' it has no
    // effect.
    socket.setNoDelay(true);
    resolve({ socket, started: onConnect(socket) });
  });
  return promise;
}
