import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { logIn } from "../../../lib/smtp/login.ts";
import type { Credentials } from "../../../lib/smtp/mechanism.ts";
import { Failure, type FailureDetails, type Reply } from "../../../lib/outcome.ts";

const CREDENTIALS = { username: "user", password: "pass" };
const base64 = (text: string) => Buffer.from(text).toString("base64");
const PLAIN = base64("\0user\0pass");

/** The failure that a login ended with. */
function failureIn(result: string | FailureDetails): FailureDetails {
  return typeof result === "string" ? assert.fail(`logged in by ${result}`) : result;
}

/** Logs in to a server that gives these replies, and tells what was said. */
function play(mechanisms: string[], ...replies: string[]) {
  return playAs(CREDENTIALS, mechanisms, ...replies);
}

async function playAs(credentials: Credentials, mechanisms: string[], ...replies: string[]) {
  const said: string[] = [];
  const shown: string[] = [];
  const say = (line: string, instead: string): Promise<Reply> => {
    said.push(line);
    shown.push(instead);
    const [code = "", ...words] = (replies.shift() ?? "500 What?").split(" ");
    return Promise.resolve({ code: Number(code), text: words.join(" ") });
  };
  const result = await logIn(say, credentials, mechanisms, "mail.test:587")
    .catch((error) => error instanceof Failure ? error.details : assert.fail(error));
  return { result, said, shown };
}

Deno.test("PLAIN sends its response with the command, and again if the server asks for it", async () => {
  assert.deepEqual((await play(["PLAIN"], "235 ok")).said, [`AUTH PLAIN ${PLAIN}`]);
  for (const question of ["334", "334 ", "334 Z28gb24="]) {
    const { result, said } = await play(["PLAIN"], question, "235 ok");
    assert.equal(result, "PLAIN");
    assert.deepEqual(said, [`AUTH PLAIN ${PLAIN}`, PLAIN]);
  }
});

Deno.test("LOGIN answers two questions, with words or without", async () => {
  const said = ["AUTH LOGIN", base64("user"), base64("pass")];
  for (const question of ["334 VXNlcm5hbWU6", "334 ", "334"]) {
    const played = await play(["LOGIN"], question, question, "235 ok");
    assert.deepEqual([played.result, played.said], ["LOGIN", said]);
  }
});

Deno.test("CRAM-MD5 answers the example of RFC 2195 as the RFC does", async () => {
  const challenge = "PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+";
  const digest = "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw";
  const said: string[] = [];
  const replies = [{ code: 334, text: challenge }, { code: 235, text: "ok" }];
  const say = (line: string) => {
    said.push(line);
    return Promise.resolve(replies.shift() ?? { code: 500, text: "" });
  };
  const tim = { username: "tim", password: "tanstaaftanstaaf" };
  assert.equal(await logIn(say, tim, ["CRAM-MD5"], "mail.test:587"), "CRAM-MD5");
  assert.deepEqual(said, ["AUTH CRAM-MD5", digest]);
});

Deno.test("no secret is shown", async () => {
  const { shown } = await play(["PLAIN", "LOGIN"], "504 no", "334 ", "334 ", "235 ok");
  assert.deepEqual(shown, ["AUTH PLAIN ***", "AUTH LOGIN", "***", "***"]);
});

for (const code of ["504 5.5.4 Unrecognized", "534 5.7.9 Too weak"]) {
  Deno.test(`a mechanism that is refused with ${code} is followed by the next`, async () => {
    const mechanisms = ["CRAM-MD5", "PLAIN", "LOGIN"];
    const { result, said } = await play(mechanisms, code, code, "334 ", "334 ", "235 ok");
    assert.equal(result, "LOGIN");
    const commands = said.filter((line) => line.startsWith("AUTH"));
    assert.deepEqual(commands, ["AUTH CRAM-MD5", `AUTH PLAIN ${PLAIN}`, "AUTH LOGIN"]);
    const last = await play(mechanisms, code, code, code);
    assert.ok(typeof last.result !== "string");
    assert.deepEqual([last.result.status, last.result.reply?.code], [77, Number(code.slice(0, 3))]);
  });
}

for (
  const code of ["535 5.7.8 No", "530 5.7.0 No", "550 No", "454 4.7.0 Later", "501 5.5.2 What?"]
) {
  Deno.test(`after ${code} no other mechanism is tried`, async () => {
    const { result, said } = await play(["PLAIN", "LOGIN", "CRAM-MD5"], code, "235 ok");
    assert.ok(typeof result !== "string");
    assert.equal(result.status, code.startsWith("454") ? 75 : 77);
    assert.equal(said.length, 1);
  });
}

Deno.test("503 is a login if the server says that the client is logged in already", async () => {
  for (const words of ["5.5.1 Error: already authenticated", "Already logged in"]) {
    assert.equal((await play(["LOGIN"], `503 ${words}`)).result, "LOGIN");
  }
  const { result } = await play(["LOGIN"], "503 AUTH command used when not advertised");
  assert.ok(typeof result !== "string");
  assert.equal(result.status, 77);
});

Deno.test("a question too many is answered with an asterisk, and is not a login", async () => {
  const replies = Array(9).fill("334 QWdhaW46");
  for (const mechanism of ["PLAIN", "LOGIN", "CRAM-MD5"]) {
    const { result, said } = await play([mechanism], ...replies);
    assert.ok(typeof result !== "string");
    assert.deepEqual([result.status, result.what], [76, "Unexpected answer to AUTH"]);
    assert.equal(said.at(-1), "*");
  }
});

Deno.test("a positive reply before the password was sent is not a login", async () => {
  for (const replies of [["235 ok"], ["334 ", "235 ok"]]) {
    const { result } = await play(["LOGIN"], ...replies);
    assert.ok(typeof result !== "string");
    assert.equal(result.status, 76);
  }
});

const TOKEN = { username: "user@mail.test", token: "t1", host: "mail.test", port: 587 };
const XOAUTH2 = base64("user=user@mail.test\x01auth=Bearer t1\x01\x01");
const OAUTHBEARER = base64(
  "n,a=user@mail.test,\x01host=mail.test\x01port=587\x01auth=Bearer t1\x01\x01",
);
const REASON = `334 ${base64('{"status":"401","schemes":"bearer"}')}`;

for (
  const [name, response, end] of [["XOAUTH2", XOAUTH2, ""], ["OAUTHBEARER", OAUTHBEARER, "AQ=="]]
) {
  const mechanisms = [name ?? ""];

  Deno.test(`${name} sends its response with the command, and again if the server sends an empty question`, async () => {
    const { result, said, shown } = await playAs(TOKEN, mechanisms, "235 ok");
    assert.deepEqual([result, said], [name, [`AUTH ${name} ${response}`]]);
    assert.deepEqual(shown, [`AUTH ${name} ***`]);
    for (const question of ["334", "334 "]) {
      const asked = await playAs(TOKEN, mechanisms, question, "235 ok");
      assert.deepEqual([asked.result, asked.said], [name, [`AUTH ${name} ${response}`, response]]);
      const refused = await playAs(TOKEN, mechanisms, question, REASON, "535 No");
      assert.deepEqual(refused.said, [`AUTH ${name} ${response}`, response, end]);
      assert.equal(failureIn(refused.result).why, "status 401, schemes bearer");
    }
  });

  Deno.test(`${name}: a token that is refused with a reason is 77, and the server is let end`, async () => {
    const { result, said, shown } = await playAs(TOKEN, mechanisms, REASON, "535 5.7.8 No");
    assert.deepEqual(said, [`AUTH ${name} ${response}`, end]);
    assert.deepEqual(shown, [`AUTH ${name} ***`, "***"]);
    const { status, why, reply } = failureIn(result);
    assert.deepEqual({ status, why }, { status: 77, why: "status 401, schemes bearer" });
    assert.deepEqual(reply, { code: 535, text: "5.7.8 No" });
  });

  Deno.test(`${name}: a long token follows when the server asks for it`, async () => {
    const token = "t".repeat(2000);
    const { result, said } = await playAs({ ...TOKEN, token }, mechanisms, "334 ", "235 ok");
    assert.equal(result, name);
    assert.deepEqual([said.length, said[0]], [2, `AUTH ${name}`]);
    const refused = await playAs({ ...TOKEN, token }, mechanisms, "334", REASON, "535 No");
    assert.deepEqual(refused.said.slice(2), [end]);
    assert.equal(failureIn(refused.result).why, "status 401, schemes bearer");
    // A yes before the token has been said is no yes to it.
    assert.equal(
      failureIn((await playAs({ ...TOKEN, token }, mechanisms, "235 ok")).result).status,
      76,
    );
  });

  Deno.test(`${name}: a server that asks again and again gets the final answer`, async () => {
    const { result, said } = await playAs(TOKEN, mechanisms, REASON, REASON, REASON, "501 Ok");
    assert.deepEqual(said, [`AUTH ${name} ${response}`, end, end, "*"]);
    assert.equal(failureIn(result).status, 76);
  });
}

Deno.test("after a mechanism that is refused as such the other one for tokens is tried", async () => {
  const both = ["XOAUTH2", "OAUTHBEARER"];
  const { result, said } = await playAs(TOKEN, both, "504 5.5.4 What?", "235 ok");
  assert.deepEqual([result, said], ["OAUTHBEARER", [
    `AUTH XOAUTH2 ${XOAUTH2}`,
    `AUTH OAUTHBEARER ${OAUTHBEARER}`,
  ]]);
});

Deno.test("a token is never sent with a mechanism for passwords", async () => {
  await assert.rejects(playAs(TOKEN, ["PLAIN"], "235 ok"), /There is no mechanism PLAIN/);
});
