/**
 * The access token of a login by OAuth 2.0: the request, and the texts about it.
 *
 * @module
 */

import type { SmarthostSettings } from "../cluster/mod.ts";
import { type AccessToken, requestToken } from "../oauth/mod.ts";
import { tokenResponses } from "../smtp/mod.ts";
import type { Trust } from "../tls/mod.ts";

/** True if the login needs an access token. */
export function usesOAuth2({ oauth2_token_url: url }: SmarthostSettings): boolean {
  return url !== undefined && url !== "";
}

/**
 * Requests an access token from the token server, whose certificate is checked as the smarthost's is
 * (`trust`). The promise need not be awaited. It rejects with a
 * Failure, see {@linkcode requestToken}.
 */
export function askForToken(
  settings: SmarthostSettings,
  trust: Trust,
  { timeout, onSecret }: { timeout: number; onSecret?: (secret: string) => void },
  signal: AbortSignal,
): Promise<AccessToken> {
  const request = {
    url: settings.oauth2_token_url ?? "",
    clientId: settings.oauth2_client_id ?? "",
    clientSecret: settings.oauth2_client_secret,
    scope: settings.oauth2_scope,
    refreshToken: settings.oauth2_refresh_token,
  };
  const post = { ...trust, timeout, signal };
  const asked = requestToken(request, post, onSecret).then((token) => {
    const { username, host, port } = settings;
    const responses = tokenResponses({ username, token: token.token, host, port });
    for (const response of responses) onSecret?.(response);
    return token;
  });
  asked.catch(() => {});
  return asked;
}

/** Gives a text for people: where a token is from, how long it is valid, and by which grant. */
export function describeToken({ from, grant, lifetime }: AccessToken): string {
  const period = lifetime === undefined ? "for an unknown time" : `for ${lifetime} s`;
  return `from ${from}, valid ${period}, grant ${grant}`;
}

/** Gives warnings about a token; none without a token. */
export function tokenWarnings(
  { oauth2_token_url: url, tls_verify }: SmarthostSettings,
  token: AccessToken | undefined,
): string[] {
  if (token === undefined) return [];
  const { lifetime, newRefreshToken } = token;
  return [
    ...(newRefreshToken === undefined ? [] : [REPLACED]),
    ...(isExpired(lifetime) ? ["The access token had expired when it came"] : []),
    ...(tls_verify || !url?.startsWith("https:")
      ? []
      : ["The token server's certificate is not verified"]),
  ];
}

const REPLACED = "The token server has replaced the refresh token, and the one in the settings " +
  "(oauth2_refresh_token) may soon be refused; get one that stays valid";

/** True if a token had expired already when it was received. */
export function isExpired(lifetime: number | undefined): boolean {
  return lifetime !== undefined && lifetime <= 0;
}
