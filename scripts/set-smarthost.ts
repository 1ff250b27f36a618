#!/usr/bin/env -S deno run --allow-env --allow-net
/**
 * Sets the smarthost as the cluster's own action does: stores the settings in Redis and publishes
 * the event smarthost-changed, in one transaction. For test clusters; a real one has its user
 * interface.
 *
 *     ns8-sendmail --settings | jq '.enabled = true' | scripts/set-smarthost.ts
 *
 * Reads the settings as the JSON object that `--settings` prints and that the cluster's action
 * takes, so that the password is in no argument. Redis is the one at REDIS_ADDRESS, which is
 * written to by REDIS_USER with REDIS_PASSWORD. What `ns8-sendmail` would not read is not stored.
 *
 * @module
 */

import { Redis } from "ioredis";
import {
  parseSettings,
  type RedisAddress,
  redisAddresses,
  SMARTHOST_CHANGED,
  SMARTHOST_KEY,
} from "../lib/cluster/mod.ts";
import { ExitStatus, Failure, formatAddress } from "../lib/outcome.ts";
import { reasonOf } from "../lib/text/mod.ts";
import { errorLines } from "../lib/report/mod.ts";

/** The longest wait for any one answer of Redis, in milliseconds. */
const TIMEOUT = 30_000;

/** Byte for byte what the cluster publishes. */
const PAYLOAD = `{"key": "${SMARTHOST_KEY}"}`;

/** Who may write. */
type Login = { username: string; password: string };

/** A variable of the environment that has to be set. */
function variable(name: string): string {
  const value = Deno.env.get(name);
  if (value) return value;
  throw new Failure({ status: ExitStatus.configuration, what: `${name} is not set` });
}

/** The hash to store. Throws a Failure: 65 for what is no JSON object, and 78 as the reader does. */
function hashOf(text: string): Record<string, string> {
  const settings = objectOf(text);
  const hash: Record<string, string> = {};
  for (const field of Object.keys(parseSettings({}))) {
    if (Object.hasOwn(settings, field)) hash[field] = textOf(field, Reflect.get(settings, field));
  }
  // To a reader, no hash at all means the defaults.
  if (Object.keys(hash).length === 0) throw unfit("it holds none of the settings");
  parseSettings(hash);
  return hash;
}

function objectOf(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // The parser's words would show what it has read, and that may be the password.
  }
  throw unfit("it is not a JSON object");
}

function unfit(why: string): Failure {
  return new Failure({
    status: ExitStatus.data,
    what: "Standard input is not what it should be",
    why,
  });
}

/** A value as the cluster stores it. */
function textOf(field: string, value: unknown): string {
  if (typeof value === "boolean") return value ? "1" : "0";
  if (typeof value === "number") return String(value);
  // Half a surrogate pair becomes what the reader will find, and refuse.
  if (typeof value === "string") return value.toWellFormed();
  throw unfit(`its ${field} is neither a text nor a number nor true or false`);
}

/** Stores and publishes; gives how many have heard it. */
async function store(
  address: RedisAddress,
  login: Login,
  hash: Record<string, string>,
): Promise<number> {
  const redis = new Redis({
    ...address,
    ...login,
    lazyConnect: true,
    enableReadyCheck: false,
    disableClientInfo: true,
    connectTimeout: TIMEOUT,
    commandTimeout: TIMEOUT,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let reason: unknown;
  redis.on("error", (error) => reason ??= error);
  try {
    await redis.connect();
    const transaction = redis.multi().hset(SMARTHOST_KEY, hash).publish(SMARTHOST_CHANGED, PAYLOAD);
    const [stored, published] = await transaction.exec() ?? [];
    const error = stored?.[0] ?? published?.[0];
    if (error) throw error;
    return Number(published?.[1]);
  } catch (error) {
    throw refusal(formatAddress(address), reason ?? error);
  } finally {
    redis.disconnect();
  }
}

/** Of a transaction that was given up, the command that Redis did not take says why. */
function refusal(where: string, error: unknown): Failure {
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

/** Standard input as text; what is not UTF-8 is nothing that could be stored. */
async function readInput(): Promise<string> {
  const bytes = await new Response(Deno.stdin.readable).bytes();
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw unfit("it is not UTF-8");
  }
}

async function main(): Promise<void> {
  const [address] = redisAddresses({ leader: Deno.env.get("REDIS_ADDRESS") });
  const login = { username: variable("REDIS_USER"), password: variable("REDIS_PASSWORD") };
  const heard = await store(address, login, hashOf(await readInput()));
  console.log(`The settings are stored; listeners that know of it: ${heard}`);
}

try {
  await main();
  Deno.exit(ExitStatus.ok);
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  for (const line of errorLines(error)) console.error(line);
  Deno.exit(error.details.status);
}
