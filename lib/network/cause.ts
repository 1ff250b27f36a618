/**
 * The true cause of a failed connection or look-up.
 *
 * @module
 */

import { systemCode } from "../text/mod.ts";

/** Connects and gives something to close; `Deno.connect` is one. */
export type Connect = (
  address: { hostname: string; port: number },
) => Promise<{ close(): void }>;

/** What Deno 2.7 says of all failures to connect. */
const UNSPECIFIC = "ECONNREFUSED";

/** What getaddrinfo(3) says, as Deno hands it on, and node's codes for it. */
const LOOKUPS: readonly [words: string, code: string][] = [
  ["Name or service not known", "ENOTFOUND"],
  ["No address associated with hostname", "ENODATA"],
  ["Temporary failure in name resolution", "EAI_AGAIN"],
  ["Non-recoverable failure in name resolution", "EAI_FAIL"],
  ["System error", "EAI_SYSTEM"],
];

/**
 * The true cause of an error of `node:net`. `timeout` is the longest wait for it in milliseconds;
 * where nothing more is known then, it is the error itself. Never throws.
 */
export async function connectionCause(
  error: unknown,
  { host, port }: { host: string; port: number },
  timeout: number,
  connect: Connect = Deno.connect,
): Promise<unknown> {
  if (systemCode(error) !== UNSPECIFIC) return await nameCause(error, host, timeout, connect);
  return await asked({ hostname: host, port }, timeout, connect) ?? error;
}

/** The same for an error of `node:dns`; a name service that is silent for so long does not answer. */
export async function nameCause(
  error: unknown,
  host: string,
  timeout: number,
  connect: Connect = Deno.connect,
): Promise<unknown> {
  if (systemCode(error) !== "ENOTFOUND") return error;
  // The discard port (RFC 863): where the name is found after all, nobody is disturbed.
  const cause = await asked({ hostname: host, port: 9 }, timeout, connect);
  // No such host can exist.
  if (cause instanceof URIError) return error;
  // Silent for so long, or found now, which it would have been before.
  return isOfLookup(cause) ? cause : systemError("EAI_AGAIN");
}

/** An error with a code of the system's, as node has them. */
function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** Whether the name service has said that there is no such name, or no address for it. */
export function isNameUnknown(error: unknown): boolean {
  return ["ENOTFOUND", "ENODATA"].includes(systemCode(error) ?? "");
}

function isOfLookup(error: unknown): boolean {
  return LOOKUPS.some(([, code]) => code === systemCode(error));
}

/** Tries to connect; gives the error, or nothing where there is none in time. */
async function asked(
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

/** Deno says in words what getaddrinfo(3) has said, and what has no code of its own. */
function withCode(error: unknown): unknown {
  const message = error instanceof Error ? error.message : "";
  const code = LOOKUPS.find(([words]) => message.endsWith(words))?.[1];
  if (code !== undefined) return systemError(code);
  // Such as "No buffer space available (os error 105)".
  const system = /^([A-Z])(.*) \(os error \d+\)$/.exec(message);
  if (systemCode(error) !== undefined || system === null) return error;
  return new Error(`${system[1]?.toLowerCase()}${system[2]}`);
}
