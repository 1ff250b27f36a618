/**
 * The addresses of the cluster's Redis servers.
 *
 * @module
 */

import { isIPv6 } from "node:net";
import { ExitStatus, Failure, formatAddress } from "../outcome.ts";

/** The address of a Redis server. */
export type RedisAddress = {
  /** A name or an IP address, without brackets. */
  host: string;
  port: number;
};

/** The environment variables with the addresses; an empty value counts as not set. */
export type RedisEnvironment = {
  /** `REDIS_REPLICA_ADDRESS` */
  replica?: string | undefined;
  /** `REDIS_ADDRESS` */
  leader?: string | undefined;
};

/** The Redis servers to try, in order. */
export type RedisAddresses = readonly [RedisAddress, ...RedisAddress[]];

const DEFAULT_ADDRESS: RedisAddress = { host: "127.0.0.1", port: 6379 };

/**
 * Gives the addresses to try: the local replica, then the leader; the default if neither is set.
 * Throws a Failure (78) if a value is not an address.
 */
export function redisAddresses({ replica, leader }: RedisEnvironment): RedisAddresses {
  const addresses = [
    ...parseAddress("REDIS_REPLICA_ADDRESS", replica),
    ...parseAddress("REDIS_ADDRESS", leader),
  ];
  const [first = DEFAULT_ADDRESS, second] = addresses;
  const isOther = second !== undefined && formatAddress(second) !== formatAddress(first);
  return isOther ? [first, second] : [first];
}

/** Reads `host:port` or `[v6]:port`; gives nothing for an empty value. */
function parseAddress(variable: string, value: string | undefined): RedisAddress[] {
  if (!value) return [];
  const match = /^(?:\[([^\]]+)\]|([\w.-]{1,255})):(\d{1,5})$/.exec(value);
  const [, literal, name, digits] = match ?? [];
  const port = Number(digits);
  const host = literal === undefined ? name : isIPv6(literal) ? literal : undefined;
  if (host !== undefined && port >= 1 && port <= 65535) return [{ host, port }];
  throw new Failure({
    status: ExitStatus.configuration,
    what: "The address of Redis is wrong",
    where: variable,
    // A value with an @ may be a URL with a password in it.
    why: `${value.includes("@") ? "it" : JSON.stringify(value)} is not host:port or [IPv6]:port`,
  });
}
