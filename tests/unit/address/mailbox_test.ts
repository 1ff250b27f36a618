import fc from "fast-check";
import assert from "node:assert/strict";
import { domainToASCII } from "node:url";
import { addressOf, formatMailbox, isAscii, type Mailbox } from "../../../lib/address/mailbox.ts";
import { parseMailboxes } from "../../../lib/address/parser.ts";
import { asciiDomain } from "../../../lib/address/domain.ts";
import { ExitStatus, Failure } from "../../../lib/outcome.ts";

import { SEED } from "../../support/program/property.ts";

const host = "node.example.org";

/** Text, what is read of it as [name, local, domain]. */
const READ: [title: string, text: string, ...mailboxes: [string, string, string][]][] = [
  ["an address", "user@test.org", ["", "user", "test.org"]],
  ["a name and an address", "Jane Doe <jane@test.org>", ["Jane Doe", "jane", "test.org"]],
  ["no space before the address", "Jane<jane@test.org>", ["Jane", "jane", "test.org"]],
  ["a bare local name", "root", ["", "root", ""]],
  ["a bare local name in brackets", "Root <root>", ["Root", "root", ""]],
  ["the From of Debian's cron", "root (Cron Daemon)", ["Cron Daemon", "root", ""]],
  ["the From of cronie", '"(Cron Daemon)" <root>', ["(Cron Daemon)", "root", ""]],
  ["a comma in a quoted name", '"Doe, Jane" <j@test.org>', ["Doe, Jane", "j", "test.org"]],
  ["quotes in a quoted name", '"a \\"b\\" \\\\" <j@test.org>', ['a "b" \\', "j", "test.org"]],
  ["an address in a quoted name", '"<e@x.org>, " <j@test.org>', ["<e@x.org>, ", "j", "test.org"]],
  ["a name outside ASCII", "Jörg Müller <j@test.org>", ["Jörg Müller", "j", "test.org"]],
  ["a name with dots and an apostrophe", "J. O'Neil <j@test.org>", ["J. O'Neil", "j", "test.org"]],
  [
    "an encoded word that would decode to an address, undecoded",
    "=?utf-8?q?=3Ce=40x=2Eorg=3E=2C?= <j@test.org>",
    ["=?utf-8?q?=3Ce=40x=2Eorg=3E=2C?=", "j", "test.org"],
  ],
  ["several in one text", "a@x.org, b@x.org,c@x.org", ["", "a", "x.org"], ["", "b", "x.org"], [
    "",
    "c",
    "x.org",
  ]],
  ["empty places in a list", " , a@x.org,, ", ["", "a", "x.org"]],
  ["nothing at all", ""],
  ["comments, nested and escaped", "(a (b) \\) c) u@x.org (d)", ["d", "u", "x.org"]],
  ["comments round the @", "pete(his)@(x) silly.test(host)", ["host", "pete", "silly.test"]],
  ["a group", "team: a@x.org, B <b@x.org>;, c@x.org", ["", "a", "x.org"], ["B", "b", "x.org"], [
    "",
    "c",
    "x.org",
  ]],
  ["an empty group", "undisclosed-recipients:;"],
  ["an empty group that is not closed", "Undisclosed recipients:"],
  ["the address as its own name", "u@x.org <u@X.org>", ["", "u", "x.org"]],
  ["a quoted local part", '"john doe"@x.org', ["", "john doe", "x.org"]],
  ["an @ in a quoted local part", '"u@evil.org"@x.org', ["", "u@evil.org", "x.org"]],
  ["a local part that need not be quoted", '"john"@x.org', ["", "john", "x.org"]],
  ["a local part of many signs", "a+b=c/d!{e}@x.org", ["", "a+b=c/d!{e}", "x.org"]],
  ["a local part of upper case", "User@Test.ORG", ["", "User", "test.org"]],
  ["a local part outside ASCII", "jörg@x.org", ["", "jörg", "x.org"]],
  ["a local part over 64 octets", `${"l".repeat(100)}@x.org`, ["", "l".repeat(100), "x.org"]],
  ["a domain outside ASCII", "u@Exämple.org", ["", "u", "xn--exmple-cua.org"]],
  ["a domain in A-labels", "u@XN--EXMPLE-CUA.org", ["", "u", "xn--exmple-cua.org"]],
  ["a domain with ideographic full stops", "u@例え。テスト", ["", "u", "xn--r8jz45g.xn--zckzah"]],
  ["a domain of one label with an underscore", "u@my_host", ["", "u", "my_host"]],
  ["an IPv4 literal", "u@[192.0.2.1]", ["", "u", "[192.0.2.1]"]],
  ["an IPv6 literal", "u@[IPv6:2001:db8::1]", ["", "u", "[IPv6:2001:db8::1]"]],
];

for (const [title, text, ...mailboxes] of READ) {
  Deno.test(`parseMailboxes reads ${title}`, () => {
    const read = parseMailboxes(text, "--to");
    assert.deepEqual(read.map(({ name, local, domain }) => [name, local, domain]), mailboxes);
  });
}

/** Text that is no list of mailboxes, and the reason given. */
const REFUSED: [title: string, text: string, why: RegExp][] = [
  ["a line break", "u@x.org\r\nBcc: evil@x.org", /line break or NUL/],
  ["a lone CR", "u@x.org\rBcc: evil@x.org", /line break or NUL/],
  ["a lone LF in a name", '"a\nb" <u@x.org>', /line break or NUL/],
  ["a NUL", "u@x.org\0", /line break or NUL/],
  ["a line break behind a backslash", '"a\\\nb" <u@x.org>', /line break or NUL/],
  ["a domain that goes on behind a comment", "u@good.com(x)evil.com", /text behind/],
  ["a domain with a comment at a dot", "u@good.com(x).evil.com", /text behind/],
  ["a domain with a space at a dot", "u@good.com .evil.com", /text behind/],
  ["a quoted address before an address", '"<evil@x.org>" a@b.org', /more than one word/],
  ["an address behind brackets", "<a@x.org> b@x.org", /two addresses need a comma/],
  ["two addresses in brackets", "<a@x.org><b@x.org>", /more than one </],
  ["an address within brackets within brackets", "<<a@x.org>>", /more than one </],
  ["a list in brackets", "<a@x.org,b@x.org>", /no > behind </],
  ["a quote without an end", '"a <u@x.org>', /quote without an end/],
  ["a quote within an address", 'a"b"@x.org', /before @ is not valid/],
  ["a comment without an end", "u@x.org (a", /comment without an end/],
  ["a comment without a beginning", "u@x.org a)", /text behind/],
  ["a bracket without an end", "A <u@x.org", /no > behind </],
  ["a bracket without a beginning", "u@x.org>", /> without </],
  ["empty brackets", "<>", /no address/],
  ["a nested group", "a: b: u@x.org;;", /more than one word/],
  ["a group without a name", ": u@x.org;", /more than one word/],
  ["an unquoted space", "john doe@x.org", /more than one word/],
  ["an empty local part", "@x.org", /nothing before @/],
  ["an empty quoted local part", '""@x.org', /before @ is not valid/],
  ["brackets in a quoted local part", '"a> <b"@x.org', /before @ is not valid/],
  ["a tab in a quoted local part", '"a\tb"@x.org', /before @ is not valid/],
  ["a bare local name of two words in quotes", '"john doe"', /no address/],
  ["a no-break space", "a\u00a0b@x.org", /more than one word/],
  ["a line separator", "a\u2028b@x.org", /more than one word/],
  ["an encoded word as local part", "=?utf-8?q?evil=40x.org=3E?=@x.org", /before @ is not valid/],
  ["the same in quotes", '"=?utf-8?q?evil=40x.org=3E?="@x.org', /before @ is not valid/],
  ["the same without a domain", "=?utf-8?b?ZXZpbEB4Lm9yZw==?=", /not a valid local name/],
  ["a replacement character", "j\ufffdrg@x.org", /before @ is not valid/],
  ["a control character", "a\x07b@x.org", /before @ is not valid/],
  ["a second @", "a@b@x.org", /after @ is not valid/],
  ["a missing domain", "a@", /nothing after @/],
  ["an empty label", "a@b..org", /after @ is not valid/],
  ["a hyphen first in a label", "a@-b.org", /after @ is not valid/],
  ["a hyphen last in a label", "a@b-.org", /after @ is not valid/],
  ["a percent escape in a domain", "a@b%2eorg", /after @ is not valid/],
  ["a slash in a domain", "a@b/c.org", /after @ is not valid/],
  ["a domain that maps to a comma", "a@b，c.org", /after @ is not valid/],
  ["a domain that maps to a second @", "a@b＠c.org", /after @ is not valid/],
  ["a bad A-label", "a@xn--a.org", /after @ is not valid/],
  ["a label over 63 octets", `a@${"b".repeat(64)}.org`, /after @ is not valid/],
  ["a path over 256 octets", `a@${"b23456789.".repeat(25)}organ`, /longer than 254 octets/],
  ["an IPv4 literal of five parts", "a@[1.2.3.4.5]", /after @ is not valid/],
  ["a literal with an address in it", "a@[x@evil.org]", /after @ is not valid/],
  ["a literal with a zone", "a@[IPv6:fe80::1%eth0]", /after @ is not valid/],
  ["an IPv6 literal without its tag", "a@[2001:db8::1]", /after @ is not valid/],
  ["a literal without an end", "a@[192.0.2.1", /after @ is not valid/],
  [
    "a bare local name of more than one word",
    "not an address",
    /more than one word and no address/,
  ],
  ["a name in front of an address without brackets", "Ann a@x.org", /more than one word before @/],
  ["a name behind an address", "<a@x.org> Ann", /text behind the address/],
  ["a bare local name with dots at its end", "etc...", /not a valid local name/],
  ["two dots behind a domain", "a@x.org..", /after @ is not valid/],
  ["a whole address in quotes", '"a@x.org"', /not a valid local name/],
];

for (const [title, text, why] of REFUSED) {
  Deno.test(`parseMailboxes refuses ${title} with status 64`, () => {
    assert.throws(() => parseMailboxes(text, "the To header"), (error) => {
      assert.ok(error instanceof Failure);
      assert.equal(error.details.status, ExitStatus.usage);
      assert.equal(error.details.what, "Bad address in the To header");
      assert.match(error.details.why ?? "", why);
      return true;
    });
  });
}

Deno.test("parseMailboxes shows of a long text only the beginning", () => {
  assert.throws(() => parseMailboxes(`"${"x".repeat(10_000)}`, "--to"), (error) => {
    assert.ok(error instanceof Failure);
    return (error.details.why ?? "").length < 200;
  });
});

for (
  const [title, text] of [
    ["commas", ","],
    ["opened comments", "("],
    ["opened groups", "a:"],
    ["opened brackets", "<"],
    ["empty groups", "g:;,"],
    ["words", "a "],
    ["quotes", '"" '],
    ["comments", "()"],
  ] as const
) {
  Deno.test(`parseMailboxes ends on a megabyte of ${title}`, () => {
    try {
      parseMailboxes(text.repeat(2 ** 20 / text.length), "--to");
    } catch (error) {
      assert.ok(error instanceof Failure);
    }
  });
}

Deno.test("parseMailboxes reads ten thousand addresses", () => {
  const text = Array.from({ length: 10_000 }, (_, i) => `User ${i} <u${i}@x.org>`).join(", ");
  assert.equal(parseMailboxes(text, "--to").at(-1)?.local, "u9999");
});

/** Mailbox, its address, its form in a header field. */
const WRITTEN: [title: string, mailbox: Mailbox, address: string, header: string][] = [
  ["an address", { name: "", local: "u", domain: "x.org" }, "u@x.org", "u@x.org"],
  [
    "a bare local name with the host's name",
    { name: "", local: "root", domain: "" },
    "root@node.example.org",
    "root@node.example.org",
  ],
  ["a name", { name: "A B", local: "u", domain: "x.org" }, "u@x.org", "A B <u@x.org>"],
  [
    "a name with a comma in quotes",
    { name: "B, A", local: "u", domain: "x.org" },
    "u@x.org",
    '"B, A" <u@x.org>',
  ],
  [
    "quotes in a name behind backslashes",
    { name: 'a "b" \\', local: "u", domain: "x.org" },
    "u@x.org",
    '"a \\"b\\" \\\\" <u@x.org>',
  ],
  [
    "a name outside ASCII in encoded words",
    { name: "Müller, Außendienst Nord", local: "u", domain: "x.org" },
    "u@x.org",
    "=?UTF-8?Q?M=C3=BCller=2C_Au=C3=9Fendienst_Nord?= <u@x.org>",
  ],
  [
    "an encoded name with a comma",
    { name: "=?utf-8?Q?Doe,_J=C3=B6rg?= =?utf-8?Q?@home?=", local: "u", domain: "x.org" },
    "u@x.org",
    "=?UTF-8?B?RG9lLCBKw7ZyZ0Bob21l?= <u@x.org>",
  ],
  [
    "an encoded name with a comma in a charset that is not known",
    { name: "=?x-none?Q?Doe,_J?=", local: "u", domain: "x.org" },
    "u@x.org",
    "=?UTF-8?B?PT94LW5vbmU/UT9Eb2UsX0o/PQ==?= <u@x.org>",
  ],
  [
    "a name that is an encoded word as it is",
    { name: "=?utf-8?Q?J=C3=B6rg?=", local: "u", domain: "x.org" },
    "u@x.org",
    "=?utf-8?Q?J=C3=B6rg?= <u@x.org>",
  ],
  [
    "a name that hides an address in an encoded word as text",
    { name: '=?utf-8?Q?"<e@x.org>?=', local: "u", domain: "x.org" },
    "u@x.org",
    "=?UTF-8?B?PT91dGYtOD9RPyI8ZUB4Lm9yZz4/PQ==?= <u@x.org>",
  ],
  [
    "a local part in quotes where it needs them",
    { name: "", local: 'a "b"@c', domain: "x.org" },
    '"a \\"b\\"@c"@x.org',
    '"a \\"b\\"@c"@x.org',
  ],
];

for (const [title, mailbox, address, header] of WRITTEN) {
  Deno.test(`addressOf and formatMailbox write ${title}`, () => {
    assert.equal(addressOf(mailbox, host), address);
    assert.equal(formatMailbox(mailbox, host), header);
  });
}

Deno.test("what formatMailbox writes, parseMailboxes reads as the same address", () => {
  for (const [, mailbox] of WRITTEN) {
    const [read, ...more] = parseMailboxes(formatMailbox(mailbox, host), "--to");
    assert.deepEqual(more, []);
    assert.equal(read?.local, mailbox.local);
    assert.equal(read?.domain, mailbox.domain || host);
  }
});

Deno.test("a bare local name gets the host's name, whatever is in that", () => {
  const root = { name: "", local: "root", domain: "" };
  assert.equal(addressOf(root, "web_1.example.org"), "root@web_1.example.org");
  const [read] = parseMailboxes("root@web_1.example.org", "--cc");
  assert.deepEqual(read, { ...root, domain: "web_1.example.org" });
});

Deno.test("isAscii tells an address that needs SMTPUTF8", () => {
  assert.equal(isAscii("u@x.org"), true);
  assert.equal(isAscii("jörg@x.org"), false);
});

const RUNS = { seed: SEED, numRuns: 20_000 };

/** Texts of a few letters, so that chance makes much that is nearly an address. */
function textsOf(letters: string): fc.Arbitrary<string> {
  return fc.array(fc.constantFrom(...letters), { maxLength: 12 }).map((some) => some.join(""));
}

Deno.test("a single address is read in the same way as in a list", () => {
  const outcome = (text: string) => {
    try {
      return parseMailboxes(text, "--to");
    } catch (error) {
      assert.ok(error instanceof Failure);
      return "refused";
    }
  };
  const parts = fc.tuple(textsOf("aB1._+-=?ö"), textsOf("aB1._-xn@ö"));
  fc.assert(
    fc.property(parts, ([local, domain]) => {
      const text = `${local}@${domain}`;
      assert.deepEqual(outcome(text), outcome(`${text} `));
    }),
    RUNS,
  );
  for (const domain of ["127.1", "0x7f", "xn--bcher-kva.test", "xn--a.test", "a.b.c", "x"]) {
    assert.deepEqual(outcome(`u@${domain}`), outcome(`u@${domain} `), domain);
  }
});

Deno.test("a domain is what the mapping to ASCII makes of it, or none", () => {
  const isMapped = (text: string) => [undefined, domainToASCII(text)].includes(asciiDomain(text));
  fc.assert(fc.property(textsOf("abxn-_.0189"), isMapped), RUNS);
  fc.assert(fc.property(fc.domain(), (text) => asciiDomain(text) === domainToASCII(text)), RUNS);
});
