/**
 * An honest token server: npm's oauth2-mock-server, whose access tokens are signed JWTs (RFC 9068).
 *
 * @module
 */

import { type MutableResponse, type MutableToken, OAuth2Server } from "oauth2-mock-server";
import type { Certificate } from "./certificates.ts";
import { LOOPBACK } from "./tcp.ts";

/** The client that it knows. */
export type Client = { clientId: string; clientSecret: string; refreshToken?: string };

/** A running token server, ended by its disposal. */
export type TokenIssuer = AsyncDisposable & {
  /** The token URL, under the name `localhost`. */
  readonly url: string;
  /** `localhost:port`. */
  readonly address: string;
  /** The issuer that stands in its tokens. */
  readonly issuer: string;
  /** The public key that its tokens are signed with (RS256), in PEM, and the name of that key. */
  readonly key: { id: string; pem: string };
  /** The forms that it was sent. */
  readonly requests: readonly Record<string, unknown>[];
  /** The access tokens that it has given. */
  readonly tokens: readonly string[];
};

/** How its tokens are. */
export type TokenIssuerOptions = {
  certificate: Certificate;
  client: Client;
  /** What stands in each token, beside issuer and dates; given later than these. */
  claims?: Record<string, unknown>;
  /** What stands in each answer, beside the token. */
  answer?: Record<string, unknown>;
};

/** Starts a token server in TLS that gives tokens to its one client, and to nobody else. */
export async function tokenIssuer(options: TokenIssuerOptions): Promise<TokenIssuer> {
  const { certificate: { keyFile, chainFile }, client, claims = {}, answer = {} } = options;
  const server = new OAuth2Server(keyFile, chainFile);
  const id = crypto.randomUUID();
  await server.issuer.keys.generate("RS256", { kid: id });
  const requests: Record<string, unknown>[] = [];
  const tokens: string[] = [];
  server.service.on("beforeTokenSigning", ({ payload }: MutableToken) => {
    delete payload["scope"];
    Object.assign(payload, claims);
  });
  server.service.on("beforeResponse", (response: MutableResponse, { body }: { body: unknown }) => {
    const form = Object.fromEntries(Object.entries(body ?? {}));
    requests.push(form);
    const error = errorIn(form, client);
    if (error !== undefined) {
      response.statusCode = error === "invalid_client" ? 401 : 400;
      response.body = { error, error_description: `No ${error}` };
    } else if (response.body !== "") {
      tokens.push(String(response.body["access_token"]));
      // The library replaces every refresh token.
      Object.assign(response.body, { refresh_token: form["refresh_token"], ...answer });
    }
  });
  await server.start(0, LOOPBACK);
  const address = `localhost:${server.address().port}`;
  return {
    url: `https://${address}/token`,
    address,
    issuer: server.issuer.url ?? "",
    key: { id, pem: await publicKey(server) },
    requests,
    tokens,
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

/** What is wrong with a request (RFC 6749, 5.2); the library itself checks no client. */
function errorIn(form: Record<string, unknown>, client: Client): string | undefined {
  if (form["client_id"] !== client.clientId) return "invalid_client";
  if (form["client_secret"] !== client.clientSecret) return "invalid_client";
  const isRefresh = form["grant_type"] === "refresh_token";
  return isRefresh && form["refresh_token"] !== client.refreshToken ? "invalid_grant" : undefined;
}

async function publicKey(server: OAuth2Server): Promise<string> {
  const [jwk] = server.issuer.keys.toJSON();
  if (jwk === undefined) throw new Error("The issuer has no key");
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("jwk", jwk, algorithm, true, ["verify"]);
  const der = new Uint8Array(await crypto.subtle.exportKey("spki", key));
  const lines = der.toBase64().replace(/.{64}/g, "$&\n");
  return `-----BEGIN PUBLIC KEY-----\n${lines}\n-----END PUBLIC KEY-----\n`;
}
