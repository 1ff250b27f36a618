/**
 * One POST to the token server, over a connection of its own.
 *
 * The code that connects to the smarthost opens and encrypts this connection too, and not the
 * runtime's own HTTP client. So the same rules for certificates hold on every runtime, no variable of
 * the environment adds an authority or a proxy, and errors have the same words.
 *
 * @module
 */

import type { Socket } from "node:net";
import { ExitStatus, Failure, formatAddress } from "../outcome.ts";
import { connectSocket } from "../network/mod.ts";
import { openTls } from "../smtp/mod.ts";
import { reasonOf, timedOut } from "../text/mod.ts";
import { alertFailure, type Trust } from "../tls/mod.ts";
import { type Answer, answerReader, LONGEST_ANSWER, LONGEST_HEAD, type Problem } from "./answer.ts";

/** How to reach the token server. */
export type PostOptions = Trust & {
  /** The longest wait for any one whole answer, in milliseconds. */
  timeout: number;
  /** Aborts the request when nobody waits for the answer any more. */
  signal?: AbortSignal;
};

/** The host of a URL and its port, `https:` or `http:`. */
export function placeOf(url: URL): { host: string; port: number } {
  // In a URL an IPv6 address is in brackets.
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return { host, port: Number(url.port) || (url.protocol === "https:" ? 443 : 80) };
}

/**
 * Posts a form and gives the answer, whatever its status. Throws a Failure: 75 where the server
 * cannot be reached, is silent or hangs up, 76 where it does not speak HTTP or TLS, or says too
 * much, 77 for a certificate that is not valid.
 */
export async function postForm(
  url: URL,
  form: URLSearchParams,
  options: PostOptions,
): Promise<Answer> {
  const link = await connect(url, options).catch((error) => {
    throw ofTokenServer(error);
  });
  try {
    return await exchange(link, requestFor(url, form.toString()), url, options);
  } finally {
    link.socket.destroy();
  }
}

/** A connection; `tlsError` gives the first error of TLS, which may come after the handshake. */
type Link = { socket: Socket; tlsError?: () => unknown };

async function connect(url: URL, { timeout, signal: _, ...trust }: PostOptions): Promise<Link> {
  const { host, port } = placeOf(url);
  if (url.protocol === "https:") return await openTls({ host, port, ...trust }, timeout);
  const options = { where: formatAddress({ host, port }), timeout, onResolved() {} };
  return await connectSocket(host, port, options, () => {});
}

/** Converts a connection failure to one of the token server. An unknown name is 75 here, not 68. */
function ofTokenServer(error: unknown): unknown {
  if (!(error instanceof Failure)) return error;
  const { details } = error;
  const status = details.status === ExitStatus.noHost ? ExitStatus.tryAgain : details.status;
  const what = details.what === "TLS handshake failed"
    ? "TLS handshake with the token server failed"
    : details.what.replace(/\b(t)he smarthost\b/i, "$1he token server");
  return new Failure({ ...details, status, what });
}

function requestFor(url: URL, body: string): string {
  return [
    `POST ${url.pathname}${url.search} HTTP/1.1`,
    `Host: ${url.host}`,
    "User-Agent: ns8-sendmail",
    "Accept: application/json",
    "Content-Type: application/x-www-form-urlencoded",
    `Content-Length: ${body.length}`,
    "Connection: close",
    "",
    body,
  ].join("\r\n");
}

/** Why there is no answer. */
const PROBLEMS: Readonly<Record<Problem, [status: ExitStatus, what: string, why?: string]>> = {
  "not HTTP": [ExitStatus.protocol, "The token server's answer is not HTTP"],
  "too long": [
    ExitStatus.protocol,
    "The token server's answer is too long",
    `more than ${LONGEST_ANSWER} bytes, or ${LONGEST_HEAD} before its body`,
  ],
  "cut off": [
    ExitStatus.tryAgain,
    "Connection lost while waiting for the token server's answer",
    "the server closed the connection",
  ],
};

function exchange(
  { socket, tlsError = () => undefined }: Link,
  request: string,
  url: URL,
  { timeout, signal }: PostOptions,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const where = formatAddress(placeOf(url));
  const fail = (status: ExitStatus, what: string, why?: string) =>
    reject(new Failure({ status, what, where, ...(why !== undefined && { why }) }));
  const settle = (result: Answer | Problem | undefined, reason?: string) => {
    if (typeof result === "object") return resolve(result);
    if (result === undefined) return;
    const [status, what, why] = PROBLEMS[result];
    fail(status, what, reason ?? why);
  };
  const reader = answerReader();
  const timer = setTimeout(
    () => fail(ExitStatus.tryAgain, "No answer from the token server", timedOut(timeout)),
    timeout,
  );
  const abort = () => settle("cut off", "nobody waits for it any more");
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort);
  const onLost = (error?: unknown) => {
    const alert = alertFailure(tlsError(), where);
    // In TLS 1.3 the server may demand a certificate of this host only at this point.
    const isRefused = alert?.details.status === ExitStatus.notAllowed;
    if (isRefused) return reject(ofTokenServer(alert));
    settle(reader.end(), error instanceof Error ? reasonOf(error) : undefined);
  };
  socket.on("data", (chunk: Uint8Array) => settle(reader.take(chunk)));
  socket.on("error", onLost).on("end", onLost).on("close", onLost);
  if (socket.destroyed) onLost(socket.errored);
  else socket.write(request);
  return promise.finally(() => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  });
}
