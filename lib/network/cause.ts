/**
 * Finds the real cause of a failed connection or name lookup.
 *
 * @module
 */

import { systemCode } from "../text/mod.ts";

/** Connects, and gives a connection to close; `Deno.connect` is one such function. */
export type Connect = (
  address: { hostname: string; port: number },
) => Promise<{ close(): void }>;

/** The code that Deno 2.7 gives for every failed connection. */
const UNSPECIFIC = "ECONNREFUSED";

/** The messages of getaddrinfo(3) that Deno passes on, and node's codes for them. */
const LOOKUPS: readonly [words: string, code: string][] = [
  ["Name or service not known", "ENOTFOUND"],
  ["No address associated with hostname", "ENODATA"],
  ["Temporary failure in name resolution", "EAI_AGAIN"],
  ["Non-recoverable failure in name resolution", "EAI_FAIL"],
  ["System error", "EAI_SYSTEM"],
];

/** The longest wait for the cause of a failed connection, in milliseconds. */
const CAUSE_TIME = 1000;

/**
 * Gives the real cause of an error of `node:net`, by a second attempt with `connect`. `timeout` is
 * the longest wait in milliseconds; if no other error comes in time, gives the error itself. Never
 * throws.
 */
export async function connectionCause(
  error: unknown,
  { host, port }: { host: string; port: number },
  timeout = CAUSE_TIME,
  connect: Connect = Deno.connect,
): Promise<unknown> {
  if (systemCode(error) !== UNSPECIFIC) return await nameCause(error, host, timeout, connect);
  return await connectError({ hostname: host, port }, timeout, connect) ?? error;
}

/** The same for an error of `node:dns`. If no error comes in time, the cause is EAI_AGAIN. */
export async function nameCause(
  error: unknown,
  host: string,
  timeout: number,
  connect: Connect = Deno.connect,
): Promise<unknown> {
  if (systemCode(error) !== "ENOTFOUND") return error;
  // The discard port (RFC 863), in case the name is found now and a connection is made.
  const cause = await connectError({ hostname: host, port: 9 }, timeout, connect);
  // The text cannot be a host name.
  if (cause instanceof URIError) return error;
  // No answer in time, or the name is found now: a temporary problem of the name service.
  return isOfLookup(cause) ? cause : systemError("EAI_AGAIN");
}

/** Makes an error with a system code, as node has them. */
function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** True if the name service answered that the name does not exist, or has no address. */
export function isNameUnknown(error: unknown): boolean {
  return ["ENOTFOUND", "ENODATA"].includes(systemCode(error) ?? "");
}

function isOfLookup(error: unknown): boolean {
  return LOOKUPS.some(([, code]) => code === systemCode(error));
}

/** Tries to connect; gives the error, or nothing if none comes in time. */
async function connectError(
  address: { hostname: string; port: number },
  timeout: number,
  connect: Connect,
): Promise<unknown> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, timeout, undefined);
  });
  const trial = connect(address).then((connection) => void connection.close(), withCode);
  try {
    return await Promise.race([trial, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Adds a code to errors that Deno describes only in words. */
function withCode(error: unknown): unknown {
  const message = error instanceof Error ? error.message : "";
  const code = LOOKUPS.find(([words]) => message.endsWith(words))?.[1];
  if (code !== undefined) return systemError(code);
  // Such as "No buffer space available (os error 105)".
  const system = /^([A-Z])(.*) \(os error \d+\)$/.exec(message);
  if (systemCode(error) !== undefined || system === null) return error;
  return new Error(`${system[1]?.toLowerCase()}${system[2]}`);
}
