import assert from "node:assert/strict";
import { ExitStatus, Failure } from "../../../lib/outcome.ts";
import {
  formatSettings,
  parseSettings,
  type SmarthostSettings,
} from "../../../lib/cluster/settings.ts";
import { referenceSettings } from "../../support/mail/reference.ts";

const HASH: Readonly<Record<string, string>> = {
  port: "465",
  host: "mail.example.org",
  username: "user",
  password: "s3cret word",
  enabled: "1",
  encrypt_smtp: "tls",
  tls_verify: "0",
};

const SETTINGS: SmarthostSettings = {
  port: 465,
  host: "mail.example.org",
  username: "user",
  password: "s3cret word",
  enabled: true,
  encrypt_smtp: "tls",
  tls_verify: false,
};

Deno.test("a hash becomes typed settings", () => {
  assert.deepEqual(parseSettings(HASH), SETTINGS);
});

Deno.test("no hash at all gives the defaults, and exactly the line of the contract", () => {
  assert.equal(
    formatSettings(parseSettings({})),
    '{"port": 587, "host": "", "username": "", "password": "", "enabled": false, ' +
      '"encrypt_smtp": "starttls", "tls_verify": true}',
  );
});

/** A title, and fields that are right in place of those of HASH. */
const RIGHT: [
  title: string,
  fields: Record<string, string>,
  expected: Partial<SmarthostSettings>,
][] = [
  ["the lowest port", { port: "1" }, { port: 1 }],
  ["the highest port", { port: "65535" }, { port: 65535 }],
  ["no encryption", { encrypt_smtp: "none" }, { encrypt_smtp: "none" }],
  ["STARTTLS", { encrypt_smtp: "starttls" }, { encrypt_smtp: "starttls" }],
  ["a smarthost that is not enabled", { enabled: "0" }, { enabled: false }],
  ["certificates that are verified", { tls_verify: "1" }, { tls_verify: true }],
  ["an enabled smarthost without a host", { host: "" }, { host: "" }],
  ["no user name and no password", { username: "", password: "" }, { username: "", password: "" }],
  ["fields that nobody here knows", { note: "x", __proto__x: "y" }, {}],
  ["spaces in a password, which are part of it", { password: " a b " }, { password: " a b " }],
];

for (const [title, fields, expected] of RIGHT) {
  Deno.test(`settings may have ${title}`, () => {
    assert.deepEqual(parseSettings({ ...HASH, ...fields }), { ...SETTINGS, ...expected });
  });
}

/** A field, a wrong value of it, and what the error says of it. */
const WRONG: [field: string, value: string, why: string][] = [
  ...["", "0", "65536", "99999", "100000", "-1", "+25", " 25", "25 ", "025", "25.0", "2_5", "1e2"]
    .concat("0x19", "smtp", "\u0665\u0668\u0667", "25\n")
    .map((value): [string, string, string] => [
      "port",
      value,
      `${JSON.stringify(value)} is not a number from 1 to 65535`,
    ]),
  ...["enabled", "tls_verify"].flatMap((field) =>
    ["", "2", "01", "true", "True", "yes", " 1"].map((value): [string, string, string] => [
      field,
      value,
      `${JSON.stringify(value)} is neither "0" nor "1"`,
    ])
  ),
  ...["", "ssl", "TLS", "StartTLS", "none "].map((value): [string, string, string] => [
    "encrypt_smtp",
    value,
    `${JSON.stringify(value)} is not "none", "starttls" or "tls"`,
  ]),
  ...Object.keys(HASH).map((field): [string, string, string] => [
    field,
    "caf\ufffd",
    "not valid UTF-8",
  ]),
];

for (const [field, value, why] of WRONG) {
  Deno.test(`settings whose ${field} is ${JSON.stringify(value)} are refused with 78`, () => {
    assertWrong({ ...HASH, [field]: value }, field, why);
  });
}

for (const field of Object.keys(HASH)) {
  Deno.test(`settings without ${field} are refused with 78`, () => {
    const { [field]: _, ...rest } = HASH;
    assertWrong(rest, field, "the field is missing");
  });
}

Deno.test("a field that every object has is missing all the same", () => {
  assertWrong({ toString: "x" }, "port", "the field is missing");
});

function assertWrong(hash: Record<string, string>, field: string, why: string): void {
  assert.throws(() => parseSettings(hash), (error) => {
    assert(error instanceof Failure);
    const { status, where, ...rest } = error.details;
    assert.equal(status, ExitStatus.configuration);
    assert.equal(where, field);
    assert.equal(rest.why, why);
    assert(!JSON.stringify(error.details).includes(HASH["password"] ?? ""));
    return true;
  });
}

/** Values in which JSON of one maker may differ from that of another. */
const TEXTS = [
  "plain",
  `quotes " and ' and backslash \\ and slash /`,
  "<html> & co",
  Array.from({ length: 0x20 }, (_, code) => String.fromCharCode(code)).join(""),
  "DEL \x7f, C1 \x80\x9f, no-break space \xa0",
  "Gr\u00fc\u00dfe, \u043f\u0440\u0438\u0432\u0435\u0442, \u65e5\u672c\u8a9e",
  "line separators \u2028\u2029, byte order mark \ufeff, end of the plane \uffff",
  "beyond the plane \u{1f600}\u{10ffff}",
  "combining e\u0301",
];

for (const text of TEXTS) {
  Deno.test(`--settings prints ${JSON.stringify(text)} as Python does`, async () => {
    const hash = { ...HASH, host: text, username: text, password: text };
    assert.equal(formatSettings(parseSettings(hash)), await referenceSettings(hash));
  });
}

Deno.test("every character is printed as Python does", async () => {
  const points = Array.from({ length: 0x3000 }, (_, point) => String.fromCodePoint(point));
  const hash = { ...HASH, username: points.join("") };
  assert.equal(formatSettings(parseSettings(hash)), await referenceSettings(hash));
});

/** What a hash holds beside the seven fields for a login by OAuth 2.0. */
const OAUTH2: Readonly<Record<string, string>> = {
  oauth2_token_url: "https://login.test/tenant/token?v=2",
  oauth2_client_id: "the-client",
  oauth2_client_secret: "k7~client secret",
};

Deno.test("the fields of OAuth 2.0 become settings, and never show in --settings", () => {
  const oauth2 = {
    ...OAUTH2,
    oauth2_scope: "https://mail.test/.default a",
    oauth2_refresh_token: "r1",
  };
  const settings = parseSettings({ ...HASH, ...oauth2 });
  assert.deepEqual(settings, { ...SETTINGS, ...oauth2 });
  assert.equal(formatSettings(settings), formatSettings(SETTINGS));
});

Deno.test("without a token URL the other fields of OAuth 2.0 do not matter", () => {
  const rest = { oauth2_client_id: "line\nbreak", oauth2_refresh_token: "caf\ufffd" };
  assert.deepEqual(parseSettings({ ...HASH, ...rest }), SETTINGS);
  assert.deepEqual(parseSettings({ ...HASH, ...rest, oauth2_token_url: "" }), SETTINGS);
});

Deno.test("empty fields of OAuth 2.0 count as not set", () => {
  const empty = { oauth2_scope: "", oauth2_refresh_token: "" };
  assert.deepEqual(parseSettings({ ...HASH, ...OAUTH2, ...empty }), { ...SETTINGS, ...OAUTH2 });
});

for (
  const url of [
    "https://login.test",
    "HTTPS://LOGIN.TEST:8443/token",
    "https://[2001:db8::1]/token",
    "http://localhost:8080/token",
    "http://127.0.0.1/token",
    "http://127.9.9.9:1/token",
    "http://[::1]:8080/token",
  ]
) {
  Deno.test(`a token URL may be ${url}`, () => {
    const settings = parseSettings({ ...HASH, ...OAUTH2, oauth2_token_url: url });
    assert.equal(settings.oauth2_token_url, url);
  });
}

Deno.test("with a refresh token there need be no client secret, for public clients have none", () => {
  const { oauth2_client_secret: _, ...rest } = OAUTH2;
  const settings = parseSettings({ ...HASH, ...rest, oauth2_refresh_token: "r1" });
  assert.equal(settings.oauth2_refresh_token, "r1");
});

const NOT_HTTPS = /does not begin with "https:\/\/"$/;
const NOT_PRINTABLE = /^only printable ASCII characters are allowed$/;

/** Fields that are wrong beside OAUTH2, which of them is named, and why. */
const WRONG_OAUTH2: [fields: Record<string, string>, field: string, why: RegExp][] = [
  [{ oauth2_token_url: "http://login.test/token" }, "oauth2_token_url", NOT_HTTPS],
  [{ oauth2_token_url: "http://localhost.test/token" }, "oauth2_token_url", NOT_HTTPS],
  [{ oauth2_token_url: "http://128.0.0.1/token" }, "oauth2_token_url", NOT_HTTPS],
  [{ oauth2_token_url: "ftp://login.test/token" }, "oauth2_token_url", NOT_HTTPS],
  [{ oauth2_token_url: "javascript:alert(1)" }, "oauth2_token_url", NOT_HTTPS],
  [
    { oauth2_token_url: "login.test/token" },
    "oauth2_token_url",
    /"login.test\/token" is not a URL/,
  ],
  [{ oauth2_token_url: "https://" }, "oauth2_token_url", /is not a URL/],
  [{ oauth2_token_url: "https://login.test:99999/" }, "oauth2_token_url", /is not a URL/],
  [{ oauth2_token_url: "https://login.test/\n" }, "oauth2_token_url", /a URL cannot have/],
  [{ oauth2_token_url: "https://login.test/ token" }, "oauth2_token_url", /a URL cannot have/],
  [{ oauth2_token_url: "https://l\u00f6gin.test/" }, "oauth2_token_url", /a URL cannot have/],
  [{ oauth2_token_url: "https://login.test/#x" }, "oauth2_token_url", /fragment/],
  [{ oauth2_client_id: "" }, "oauth2_client_id", /missing or empty/],
  [{ oauth2_client_id: "x\n" }, "oauth2_client_id", NOT_PRINTABLE],
  [{ oauth2_client_secret: "" }, "oauth2_client_secret", /missing or empty/],
  [{ oauth2_client_secret: "x\n" }, "oauth2_client_secret", NOT_PRINTABLE],
  [{ oauth2_client_secret: "\ufffd" }, "oauth2_client_secret", /^not valid UTF-8$/],
  [{ oauth2_scope: "a\tb" }, "oauth2_scope", NOT_PRINTABLE],
  [{ oauth2_refresh_token: "\u0001" }, "oauth2_refresh_token", NOT_PRINTABLE],
  [{ username: "" }, "username", /name of the mailbox/],
  [{ username: "user\u0001auth=Bearer x" }, "username", /control characters/],
  [{ encrypt_smtp: "none" }, "encrypt_smtp", /needs "starttls" or "tls"/],
];

for (const [fields, field, why] of WRONG_OAUTH2) {
  Deno.test(`with OAuth 2.0, ${JSON.stringify(fields)} is 78 and named`, () => {
    assert.throws(() => parseSettings({ ...HASH, ...OAUTH2, ...fields }), (error) => {
      assert(error instanceof Failure);
      const { status, where } = error.details;
      assert.deepEqual({ status, where }, { status: ExitStatus.configuration, where: field });
      assert.match(error.details.why ?? "", why);
      assert(!JSON.stringify(error.details).includes(OAUTH2["oauth2_client_secret"] ?? ""));
      return true;
    });
  });
}

Deno.test("what may be a secret in a wrong token URL is not shown", () => {
  for (const url of ["https://u:secret-word@login.test/", "http://login.test/?code=secret-word"]) {
    assert.throws(() => parseSettings({ ...HASH, ...OAUTH2, oauth2_token_url: url }), (error) => {
      assert(error instanceof Failure);
      return !JSON.stringify(error.details).includes("secret-word");
    });
  }
});
