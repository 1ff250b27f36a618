/**
 * Everything that may go wrong with a login by OAuth 2.0, at the token server and at the smarthost:
 * the status, the line on stderr, the record in the log, and the JSON.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  type Authority,
  type Certificate,
  certificateAuthority,
} from "../support/servers/certificates.ts";
import {
  assertEnding,
  attempts,
  type Ending,
  failed,
  failedAt,
  failedLike,
  type MakeAttempt,
  refused,
  sent,
} from "../support/servers/ending.ts";
import { logSocket } from "../support/servers/log_socket.ts";
import { OAUTH2_LOGIN, OAUTH2_SERVER, oauth2Hash } from "../support/servers/oauth2.ts";
import { sideBySide } from "../support/program/parallel.ts";
import { sendmail } from "../support/program/program.ts";
import { startPython } from "../support/program/python.ts";
import {
  type Action,
  dripForEver,
  endless,
  garbage,
  hangUp,
  inTurn,
  raw,
  reply,
  reset,
  silence,
} from "../support/servers/peer.ts";
import { type SmarthostHash, smarthostHash } from "../support/servers/redis.ts";
import { scriptedRedis } from "../support/servers/redis_scripted.ts";
import type { Script } from "../support/servers/smtp_conversation.ts";
import { TOKEN_REFUSAL } from "../support/servers/smtp_login.ts";
import { type ScriptedSmtp, scriptedSmtp } from "../support/servers/smtp_scripted.ts";
import {
  answerWith,
  givesToken,
  type ScriptedTokens,
  scriptedTokens,
} from "../support/servers/token_scripted.ts";
import { closedPort } from "../support/servers/tcp.ts";

const SHORT = 1;
const TOKEN = givesToken(OAUTH2_LOGIN.password);

type Row = {
  name: string;
  ending: Ending;
  /** What the token server answers, where it does not give the right token. */
  answer?: Action;
  /** What it does in place of the TLS handshake. */
  handshake?: Action;
  /** How its certificate is wrong. */
  certificate?: "unknown authority" | "other name" | "expired";
  /** The token URL, where it is another one. */
  url?: string;
  /** What the smarthost does. */
  script?: Script;
  auth?: string;
  hash?: SmarthostHash;
  timeout?: number;
  /** What stands in the place of SERVER in the ending, where it is not the token server. */
  place?: "smarthost";
  check?: (server: ScriptedSmtp, tokens: ScriptedTokens) => void;
};

/** The certificates of the rows, by what is wrong with them; one is right. */
type Certificates = Record<"right" | "unknown authority" | "other name" | "expired", Certificate>;

/** Issues them one after the other, for an authority can do no more. */
async function certificatesOf(authority: Authority): Promise<Certificates> {
  await using stranger = await certificateAuthority();
  return {
    right: await authority.issue(),
    "unknown authority": await stranger.issue(),
    "other name": await authority.issue({ names: ["DNS:other.test"] }),
    expired: await authority.issue({ valid: [-10, -1] }),
  };
}

/** What stands in the object of `--json`, beside the recipients. */
function objectIn(stdout: string): { status: number; server: string; error?: string } {
  assert.match(stdout, /^\{[ -~]*\}\n$/);
  const { status, server, error } = JSON.parse(stdout);
  return { status, server, ...(error !== undefined && { error }) };
}

async function play(test: Deno.TestContext, rows: Row[]): Promise<void> {
  await using log = await logSocket();
  await using authority = await certificateAuthority();
  const certificates = await certificatesOf(authority);
  const env = { SSL_CERT_FILE: authority.certificateFile };
  const attempt = attempts(log);
  await sideBySide(test, rows, (row) => playRow(row, { attempt, env, certificates }));
}

async function playRow(
  row: Row,
  { attempt, env, certificates }: {
    attempt: MakeAttempt;
    env: Record<string, string>;
    certificates: Certificates;
  },
): Promise<void> {
  const { ending, answer = TOKEN, handshake, script = {}, auth = OAUTH2_SERVER.auth } = row;
  const { certificate: kind = "right" } = row;
  const smtp = { ...OAUTH2_SERVER, auth, certificate: certificates.right };
  await using server = await scriptedSmtp(script, smtp);
  await using tokens = await scriptedTokens(answer, {
    certificate: certificates[kind],
    ...(handshake && { handshake }),
    host: "localhost",
  });
  const url = row.url ?? tokens.url;
  const settings = smarthostHash(server, oauth2Hash(url, row.hash));
  await using redis = await scriptedRedis({}, settings);
  const circumstances = { redis, env, secrets: [OAUTH2_LOGIN.password] };
  const options = { timeout: row.timeout ?? 10, args: ["--json"] };
  const made = await attempt(circumstances, options);
  const place = new URL(url);
  const smarthost = `localhost:${server.port}`;
  const where = row.place === "smarthost" ? smarthost : place.host;
  const { stdout, stderr } = made.run;
  assertEnding({ ...made, run: { ...made.run, stdout: "" } }, ending, where, smarthost);
  const error = /^Error: (.*)\n$/.exec(stderr)?.[1];
  assert.deepEqual(objectIn(stdout), {
    status: ending.status,
    server: smarthost,
    ...(error !== undefined && { error }),
  });
  await server.settled();
  if (ending.status !== 0) assert.deepEqual(server.messages(), []);
  row.check?.(server, tokens);
}

/** The smarthost has heard nothing of a login, and was left in good order. */
function noLogin(server: ScriptedSmtp): void {
  const verbs = server.commands().map((line) => line.split(" ")[0]);
  assert.deepEqual(verbs, ["EHLO", "QUIT"]);
}

const CANNOT = "The token server cannot answer now";
const FOREIGN = "The token server's answer is not one of OAuth 2.0";
const NOTHING = "The token server's answer holds no access token";
const REFUSED = "The token server refused";
const SILENT = "No answer from the token server";
const TIMED_OUT = `timed out after ${SHORT} s`;
const LOST = "Connection lost while waiting for the token server's answer";
const CLOSED = "the server closed the connection";
const HANDSHAKE = "TLS handshake with the token server failed";
const HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

/** There is nothing to say why. */
const noHttp: Ending = {
  status: 76,
  error: "The token server's answer is not HTTP (SERVER)",
  log: `code=-1 message="The token server's answer is not HTTP (SERVER)"`,
};

/** The token server gives no token, or none at once. */
const ANSWERS: Row[] = [
  { name: "silence", answer: silence(), ending: failedAt(75, SILENT, TIMED_OUT), timeout: SHORT },
  {
    name: "a drip of octets",
    answer: inTurn(raw(`${HEAD}\r\n`), dripForEver(" ", 100)),
    ending: failedAt(75, SILENT, TIMED_OUT),
    timeout: SHORT,
  },
  { name: "hang-up", answer: hangUp(), ending: failedAt(75, LOST, CLOSED) },
  {
    name: "hang-up in the middle",
    answer: inTurn(raw(`${HEAD}Content-Length: 99\r\n\r\n{"access_token": "`), hangUp()),
    ending: failedAt(75, LOST, CLOSED),
  },
  {
    name: "reset",
    answer: reset(),
    // The current Deno does not tell it from a hang-up.
    ending: failedLike(75, LOST, /(?:connection (?:reset|closed) by )?the server/),
  },
  ...["invalid_request", "invalid_client", "invalid_grant"]
    .concat("unauthorized_client", "unsupported_grant_type", "invalid_scope")
    .map((error): Row => ({
      name: `400 ${error}`,
      answer: answerWith("400 Bad Request", { error, error_description: `About ${error}.` }),
      ending: failedAt(77, REFUSED, `${error}: About ${error}.`),
    })),
  {
    name: "400 with words in lines and colours",
    answer: answerWith("400 Bad Request", {
      error: "invalid_grant",
      error_description: "AADSTS70000: No.\r\nTrace ID: 1 \u001b[31m",
    }),
    ending: {
      status: 77,
      error: `${REFUSED} (SERVER): invalid_grant: AADSTS70000: No. Trace ID: 1 \\x1b[31m`,
      log: /^code=-1 message="The token server refused \(localhost:\d+\): invalid_grant: AADSTS/,
    },
  },
  {
    name: "401 invalid_client",
    answer: answerWith("401 Unauthorized", { error: "invalid_client" }, "WWW-Authenticate: Basic"),
    ending: failedAt(77, REFUSED, "invalid_client"),
  },
  {
    name: "401 without words",
    answer: answerWith("401 Unauthorized", ""),
    ending: failedAt(77, REFUSED, "401 Unauthorized"),
  },
  {
    name: "429",
    answer: answerWith("429 Too Many Requests", "", "Retry-After: 3600"),
    ending: failedAt(75, CANNOT, "429 Too Many Requests"),
  },
  {
    name: "500",
    answer: answerWith("500 Internal Server Error", "<html>Oops</html>"),
    ending: failedAt(75, CANNOT, "500 Internal Server Error"),
  },
  {
    name: "503 with words",
    answer: answerWith("503 Unavailable", { error: "temporarily_unavailable" }),
    ending: failedAt(75, CANNOT, "503 Unavailable: temporarily_unavailable"),
  },
  {
    name: "HTML",
    answer: answerWith("200 OK", "<!doctype html><title>Log in</title>"),
    ending: failedAt(76, NOTHING, "it is not a JSON object"),
  },
  {
    name: "404 in HTML",
    answer: answerWith("404 Not Found", "<html>"),
    ending: failedAt(76, FOREIGN, "404 Not Found, and no JSON object with an error"),
  },
  {
    name: "half of JSON",
    answer: answerWith("200 OK", '{"access_token": "t'),
    ending: failedAt(76, NOTHING, "it is not a JSON object"),
  },
  { name: "no HTTP", answer: garbage(), ending: noHttp },
  {
    name: "a megabyte",
    answer: answerWith("200 OK", { access_token: "t".repeat(1024 * 1024) }),
    ending: failedLike(76, "The token server's answer is too long", "more than 1048576 bytes"),
  },
  {
    name: "an answer without end",
    answer: inTurn(raw(`${HEAD}\r\n`), endless("[".repeat(4096))),
    ending: failedLike(76, "The token server's answer is too long", "more than 1048576 bytes"),
  },
  {
    name: "no token in it",
    answer: answerWith("200 OK", { token_type: "Bearer", expires_in: 3599 }),
    ending: failedAt(76, NOTHING, "access_token is missing"),
  },
  {
    name: "a token that would end the login's message",
    answer: givesToken("t\x01\x01auth=Bearer t"),
    ending: failedAt(76, NOTHING, "access_token is not a token"),
  },
  {
    name: "a redirect",
    answer: answerWith("307 Temporary Redirect", "", "Location: https://elsewhere.test/token"),
    ending: failedAt(
      76,
      "The token server redirects",
      "307 Temporary Redirect to https://elsewhere.test/token; redirects are not followed",
    ),
  },
];

Deno.test("what a token server answers has its status and its words, and nobody logs in", (test) =>
  play(test, ANSWERS.map((row) => ({ check: noLogin, ...row }))));

const CERTIFICATE = /Certificate of the token server is not valid/;

/** There is no connection to the token server. */
const CONNECTIONS: Row[] = [
  {
    name: "an unknown name",
    url: "https://no-such-host.invalid:8443/token",
    ending: failedLike(75, "Cannot resolve the token server's name", ""),
  },
  {
    name: "refused",
    url: `https://127.0.0.1:${closedPort()}/token`,
    ending: failedAt(75, "Cannot connect to the token server", "connection refused"),
  },
  {
    name: "silence in the handshake",
    handshake: silence(),
    ending: failedAt(75, HANDSHAKE, TIMED_OUT),
    timeout: SHORT,
  },
  {
    name: "hang-up in the handshake",
    handshake: hangUp(),
    ending: failedAt(75, HANDSHAKE, CLOSED),
  },
  {
    name: "no TLS",
    handshake: reply("HTTP/1.1 400 Bad Request", "Connection: close", "", ""),
    ending: failedLike(76, HANDSHAKE, "the server does not answer in TLS"),
  },
  {
    name: "a certificate of an authority that nobody knows",
    certificate: "unknown authority",
    ending: failedLike(77, CERTIFICATE, /.*authority/),
  },
  {
    name: "a certificate for another name",
    certificate: "other name",
    ending: failedLike(77, CERTIFICATE, /.*other\.test/),
  },
  {
    name: "a certificate that has expired",
    certificate: "expired",
    ending: failedLike(77, CERTIFICATE, /.*expired/),
  },
];

Deno.test("a token server that cannot be reached, or trusted, hears no secret, and nobody logs in", (test) =>
  play(
    test,
    CONNECTIONS.map((row) => ({
      check(server, tokens) {
        noLogin(server);
        assert.deepEqual(tokens.requests, []);
      },
      ...row,
    })),
  ));

for (const version of ["TLSv1_2", "TLSv1_3"]) {
  Deno.test(`a token server that demands a certificate of this host is 77, in ${version}`, async () => {
    await using log = await logSocket();
    await using authority = await certificateAuthority();
    const certificate = await authority.issue();
    const { chainFile, keyFile } = certificate;
    const demand = { encryption: "tls", chainFile, keyFile, clientCertificate: true };
    const tls = JSON.stringify({ ...demand, versions: [version, version] });
    await using refuser = await startPython("servers/tls_refuser.py", [tls]);
    const place = `localhost:${refuser.greeting}`;
    await using server = await scriptedSmtp({}, { ...OAUTH2_SERVER, certificate });
    const hash = smarthostHash(server, oauth2Hash(`https://${place}/token`));
    await using redis = await scriptedRedis({}, hash);
    const env = { SSL_CERT_FILE: authority.certificateFile };
    const why = "the server demands a certificate of this host, which this program does not have";
    const made = await attempts(log)({ redis, env });
    assertEnding(made, failedAt(77, HANDSHAKE, why), place, `localhost:${server.port}`);
    await server.settled();
    noLogin(server);
  });
}

Deno.test("where certificates are not verified, the token server's is not, either", (test) =>
  play(test, [{
    name: "unknown authority",
    certificate: "unknown authority",
    hash: { tls_verify: "0" },
    ending: sent(),
  }]));

const SAID = Buffer.from(TOKEN_REFUSAL).toString("base64");
const REASON = "status 401, schemes bearer, scope mail";
const NO = "535 5.7.8 Authentication credentials invalid";

/** The server refuses a token; `reason` is from its 334, and `reply` is what it says in the end. */
function refusedToken(status: number, reason: string, said: string): Ending {
  const ending = refused(status, "Login refused", said);
  return { ...ending, error: `Login refused (SERVER): ${reason}: ${said}` };
}

/** What the smarthost does with the token. */
const LOGINS: Row[] = [
  { name: "takes it", ending: sent() },
  {
    name: "offers no login",
    auth: "HELP",
    ending: failed(
      77,
      "Cannot log in",
      "the server offers no login, and neither XOAUTH2 nor OAUTHBEARER",
    ),
    check: noLogin,
  },
  {
    name: "offers neither mechanism, and no password is said instead",
    auth: "AUTH PLAIN LOGIN CRAM-MD5",
    ending: failed(
      77,
      "Cannot log in",
      "the server offers only PLAIN, LOGIN, CRAM-MD5, and neither XOAUTH2 nor OAUTHBEARER",
    ),
    check: noLogin,
  },
  ...["XOAUTH2", "OAUTHBEARER"].flatMap((mechanism): Row[] => [
    {
      name: `${mechanism}: refuses it with a reason`,
      auth: `AUTH PLAIN ${mechanism}`,
      answer: givesToken("another-access-token"),
      ending: refusedToken(77, REASON, NO),
    },
    {
      name: `${mechanism}: refuses it in a 334 that is no JSON`,
      auth: `AUTH PLAIN ${mechanism}`,
      script: {
        auth: reply(`334 ${Buffer.from("Go away").toString("base64")}`),
        answer: reply("535 5.7.8 No"),
      },
      ending: refusedToken(77, "Go away", "535 5.7.8 No"),
    },
    {
      name: `${mechanism}: refuses it at once`,
      auth: `AUTH PLAIN ${mechanism}`,
      script: { auth: reply("535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication") },
      ending: refused(
        77,
        "Login refused",
        "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication",
      ),
    },
    {
      name: `${mechanism}: cannot tell now`,
      auth: `AUTH PLAIN ${mechanism}`,
      script: { auth: reply("454 4.7.0 Temporary authentication failure") },
      ending: refused(75, "Login refused", "454 4.7.0 Temporary authentication failure"),
    },
    {
      name: `${mechanism}: cannot tell now, and says so after a reason`,
      auth: `AUTH PLAIN ${mechanism}`,
      script: { auth: reply(`334 ${SAID}`), answer: reply("454 4.7.0 Later") },
      ending: refusedToken(75, REASON, "454 4.7.0 Later"),
    },
    {
      name: `${mechanism}: asks on and on`,
      auth: `AUTH PLAIN ${mechanism}`,
      script: { auth: reply(`334 ${SAID}`), answer: reply(`334 ${SAID}`) },
      ending: {
        status: 76,
        error: `Unexpected answer to AUTH (SERVER): ${REASON}: 334 ${SAID}`,
        log: `code=334 message="${SAID}"`,
      },
    },
    {
      name: `${mechanism}: falls silent after a reason`,
      auth: `AUTH PLAIN ${mechanism}`,
      script: { auth: reply(`334 ${SAID}`), answer: silence() },
      ending: failed(75, "No answer to AUTH", TIMED_OUT),
      timeout: SHORT,
    },
    {
      name: `${mechanism}: wants to hear it once more`,
      auth: `AUTH PLAIN ${mechanism}`,
      script: { auth: reply("334 "), answer: reply("235 2.7.0 Accepted") },
      ending: sent(),
    },
  ]),
  {
    name: "refuses the first mechanism as such",
    script: { auth: [reply("504 5.5.4 What?"), reply("235 2.7.0 Accepted")] },
    ending: sent(),
    check: (server) =>
      assert.deepEqual(
        server.commands().filter((line) => line.startsWith("AUTH")).map((l) => l.split(" ")[1]),
        ["XOAUTH2", "OAUTHBEARER"],
      ),
  },
  {
    name: "takes a token that had expired when it came",
    answer: givesToken(OAUTH2_LOGIN.password, { expires_in: 0 }),
    ending: sent(),
  },
  {
    name: "refuses a token that had expired when it came",
    answer: givesToken("another-access-token", { expires_in: -1 }),
    ending: refusedToken(77, `${REASON}; the access token had expired when it came`, NO),
  },
];

Deno.test("what the smarthost does with a token has its status and its words", (test) =>
  play(test, LOGINS.map((row): Row => ({ place: "smarthost", ...row }))));

/** Fields that could never work, and which of them is named. */
const WRONG: [hash: SmarthostHash, field: string, why: RegExp][] = [
  [{ oauth2_token_url: "http://login.test/token" }, "oauth2_token_url", /"https:\/\/"/],
  [{ oauth2_token_url: "login.test/token" }, "oauth2_token_url", /not a URL/],
  [{ oauth2_client_id: "" }, "oauth2_client_id", /missing or empty/],
  [{ oauth2_client_secret: "" }, "oauth2_client_secret", /missing or empty/],
  [{ oauth2_client_secret: "the secret\n" }, "oauth2_client_secret", /printable ASCII/],
  [{ oauth2_refresh_token: "the refresh token\r\n" }, "oauth2_refresh_token", /printable ASCII/],
  [{ oauth2_scope: "a\nb" }, "oauth2_scope", /printable ASCII/],
  [{ username: "" }, "username", /name of the mailbox/],
  [{ encrypt_smtp: "none" }, "encrypt_smtp", /"starttls" or "tls"/],
];

Deno.test("a wrong or missing field is 78 and named, whatever is asked, and nothing is said", async () => {
  await using server = await scriptedSmtp({});
  await using tokens = await scriptedTokens(TOKEN);
  for (const [given, field, why] of WRONG) {
    const hash = smarthostHash(server, oauth2Hash(tokens.url, given));
    await using redis = await scriptedRedis({}, hash);
    for (const args of [["to@to.test"], ["--check"], ["--settings"]]) {
      const { status, stdout, stderr } = await sendmail(args, { redis });
      assert.equal(status, 78, stderr);
      assert.match(stderr, /^Error: The smarthost settings are wrong \(\w+\): [^\n]+\n$/);
      assert.ok(stderr.includes(`(${field})`), stderr);
      assert.match(stderr, why);
      assert.ok(!stdout.includes('"host"'), stdout);
    }
  }
  assert.deepEqual([server.conversations.length, tokens.requests.length], [0, 0]);
});

Deno.test("--check says at which step it fails: the token, or the login with it", async () => {
  await using authority = await certificateAuthority();
  const certificate = await authority.issue();
  const env = { SSL_CERT_FILE: authority.certificateFile };
  await using server = await scriptedSmtp({}, { ...OAUTH2_SERVER, certificate });
  const smarthost = `localhost:${server.port}`;
  const rows: [answer: Action, status: number, last: string, detail: (at: string) => string][] = [
    [
      answerWith("401 Unauthorized", { error: "invalid_client", error_description: "Wrong." }),
      77,
      "token",
      (at) => `The token server refused (${at}): invalid_client: Wrong.`,
    ],
    [
      answerWith("503 Busy", ""),
      75,
      "token",
      (at) => `The token server cannot answer now (${at}): 503 Busy`,
    ],
    [givesToken("another-access-token"), 77, "login", () => `Login refused: ${REASON}: ${NO}`],
  ];
  for (const [answer, status, last, detail] of rows) {
    await using tokens = await scriptedTokens(answer, { certificate, host: "localhost" });
    await using redis = await scriptedRedis({}, smarthostHash(server, oauth2Hash(tokens.url)));
    const run = await sendmail(["--check", "--json"], { redis, env });
    assert.equal(run.status, status, run.stderr);
    const report = JSON.parse(run.stdout);
    assert.deepEqual([report.status, report.server], [status, smarthost]);
    const at = `localhost:${tokens.port}`;
    assert.deepEqual(report.steps.at(-1), { name: last, ok: false, detail: detail(at) });
    assert.equal(run.stderr, `Error: ${report.error}\n`);
    const lines = (await sendmail(["--check"], { redis, env })).stdout.trimEnd().split("\n");
    assert.equal(lines.at(-1), `${last}     failed  ${detail(at)}`);
  }
});
