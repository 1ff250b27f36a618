/**
 * Listens for the cluster's event that the smarthost settings changed. It is published on a Redis
 * channel; who does not listen at that moment does not get it.
 *
 * @module
 */

import { Redis } from "ioredis";
import type { Buffer } from "node:buffer";
import { setTimeout as sleep } from "node:timers/promises";
import { formatAddress } from "../outcome.ts";
import { connectionCause } from "../network/mod.ts";
import { reasonOf } from "../text/mod.ts";
import type { RedisAddress, RedisAddresses } from "./addresses.ts";

/** The Redis channel of the event. */
export const SMARTHOST_CHANGED = "cluster/event/smarthost-changed";

/** An event, as an agent passes it to its handlers. */
export type ClusterEvent = {
  /** The part of the channel before `/event/`: the agent that published it, `cluster`. */
  source: string;
  /** The part behind it: `smarthost-changed`. */
  name: string;
  /** The published message, `{"key": "cluster/smarthost"}`. */
  payload: Uint8Array;
};

/** How to listen. */
export type ListenOptions = {
  /**
   * The longest wait for any one answer of Redis, in milliseconds. A PING is sent at the same
   * interval, to notice a connection that is lost.
   */
  timeout: number;
  /** Ends the listening. */
  signal?: AbortSignal;
  /** Called with a line of text when a connection is made or lost, or an event is dropped. */
  notice?: (line: string) => void;
};

/** The most events that wait; further ones are dropped, as a busy agent does. */
const LONGEST_QUEUE = 32;

/** The pauses between attempts to connect, in milliseconds; each is twice the one before. */
const FIRST_WAIT = 100;
const LAST_WAIT = 5000;

/**
 * Listens for changes of the settings until the stream is cancelled or the signal aborts. When a
 * connection is lost, the servers are tried again in order, without end; events published in between
 * are missed. A Redis that refuses or cannot be reached gives a notice, not an error.
 */
export function smarthostChanges(
  addresses: RedisAddresses,
  options: ListenOptions,
): ReadableStream<ClusterEvent> {
  const cancelled = new AbortController();
  const signal = AbortSignal.any([cancelled.signal, ...(options.signal ? [options.signal] : [])]);
  const notice = options.notice ?? (() => {});
  return new ReadableStream<ClusterEvent>({
    start(controller) {
      const onEvent = (event: ClusterEvent) => {
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(event);
        else notice(`${LONGEST_QUEUE} events are waiting, one more is dropped`);
      };
      keepListening(addresses, { ...options, notice, signal }, onEvent).then(
        () => cancelled.signal.aborted || controller.close(),
        (error) => controller.error(error),
      );
    },
    cancel: () => cancelled.abort(),
  }, { highWaterMark: LONGEST_QUEUE });
}

/** Listens on one connection after the other, with a pause each time all servers have been tried. */
async function keepListening(
  addresses: RedisAddresses,
  options: Required<ListenOptions>,
  onEvent: (event: ClusterEvent) => void,
): Promise<void> {
  const { signal, notice } = options;
  let lastNotice = "";
  let wait = FIRST_WAIT;
  while (!signal.aborted) {
    for (const address of addresses) {
      const { wasConnected, why } = await listenOnce(address, options, onEvent);
      if (signal.aborted) return;
      if (wasConnected) wait = FIRST_WAIT;
      const line = `Redis at ${formatAddress(address)}: ${why}`;
      // The same line is not repeated at every attempt.
      if (wasConnected || line !== lastNotice) notice(line);
      lastNotice = line;
    }
    await sleep(wait, undefined, { signal }).catch(() => {});
    wait = Math.min(wait * 2, LAST_WAIT);
  }
}

/** Listens on one connection until it ends. Gives whether it was subscribed, and why it ended. */
async function listenOnce(
  address: RedisAddress,
  { timeout, signal, notice }: Required<ListenOptions>,
  onEvent: (event: ClusterEvent) => void,
): Promise<{ wasConnected: boolean; why: string }> {
  const redis = connectionTo(address, timeout);
  const end = () => redis.disconnect();
  signal.addEventListener("abort", end);
  let reason: unknown;
  const keepFirst = (error: unknown) => reason ??= error;
  redis.on("error", keepFirst);
  redis.on("messageBuffer", (channel, payload) => onEvent(eventOf(channel, payload)));
  const ended = new Promise<void>((resolve) => redis.once("end", () => resolve()));
  let heartbeat: ReturnType<typeof setInterval> | undefined;
  let wasConnected = false;
  try {
    await redis.connect();
    await redis.subscribe(SMARTHOST_CHANGED);
    wasConnected = true;
    notice(`Listening to Redis at ${formatAddress(address)}`);
    const lost = (error: unknown) => {
      keepFirst(error);
      end();
    };
    heartbeat = setInterval(() => redis.ping().catch(lost), timeout);
    await ended;
  } catch (error) {
    // When the server closes the connection, the error of ioredis says no more than that.
    if (redis.status !== "end") keepFirst(error);
  } finally {
    clearInterval(heartbeat);
    signal.removeEventListener("abort", end);
    redis.disconnect();
  }
  if (reason === undefined) return { wasConnected, why: "connection closed by the server" };
  return { wasConnected, why: reasonOf(await connectionCause(reason, address)) };
}

/** An ioredis client for one connection, without reconnect. Every cluster lets this user listen. */
function connectionTo(address: RedisAddress, timeout: number): Redis {
  return new Redis({
    ...address,
    username: "default",
    password: "nopass",
    lazyConnect: true,
    enableReadyCheck: false,
    disableClientInfo: true,
    connectTimeout: timeout,
    commandTimeout: timeout,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    // Otherwise ioredis keeps the process alive for two seconds after the end.
    disconnectTimeout: 0,
  });
}

function eventOf(channel: Buffer, payload: Buffer): ClusterEvent {
  const [source = "", name = ""] = channel.toString().split("/event/", 2);
  return { source, name, payload: Uint8Array.from(payload) };
}
