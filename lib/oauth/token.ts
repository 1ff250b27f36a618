/**
 * An access token from a token server (RFC 6749).
 *
 * @module
 */

import { ExitStatus, Failure, formatAddress } from "../outcome.ts";
import { clip, parseObject } from "../text/mod.ts";
import type { Answer } from "./answer.ts";
import { placeOf, postForm, type PostOptions } from "./post.ts";

/** Who asks for a token, and where. */
export type TokenRequest = {
  /** The token endpoint, `https:` or, on the loopback interface, `http:`. */
  url: string;
  clientId: string;
  /** Missing for a public client. */
  clientSecret?: string | undefined;
  scope?: string | undefined;
  /** If it is set, it is exchanged for a token; otherwise the client's own credentials are. */
  refreshToken?: string | undefined;
};

/** A token, and what is known of it. */
export type AccessToken = {
  /** The token, a secret in printable ASCII. */
  token: string;
  /** The server that issued it, as `host:port`. */
  from: string;
  grant: "client_credentials" | "refresh_token";
  /** For how long it is valid, in seconds, where the token server says so. */
  lifetime?: number;
  /** The new refresh token, a secret, if the token server replaced the old one. */
  newRefreshToken?: string;
};

/**
 * The longest words of a token server that are kept, in characters. Fewer of them are shown, so that
 * secrets are masked before anything is cut.
 */
const LONGEST_WORDS = 4000;

/** Errors that are temporary although their status is 400 (RFC 6749, 4.1.2.1). */
const TEMPORARY: readonly string[] = ["temporarily_unavailable", "server_error", "slow_down"];

/**
 * Asks for an access token. Throws a Failure: 77 where the token server refuses, with its words, or
 * its certificate is not valid; 75 where it cannot be reached or has a fault; 76 where its answer is
 * not one of OAuth 2.0. `onSecret` is called with each token in the answer, also where that answer is a
 * failure, whose words may hold the token.
 */
export async function requestToken(
  request: TokenRequest,
  options: PostOptions,
  onSecret: (secret: string) => void = () => {},
): Promise<AccessToken> {
  const url = new URL(request.url);
  const answer = await postForm(url, formOf(request), options);
  const from = formatAddress(placeOf(url));
  const values = parseObject(new TextDecoder().decode(answer.body)) ?? {};
  for (const token of [values["access_token"], values["refresh_token"]]) {
    if (typeof token === "string") onSecret(token);
  }
  if (answer.status === 200 && typeof values["error"] !== "string") {
    return tokenIn(values, request, from);
  }
  throw refusal(answer, values, from);
}

function formOf({ clientId, clientSecret, scope, refreshToken }: TokenRequest): URLSearchParams {
  const grant: Record<string, string> = refreshToken
    ? { grant_type: "refresh_token", refresh_token: refreshToken }
    : { grant_type: "client_credentials" };
  return new URLSearchParams({
    ...grant,
    client_id: clientId,
    ...(clientSecret && { client_secret: clientSecret }),
    ...(scope && { scope }),
  });
}

/** The token in a successful answer (RFC 6749, 5.1). */
function tokenIn(
  values: Readonly<Record<string, unknown>>,
  { refreshToken }: TokenRequest,
  from: string,
): AccessToken {
  const fail = (why: string) => {
    const what = "The token server's answer holds no access token";
    return new Failure({ status: ExitStatus.protocol, what, where: from, why });
  };
  const { access_token: token, token_type: type = "Bearer", refresh_token: renewed } = values;
  if (Object.keys(values).length === 0) throw fail("it is not a JSON object");
  // RFC 6749, A.12: a control character would end the token in the login, and begin something else.
  if (typeof token !== "string" || !/^[!-~]+$/.test(token)) {
    throw fail(token === undefined ? "access_token is missing" : "access_token is not a token");
  }
  if (typeof type !== "string" || type.toLowerCase() !== "bearer") {
    throw fail(`its type is ${clip(JSON.stringify(type) ?? "", LONGEST_WORDS)} and not "Bearer"`);
  }
  const isRenewed = refreshToken && typeof renewed === "string" && renewed !== refreshToken;
  const lifetime = lifetimeIn(values);
  return {
    token,
    from,
    grant: refreshToken ? "refresh_token" : "client_credentials",
    ...(lifetime !== undefined && { lifetime }),
    ...(isRenewed && renewed !== "" && { newRefreshToken: renewed }),
  };
}

/** The seconds of `expires_in`, which some servers write as text. */
function lifetimeIn({ expires_in: value }: Readonly<Record<string, unknown>>): number | undefined {
  const seconds = typeof value === "string" && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof seconds === "number" && Number.isFinite(seconds) ? seconds : undefined;
}

/** The failure for an answer without a token (RFC 6749, 5.2; RFC 9110, 15). */
function refusal(
  { status, phrase, location }: Answer,
  values: Readonly<Record<string, unknown>>,
  where: string,
): Failure {
  const said = `${status} ${phrase}`.trimEnd();
  const error = textIn(values["error"]);
  const words = [error, error && textIn(values["error_description"])].filter(Boolean).join(": ");
  const fail = (status: ExitStatus, what: string, ...why: (string | undefined)[]) =>
    new Failure({ status, what, where, why: why.filter(Boolean).join(": ") });
  if (status >= 500 || [408, 425, 429].includes(status) || TEMPORARY.includes(error ?? "")) {
    return fail(ExitStatus.tryAgain, "The token server cannot answer now", said, words);
  }
  if (words !== "") return fail(ExitStatus.notAllowed, "The token server refused", words);
  if (status === 401 || status === 403) {
    return fail(ExitStatus.notAllowed, "The token server refused", said);
  }
  if (status >= 300 && status < 400) {
    const target = location === undefined ? "" : ` to ${clip(location, LONGEST_WORDS)}`;
    const why = `${said}${target}; redirects are not followed`;
    return fail(ExitStatus.protocol, "The token server redirects", why);
  }
  const why = `${said}, and no JSON object with an error`;
  return fail(ExitStatus.protocol, "The token server's answer is not one of OAuth 2.0", why);
}

/** Gives a text of the token server on one line; empty if there is none. */
function textIn(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  return clip(value.replace(/\s+/g, " ").trim(), LONGEST_WORDS) || undefined;
}
