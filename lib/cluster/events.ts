/**
 * The event by which the cluster says that the settings have changed, as the agents of a cluster
 * hear it: published on Redis, and lost for whoever does not listen at that moment.
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

/** An event as an agent hands it to its handlers. */
export type ClusterEvent = {
  /** What stands before `/event/` in the channel: the agent that says so, `cluster`. */
  source: string;
  /** What stands behind it: `smarthost-changed`. */
  name: string;
  /** What was published, `{"key": "cluster/smarthost"}`. */
  payload: Uint8Array;
};

/** How to listen. */
export type ListenOptions = {
  /**
   * The longest wait for any one answer of Redis, in milliseconds; after as long a silence it is
   * asked whether it is still there.
   */
  timeout: number;
  /** Ends the listening. */
  signal?: AbortSignal;
  /** Takes a line whenever a connection is up, is lost, or an event is not kept. */
  notice?: (line: string) => void;
};

/** How long the true cause of a failed connection is looked for, in milliseconds. */
const CAUSE_TIME = 1000;

/** How many events wait at most; one more is dropped, as an agent rejects it that is busy. */
const LONGEST_QUEUE = 32;

/** The pauses between attempts to connect, in milliseconds: each twice the one before. */
const FIRST_WAIT = 100;
const LAST_WAIT = 5000;

/**
 * Listens for changes of the settings until the stream is cancelled or the signal comes, across
 * restarts of Redis: the servers are tried in their order, again and again. What has happened in
 * between is not told. A Redis that refuses, or cannot be reached, is no error but a notice.
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
      const take = (event: ClusterEvent) => {
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(event);
        else notice(`${LONGEST_QUEUE} events are waiting, one more is dropped`);
      };
      keepListening(addresses, { ...options, notice, signal }, take).then(
        () => cancelled.signal.aborted || controller.close(),
        (error) => controller.error(error),
      );
    },
    cancel: () => cancelled.abort(),
  }, { highWaterMark: LONGEST_QUEUE });
}

/** One connection after the other, with a pause whenever all servers have been tried. */
async function keepListening(
  addresses: RedisAddresses,
  options: Required<ListenOptions>,
  take: (event: ClusterEvent) => void,
): Promise<void> {
  const { signal, notice } = options;
  let said = "";
  let wait = FIRST_WAIT;
  while (!signal.aborted) {
    for (const address of addresses) {
      const { heard, why } = await listenOnce(address, options, take);
      if (signal.aborted) return;
      if (heard) wait = FIRST_WAIT;
      const line = `Redis at ${formatAddress(address)}: ${why}`;
      // Once, and not every five seconds for as long as it lasts.
      if (heard || line !== said) notice(line);
      said = line;
    }
    await sleep(wait, undefined, { signal }).catch(() => {});
    wait = Math.min(wait * 2, LAST_WAIT);
  }
}

/** Listens on one connection to its end; tells whether it ever got so far, and why it ended. */
async function listenOnce(
  address: RedisAddress,
  { timeout, signal, notice }: Required<ListenOptions>,
  take: (event: ClusterEvent) => void,
): Promise<{ heard: boolean; why: string }> {
  const redis = connectionTo(address, timeout);
  const end = () => redis.disconnect();
  signal.addEventListener("abort", end);
  let reason: unknown;
  const keep = (error: unknown) => reason ??= error;
  redis.on("error", keep);
  redis.on("messageBuffer", (channel, payload) => take(eventOf(channel, payload)));
  const ended = new Promise<void>((resolve) => redis.once("end", () => resolve()));
  let heartbeat: ReturnType<typeof setInterval> | undefined;
  let heard = false;
  try {
    await redis.connect();
    await redis.subscribe(SMARTHOST_CHANGED);
    heard = true;
    notice(`Listening to Redis at ${formatAddress(address)}`);
    const lost = (error: unknown) => {
      keep(error);
      end();
    };
    heartbeat = setInterval(() => redis.ping().catch(lost), timeout);
    await ended;
  } catch (error) {
    // What ioredis says when the server hangs up is not worth repeating.
    if (redis.status !== "end") keep(error);
  } finally {
    clearInterval(heartbeat);
    signal.removeEventListener("abort", end);
    redis.disconnect();
  }
  if (reason === undefined) return { heard, why: "connection closed by the server" };
  return { heard, why: reasonOf(await connectionCause(reason, address, CAUSE_TIME)) };
}

/** The user whom every cluster lets listen, with any password; one connection, and no second try. */
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
    // After the end of the listening ioredis would keep the process alive for two seconds more.
    disconnectTimeout: 0,
  });
}

function eventOf(channel: Buffer, payload: Buffer): ClusterEvent {
  const [source = "", name = ""] = channel.toString().split("/event/", 2);
  return { source, name, payload: Uint8Array.from(payload) };
}
