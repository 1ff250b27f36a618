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
 * The object may also hold fields of OAuth 2.0, which `--settings` does not print. A field that is
 * null or empty is removed, and one that is not there stays as it is:
 *
 *     ns8-sendmail --settings | jq '.oauth2_token_url = "https://login.example/token" |
 *       .oauth2_client_id = "…" | .oauth2_client_secret = $ENV.SECRET' | scripts/set-smarthost.ts
 *
 * `--show` prints all that is stored, with secrets masked, and `--remove-oauth2` removes all fields
 * of OAuth 2.0.
 *
 * @module
 */

import { Redis } from "ioredis";
import {
  OAUTH2_FIELDS,
  parseSettings,
  type RedisAddress,
  redisAddresses,
  SMARTHOST_CHANGED,
  SMARTHOST_KEY,
} from "../lib/cluster/mod.ts";
import { ExitStatus, Failure, formatAddress } from "../lib/outcome.ts";
import { formatJson, reasonOf } from "../lib/text/mod.ts";
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

/** Fields to write, and fields to remove. */
type Change = { fields: Record<string, string>; removed: string[] };

/** What `--show` prints in the place of a secret. */
const MASK = "***";

/** The fields that hold secrets. */
const SECRETS: readonly string[] = ["password", "oauth2_client_secret", "oauth2_refresh_token"];

/** What is to be stored. Throws a Failure (65) for what is no JSON object, or none of the settings. */
function changeIn(text: string): Change {
  const settings = objectOf(text);
  const change: Change = { fields: {}, removed: [] };
  for (const field of [...Object.keys(parseSettings({})), ...OAUTH2_FIELDS]) {
    if (!Object.hasOwn(settings, field)) continue;
    const value: unknown = Reflect.get(settings, field);
    if (isOAuth2(field) && (value === null || value === "")) change.removed.push(field);
    else change.fields[field] = textOf(field, value);
  }
  // To a reader, no hash at all means the defaults.
  if (Object.keys(change.fields).length === 0) throw unfit("it holds none of the settings");
  const masked = SECRETS.find((field) => change.fields[field] === MASK);
  if (masked !== undefined) throw unfit(`its ${masked} is the mask that --show prints`);
  return change;
}

/** Throws a Failure as the reader does where the stored fields and the change do not fit together. */
function requireReadable(stored: Readonly<Record<string, string>>, change: Change): void {
  const kept = Object.entries(stored).filter(([field]) =>
    isOAuth2(field) && !change.removed.includes(field)
  );
  parseSettings({ ...Object.fromEntries(kept), ...change.fields });
}

function isOAuth2(field: string): boolean {
  return OAUTH2_FIELDS.some((each) => each === field);
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

/** Does something with a connection to Redis. */
async function withRedis<T>(
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
    connectTimeout: TIMEOUT,
    commandTimeout: TIMEOUT,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let reason: unknown;
  redis.on("error", (error) => reason ??= error);
  try {
    await redis.connect();
    return await act(redis);
  } catch (error) {
    throw error instanceof Failure ? error : refusal(formatAddress(address), reason ?? error);
  } finally {
    redis.disconnect();
  }
}

/** Stores and publishes in one transaction; gives how many have heard it. */
async function store(redis: Redis, change: Change): Promise<number> {
  requireReadable(await redis.hgetall(SMARTHOST_KEY), change);
  return await apply(redis, change);
}

async function apply(redis: Redis, change: Change): Promise<number> {
  const transaction = redis.multi();
  if (Object.keys(change.fields).length > 0) transaction.hset(SMARTHOST_KEY, change.fields);
  if (change.removed.length > 0) transaction.hdel(SMARTHOST_KEY, ...change.removed);
  const results = await transaction.publish(SMARTHOST_CHANGED, PAYLOAD).exec() ?? [];
  const error = results.find(([error]) => error !== null)?.[0];
  if (error) throw error;
  return Number(results.at(-1)?.[1]);
}

/** All that is stored, with secrets masked. */
async function show(redis: Redis): Promise<string> {
  const settings = parseSettings(await redis.hgetall(SMARTHOST_KEY));
  return formatJson(Object.fromEntries(
    Object.entries(settings).map((
      [field, value],
    ) => [field, SECRETS.includes(field) && value !== "" ? MASK : value]),
  ));
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

/** Does what the arguments ask for, and gives the line that says what was done. */
async function main([option, ...more]: readonly string[]): Promise<string> {
  const [address] = redisAddresses({ leader: Deno.env.get("REDIS_ADDRESS") });
  const login = { username: variable("REDIS_USER"), password: variable("REDIS_PASSWORD") };
  const stored = (heard: number) => `The settings are stored; listeners that know of it: ${heard}`;
  if (more.length === 0) {
    if (option === undefined) {
      const change = changeIn(await readInput());
      return stored(await withRedis(address, login, (redis) => store(redis, change)));
    }
    if (option === "--show") return await withRedis(address, login, show);
    if (option === "--remove-oauth2") {
      return stored(
        await withRedis(
          address,
          login,
          (redis) => apply(redis, { fields: {}, removed: [...OAUTH2_FIELDS] }),
        ),
      );
    }
  }
  const what = "The only options are --show and --remove-oauth2, one at a time";
  throw new Failure({ status: ExitStatus.usage, what });
}

try {
  console.log(await main(Deno.args));
  Deno.exit(ExitStatus.ok);
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  for (const line of errorLines(error)) console.error(line);
  Deno.exit(error.details.status);
}
