/**
 * Reads one hash from the cluster's Redis.
 *
 * ioredis gets one connection for one batch of commands. It does not reconnect, does not queue
 * commands and writes nothing to the console.
 *
 * @module
 */

import { AbstractConnector, Redis } from "ioredis";
import { Socket } from "node:net";
import { connectionCause } from "../network/mod.ts";
import { ExitStatus, Failure, type FailureDetails, formatAddress } from "../outcome.ts";
import { reasonOf, systemCode, timedOut } from "../text/mod.ts";
import type { RedisAddress, RedisAddresses } from "./addresses.ts";
import { type ReplyGuard, replyGuard, unaskedGuard } from "./resp.ts";

/** The user and password for reading; every cluster accepts any password for this user. */
const CREDENTIALS = ["default", "nopass"];

/** The reason if nothing better is known; ioredis says "Connection is closed." for everything. */
const HANG_UP = "connection closed by the server";

/** The errors of Redis that are permanent, by their first word; all others are temporary (75). */
const REFUSALS: ReadonlyMap<string, Pick<FailureDetails, "status" | "what">> = new Map([
  ["NOAUTH", { status: ExitStatus.notAllowed, what: "Redis refused the login" }],
  ["WRONGPASS", { status: ExitStatus.notAllowed, what: "Redis refused the login" }],
  ["NOPERM", { status: ExitStatus.notAllowed, what: "Redis refused to show the settings" }],
]);

/** A hash, and the `host:port` of the Redis that it is from. */
type FoundHash = { hash: Record<string, string>; from: string };

/**
 * Reads a hash from the first Redis that has it; gives an empty hash if none has. `timeout` is the
 * limit for each Redis, in milliseconds, from the lookup of its name to its last byte. Bytes that
 * are not UTF-8 become U+FFFD.
 *
 * Throws a Failure: 77 if Redis refuses, 78 if the key is not a hash, 75 for any other error. The
 * next Redis is asked after a 75, and after an empty hash, because a replica may not have synced
 * yet; the error then names both.
 */
export async function readHash(
  [address, next, ...rest]: RedisAddresses,
  key: string,
  timeout: number,
): Promise<FoundHash> {
  const first = await readFrom(address, key, timeout);
  const isFailure = first instanceof Failure;
  if (next === undefined || (isFailure && first.details.status !== ExitStatus.tryAgain)) {
    if (isFailure) throw first;
    return first;
  }
  if (!isFailure && Object.keys(first.hash).length > 0) return first;
  const before = isFailure
    ? `${first.details.where}: ${first.details.why}`
    : `${first.from} had no settings`;
  return await readHash([next, ...rest], key, timeout).catch((later) => {
    throw later instanceof Failure ? withEarlierResult(before, later) : later;
  });
}

async function readFrom(
  address: RedisAddress,
  key: string,
  timeout: number,
): Promise<FoundHash | Failure> {
  const from = formatAddress(address);
  try {
    const replies = await exchange(address, key, timeout);
    return { hash: hashOf(replies, from), from };
  } catch (error) {
    const cause = isOfSystem(error) ? await connectionCause(error, address) : error;
    return failureOf(cause, from, key);
  }
}

/** True for an error of the operating system, and not of Redis or this program. */
function isOfSystem(error: unknown): boolean {
  return !isReplyError(error) && systemCode(error) !== undefined;
}

/** Adds to a failure what the Redis before it answered. */
function withEarlierResult(before: string, { details }: Failure): Failure {
  return new Failure({ ...details, why: `${details.why}; before that ${before}` });
}

/** A connection whose data reaches ioredis only if the guard accepts it. */
class GuardedSocket extends Socket {
  guard: ReplyGuard = unaskedGuard;

  override push(chunk: unknown, encoding?: Parameters<Socket["push"]>[1]): boolean {
    const wrong = chunk instanceof Uint8Array ? this.guard(chunk) : undefined;
    if (wrong === undefined) return super.push(chunk, encoding);
    this.destroy(new ProtocolError(wrong));
    return false;
  }
}

/** The reason for which the guard rejected an answer. */
class ProtocolError extends Error {}

/**
 * Sends AUTH, HGETALL and QUIT. Gives the three replies, each a value or an error; throws the reason
 * if there are no replies.
 */
async function exchange(address: RedisAddress, key: string, timeout: number): Promise<unknown[]> {
  const socket = new GuardedSocket();
  const redis = connectionOver(socket, address);
  let reason: unknown;
  const keepFirst = (error: unknown) => reason ??= error;
  socket.on("error", keepFirst);
  redis.on("error", keepFirst);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(timedOut(timeout))), timeout);
  });
  try {
    const replies = await Promise.race([ask(redis, socket, key), limit]);
    if (reason instanceof ProtocolError) throw reason;
    return replies;
  } catch (error) {
    throw reason ?? error;
  } finally {
    clearTimeout(timer);
    redis.disconnect();
  }
}

/**
 * Sends all three commands in one round trip. The OK to QUIT behind the hash proves that the hash is
 * the answer to HGETALL. Every user is allowed to send QUIT.
 */
async function ask(redis: Redis, socket: GuardedSocket, key: string): Promise<unknown[]> {
  await redis.connect().catch(() => {
    throw new Error(HANG_UP);
  });
  socket.guard = replyGuard(3);
  const replies = await redis.pipeline()
    .call("AUTH", ...CREDENTIALS)
    // With capital letters ioredis does not convert the reply to an object.
    .call("HGETALL", key)
    .call("QUIT")
    .exec() ?? [];
  const answers = replies.map(([error, value]) => error ?? value);
  const [login, list] = answers;
  // A Redis with too many clients answers the first command with an error and closes the connection.
  if (isHangUp(login) || (isHangUp(list) && !isReplyError(login))) throw new Error(HANG_UP);
  return answers;
}

/** True if ioredis returned an error because the connection closed before the reply. */
function isHangUp(answer: unknown): boolean {
  return answer instanceof Error && !isReplyError(answer);
}

/** True for an error reply of Redis. */
function isReplyError(error: unknown): error is Error {
  return error instanceof Error && error.name === "ReplyError";
}

/** An ioredis client without automatic behaviour: no HELLO, no INFO, no reconnect. */
function connectionOver(socket: GuardedSocket, address: RedisAddress): Redis {
  return new Redis({
    Connector: class extends AbstractConnector {
      constructor() {
        super(0);
      }
      override connect() {
        return Promise.resolve(socket.connect(address));
      }
      override disconnect() {
        socket.destroy();
      }
    },
    lazyConnect: true,
    protocol: 2,
    enableReadyCheck: false,
    disableClientInfo: true,
    connectTimeout: 0,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
}

/** Gives the hash in the replies to AUTH, HGETALL and QUIT; throws the error reply if there is one. */
function hashOf([login, list, goodbye]: unknown[], from: string): Record<string, string> {
  // An old Redis has no users, and a Redis without a password may answer AUTH with an error.
  if (login instanceof Error && (list instanceof Error || REFUSALS.has(codeOf(login)))) throw login;
  if (list instanceof Error) throw list;
  if (!isTextList(list) || list.length % 2 !== 0 || Array.isArray(goodbye)) {
    throw invalidAnswer(from, "not an answer to the question");
  }
  return Object.fromEntries(
    list.flatMap((name, at) => at % 2 === 0 ? [[name, list[at + 1] ?? ""]] : []),
  );
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

/** The first word of an error of Redis. */
function codeOf(error: Error): string {
  return error.message.split(" ", 1)[0] ?? "";
}

function failureOf(error: unknown, where: string, key: string): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof ProtocolError) return invalidAnswer(where, error.message);
  const details = { status: ExitStatus.tryAgain, where, why: reasonOf(error), cause: error };
  if (!isReplyError(error)) return new Failure({ ...details, what: "Redis does not answer" });
  if (codeOf(error) === "WRONGTYPE") {
    const what = `The key ${key} in Redis is not a hash`;
    return new Failure({ ...details, status: ExitStatus.configuration, what });
  }
  const refusal = REFUSALS.get(codeOf(error)) ?? { what: "Redis answers with an error" };
  return new Failure({ ...details, ...refusal });
}

function invalidAnswer(where: string, why: string): Failure {
  const what = "Redis gives no proper answer";
  return new Failure({ status: ExitStatus.tryAgain, what, where, why });
}
