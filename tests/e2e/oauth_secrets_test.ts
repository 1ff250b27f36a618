/**
 * Client secret, refresh token, access token, and what is made of them for a login are secrets as the
 * password is: here token servers and smarthosts do their best to have them said.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { certificateAuthority } from "../support/servers/certificates.ts";
import { logSocket } from "../support/servers/log_socket.ts";
import {
  OAUTH2_CLIENT,
  OAUTH2_LOGIN,
  OAUTH2_SERVER,
  oauth2Hash,
} from "../support/servers/oauth2.ts";
import { sideBySide } from "../support/program/parallel.ts";
import { type Action, raw, reply } from "../support/servers/peer.ts";
import { type Run, sendmail } from "../support/program/program.ts";
import { smarthostHash } from "../support/servers/redis.ts";
import { scriptedRedis } from "../support/servers/redis_scripted.ts";
import { sandbox } from "../support/hosts/sandbox.ts";
import type { Script, Stage } from "../support/servers/smtp_conversation.ts";
import { scriptedSmtp } from "../support/servers/smtp_scripted.ts";
import { answerWith, givesToken, scriptedTokens } from "../support/servers/token_scripted.ts";

const USER = OAUTH2_LOGIN.username;
const NEW_REFRESH_TOKEN = "1//a-new-refresh-token";

/** Access tokens as Google's are, and as Microsoft's are. */
const TOKENS = {
  "a short token": OAUTH2_LOGIN.password,
  "a long token": `eyJ0eXAi.${"Zx81~Qw_-.".repeat(150)}.c2lnbmF0dXJl`,
};

const base64 = (text: string) => Buffer.from(text).toString("base64");

/** How a server may say a secret back. */
function formsOf(secret: string): string[] {
  return [
    secret,
    `x${secret}x`,
    secret.toUpperCase(),
    JSON.stringify(secret),
    encodeURIComponent(secret),
    new URLSearchParams({ client_secret: secret }).toString(),
    Buffer.from(secret).toString("hex"),
    base64(secret),
    base64(secret).replace(/=+$/, ""),
    Buffer.from(secret).toString("base64url"),
    `Basic ${base64(`${OAUTH2_CLIENT.id}:${secret}`)}`,
    `AUTH XOAUTH2 ${base64(`user=${USER}\x01auth=Bearer ${secret}\x01\x01`)}`,
    base64(`n,a=${USER},\x01host=localhost\x01port=465\x01auth=Bearer ${secret}\x01\x01`),
  ];
}

/** Nothing of a secret is said, in whatever case; sendmail() itself looks for all other forms. */
function assertUnsaid({ stdout, stderr, records }: Run, secrets: readonly string[]): void {
  const said = [stdout, stderr, ...records.map(({ text }) => text)].join("\n").toLowerCase();
  for (const secret of secrets) assert.ok(!said.includes(secret.toLowerCase()), said);
}

type Row = { name: string; token: string; answer?: Action; script?: Script; auth?: string };

async function play(test: Deno.TestContext, rows: Row[]): Promise<void> {
  await using log = await logSocket();
  await using authority = await certificateAuthority();
  const certificate = await authority.issue();
  const env = { SSL_CERT_FILE: authority.certificateFile };
  const under = sandbox({ log });
  await sideBySide(test, rows, async ({ token, answer, script, auth = OAUTH2_SERVER.auth }) => {
    const login = { username: USER, password: token };
    const given = answer ?? givesToken(token, { refresh_token: NEW_REFRESH_TOKEN });
    await using server = await scriptedSmtp(script, { ...OAUTH2_SERVER, certificate, login, auth });
    await using tokens = await scriptedTokens(given, { certificate, host: "localhost" });
    const { refreshToken } = OAUTH2_CLIENT;
    const hash = oauth2Hash(tokens.url, { oauth2_refresh_token: refreshToken });
    await using redis = await scriptedRedis({}, smarthostHash(server, hash));
    const learned = [token, NEW_REFRESH_TOKEN];
    const secrets = [...learned, base64(`user=${USER}\x01auth=Bearer ${token}\x01\x01`)];
    const circumstances = { redis, env, log, under, secrets, stdin: "Hello\n" };
    for (const args of [["-v", "--json", "to@to.test"], ["--check"]]) {
      const run = await sendmail(args, circumstances);
      assertUnsaid(run, [...redis.passwords, ...learned]);
    }
  });
}

/** Where a smarthost says it back: at this stage, with this reply code. */
const PLACES: [stage: Stage, code: number][] = [
  ["auth", 235],
  ["auth", 535],
  ["auth", 454],
  ["mail", 250],
  ["rcpt", 550],
  ["dot", 554],
  ["dot", 250],
  ["quit", 221],
];

for (const [what, token] of Object.entries(TOKENS)) {
  const all = [token, OAUTH2_CLIENT.secret, OAUTH2_CLIENT.refreshToken, NEW_REFRESH_TOKEN];
  const forms = all.flatMap(formsOf);

  Deno.test(`what a smarthost says of the login is not said on: ${what}`, (test) =>
    play(
      test,
      PLACES.flatMap(([stage, code]): Row[] => {
        const lines = forms.map((form, i) => `${code}${i < forms.length - 1 ? "-" : " "}${form}`);
        const actions = {
          "in a line each": reply(...lines),
          "in one line": reply(`${code} ${forms.join(" ")}`),
          "in no line of SMTP": raw(`${forms.join(" ")}\r\n`),
        };
        return Object.entries(actions).map(([how, action]) => ({
          name: `at ${stage}, ${code}, ${how}`,
          token,
          script: { [stage]: action },
        }));
      }),
    ));

  Deno.test(`what a token server says of the token in an answer that fails is not said on: ${what}`, (test) =>
    play(
      test,
      [
        ["its type", "200 OK", { token_type: token }],
        ["its type is a list", "200 OK", { token_type: [token, NEW_REFRESH_TOKEN] }],
        ["an error", "200 OK", { error: "invalid_grant", error_description: `no ${token}` }],
        ["a refusal", "400 Bad Request", { error: token, error_description: NEW_REFRESH_TOKEN }],
        ["a phrase", `503 ${token}`, {}],
      ].map(([name, status, members]): Row => ({
        name: String(name),
        token,
        answer: answerWith(String(status), {
          ...{ access_token: token, refresh_token: NEW_REFRESH_TOKEN },
          ...Object(members),
        }),
      })),
    ));

  Deno.test(`what a smarthost says in its 334 is not said on: ${what}`, (test) =>
    play(
      test,
      [...formsOf(token), forms.join(" ")].flatMap((form, i) =>
        [form, JSON.stringify({ status: "401", schemes: form, scope: form })].map((
          said,
          j,
        ): Row => ({
          name: `${i}, ${j}`,
          token,
          auth: i % 2 === 0 ? "AUTH XOAUTH2" : "AUTH OAUTHBEARER",
          script: { auth: reply(`334 ${base64(said)}`), answer: reply(`535 5.7.8 ${form}`) },
        }))
      ),
    ));
}

/** What a token server knows when it refuses; it has given no token. */
const KNOWN = [OAUTH2_CLIENT.secret, OAUTH2_CLIENT.refreshToken];

Deno.test("what a token server says of its client is not said on", (test) => {
  const answers = (text: string): Record<string, Action> => ({
    "an error": answerWith("400 Bad Request", { error: text, error_description: text }),
    "a phrase": answerWith(`503 ${text}`, ""),
    "a redirect": answerWith("302 Found", "", `Location: https://x.test/?${text}`),
    "another type": givesToken("a-token-that-is-not-used", { token_type: text }),
    "no HTTP": raw(`${text}\r\n`),
  });
  const forms = KNOWN.flatMap(formsOf);
  const rows = (text: string, i: number) =>
    Object.entries(answers(text)).map(([how, answer]): Row => ({
      name: `${how}, ${i}`,
      token: TOKENS["a short token"],
      answer,
    }));
  // Each form in one way, and all of them together in every way.
  const single = forms.flatMap((form, i) =>
    rows(form, i).filter((_, j, { length }) => j === i % length)
  );
  return play(test, [...single, ...rows(forms.join(" "), forms.length)]);
});
