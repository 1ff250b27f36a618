/**
 * Where the cluster's Redis is.
 *
 * @module
 */

import { isIPv6 } from "node:net";
import { ExitStatus, Failure, formatAddress } from "../outcome.ts";

/** Where a Redis listens. */
export type RedisAddress = {
  /** A name or an IP address, without brackets. */
  host: string;
  port: number;
};

/** What the environment says of where Redis is; an empty value is as good as none. */
export type RedisEnvironment = {
  /** `REDIS_REPLICA_ADDRESS` */
  replica?: string | undefined;
  /** `REDIS_ADDRESS` */
  leader?: string | undefined;
};

/** The Redis servers to ask one after the other. */
export type RedisAddresses = readonly [RedisAddress, ...RedisAddress[]];

const DEFAULT_ADDRESS: RedisAddress = { host: "127.0.0.1", port: 6379 };

/**
 * The addresses to ask, in this order: the local replica, then the leader, else the default.
 * Throws a Failure 78 where one is set that is none.
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

/** `host:port` or `[v6]:port` as the contract has it; nothing where the value is empty. */
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
    // Who writes a URL may have put a password into it.
    why: `${value.includes("@") ? "it" : JSON.stringify(value)} is not host:port or [IPv6]:port`,
  });
}
