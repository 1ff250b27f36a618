import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { defaultSender } from "../../../lib/message/mail.ts";
import { envelopeOf, type Received } from "../../../lib/message/envelope.ts";
import { splitHeader } from "../../../lib/message/header.ts";
import { parseOptions } from "../../../lib/command_line/options.ts";
import { ExitStatus, Failure } from "../../../lib/outcome.ts";

const host = "node.example.org";

function received(header: string): Received {
  const octets = Buffer.from(`${header}\n\n`);
  const block = splitHeader(octets);
  assert.ok(block);
  return { octets, block };
}

/** Arguments, header if there is one, recipients. */
const RECIPIENTS: [title: string, args: string[], header: string | undefined, to: string[]][] = [
  ["the arguments in their order", ["b@x.org", "a@x.org"], undefined, ["b@x.org", "a@x.org"]],
  ["several in one argument", ["b@x.org, A <a@x.org>"], undefined, ["b@x.org", "a@x.org"]],
  ["--cc and --bcc behind them", ["--bcc", "c@x.org", "--cc", "b@x.org", "a@x.org"], undefined, [
    "a@x.org",
    "b@x.org",
    "c@x.org",
  ]],
  ["bare local names at the host", ["root"], undefined, ["root@node.example.org"]],
  ["each once", ["a@x.org", "--cc", "A <a@x.org>", "--bcc", "a@x.org"], undefined, ["a@x.org"]],
  ["one where only the domain's case differs", ["a@x.org", "a@X.ORG"], undefined, ["a@x.org"]],
  ["two where the local part's case differs", ["a@x.org", "A@x.org"], undefined, [
    "a@x.org",
    "A@x.org",
  ]],
  ["one quoted in vain and not", ['"a"@x.org', "a@x.org"], undefined, ["a@x.org"]],
  ["a bare name and its full address once", ["root", "root@Node.Example.org"], undefined, [
    "root@node.example.org",
  ]],
  ["domains in ASCII", ["a@exämple.org", "a@xn--exmple-cua.org"], undefined, [
    "a@xn--exmple-cua.org",
  ]],
  ["a local part outside ASCII as it is", ["jörg@x.org"], undefined, ["jörg@x.org"]],
  ["not those of the message without -t", ["a@x.org"], "To: b@x.org\nBcc: c@x.org", ["a@x.org"]],
  ["with -t those of the message", ["-t"], "Cc: b@x.org\nTo: a@x.org\nBcc: c@x.org", [
    "a@x.org",
    "b@x.org",
    "c@x.org",
  ]],
  ["with -t both", ["-t", "a@x.org"], "To: b@x.org, a@x.org", ["a@x.org", "b@x.org"]],
  ["with -t folded and repeated fields", ["-t"], "To: a@x.org,\n b@x.org\nTO: c@x.org", [
    "a@x.org",
    "b@x.org",
    "c@x.org",
  ]],
  ["with -t names with commas", ["-t"], 'To: "Doe, J. <x@y.org>" <a@x.org>', ["a@x.org"]],
  ["with -t no one in an encoded name", ["-t"], "To: =?utf-8?q?=3Ce=40x=2Eorg=3E=2C?= <a@x.org>", [
    "a@x.org",
  ]],
  ["with -t members of groups", ["-t"], "To: team: a@x.org, b@x.org;\nCc: nobody:;", [
    "a@x.org",
    "b@x.org",
  ]],
  ["with -t bare names", ["-t"], "To: root", ["root@node.example.org"]],
  [
    "with -t only those whom it was sent on to",
    ["-t"],
    "Resent-To: a@x.org\nResent-Cc: b@x.org\nResent-Bcc: c@x.org\nTo: d@x.org\nBcc: e@x.org",
    ["a@x.org", "b@x.org", "c@x.org"],
  ],
  [
    "with -t those of To where nobody is named whom it was sent on to",
    ["-t"],
    "Resent-From: f@x.org\nTo: a@x.org",
    ["a@x.org"],
  ],
  [
    "with -t no one from other fields",
    ["-t"],
    "To: a@x.org\nReply-To: b@x.org\nApparently-To: c@x.org",
    [
      "a@x.org",
    ],
  ],
];

for (const [title, args, header, to] of RECIPIENTS) {
  Deno.test(`the envelope holds ${title}`, () => {
    const message = header === undefined ? undefined : received(header);
    assert.deepEqual(envelopeOf(parseOptions(args).mail, host, message).recipients, to);
  });
}

for (const header of ["Subject: a", "To:", "To: undisclosed-recipients:;", "Bcc:\nCc: ,"]) {
  Deno.test(`with -t, "${header}" has no recipient, which is status 64`, () => {
    assert.throws(() => envelopeOf(parseOptions(["-t"]).mail, host, received(header)), (error) => {
      assert.ok(error instanceof Failure);
      assert.equal(error.details.status, ExitStatus.usage);
      assert.equal(error.details.what, "At least one recipient is required.");
      return true;
    });
  });
}

/** A field, a header with a recipient that cannot be read, that recipient, and why. */
const UNREADABLE: [name: string, header: string, address: string, why: string][] = [
  ["To", "To: u@good.com(x)evil.com", "u@good.com(x)evil.com", "text behind the address"],
  ["Cc", "To: b@x.org\nCc: a@x.org c@x.org", "a@x.org c@x.org", "two addresses need a comma"],
  ["Bcc", 'Bcc: "<evil@x.org>" a@x.org', '"<evil@x.org>" a@x.org', "more than one word before @"],
  ["Resent-To", "Resent-To: <a@x.org> b@x.org", "<a@x.org> b@x.org", "two addresses need a comma"],
];

for (const [name, header, address, why] of UNREADABLE) {
  Deno.test(`with -t, a bad address in ${name} does not keep the others from their mail`, () => {
    const { mail } = parseOptions(["-t", "a@x.org"]);
    const { recipients, unreadable } = envelopeOf(mail, host, received(header));
    assert.deepEqual(
      recipients,
      header.includes("b@x.org\n") ? ["a@x.org", "b@x.org"] : ["a@x.org"],
    );
    assert.deepEqual(unreadable, [{ address, accepted: false, why: `${name}: ${why}` }]);
  });

  Deno.test(`with -t, nobody but a bad address in ${name} is status 64 and names the field`, () => {
    const message = received(header.replace("To: b@x.org\n", ""));
    assert.throws(() => envelopeOf(parseOptions(["-t"]).mail, host, message), (error) => {
      assert.ok(error instanceof Failure);
      assert.equal(error.details.status, ExitStatus.usage);
      assert.equal(error.details.what, `Bad address in the ${name} header`);
      assert.equal(error.details.why, `${why}: ${JSON.stringify(address)}`);
      return true;
    });
  });
}

Deno.test("with -t, a line break or NUL in a recipient of the header is status 64", () => {
  for (const header of ["To: a@x.org\rBcc: evil@x.org", "To: b@x.org, a@x.org\0"]) {
    const message = received(header);
    assert.throws(
      () => envelopeOf(parseOptions(["-t", "a@x.org"]).mail, host, message),
      (error) => error instanceof Failure && error.details.status === ExitStatus.usage,
    );
  }
});

Deno.test("two megabytes of bad addresses in a header do not keep the others from their mail", () => {
  const message = received(`To: ${"@,".repeat(2 ** 20)}a@x.org`);
  const { recipients, unreadable } = envelopeOf(parseOptions(["-t"]).mail, host, message);
  assert.deepEqual(recipients, ["a@x.org"]);
  assert.equal(unreadable?.length, 2 ** 20);
});

Deno.test("eight megabytes of dots in From are no sender", () => {
  const message = received(`From: ${"a.".repeat(2 ** 22)}a@b.org`);
  const { sender } = envelopeOf(parseOptions(["a@x.org"]).mail, host, message);
  assert.equal(sender, "no-reply@node.example.org");
});

Deno.test("the envelope holds a hundred thousand recipients of one field", () => {
  const list = Array.from({ length: 100_000 }, (_, i) => `u${i}@x.org`).join(",");
  const { recipients } = envelopeOf(parseOptions(["-t"]).mail, host, received(`To: ${list}`));
  assert.equal(recipients.length, 100_000);
});

/** Arguments, header if there is one, sender. */
const SENDERS: [title: string, args: string[], header: string | undefined, sender: string][] = [
  [
    "who has sent the message on",
    [],
    "From: a@x.org\nSender: b@x.org\nResent-From: c@x.org, d@x.org\nResent-Sender: e@x.org",
    "e@x.org",
  ],
  [
    "else the first who wants it sent on",
    [],
    "From: a@x.org\nSender: b@x.org\nResent-From: C <c@x.org>, d@x.org",
    "c@x.org",
  ],
  ["no-reply at the host by default", [], undefined, "no-reply@node.example.org"],
  ["that of -f", ["-f", "a@x.org"], undefined, "a@x.org"],
  ["that of -f without its name", ["-f", "A B <a@x.org>"], undefined, "a@x.org"],
  ["a bare -f at the host", ["-f", "www-data"], undefined, "www-data@node.example.org"],
  ["empty for an empty -f", ["-f", ""], undefined, ""],
  ["empty for -f <>", ["-f", "<>"], undefined, ""],
  ["empty for an empty -f, whatever the message says", ["-f", ""], "From: a@x.org", ""],
  [
    "that of -f, whatever the message says",
    ["-f", "a@x.org"],
    "From: b@x.org\nSender: c@x.org",
    "a@x.org",
  ],
  ["the message's Sender", [], "From: b@x.org\nSender: C <c@x.org>", "c@x.org"],
  ["else its From", [], "From: B <b@x.org>", "b@x.org"],
  ["the first of several authors", [], "From: a@x.org, b@x.org", "a@x.org"],
  ["that of Debian's cron", [], "From: root (Cron Daemon)", "root@node.example.org"],
  ["that of cronie", [], 'From: "(Cron Daemon)" <root>', "root@node.example.org"],
  ["that of a name that lacks its quotes", [], "From: Jane [IT] <jane@x.org>", "jane@x.org"],
  ["the From where Sender cannot be read", [], "Sender: a b c\nFrom: b@x.org", "b@x.org"],
  ["the From where Sender is empty", [], "Sender:\nFrom: b@x.org", "b@x.org"],
  ["the default where From cannot be read", [], "From: a b c", "no-reply@node.example.org"],
  ["the default where From is <>", [], "From: <>", "no-reply@node.example.org"],
  [
    "the default where From hides an address",
    [],
    "From: u@good.com(x)evil.com",
    "no-reply@node.example.org",
  ],
  ["the default for a message without From", [], "Subject: a", "no-reply@node.example.org"],
];

for (const [title, args, header, sender] of SENDERS) {
  Deno.test(`the envelope's sender is ${title}`, () => {
    const message = header === undefined ? undefined : received(header);
    assert.equal(envelopeOf(parseOptions([...args, "u@x.org"]).mail, host, message).sender, sender);
    if (header === undefined) {
      assert.equal(defaultSender(parseOptions([...args, "u@x.org"]).mail, host), sender);
    }
  });
}
