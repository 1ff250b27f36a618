import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import fc from "fast-check";
import type { CheckReport } from "../../../lib/delivery/check.ts";
import { ExitStatus, Failure, type Outcome } from "../../../lib/outcome.ts";
import { redactor, redactReport, redactResult } from "../../../lib/report/redact.ts";

const USER = "post@example.org";
const PASSWORD = `Gr\u00fcn "$ec\\ret" + 7=3?`;

const base64 = (text: string) => Buffer.from(text).toString("base64");
const urlBase64 = (text: string) => Buffer.from(text).toString("base64url");
const plain = (authorization: string) => `${authorization}\0${USER}\0${PASSWORD}`;
const cramDigest = createHmac("md5", PASSWORD).update("<1.2@mail.example>").digest("hex");

const redact = redactor([PASSWORD], USER);

/** What a server may say back, and what is left of it. */
const MASKED: [title: string, text: string, left: string][] = [
  ["the password", `bad <${PASSWORD}>`, "bad <***>"],
  ["the password in capitals", `BAD ${PASSWORD.toUpperCase()}`, "BAD ***"],
  ["the password twice", `${PASSWORD}${PASSWORD}`, "******"],
  ["the password as Latin-1", Buffer.from(PASSWORD).toString("latin1"), "***"],
  ["the password in JSON", JSON.stringify({ password: PASSWORD }), '{"password":"***"}'],
  [
    "the password in JSON that is all ASCII",
    String.raw`"Gr\u00fcn \"$ec\\ret\" + 7=3?"`,
    '"***"',
  ],
  ["the password in a URL", `u?p=${encodeURIComponent(PASSWORD)}&`, "u?p=***&"],
  [
    "the password in a form",
    new URLSearchParams({ p: PASSWORD }).toString(),
    "p=***",
  ],
  ["the password in quoted-printable", 'Gr=C3=BCn "$ec\\ret" + 7=3D3?', "***"],
  ["the password in xtext", 'Gr+C3+BCn+20"$ec\\ret"+20+2B+207+3D3?', "***"],
  ["the password in hexadecimal", Buffer.from(PASSWORD).toString("hex"), "***"],
  ["the password in base64", `535 bad ${base64(PASSWORD)}`, "535 bad ***"],
  ["the password in base64 without its end", base64(PASSWORD).replace(/=+$/, ""), "***"],
  ["the password in base64 for URLs", urlBase64(PASSWORD), "***"],
  ["PLAIN", `AUTH PLAIN ${base64(plain(""))}`, "AUTH PLAIN ***"],
  ["PLAIN for another user", `AUTH PLAIN ${base64(plain("other"))}`, "AUTH PLAIN ***"],
  ["PLAIN cut by the server", base64(plain("")).slice(0, -9), "***"],
  ["PLAIN glued to a word", `PLAIN${base64(plain(""))}`, "***"],
  ["PLAIN broken into lines", base64(plain("")).replace(/.{20}/g, "$&\r\n"), "***"],
  ["more than PLAIN in one base64", base64(`<${plain("")}> is wrong`), "***"],
  ["the answer of CRAM-MD5", base64(`${USER} ${cramDigest}`), "***"],
  ["the answer of CRAM-MD5, decoded", `no: ${USER} ${cramDigest}`, `no: ${USER} ***`],
];

for (const [title, text, left] of MASKED) {
  Deno.test(`said back by a server, ${title} is masked`, () => {
    assert.equal(redact(text), left);
  });
}

const KEPT = [
  "5.7.8 Error: authentication failed: UGFzc3dvcmQ6",
  "334 VXNlcm5hbWU6",
  "2.0.0 Ok: queued as 9e107d9d372bb6826bd81d3542a419d6",
  `5.7.1 <${USER}>: Sender address rejected: not owned by user ${USER}`,
  "https://support.example/mail?p=NotAuthorized+7=3",
  "",
];

for (const text of KEPT) {
  Deno.test(`a server's words without a secret stay: ${JSON.stringify(text)}`, () => {
    assert.equal(redact(text), text);
  });
}

for (let before = 0; before < 4; before++) {
  for (let after = 0; after < 3; after++) {
    Deno.test(`base64 of the password with ${before} bytes before it and ${after} behind`, () => {
      const text = base64(`${"\xe9".repeat(before)}${PASSWORD}${"~".repeat(after)}`);
      assert.equal(redact(`< ${text} >`), "< *** >");
    });
  }
}

const SHORT: [title: string, text: string, left: string][] = [
  ["as a word", "bad password a here", "bad password *** here"],
  ["in quotes", 'bad password "a"', 'bad password "***"'],
  ["inside words not", "bad bananas are around", "bad bananas are around"],
  ["in a status not", "5.a.1 a.b", "5.a.1 a.b"],
  ["in base64", "bad YQ==", "bad ***"],
  ["in PLAIN", `bad ${base64(`\0${USER}\0a`)}`, "bad ***"],
];

for (const [title, text, left] of SHORT) {
  Deno.test(`a password of one letter is masked ${title}`, () => {
    assert.equal(redactor(["a"], USER)(text), left);
  });
}

Deno.test("without a password nothing is masked", () => {
  assert.equal(redactor([""], USER)("535 bad words"), "535 bad words");
  assert.equal(redactor([])("535 bad words"), "535 bad words");
});

Deno.test("no password of any kind is left, whatever stands around it", () => {
  const password = fc.string({ unit: "grapheme", minLength: 4, maxLength: 200 });
  const around = fc.string({ maxLength: 20 });
  fc.assert(fc.property(password, around, around, (secret, before, after) => {
    const masked = redactor([secret], USER)(`${before}${secret}${after}`);
    assert(!masked.includes(secret) || "***".includes(secret), masked);
    const blob = base64(`${before}\0${secret}${after}`);
    assert.equal(redactor([secret], USER)(`(${blob})`), "(***)");
  }));
});

const REPLY = { code: 535, text: `no ${PASSWORD}` };
const MASKED_REPLY = { code: 535, text: "no ***" };
const RECIPIENT = { address: `${USER}`, accepted: false, reply: REPLY };

Deno.test("a failure keeps our words, and loses what others said of the password", () => {
  const failure = new Failure({
    status: ExitStatus.notAllowed,
    what: "Login refused",
    where: "mail.example:587",
    why: PASSWORD,
    reply: REPLY,
    recipients: [RECIPIENT, { address: USER, accepted: true }],
  });
  const masked = redactResult(failure, redact);
  assert(masked instanceof Failure);
  assert.deepEqual(masked.details, {
    ...failure.details,
    why: "***",
    reply: MASKED_REPLY,
    recipients: [{ ...RECIPIENT, reply: MASKED_REPLY }, { address: USER, accepted: true }],
  });
});

Deno.test("our own sentence stays, or the gap in it would spell the password", () => {
  const failure = new Failure({ status: ExitStatus.notAllowed, what: "Login refused" });
  assert.deepEqual(redactResult(failure, redactor(["Login"])), failure);
});

Deno.test("an outcome loses what the server said of the password", () => {
  const outcome: Outcome = {
    status: ExitStatus.noUser,
    server: "mail.example:587",
    reply: REPLY,
    recipients: [RECIPIENT],
  };
  assert.deepEqual(redactResult(outcome, redact), {
    ...outcome,
    reply: MASKED_REPLY,
    recipients: [{ ...RECIPIENT, reply: MASKED_REPLY }],
  });
});

Deno.test("a report of a check loses what the server said of the password", () => {
  const failure = new Failure({
    status: ExitStatus.notAllowed,
    what: "Login refused",
    reply: REPLY,
  });
  const report: CheckReport = {
    status: ExitStatus.notAllowed,
    steps: [{ name: "login", ok: false, detail: `Login refused: ${PASSWORD}` }],
    warnings: [],
    failure,
  };
  const masked = redactReport(report, redact);
  assert.deepEqual(masked.steps, [{ name: "login", ok: false, detail: "Login refused: ***" }]);
  assert.deepEqual(masked.failure?.details.reply, MASKED_REPLY);
});
