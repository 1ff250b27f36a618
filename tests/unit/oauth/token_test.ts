/** What a token server is asked, and what its answers mean. */

import assert from "node:assert/strict";
import { requestToken, type TokenRequest } from "../../../lib/oauth/token.ts";
import { Failure } from "../../../lib/outcome.ts";
import { answerWith, givesToken, scriptedTokens } from "../../support/servers/token_scripted.ts";
import { type Action, silence } from "../../support/servers/peer.ts";

const OPTIONS = { verify: true, authorities: [], timeout: 10_000 };
const CLIENT = { clientId: "the client", clientSecret: "k7~ä&=+ secret" };

/** Asks a server that answers so, and gives what came of it and what it was asked. */
async function ask(answer: Action, request: Partial<TokenRequest> = {}) {
  await using server = await scriptedTokens(answer);
  const result = await requestToken({ url: server.url, ...CLIENT, ...request }, OPTIONS)
    .catch((error) => error);
  await server.settled();
  return { result, request: server.requests[0], server };
}

Deno.test("without a refresh token the client asks with its own credentials (RFC 6749, 4.4)", async () => {
  const { result, request, server } = await ask(givesToken("t1"), {
    scope: "a https://b/.default",
  });
  assert.deepEqual(result, {
    token: "t1",
    from: server.address,
    grant: "client_credentials",
    lifetime: 3599,
  });
  assert.equal(request?.line, "POST /tenant/token?v=2 HTTP/1.1");
  assert.equal(request?.head["host"], server.address);
  assert.equal(request?.head["content-type"], "application/x-www-form-urlencoded");
  const form = new URLSearchParams(request?.form);
  assert.deepEqual(Object.fromEntries(form), {
    grant_type: "client_credentials",
    client_id: "the client",
    client_secret: CLIENT.clientSecret,
    scope: "a https://b/.default",
  });
});

Deno.test("a refresh token is exchanged (RFC 6749, 6), also by a client without a secret", async () => {
  const more = { refreshToken: "r1", clientSecret: undefined };
  const { result, request } = await ask(givesToken("t1", { refresh_token: "r1" }), more);
  assert.equal(result.grant, "refresh_token");
  assert.equal(result.newRefreshToken, undefined);
  assert.deepEqual(request?.form, {
    grant_type: "refresh_token",
    refresh_token: "r1",
    client_id: "the client",
  });
});

Deno.test("a replaced refresh token gives a warning", async () => {
  const { result } = await ask(givesToken("t1", { refresh_token: "r2" }), { refreshToken: "r1" });
  assert.equal(result.newRefreshToken, "r2");
});

/** Answers that are a token all the same. */
const TOKENS: [what: string, answer: Action, lifetime?: number][] = [
  ["a type in lower case", givesToken("t1", { token_type: "bearer" }), 3599],
  ["no type", answerWith("200 OK", { access_token: "t1" })],
  ["a lifetime in text", givesToken("t1", { expires_in: "60" }), 60],
  ["a lifetime that is over", givesToken("t1", { expires_in: 0 }), 0],
  ["a lifetime that is none", givesToken("t1", { expires_in: null })],
  ["fields that nobody knows", givesToken("t1", { error: null, id_token: {} }), 3599],
];

for (const [what, answer, lifetime] of TOKENS) {
  Deno.test(`a token with ${what} is one`, async () => {
    const { result } = await ask(answer);
    assert.equal(result.token, "t1", `${result}`);
    assert.equal(result.lifetime, lifetime);
  });
}

const LONG = "x".repeat(5000);

/** Answers that bring no token: the status that they lead to, and what is said. */
const REFUSALS: [what: string, answer: Action, status: number, says: RegExp][] = [
  ...["invalid_request", "invalid_client", "invalid_grant", "unauthorized_client"]
    .concat("unsupported_grant_type", "invalid_scope", "interaction_required").map(
      (error): [string, Action, number, RegExp] => [
        `400 ${error}`,
        answerWith("400 Bad Request", { error, error_description: "Line 1\r\nline 2" }),
        77,
        new RegExp(`^The token server refused: ${error}: Line 1 line 2$`),
      ],
    ),
  [
    "401 invalid_client",
    answerWith("401 No", { error: "invalid_client" }),
    77,
    /: invalid_client$/,
  ],
  ["200 with an error", answerWith("200 OK", { error: "bad_code" }), 77, /: bad_code$/],
  ["401 without words", answerWith("401 Unauthorized", ""), 77, /: 401 Unauthorized$/],
  ["403 in HTML", answerWith("403 Forbidden", "<html>"), 77, /: 403 Forbidden$/],
  ["429", answerWith("429 Slow down", { error: "x" }), 75, /cannot answer now: 429 Slow down: x$/],
  ["500", answerWith("500 Oops", "<html>"), 75, /cannot answer now: 500 Oops$/],
  ["503 without a phrase", answerWith("503", ""), 75, /cannot answer now: 503$/],
  [
    "temporarily_unavailable",
    answerWith("400 Bad Request", { error: "temporarily_unavailable" }),
    75,
    /cannot answer now: 400 Bad Request: temporarily_unavailable$/,
  ],
  ["400 in HTML", answerWith("400 Bad Request", "<html>"), 76, /not one of OAuth 2\.0: 400 Bad/],
  ["404", answerWith("404 Not Found", ""), 76, /not one of OAuth 2\.0: 404 Not Found/],
  ["204", answerWith("204 No Content", ""), 76, /not one of OAuth 2\.0: 204 No Content/],
  [
    "a redirect",
    answerWith("302 Found", "", "Location: https://elsewhere.test/"),
    76,
    /redirects: 302 Found to https:\/\/elsewhere\.test\/; redirects are not followed$/,
  ],
  ["HTML", answerWith("200 OK", "<html>token</html>"), 76, /no access token: it is not a JSON obj/],
  ["a list", answerWith("200 OK", []), 76, /it is not a JSON object$/],
  ["half an object", answerWith("200 OK", '{"access_token": "t1'), 76, /it is not a JSON object$/],
  ["no token", answerWith("200 OK", { token_type: "Bearer" }), 76, /access_token is missing$/],
  ["an empty token", givesToken(""), 76, /access_token is not a token$/],
  ["a token with a control character", givesToken("t\x01auth="), 76, /is not a token$/],
  ["a token that is a number", givesToken("t", { access_token: 1 }), 76, /is not a token$/],
  [
    "another type",
    givesToken("t", { token_type: "mac" }),
    76,
    /its type is "mac" and not "Bearer"/,
  ],
  ["a type of no kind", givesToken("t", { token_type: [LONG] }), 76, /its type is \["x+\.\.\. \(/],
  [
    "words without end",
    answerWith("400 No", { error: "invalid_grant", error_description: LONG }),
    77,
    /invalid_grant: x{4000}\.\.\. \(1000 more\)$/,
  ],
  ["words that are none", answerWith("400 No", { error: {}, error_description: 1 }), 76, /400 No/],
];

for (const [what, answer, status, says] of REFUSALS) {
  Deno.test(`${what} is ${status}, and not a word of what the client said`, async () => {
    const { result, server } = await ask(answer);
    assert.ok(result instanceof Failure, JSON.stringify(result));
    const { what, why, where } = result.details;
    assert.equal(result.details.status, status);
    assert.equal(where, server.address);
    assert.match(why === undefined ? what : `${what}: ${why}`, says);
  });
}

Deno.test("a request that nobody waits for any more ends at once", async () => {
  await using server = await scriptedTokens(silence());
  const nobody = new AbortController();
  const asked = requestToken({ url: server.url, ...CLIENT }, { ...OPTIONS, signal: nobody.signal });
  nobody.abort();
  await assert.rejects(asked, (error) => error instanceof Failure && error.details.status === 75);
  await server.settled();
});
