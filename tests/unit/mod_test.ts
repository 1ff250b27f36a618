/** The face for other programs, where it adds to what it joins. */

import assert from "node:assert/strict";
import { buildMail, deliverMail, type Draft, errorText, Failure } from "../../lib/mod.ts";
import { parseSettings } from "../../lib/cluster/settings.ts";
import { reply } from "../support/servers/peer.ts";
import { smarthostHash } from "../support/servers/redis.ts";
import { scriptedSmtp } from "../support/servers/smtp_scripted.ts";

const CONTEXT = { hostName: "host.test", now: new Date(0), id: "unique" };
const EMPTY = { get: () => undefined, set: () => {}, delete: () => {} };

async function textOf(input: string | Uint8Array, mail: Draft): Promise<string> {
  const { content } = await buildMail(input, mail, CONTEXT);
  return Array.from(content, (slice) => new TextDecoder().decode(slice)).join("");
}

const ENVELOPES: [what: string, mail: Draft, sender: string, recipients: string[]][] = [
  ["one address", { to: "a@b.test" }, "no-reply@host.test", ["a@b.test"]],
  ["several in one text", { to: "a@b.test, root" }, "no-reply@host.test", [
    "a@b.test",
    "root@host.test",
  ]],
  [
    "a list of texts",
    { to: ["A <a@b.test>"], cc: ["c@d.test"], bcc: "e@f.test" },
    "no-reply@host.test",
    [
      "a@b.test",
      "c@d.test",
      "e@f.test",
    ],
  ],
  ["a sender", { to: "a@b.test", from: "Me <me@home.test>" }, "me@home.test", ["a@b.test"]],
  ["the empty sender", { to: "a@b.test", from: null }, "", ["a@b.test"]],
];

for (const [what, mail, sender, recipients] of ENVELOPES) {
  Deno.test(`the envelope of a mail to ${what}`, async () => {
    const { envelope } = await buildMail("", mail, CONTEXT);
    assert.deepEqual(envelope, { sender, recipients });
  });
}

const REFUSED: [what: string, mail: Draft, says: RegExp][] = [
  ["without a recipient", {}, /At least one recipient/],
  ["to what is no address", { to: "a b c" }, /\bto\b/],
  ["from two", { to: "a@b.test", from: "a@b.test, c@d.test" }, /from takes one address/],
  ["from nobody", { to: "a@b.test", from: "" }, /from takes one address/],
  ["with a line break in its subject", { to: "a@b.test", subject: "a\r\nBcc: x@y.test" }, /./],
  ["to an address with a line break", { to: "a@b.test\nc@d.test" }, /./],
];

for (const [what, mail, says] of REFUSED) {
  Deno.test(`a mail ${what} is a wrong use`, async () => {
    const failure = await buildMail("x", mail, CONTEXT).catch((error) => error);
    assert.ok(failure instanceof Failure, String(failure));
    assert.equal(failure.details.status, 64);
    assert.match(errorText(failure) ?? "", says);
  });
}

Deno.test("clock, host name and id of a mail are those of the context", async () => {
  const text = await textOf("x", { to: "a@b.test" });
  assert.match(text, /^Date: Thu, 0?1 Jan 1970 00:00:00 \+0000\r$/m);
  assert.match(text, /^Message-ID: <unique@host\.test>\r$/m);
});

Deno.test("a mail takes its recipients from a MIME message if readRecipients is set", async () => {
  const input = new TextEncoder().encode("To: a@b.test\nBcc: c@d.test\nSubject: x\n\nHello\n");
  const { envelope } = await buildMail(input, { readRecipients: true }, CONTEXT);
  assert.deepEqual(envelope.recipients, ["a@b.test", "c@d.test"]);
});

Deno.test("a mail is HTML if html is set", async () => {
  assert.match(await textOf("x", { to: "a@b.test" }), /^Content-Type: text\/plain/m);
  assert.match(await textOf("x", { to: "a@b.test", html: true }), /^Content-Type: text\/html/m);
});

Deno.test("a failure of the library does not hold the password that the server says back", async () => {
  const login = { username: "user", password: "correct horse battery" };
  const script = { auth: reply(`535 No ${login.password} here`) };
  await using server = await scriptedSmtp(script, { login });
  const settings = parseSettings(smarthostHash(server, login));
  const mail = await buildMail("x", { to: "a@b.test" }, CONTEXT);
  const failure = await deliverMail(mail, settings, EMPTY).catch((error) => error);
  assert.ok(failure instanceof Failure);
  assert.equal(failure.details.status, 77);
  assert.doesNotMatch(Deno.inspect(failure.details), /correct horse/);
  assert.doesNotMatch(errorText(failure) ?? "", /correct horse/);
});

Deno.test("an outcome of the library tells who was refused", async () => {
  const script = { rcpt: [reply("550 5.1.1 No"), reply("250 Ok")] };
  await using server = await scriptedSmtp(script);
  const mail = await buildMail("x", { to: "a@b.test, c@d.test" }, CONTEXT);
  const outcome = await deliverMail(mail, parseSettings(smarthostHash(server)), EMPTY);
  assert.equal(outcome.status, 67);
  assert.deepEqual(outcome.recipients.map(({ address, accepted }) => [address, accepted]), [
    ["a@b.test", false],
    ["c@d.test", true],
  ]);
});
