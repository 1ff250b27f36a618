/**
 * The smarthost settings of this host's cluster, from wherever its Redis is.
 *
 * @module
 */

import { readHash, redisAddresses } from "./redis.ts";
import { parseSettings, SMARTHOST_KEY, type SmarthostSettings } from "./settings.ts";

/** The settings, and the `host:port` of the Redis that had them. */
export type Found = { settings: SmarthostSettings; from: string };

/**
 * Reads the settings from the Redis that `REDIS_REPLICA_ADDRESS` and `REDIS_ADDRESS` name in the
 * environment; `timeout` is the longest wait for each of them, in milliseconds. Throws a Failure:
 * 75 and 77 for Redis, 78 for a wrong address or wrong settings.
 */
export async function readSmarthost(
  environment: { get(name: string): string | undefined },
  timeout: number,
): Promise<Found> {
  const replica = environment.get("REDIS_REPLICA_ADDRESS");
  const leader = environment.get("REDIS_ADDRESS");
  const { hash, from } = await readHash(
    redisAddresses({ replica, leader }),
    SMARTHOST_KEY,
    timeout,
  );
  return { settings: parseSettings(hash), from };
}
