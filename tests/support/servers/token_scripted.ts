/**
 * A token server (RFC 6749) that does what a test tells it, byte by byte, and keeps what it was
 * asked.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { Certificate } from "./certificates.ts";
import { type Action, hangUp, inTurn, peerOf, raw } from "./peer.ts";
import { listen, type ListeningServer } from "./tcp.ts";

/** A request as the server saw it. */
export type FormRequest = {
  /** The first line. */
  line: string;
  /** The fields of the head, their names in lower case. */
  head: Record<string, string>;
  /** The fields of the form. */
  form: Record<string, string>;
};

/** A running token server. */
export type ScriptedTokens = ListeningServer & {
  /** The token URL. */
  readonly url: string;
  readonly requests: readonly FormRequest[];
};

/** How it is set up. */
export type TokenServerOptions = {
  /** With a certificate it speaks TLS, else plain HTTP. */
  certificate?: Certificate;
  /** What stands in place of the TLS handshake. */
  handshake?: Action;
  /** The name in the URL. */
  host?: string;
};

/** Starts a token server that answers every request so. */
export async function scriptedTokens(
  answer: Action,
  { certificate, handshake, host = "127.0.0.1" }: TokenServerOptions = {},
): Promise<ScriptedTokens> {
  const requests: FormRequest[] = [];
  const server = await listen(async (socket) => {
    if (handshake !== undefined) return await handshake(peerOf(socket));
    const secure = certificate === undefined ? socket : await encrypted(socket, certificate);
    if (secure === undefined) return;
    const request = await readRequest(secure);
    if (request === undefined) return;
    requests.push(request);
    await answer(peerOf(secure, socket));
  });
  const scheme = certificate === undefined && handshake === undefined ? "http" : "https";
  return { ...server, requests, url: `${scheme}://${host}:${server.port}/tenant/token?v=2` };
}

/** Answers in JSON, or with the text, and hangs up as it is asked to. */
export function answerWith(status: string, content: unknown, ...head: string[]): Action {
  const body = typeof content === "string" ? content : JSON.stringify(content);
  const fields = ["Content-Type: application/json", `Content-Length: ${Buffer.byteLength(body)}`];
  return inTurn(
    raw([`HTTP/1.1 ${status}`, ...fields, ...head, "", body].join("\r\n")),
    hangUp(),
  );
}

/** Gives a token as RFC 6749, 5.1 has it; what is given replaces that. */
export function givesToken(token: string, given: Record<string, unknown> = {}): Action {
  return answerWith("200 OK", {
    access_token: token,
    token_type: "Bearer",
    expires_in: 3599,
    ...given,
  });
}

function encrypted(socket: Socket, { key, chain }: Certificate): Promise<Socket | undefined> {
  const secure = new TLSSocket(socket, { isServer: true, key, cert: chain });
  return new Promise((resolve) => {
    secure.once("secure", () => resolve(secure));
    secure.on("error", () => resolve(undefined));
    secure.once("close", () => resolve(undefined));
    socket.once("close", () => resolve(undefined));
  });
}

/** Reads one request; nothing where the client goes before it is whole. */
function readRequest(socket: Socket): Promise<FormRequest | undefined> {
  let text = "";
  return new Promise((resolve) => {
    socket.on("error", () => resolve(undefined)).once("close", () => resolve(undefined));
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      const [top = "", body] = text.split("\r\n\r\n");
      const [line = "", ...fields] = top.split("\r\n");
      const head = Object.fromEntries(fields.map((field) => {
        const [name = "", ...value] = field.split(":");
        return [name.toLowerCase(), value.join(":").trim()];
      }));
      if (body === undefined || body.length < Number(head["content-length"] ?? 0)) return;
      resolve({ line, head, form: Object.fromEntries(new URLSearchParams(body)) });
    });
  });
}
