/**
 * One hash out of the cluster's Redis.
 *
 * ioredis gets one connection for one batch of commands. Its reconnecting, its queue and its
 * messages on the console are kept out of the way.
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

/** The user whom every cluster lets read, with any password. */
const CREDENTIALS = ["default", "nopass"];

/** How long the true cause of a failed connection is looked for, in milliseconds. */
const CAUSE_TIME = 1000;

/** Why, when there is no better reason: ioredis says "Connection is closed." to everything. */
const HANG_UP = "connection closed by the server";

/** How Redis says why it gives nothing; all else is worth another try. */
const REFUSALS: ReadonlyMap<string, Pick<FailureDetails, "status" | "what">> = new Map([
  ["NOAUTH", { status: ExitStatus.notAllowed, what: "Redis refused the login" }],
  ["WRONGPASS", { status: ExitStatus.notAllowed, what: "Redis refused the login" }],
  ["NOPERM", { status: ExitStatus.notAllowed, what: "Redis refused to show the settings" }],
]);

/** A hash, and the `host:port` that had it. */
type FoundHash = { hash: Record<string, string>; from: string };

/**
 * Reads a hash from the first Redis that has it; where none has, it is empty. `timeout`, in
 * milliseconds, is for each Redis, from the look-up of its name to its last byte. Bytes that are
 * not UTF-8 become U+FFFD.
 *
 * Throws a Failure: 77 where Redis refuses, 78 where the key holds no hash, and 75 for all else.
 * Only after a 75, and where the hash is empty, since a replica may not have synced yet, is the
 * next Redis asked, as it may know better; the error then names both.
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
    throw later instanceof Failure ? alsoNaming(before, later) : later;
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
    const cause = isOfSystem(error) ? await connectionCause(error, address, CAUSE_TIME) : error;
    return failureOf(cause, from, key);
  }
}

/** Whether the system, and neither Redis nor this program, says what is wrong. */
function isOfSystem(error: unknown): boolean {
  return !isReplyError(error) && systemCode(error) !== undefined;
}

/** The later failure, with what was found before it. */
function alsoNaming(before: string, { details }: Failure): Failure {
  return new Failure({ ...details, why: `${details.why}; before that ${before}` });
}

/** A connection of which ioredis sees only what the guard lets pass. */
class GuardedSocket extends Socket {
  guard: ReplyGuard = unaskedGuard;

  override push(chunk: unknown, encoding?: Parameters<Socket["push"]>[1]): boolean {
    const wrong = chunk instanceof Uint8Array ? this.guard(chunk) : undefined;
    if (wrong === undefined) return super.push(chunk, encoding);
    this.destroy(new ProtocolError(wrong));
    return false;
  }
}

/** What the guard has found. */
class ProtocolError extends Error {}

/**
 * Logs in, reads, and says goodbye. Gives the three replies, each a value or an error; throws why
 * there are none.
 */
async function exchange(address: RedisAddress, key: string, timeout: number): Promise<unknown[]> {
  const socket = new GuardedSocket();
  const redis = connectionOver(socket, address);
  let reason: unknown;
  const keep = (error: unknown) => reason ??= error;
  socket.on("error", keep);
  redis.on("error", keep);
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
 * Asks all in one round trip. QUIT is no mere courtesy: its OK behind the hash shows that the hash
 * is the answer to HGETALL, and not to something else. Every user may say it.
 */
async function ask(redis: Redis, socket: GuardedSocket, key: string): Promise<unknown[]> {
  await redis.connect().catch(() => {
    throw new Error(HANG_UP);
  });
  socket.guard = replyGuard(3);
  const replies = await redis.pipeline()
    .call("AUTH", ...CREDENTIALS)
    // In capitals, ioredis does not make an object of whatever comes.
    .call("HGETALL", key)
    .call("QUIT")
    .exec() ?? [];
  const answers = replies.map(([error, value]) => error ?? value);
  const [login, list] = answers;
  // A Redis that has too many clients says so, and hangs up.
  if (isHangUp(login) || (isHangUp(list) && !isReplyError(login))) throw new Error(HANG_UP);
  return answers;
}

/** What ioredis gives in place of a reply that never came. */
function isHangUp(answer: unknown): boolean {
  return answer instanceof Error && !isReplyError(answer);
}

/** An error that Redis itself has answered. */
function isReplyError(error: unknown): error is Error {
  return error instanceof Error && error.name === "ReplyError";
}

/** An ioredis that does nothing of its own accord: no HELLO, no INFO, no second attempt. */
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

/** The hash in the replies to AUTH, HGETALL and QUIT; throws what Redis said instead. */
function hashOf([login, list, goodbye]: unknown[], from: string): Record<string, string> {
  // An old Redis knows no users, one without a password may say that it needs none.
  if (login instanceof Error && (list instanceof Error || REFUSALS.has(codeOf(login)))) throw login;
  if (list instanceof Error) throw list;
  if (!isTextList(list) || list.length % 2 !== 0 || Array.isArray(goodbye)) {
    throw unfit(from, "not an answer to the question");
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
  if (error instanceof ProtocolError) return unfit(where, error.message);
  const details = { status: ExitStatus.tryAgain, where, why: reasonOf(error), cause: error };
  if (!isReplyError(error)) return new Failure({ ...details, what: "Redis does not answer" });
  if (codeOf(error) === "WRONGTYPE") {
    const what = `The key ${key} in Redis is not a hash`;
    return new Failure({ ...details, status: ExitStatus.configuration, what });
  }
  const refusal = REFUSALS.get(codeOf(error)) ?? { what: "Redis answers with an error" };
  return new Failure({ ...details, ...refusal });
}

function unfit(where: string, why: string): Failure {
  const what = "Redis gives no proper answer";
  return new Failure({ status: ExitStatus.tryAgain, what, where, why });
}
