import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import fc from "fast-check";
import type { CheckReport } from "../../../lib/delivery/check.ts";
import { ExitStatus, Failure, type Outcome } from "../../../lib/outcome.ts";
import { redactor, redactReport, redactResult, secretKeeper } from "../../../lib/report/redact.ts";
import { SEED } from "../../support/program/property.ts";

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

/** What an honest server may say back that wraps or cuts its lines. */
const WORDS = "Abc123xyz+/Q";
const WRAPPED: [title: string, text: string, left: string][] = [
  ["over two lines", "bad Abc123\nxyz+/Q, go", "bad ***, go"],
  ["over two lines of a raw reply", "535-bad Abc123\r\n535 xyz+/Q, go", "535-bad ***, go"],
  ["a character a line", [..."bad", ...WORDS].join("\n"), "b\na\nd\n***"],
  ["parted by blanks", "bad Abc 123xyz   +/Q, go", "bad ***, go"],
  ["without its last character, at the end", "bad Abc123xyz+/", "bad ***"],
  ["four characters of it, at the end", "bad Abc1", "bad ***"],
  ["four characters of it, at the end of a line", "bad Abc1\ngo away", "bad ***\ngo away"],
  ["four characters of it, at the end of a raw line", "535-Abc1\n535 go", "535-***\n535 go"],
  ["without its first character, at the beginning", "bc123xyz+/Q is bad", "*** is bad"],
  ["four characters of its end, at the beginning", "z+/Q is bad", "*** is bad"],
  ["four of its end, at the beginning of a line", "no\nz+/Q is bad", "no\n*** is bad"],
  [
    "four of its end, at the beginning of a raw line",
    "535-no\n535 z+/Q bad",
    "535-no\n535 *** bad",
  ],
  ["its beginning over two lines, at the end", "bad Ab\nc1", "bad ***"],
  ["three characters of it, at the end", "bad Abc", "bad Abc"],
  ["in hexadecimal, in pairs", "bad 41 62 63 31 32 33 78 79 7a 2b 2f 51!", "bad ***!"],
  ["in quoted-printable with a soft line break", "bad Abc123=\r\nxyz+/Q, go", "bad ***, go"],
  ["in an URL, over two lines", "u?p=Abc123xyz%2\nB%2FQ&", "u?p=***&"],
  ["in base64 parted by a blank", "bad QWJjMTIz eHl6Ky9R, go", "bad ***, go"],
  ["in base64 over two lines", "bad QWJjMTIzeH\nl6Ky9R, go", "bad ***, go"],
  ["in base64 over two raw lines", "535-bad QWJjMTIzeH\n535 l6Ky9R", "535-bad ***"],
  ["in base64 without its first characters", "bad jMTIzeHl6Ky9R, go", "bad ***, go"],
  ["in base64 without its last characters", "bad QWJjMTIze, go", "bad ***, go"],
  [
    "in base64 over two lines without its first characters",
    "bad jMTIzeH\nl6Ky9R, go",
    "bad ***, go",
  ],
  ["at the end of a PLAIN without its front", "bad AGpkAEFiYzEyM3h5eisvUQ==", "bad ***"],
];

for (const [title, text, left] of WRAPPED) {
  Deno.test(`said back by a server that wraps or cuts, a password is masked: ${title}`, () => {
    assert.equal(redactor([WORDS], "jd")(text), left);
  });
}

Deno.test("wherever a PLAIN is cut in two or shortened, none of its password is left", () => {
  const blob = base64(`\0jd\0${WORDS}`);
  const mask = redactor([WORDS], "jd");
  for (let at = 1; at < blob.length; at++) {
    const wrapped = `535-no: ${blob.slice(0, at)}\n535 ${blob.slice(at)}`;
    assert.match(mask(wrapped), /^535-no: (?:\*\*\*(?:\n535 Q?=+)?|A?G?p?k?A?E?\n535 \*\*\*)$/);
    for (const piece of [blob.slice(at).replace(/=+$/, ""), blob.slice(0, at)]) {
      const left = mask(`no: ${piece}, go`).slice(4, -4);
      const known = [0, 1, 2, 3].map((start) => Buffer.from(left.slice(start), "base64"));
      for (let from = 0; from + 4 <= WORDS.length; from++) {
        const part = WORDS.slice(from, from + 4);
        assert(!known.some((bytes) => bytes.includes(part)), `${left} shows ${part}`);
      }
    }
  }
});

Deno.test("each of several secrets is masked, also one that becomes known later", () => {
  const { redact, keep } = secretKeeper(["client secret"], USER);
  const text = "client secret, access-token-1, refresh/token";
  assert.equal(redact(text), "***, access-token-1, refresh/token");
  keep("access-token-1", "", "refresh/token");
  assert.equal(redact(text), "***, ***, ***");
  assert.equal(redact(base64(`user=${USER}\x01auth=Bearer access-token-1\x01\x01`)), "***");
});

Deno.test("every secret of the settings is masked", () => {
  const settings = {
    port: 587,
    host: "mail.example",
    username: USER,
    password: "the password",
    enabled: true,
    encrypt_smtp: "starttls" as const,
    tls_verify: true,
    oauth2_token_url: "https://token.example/",
    oauth2_client_id: "the client",
    oauth2_client_secret: "the secret",
    oauth2_refresh_token: "the refresh token",
  };
  const text = `the client, the password, the secret, the refresh token, ${USER} ${cramDigest}`;
  const { redact, keepSettings } = secretKeeper();
  assert.equal(redact(text), text);
  keepSettings(settings);
  assert.equal(redact(text), `the client, ***, ***, ***, ${USER} ***`);
});

Deno.test("a token of thousands of characters is masked whole and in part", () => {
  const token = Array.from({ length: 500 }, (_, i) => `${i}.`).join("");
  const mask = redactor([token], USER);
  for (const text of [token, base64(token), base64(`user=x\x01auth=Bearer ${token}\x01\x01`)]) {
    assert.match(mask(`a ${text} z`, 5000), /^a (?:\*\*\*)+ z$/);
    assert.match(mask(`a ${text.slice(0, 600)}`), /^a (?:\*\*\*)+$/);
    assert.match(mask(`${text.slice(-601)} z`), /^(?:\*\*\*)+ z$/);
  }
});

Deno.test("a password that is nearly all white space is masked", () => {
  const mask = redactor(["a    b"], USER);
  assert.equal(mask("bad a    b, go"), "bad ***, go");
  assert.equal(mask("bad a b"), "bad a b");
});

Deno.test("a text is clipped behind the limit, and no secret survives by being cut there", () => {
  const mask = redactor([WORDS], "jd");
  assert.equal(mask("x".repeat(3000), 100), `${"x".repeat(100)}... (2900 more)`);
  for (let before = 88; before <= 99; before++) {
    const left = mask(`${"x".repeat(before)}${WORDS}${"y".repeat(3000)}`, 100);
    assert.match(left, /^x+\*\*\*(?:y{0,2})\.\.\. \(\d+ more\)$/);
    assert.equal(left.indexOf("*"), Math.min(before, 97));
  }
});

/** A reply of 1 MB of each kind took version 1 minutes: it grew with the square of the size. */
const MEGABYTE = 1024 * 1024;
const ENDLESS: [title: string, unit: string][] = [
  ["blanks", " "],
  ["tabs", "\t"],
  ["carriage returns", "\r"],
  ["empty lines", "\n"],
  ["base64 of nothing", "aa="],
  ["short words", "aa "],
  ["words of five", "aaaaa "],
  ["escapes of URLs", "%41"],
  ["lines of two letters", "aa\n"],
  ["escapes of a terminal", "\x1b[31m"],
  ["one word", "a"],
  ["one word of base64 for URLs", "a-_b"],
  ["the beginning of the password", "Abc1"],
  ["the end of the password", "z+/Q"],
  ["the beginning of the password in base64", "QWJjM "],
  ["the user name", "jd "],
  ["the password itself", `${WORDS} `],
];

for (const [title, unit] of ENDLESS) {
  Deno.test(`a reply of 1 MB does not stop the program: ${title}`, () => {
    const text = unit.repeat(MEGABYTE / unit.length);
    const left = redactor([WORDS], "jd")(text);
    assert(left.length < 1100, `${left.length}`);
    assert(!left.includes(WORDS));
    assert.match(left, /\.\.\. \(\d+ more\)$/);
  });
}

Deno.test("a long password does not slow the program down, even if it repeats one character", () => {
  const mask = redactor(["a".repeat(MEGABYTE), `${"ab".repeat(MEGABYTE / 4)}c`], "a");
  for (const unit of ["a", "ab", "YWFh", "a "]) {
    assert.match(mask(unit.repeat(MEGABYTE)), /^(?:\*\*\*)+/);
  }
});

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
  fc.assert(
    fc.property(password, around, around, (secret, before, after) => {
      const masked = redactor([secret], USER)(`${before}${secret}${after}`);
      assert(!masked.includes(secret) || "***".includes(secret), masked);
      const blob = base64(`${before}\0${secret}${after}`);
      assert.equal(redactor([secret], USER)(`(${blob})`), "(***)");
    }),
    { seed: SEED },
  );
});

const REPLY = { code: 535, text: `no ${PASSWORD}` };
const MASKED_REPLY = { code: 535, text: "no ***" };
const RECIPIENT = { address: `${USER}`, accepted: false, reply: REPLY };

Deno.test("a failure keeps the program's words, and has no trace of a password in the words of others", () => {
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

Deno.test("an outcome has no trace of a password that the server sent back", () => {
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

Deno.test("a report of a check has no trace of a password that the server cut off", () => {
  const reply = { code: 535, text: `${PASSWORD.slice(3)} is bad` };
  const failure = new Failure({ status: ExitStatus.notAllowed, what: "Login refused", reply });
  const masked = redactReport({
    status: ExitStatus.notAllowed,
    steps: [{ name: "login", ok: false, detail: `Login refused: 535 ${reply.text}` }],
    warnings: [],
    failure,
  }, redact);
  assert.equal(masked.steps[0]?.detail, "Login refused: 535 *** is bad");
});

Deno.test("a report of a check has no trace of a password that the server sent back", () => {
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
