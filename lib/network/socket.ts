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
  /** The smarthost as `host:port`, for a failure. */
  where: string;
  /** The longest wait, in milliseconds, for the name service, and again for the connection. */
  timeout: number;
  /** Takes the addresses that a name has. */
  onResolved: (addresses: readonly string[]) => void;
};

/** How long the true cause of a failed connection is looked for, in milliseconds. */
const CAUSE_TIME = 1000;

/** A connected socket, and what was begun on it. */
export type Begun<T> = { socket: Socket; begun: T };

/**
 * Connects to the first address of a host that answers. `begin` is called in the very event of the
 * connection, before anything is read. Throws a Failure: 68 where the name does not exist, 75
 * where the name service does not answer, or no address in time.
 */
export async function connectSocket<T>(
  host: string,
  port: number,
  options: SocketOptions,
  begin: (socket: Socket) => T,
): Promise<Begun<T>> {
  const addresses = isIP(host) === 0 ? await resolve(host, options) : [host];
  const { where, timeout } = options;
  const reasons = new Set<string>();
  // One address after the other (RFC 5321, 5.1), each for its share of the time.
  for (const address of addresses) {
    try {
      return await connectTo(address, port, timeout / addresses.length, begin);
    } catch (error) {
      const cause = error === LATE
        ? error
        : await connectionCause(error, { host: address, port }, CAUSE_TIME);
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

/** What a connection fails with that takes too long. */
const LATE = Symbol("late");

function connectTo<T>(
  host: string,
  port: number,
  timeout: number,
  begin: (socket: Socket) => T,
): Promise<Begun<T>> {
  const { promise, resolve, reject } = Promise.withResolvers<Begun<T>>();
  const socket = connectTcp({ host, port, autoSelectFamily: false });
  // It stays: without a listener, an error between two steps would end the process.
  socket.on("error", (error) => abandon(error));
  const abandon = (reason: unknown) => {
    clearTimeout(timer);
    socket.destroy();
    reject(reason);
  };
  const timer = setTimeout(() => abandon(LATE), timeout);
  socket.once("connect", () => {
    clearTimeout(timer);
    // A dialogue of short commands must not wait for the server's delayed ACKs; before
    // 'connect' this has no effect.
    socket.setNoDelay(true);
    resolve({ socket, begun: begin(socket) });
  });
  return promise;
}
