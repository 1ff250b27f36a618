/**
 * Redis for a user who may write: the smarthost's hash, and the event that announces a change.
 *
 * @module
 */

import { Redis } from "ioredis";
import { type RedisAddress, SMARTHOST_CHANGED, SMARTHOST_KEY } from "../../lib/cluster/mod.ts";
import { DEFAULT_TIMEOUTS, ExitStatus, Failure, formatAddress } from "../../lib/outcome.ts";
import { reasonOf } from "../../lib/text/mod.ts";
import type { Change } from "./input.ts";

/** Byte for byte what the cluster publishes. */
const PAYLOAD = `{"key": "${SMARTHOST_KEY}"}`;

/** The Redis user who may write. */
export type Login = { username: string; password: string };

/** Connects to Redis, runs `act`, and disconnects. Throws a Failure if Redis refuses or is down. */
export async function withRedis<T>(
  address: RedisAddress,
  login: Login,
  act: (redis: Redis) => Promise<T>,
): Promise<T> {
  const redis = new Redis({
    ...address,
    ...login,
    lazyConnect: true,
    enableReadyCheck: false,
    disableClientInfo: true,
    connectTimeout: DEFAULT_TIMEOUTS.answer,
    commandTimeout: DEFAULT_TIMEOUTS.answer,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let reason: unknown;
  redis.on("error", (error) => reason ??= error);
  try {
    await redis.connect();
    return await act(redis);
  } catch (error) {
    throw error instanceof Failure ? error : redisFailure(formatAddress(address), reason ?? error);
  } finally {
    redis.disconnect();
  }
}

/** Reads the stored hash. */
export async function storedHash(redis: Redis): Promise<Record<string, string>> {
  return await redis.hgetall(SMARTHOST_KEY);
}

/** Stores and publishes in one transaction; gives the number of listeners that were told. */
export async function apply(redis: Redis, change: Change): Promise<number> {
  const transaction = redis.multi();
  if (Object.keys(change.fields).length > 0) transaction.hset(SMARTHOST_KEY, change.fields);
  if (change.removed.length > 0) transaction.hdel(SMARTHOST_KEY, ...change.removed);
  const results = await transaction.publish(SMARTHOST_CHANGED, PAYLOAD).exec() ?? [];
  const error = results.find(([error]) => error !== null)?.[0];
  if (error) throw error;
  return Number(results.at(-1)?.[1]);
}

/** The failure of a transaction. If Redis aborted it, the refused command has the reason. */
function redisFailure(where: string, error: unknown): Failure {
  const previous: unknown = error instanceof Error
    ? Reflect.get(error, "previousErrors")
    : undefined;
  const why = reasonOf(Array.isArray(previous) && previous.length > 0 ? previous[0] : error);
  const status = /^(NOAUTH|WRONGPASS|NOPERM)\b/.test(why)
    ? ExitStatus.notAllowed
    : /^WRONGTYPE\b/.test(why)
    ? ExitStatus.configuration
    : ExitStatus.tryAgain;
  return new Failure({ status, what: "Cannot store the settings", where, why });
}
