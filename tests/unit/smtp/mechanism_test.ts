/** What is said with a token, and what servers say against one. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mechanismFor, tokenReason } from "../../../lib/smtp/mechanism.ts";

const CREDENTIALS = {
  username: "user@example.com",
  token: "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==",
  host: "server.example.com",
  port: 587,
};

const respond = (name: string, given: Partial<typeof CREDENTIALS> = {}) =>
  mechanismFor(name, { ...CREDENTIALS, ...given })?.initial;
const decode = (text: string | undefined) => Buffer.from(text ?? "", "base64").toString();

Deno.test("XOAUTH2 says user and token as Google and Microsoft want it", () => {
  const said = decode(respond("XOAUTH2"));
  assert.equal(said, `user=user@example.com\x01auth=Bearer ${CREDENTIALS.token}\x01\x01`);
});

Deno.test("OAUTHBEARER says them as in the example of RFC 7628, 4.1", () => {
  // The example is of port 143.
  const said = respond("OAUTHBEARER", { port: 143 });
  assert.equal(
    said,
    "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyI" +
      "HZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB",
  );
});

Deno.test("a comma or an equals sign in a name is escaped for OAUTHBEARER (RFC 5801, 4)", () => {
  const said = decode(respond("OAUTHBEARER", { username: "a,b=c=2Cü@x" }));
  assert.ok(said.startsWith("n,a=a=2Cb=3Dc=3D2Cü@x,\x01host="), said);
});

/** What stands in a 334, and what is told of it. */
const REASONS: [said: string, told: string | undefined][] = [
  ['{"status":"401","schemes":"bearer","scope":"mail"}', "status 401, schemes bearer, scope mail"],
  ['{"scope":"a b","status":"invalid_token"}', "status invalid_token, scope a b"],
  ['{"status":401}', "status 401"],
  ['{"status":"x","openid-configuration":"https://x.test/","schemes":null}', "status x"],
  ['{"other":"x"}', '{"other":"x"}'],
  ["[1]", "[1]"],
  ["the token is no good\n", "the token is no good"],
  ['{"status":', '{"status":'],
  ["", undefined],
  ["   ", undefined],
];

for (const [said, told] of REASONS) {
  Deno.test(`of a server that says ${JSON.stringify(said)} is told: ${told}`, () => {
    assert.equal(tokenReason(Buffer.from(said).toString("base64")), told);
  });
}

Deno.test("a 334 without words, or without base64, gives no reason or some text", () => {
  assert.equal(tokenReason(""), undefined);
  assert.equal(tokenReason("***"), undefined);
});

Deno.test("a response that makes the command too long is said when the server asks (RFC 4954, 4)", () => {
  for (const name of ["XOAUTH2", "OAUTHBEARER"]) {
    const lengths = Array.from({ length: 500 }, (_, length) => {
      const initial = respond(name, { token: "t".repeat(length + 1) });
      return initial === undefined ? Infinity : `AUTH ${name} ${initial}\r\n`.length;
    });
    const longest = Math.max(...lengths.filter((length) => length < Infinity));
    assert.ok(longest <= 512 && longest > 508, `${longest}`);
    const mechanism = mechanismFor(name, { ...CREDENTIALS, token: "t".repeat(500) });
    const [first, second] = mechanism?.answers.map((answer) => answer("")) ?? [];
    assert.match(decode(first), /auth=Bearer t{500}\x01\x01$/);
    assert.equal(second, name === "XOAUTH2" ? "" : "AQ==");
  }
});
