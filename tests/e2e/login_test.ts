/** The contract's chapter "The connection": how the program logs in, and when it does not. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { certificateAuthority } from "../support/servers/certificates.ts";
import {
  assertEnding,
  attempts,
  type Ending,
  failed,
  failedLike,
  refused,
  sent,
} from "../support/servers/ending.ts";
import { logSocket } from "../support/servers/log_socket.ts";
import { sideBySide } from "../support/program/parallel.ts";
import {
  type Action,
  garbage,
  hangUp,
  inTurn,
  pause,
  reply,
  reset,
  silence,
} from "../support/servers/peer.ts";
import { type SmarthostHash, smarthostHash } from "../support/servers/redis.ts";
import { scriptedRedis } from "../support/servers/redis_scripted.ts";
import type { Script, ScriptedOptions } from "../support/servers/smtp_conversation.ts";
import { LOGIN, type Login } from "../support/servers/smtp_login.ts";
import { type ScriptedSmtp, scriptedSmtp } from "../support/servers/smtp_scripted.ts";

const MECHANISMS = ["PLAIN", "LOGIN", "CRAM-MD5"];
const SHORT = 1;

const base64 = (text: string) => Buffer.from(text).toString("base64");

type Row = {
  name: string;
  script?: Script;
  options: ScriptedOptions;
  /** The login in Redis, where it is not the server's. */
  hash?: SmarthostHash;
  ending: Ending;
  timeout?: number;
  /** The AUTH commands that may be said; one unless told otherwise. */
  most?: number;
  /** What was said of the login. */
  check?: (server: ScriptedSmtp) => void;
};

/** Makes an attempt for each row, and sees that there is one connection and one login at most. */
async function play(test: Deno.TestContext, rows: Row[]): Promise<void> {
  await using log = await logSocket();
  await using authority = await certificateAuthority();
  const certificate = await authority.issue();
  const env = { SSL_CERT_FILE: authority.certificateFile };
  const attempt = attempts(log);
  await sideBySide(
    test,
    rows,
    async ({ script = {}, options, hash, ending, timeout = 10, most = 1, check }) => {
      await using server = await scriptedSmtp(script, { ...options, certificate });
      const { encryption = "none", login = {} } = options;
      const settings = smarthostHash(server, { encrypt_smtp: encryption, ...login, ...hash });
      await using redis = await scriptedRedis({}, settings);
      assertEnding(await attempt({ redis, env }, { timeout }), ending, server.address);
      await server.settled();
      assert.equal(server.conversations.length, 1);
      assert.ok(logins(server).length <= most, "one attempt, no cascade");
      check?.(server);
    },
  );
}

/** The AUTH commands that the server has heard. */
function logins(server: ScriptedSmtp): string[] {
  return server.commands().filter((line) => /^AUTH\b/i.test(line));
}

/** What the client said to log in, each line. */
function said(server: ScriptedSmtp): string[] {
  const commands = server.commands();
  const start = commands.findIndex((line) => line.startsWith("AUTH"));
  const end = commands.findIndex((line) => line.startsWith("MAIL"));
  return start < 0 ? [] : commands.slice(start, end < 0 ? undefined : end);
}

/** What is said to log in by a mechanism; the answer of CRAM-MD5 is checked by the server alone. */
function expected(mechanism: string, { username, password }: Login): string[] {
  switch (mechanism) {
    case "PLAIN":
      return [`AUTH PLAIN ${base64(`\0${username}\0${password}`)}`];
    case "LOGIN":
      return ["AUTH LOGIN", base64(username), base64(password)];
    default:
      return ["AUTH CRAM-MD5"];
  }
}

const LOGINS: [what: string, login: Login][] = [
  ["an ordinary password", LOGIN],
  ["spaces", { username: "a user", password: " two  spaces and one " }],
  ["quotes", { username: `o'user "x"`, password: `"double" 'single' \`back\`` }],
  ["backslashes and percent signs", { username: "DOMAIN\\user", password: "\\n %0a ${x} $(x)" }],
  ["what shells and URLs mind", { username: "user", password: "p@ss:w/o?r#d&=+;|<>!*" }],
  ["letters outside ASCII", { username: "jörg@exämple.test", password: "pässwörd ключ 密码 🔑" }],
  ["200 characters", { username: "u".repeat(200), password: "p0".repeat(100) }],
  ["200 characters outside ASCII", { username: "ü".repeat(60), password: "ß".repeat(200) }],
  ["control characters", { username: "user", password: "tab\t bell\x07 line\r\nfeed" }],
];

Deno.test("whatever user name and password hold, they arrive by each mechanism", (test) =>
  play(
    test,
    MECHANISMS.flatMap((mechanism) =>
      LOGINS.map(([what, login]): Row => ({
        name: `${mechanism}: ${what}`,
        options: { login, auth: `AUTH ${mechanism}` },
        ending: sent(),
        check(server) {
          const lines = expected(mechanism, login);
          assert.deepEqual(said(server).slice(0, lines.length), lines);
        },
      }))
    ),
  ));

/** How a server offers AUTH, and the mechanism that is used. */
const OFFERS: [auth: string, mechanism: string][] = [
  ["AUTH PLAIN LOGIN CRAM-MD5", "CRAM-MD5"],
  ["AUTH CRAM-MD5 LOGIN PLAIN", "CRAM-MD5"],
  ["AUTH GSSAPI CRAM-MD5 LOGIN", "CRAM-MD5"],
  ["AUTH LOGIN PLAIN", "PLAIN"],
  ["AUTH XOAUTH2 SCRAM-SHA-256 CRAM-MD5", "CRAM-MD5"],
  ["auth plain", "PLAIN"],
  ["AUTH=LOGIN", "LOGIN"],
  ["AUTH  LOGIN  ", "LOGIN"],
];

Deno.test("of the mechanisms that are offered, one is used; in the clear CRAM-MD5 comes first", (test) =>
  play(
    test,
    OFFERS.map(([auth, mechanism]) => ({
      name: `${auth}: ${mechanism}`,
      options: { login: LOGIN, auth },
      ending: sent(),
      check: (server) =>
        assert.deepEqual(logins(server).map((line) => line.split(" ")[1]), [mechanism]),
    })),
  ));

Deno.test("inside TLS the order is PLAIN, LOGIN, CRAM-MD5", (test) =>
  play(
    test,
    [
      ["AUTH CRAM-MD5 LOGIN PLAIN", "PLAIN"],
      ["AUTH CRAM-MD5 LOGIN", "LOGIN"],
      ["AUTH CRAM-MD5", "CRAM-MD5"],
    ].flatMap(([auth = "", mechanism]) =>
      (["starttls", "tls"] as const).map((encryption): Row => ({
        name: `${encryption}, ${auth}: ${mechanism}`,
        options: { login: LOGIN, auth, encryption },
        ending: sent(),
        check: (server) =>
          assert.deepEqual(logins(server).map((line) => line.split(" ")[1]), [mechanism]),
      }))
    ),
  ));

const NOT_THIS_ONE = [reply("504 5.7.4 Unrecognized authentication type"), reply("534 5.7.9 Weak")];

Deno.test("a mechanism refused as such (504, 534) is followed by the next that is offered", (test) =>
  play(
    test,
    NOT_THIS_ONE.flatMap((refusal): Row[] => [{
      name: "the first",
      script: { auth: [refusal, reply(`334 ${base64("Username:")}`)] },
      options: { login: LOGIN, auth: "AUTH PLAIN LOGIN" },
      most: 2,
      // The scripted server judges the answers by the command that the script has answered.
      ending: sent(),
      check: (server) =>
        assert.deepEqual(logins(server).map((line) => line.split(" ")[1]), ["PLAIN", "LOGIN"]),
    }, {
      name: "all of them",
      script: { auth: refusal },
      options: { login: LOGIN, auth: "AUTH PLAIN LOGIN CRAM-MD5" },
      most: 3,
      ending: { status: 77, error: /^Login refused \(SERVER\): 5[03]4 /, log: /^code=5[03]4 / },
      check: (server) => {
        const mechanisms = logins(server).map((line) => line.split(" ")[1]);
        assert.deepEqual(mechanisms, ["CRAM-MD5", "PLAIN", "LOGIN"]);
        assert.deepEqual(verbs(server).slice(-1), ["QUIT"]);
      },
    }]).map((row, at) => ({ ...row, name: `${row.name}, ${at < 2 ? 504 : 534}` })),
  ));

Deno.test("a server that ignores PLAIN's initial response and asks gets the credentials once more", (test) =>
  play(
    test,
    ["334 ", "334", `334 ${base64("go on")}`].map((question) => ({
      name: JSON.stringify(question),
      script: { auth: reply(question), answer: reply("235 2.7.0 Accepted") },
      options: { login: LOGIN, auth: "AUTH PLAIN" },
      ending: sent(),
      check(server) {
        const [response = ""] = expected("PLAIN", LOGIN).map((line) => line.split(" ")[2]);
        assert.deepEqual(said(server), [`AUTH PLAIN ${response}`, response]);
      },
    })),
  ));

Deno.test("503 from a server to which the client is already known is a login", (test) =>
  play(test, [{
    name: "already authenticated",
    script: { auth: reply("503 5.5.1 already authenticated") },
    options: { login: LOGIN },
    ending: sent(),
  }, {
    name: "not available",
    script: { auth: reply("503 5.5.1 Error: authentication not enabled") },
    options: { login: LOGIN },
    ending: refused(77, "Login refused", "503 5.5.1 Error: authentication not enabled"),
  }]));

const NO_LOGIN = "Cannot log in";

/** What is offered in the place of a login that would do, and why there is none. */
const NO_OFFERS: [what: string, options: ScriptedOptions, why: string][] = [
  ["nothing", { login: LOGIN, auth: "HELP" }, "the server offers no login"],
  ["AUTH and no mechanism", { login: LOGIN, auth: "AUTH" }, "the server offers no login"],
  [
    "foreign mechanisms",
    { login: LOGIN, auth: "AUTH GSSAPI XOAUTH2" },
    "the server offers only GSSAPI, XOAUTH2",
  ],
  [
    "names that only begin so",
    { login: LOGIN, auth: "AUTH PLAINER LOGIN2" },
    "the server offers only PLAINER, LOGIN2",
  ],
  ["another keyword", { login: LOGIN, auth: "XAUTH PLAIN" }, "the server offers no login"],
];

Deno.test("where no login is offered that would do, nothing is sent: 77", (test) =>
  play(
    test,
    NO_OFFERS.map(([name, options, why]) => ({
      name,
      options,
      ending: failed(77, NO_LOGIN, why),
      check: (server) => assert.deepEqual(verbs(server), ["EHLO", "QUIT"]),
    })),
  ));

const verbs = (server: ScriptedSmtp) => server.commands().map((line) => line.split(" ")[0]);

Deno.test("a server that knows HELO alone offers no login: 77", (test) =>
  play(test, [{
    name: "HELO",
    script: { ehlo: reply("502 5.5.1 What?") },
    options: { login: LOGIN },
    ending: failed(77, NO_LOGIN, "the server offers no login"),
    check: (server) => assert.deepEqual(verbs(server), ["EHLO", "HELO", "QUIT"]),
  }]));

Deno.test("without a user name, or without a password, there is no login", (test) =>
  play(
    test,
    [{ username: "" }, { password: "" }, { username: "", password: "" }].map((hash) => ({
      name: JSON.stringify(hash),
      options: { login: LOGIN },
      hash,
      ending: sent(),
      check: (server) => assert.deepEqual(logins(server), []),
    })),
  ));

const REFUSED = "Login refused";

Deno.test("a refused login is not tried again, by whatever mechanism: 77", (test) =>
  play(
    test,
    MECHANISMS.map((mechanism) => ({
      name: mechanism,
      options: { login: LOGIN, auth: `AUTH ${mechanism} X-OTHER PLAIN LOGIN CRAM-MD5` },
      hash: { password: "not the right one" },
      ending: refused(77, REFUSED, "535 5.7.8 Authentication credentials invalid"),
      check: (server) => assert.deepEqual(verbs(server).slice(-1), ["QUIT"]),
    })),
  ));

const NO_ANSWER = failed(75, "No answer to AUTH", `timed out after ${SHORT} s`);
const LOST = "Connection lost while waiting for the answer to AUTH";

/** What comes in place of the second or the third answer of a login. */
const ANSWERS: [what: string, action: Action, ending: Ending][] = [
  ["535", reply("535 5.7.8 No"), refused(77, REFUSED, "535 5.7.8 No")],
  ["501", reply("501 5.5.2 Cannot decode"), refused(77, REFUSED, "501 5.5.2 Cannot decode")],
  ["454", reply("454 4.7.0 Later"), refused(75, REFUSED, "454 4.7.0 Later")],
  [
    "421",
    reply("421 4.3.2 Bye"),
    refused(75, "Smarthost ended the session at AUTH", "421 4.3.2 Bye"),
  ],
  ["silence", silence(), NO_ANSWER],
  ["hang-up", hangUp(), failed(75, LOST, "the server closed the connection")],
  ["reset", inTurn(pause(50), reset()), failed(75, LOST, "connection reset by the server")],
  ["garbage", garbage(), failedLike(76, "The smarthost's answer to AUTH is not SMTP", "")],
  ["a go-ahead", reply("354 Go on"), refused(76, "Unexpected answer to AUTH", "354 Go on")],
];

Deno.test("a login of several steps may fail at each", (test) =>
  play(
    test,
    ANSWERS.flatMap(([what, action, ending]) => {
      const timeout = ending === NO_ANSWER ? SHORT : 10;
      const prompt = reply(`334 ${base64("Password:")}`);
      const steps: [name: string, mechanism: string, answer: Action[]][] = [
        ["the user name", "LOGIN", [action]],
        ["the password", "LOGIN", [prompt, action]],
        ["the digest", "CRAM-MD5", [action]],
      ];
      return steps.map(([name, mechanism, answer]) => ({
        name: `${name}: ${what}`,
        script: { answer },
        options: { login: LOGIN, auth: `AUTH ${mechanism}` },
        ending,
        timeout,
      }));
    }),
  ));

const UNEXPECTED = "Unexpected answer to AUTH";
const AGAIN = `334 ${base64("Again:")}`;
const INVALID = refused(77, REFUSED, "535 5.7.8 Authentication credentials invalid");

/** The server asks on and on, or for what is no question. */
const QUESTIONS: [what: string, mechanism: string, script: Script, ending: Ending][] = [
  [
    "asks for ever",
    "LOGIN",
    { auth: reply(AGAIN), answer: reply(AGAIN) },
    refused(76, UNEXPECTED, AGAIN),
  ],
  [
    "asks for ever",
    "PLAIN",
    { auth: reply(AGAIN), answer: reply(AGAIN) },
    refused(76, UNEXPECTED, AGAIN),
  ],
  [
    "asks for ever",
    "CRAM-MD5",
    { auth: reply(AGAIN), answer: reply(AGAIN) },
    refused(76, UNEXPECTED, AGAIN),
  ],
  ["has no words for its questions", "LOGIN", { auth: reply("334") }, sent()],
  ["gives a challenge that is not base64", "CRAM-MD5", { auth: reply("334 ***") }, INVALID],
  ["gives no challenge", "CRAM-MD5", { auth: reply("334 ") }, refused(76, UNEXPECTED, "334")],
  [
    "gives a long challenge",
    "CRAM-MD5",
    { auth: reply(`334 ${base64("x".repeat(700))}`) },
    INVALID,
  ],
  [
    "says yes before it has asked",
    "LOGIN",
    { auth: reply("235 2.7.0 Accepted") },
    refused(76, UNEXPECTED, "235 2.7.0 Accepted"),
  ],
];

Deno.test("a server with strange questions gets no second login, and no message without a login", (test) =>
  play(
    test,
    QUESTIONS.map(([what, mechanism, script, ending]) => ({
      name: `${mechanism}: ${what}`,
      script,
      options: { login: LOGIN, auth: `AUTH ${mechanism}` },
      ending,
      check: (server) => assert.equal(server.messages().length, ending.status === 0 ? 1 : 0),
    })),
  ));

/** What EHLO offers in the clear, and inside TLS. */
const OFFERED_WHERE: [what: string, clear: string, inside: string, ending: Ending][] = [
  ["only in the clear", "AUTH PLAIN", "HELP", failed(77, NO_LOGIN, "the server offers no login")],
  ["only inside", "HELP", "AUTH PLAIN", sent()],
  ["other ones inside", "AUTH PLAIN", "AUTH LOGIN", sent()],
];

Deno.test("what counts is what is offered inside TLS, and nothing is told before", (test) =>
  play(
    test,
    OFFERED_WHERE.map(([name, clear, inside, ending]) => ({
      name,
      script: {
        ehlo: [
          reply("250-scripted.test", "250-STARTTLS", `250 ${clear}`),
          reply("250-scripted.test", `250 ${inside}`),
        ],
      },
      options: { encryption: "starttls", login: LOGIN },
      ending,
      check(server) {
        assert.deepEqual(verbs(server).slice(0, 3), ["EHLO", "STARTTLS", "EHLO"]);
        const mechanisms = logins(server).map((line) => line.split(" ")[1]);
        assert.deepEqual(mechanisms, ending.status === 0 ? [inside.split(" ")[1]] : []);
      },
    })),
  ));
