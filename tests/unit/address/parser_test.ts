/**
 * What callers write that RFC 5322 does not have, and beside each leniency the attacks that would
 * use it: whatever stands in a text, nobody gets mail but who is meant.
 */

import assert from "node:assert/strict";
import { addressOf } from "../../../lib/address/mailbox.ts";
import { parseMailboxes, readMailboxes } from "../../../lib/address/parser.ts";
import { ExitStatus, Failure } from "../../../lib/outcome.ts";

const HOST = "node.example.org";

/** Texts with the addresses that are read of them; "refused" where there is no single reading. */
type Rows = [text: string, addresses: string[] | "refused"][];

type Leniency = { what: string; written: Rows; attacks: Rows };

/** For arguments and header fields alike. */
const LENIENCIES: Leniency[] = [
  {
    what: "semicolons separate",
    written: [
      ["a@x.org; b@x.org", ["a@x.org", "b@x.org"]],
      ["a@x.org;b@x.org;", ["a@x.org", "b@x.org"]],
      ['"Ann A" <a@x.org>; "Bob B" <b@x.org>;', ["a@x.org", "b@x.org"]],
      [" ; a@x.org;; ,b@x.org ; ", ["a@x.org", "b@x.org"]],
      ["team: a@x.org; b@x.org", ["a@x.org", "b@x.org"]],
      ["team: a@x.org, b@x.org;; root", ["a@x.org", "b@x.org", `root@${HOST}`]],
    ],
    attacks: [
      ['"Ann; evil@x.org" <a@x.org>', ["a@x.org"]],
      ["a@x.org (; evil@x.org)", ["a@x.org"]],
      ['"a;b"@x.org', ['"a;b"@x.org']],
      ["<a@x.org; evil@x.org>", "refused"],
      ["a@b.org;c@d.org <e@f.org>", ["a@b.org", "e@f.org"]],
    ],
  },
  {
    what: "in front of <address> stands a name, whatever is in it",
    written: [
      ["Ann [IT] <a@x.org>", ["a@x.org"]],
      ["old@x.org <new@y.org>", ["new@y.org"]],
      ["Dr. A: B <a@x.org>", ["a@x.org"]],
      ["Host: web1: disk <a@x.org>, b@x.org", ["a@x.org", "b@x.org"]],
      ["O'Neil :-) <a@x.org>", ["a@x.org"]],
      ["CORP\\ann <a@x.org>", ["a@x.org"]],
      ["\u0093Ann\u0094 <a@x.org>", ["a@x.org"]],
      ["J\ufffdrg <a@x.org>", ["a@x.org"]],
      ["@home <a@x.org>", ["a@x.org"]],
      ['Ann "the\\" <boss>" Smith <a@x.org>', ["a@x.org"]],
      ['"Ann"<a@x.org>', ["a@x.org"]],
      ["a@x.org b@x.org <c@x.org>", ["c@x.org"]],
      // To Postfix and sendmail, too, the comma separates: "Rossi" is a user of this host.
      ["Rossi, Mario <m@x.org>", [`Rossi@${HOST}`, "m@x.org"]],
      ['"Rossi, Mario" <m@x.org>', ["m@x.org"]],
    ],
    attacks: [
      ["evil@x.org <<a@x.org>", "refused"],
      ["<evil@x.org> <a@x.org>", "refused"],
      ["<evil@x.org><a@x.org>", "refused"],
      ["Ann <evil@x.org> Bob <a@x.org>", "refused"],
      ["evil@x.org> <a@x.org>", "refused"],
      ['"Ann" <evil@x.org>" <a@x.org>', "refused"],
      ['Ann" <evil@x.org> "<a@x.org>', ["a@x.org"]],
      ["Ann \\<evil@x.org> <a@x.org>", "refused"],
      ["(<evil@x.org>) a@x.org", ["a@x.org"]],
      ["Ann (<evil@x.org> <a@x.org>", "refused"],
      ["a@x.org <", "refused"],
      ["Ann <>", "refused"],
    ],
  },
  {
    what: "encoded words in a name hide their commas and @",
    written: [
      ["=?utf-8?Q?Doe,_J=C3=B6rg?= <j@x.org>", ["j@x.org"]],
      ["=?utf-8?Q?ann@home?= <a@x.org>", ["a@x.org"]],
      ["=?utf-8?Q?A;_B:_C?= =?utf-8?Q?,_D?= <a@x.org>, b@x.org", ["a@x.org", "b@x.org"]],
      ["=?utf-8?b?RG9lLCBK?= <j@x.org>", ["j@x.org"]],
    ],
    attacks: [
      ["=?utf-8?q?evil=40x.org?=", "refused"],
      ["<=?utf-8?q?evil=40x.org=3E?=>", "refused"],
      ["=?utf-8?q?a=2C?=@x.org", "refused"],
      ["=\\?utf-8\\?q\\?evil=40x.org\\?=@x.org", "refused"],
      ["=?utf-8?q?<evil@x.org>?= <a@x.org>", "refused"],
      ["=?utf-8?q?a,b@x.org?=", "refused"],
      ["a=?utf-8?q?,b@x.org,?= <c@x.org>", [`a=?utf-8?q?@${HOST}`, "b@x.org", "c@x.org"]],
      ['"=?utf-8?q?a?=" evil@x.org', "refused"],
      ["a@=?utf-8?q?x.org?=", "refused"],
    ],
  },
  {
    what: "an address beside itself in brackets is one address",
    written: [
      ["u@x.org <u@x.org>", ["u@x.org"]],
      ["<u@x.org> u@x.org", ["u@x.org"]],
      ["U@X.org <u@x.ORG>", ["u@x.org"]],
      ["<u@x.org> (Ann) U@X.ORG", ["u@x.org"]],
      ["<u@x.org> (Ann)", ["u@x.org"]],
    ],
    attacks: [
      ["<u@x.org> v@x.org", "refused"],
      ["<u@x.org> Ann", "refused"],
      ["<u@x.org> u@x.org v@x.org", "refused"],
      ["<u@x.org> u@x.org <v@x.org>", "refused"],
    ],
  },
  {
    what: "a group without an end gives its members",
    written: [
      ["team: a@x.org, b@x.org", ["a@x.org", "b@x.org"]],
      ["team: Ann <a@x.org>", ["a@x.org"]],
      ["mailto:u@x.org", ["u@x.org"]],
      ["a@x.org, team: b@x.org", ["a@x.org", "b@x.org"]],
      ["team: a@x.org, other: b@x.org", ["a@x.org", "b@x.org"]],
      ["team: Ann <a@x.org>, other: Bob <b@x.org>; c@x.org", ["a@x.org", "b@x.org", "c@x.org"]],
      ["one: a@x.org, two: root, three: c@x.org;", ["a@x.org", `root@${HOST}`, "c@x.org"]],
    ],
    attacks: [
      ["a@x.org: b@x.org", "refused"],
      ["a: b: c@x.org", "refused"],
      ["a: b@x.org, c: d: e@x.org", "refused"],
      ["a: b@x.org, c@x.org: d@x.org", "refused"],
      ["mailto:u@x.org?cc=evil@x.org", "refused"],
      [": a@x.org", "refused"],
    ],
  },
  {
    what: "local parts that need quotes get them, needless backslashes go",
    written: [
      ["taro..1.@x.org", ['"taro..1."@x.org']],
      ["mario.@x.org", ['"mario."@x.org']],
      [".x@x.org", ['".x"@x.org']],
      ["Mario <mario.@x.org>", ['"mario."@x.org']],
      ["bounces\\+ann\\=x@x.org", ["bounces+ann=x@x.org"]],
      ["o\\'brien@x.org", ["o'brien@x.org"]],
      ["o\\'brien", [`o'brien@${HOST}`]],
      ["a\\.\\.b@x.org", ['"a..b"@x.org']],
      ['"a".b@x.org', ["a.b@x.org"]],
      ['"o\\"b"@x.org', ['"o\\"b"@x.org']],
      ["user%other.org@x.org", ["user%other.org@x.org"]],
      ["host!user@x.org", ["host!user@x.org"]],
    ],
    attacks: [
      ["a\\", "refused"],
      ["u\\@evil.org@x.org", "refused"],
      ["a\\ b@x.org", "refused"],
      ["a\\,b@x.org", "refused"],
      ['a\\"b@x.org', "refused"],
      ["a\\\\@x.org", "refused"],
      ["a\\@x.org", "refused"],
      ["a\\>b@x.org", "refused"],
      ['"a> NOTIFY=NEVER"@x.org', "refused"],
      ['"a" "b"@x.org', "refused"],
      ["a b@x.org <", "refused"],
      ["a\uff20evil.org@x.org", "refused"],
      ["a\ufe6bevil.org", "refused"],
      ["a\uff0cevil@x.org", "refused"],
      ["a\ud800@x.org", "refused"],
      ["\\\u0000a@x.org", "refused"],
    ],
  },
  {
    what: "the dot behind a domain and a source route are dropped",
    written: [
      ["u@x.org.", ["u@x.org"]],
      ["Ann <u@x.org.>", ["u@x.org"]],
      ["<@relay.org:u@x.org>", ["u@x.org"]],
      ["Ann <@relay.org,@other.org:u@x.org>, b@x.org", ["u@x.org", "b@x.org"]],
      ["Ann <@relay.org,,@other.org , :u@x.org>", ["u@x.org"]],
    ],
    attacks: [
      ["u@x.org..", "refused"],
      ["u@.", "refused"],
      ["<@relay.org,evil@x.org>", "refused"],
      ["<@relay.org,evil@x.org:u@x.org>", "refused"],
      ["<@relay.org:>", "refused"],
      ["@relay.org:u@x.org", "refused"],
      ["@relay.org:", "refused"],
      ["@relay.org,evil@x.org:u@x.org", "refused"],
      ["@relay.org:u@x.org:evil@x.org", "refused"],
      ["u@relay.org:evil@x.org", "refused"],
      ["@a:@b:u@x.org", "refused"],
      ["<@a:@b:u@x.org>", "refused"],
    ],
  },
  {
    what: "undisclosed recipients are nobody",
    written: [
      "undisclosed-recipients:;",
      "Undisclosed recipients:;",
      "undisclosed-recipients: ;",
      "undisclosed recipients",
      "Undisclosed-Recipients",
      "undisclosed_recipients:",
      "UNDISCLOSED-RECIPIENT:;",
      '"Undisclosed recipients" <>',
      "<undisclosed-recipients:;>",
      '"undisclosed-recipients:;"',
      "undisclosed-recipients: <>;",
      "unlisted-recipients:; (no To-header on input)",
      "recipient list not shown: ;",
      "undisclosed-recipients:;@mail.x.org",
      '"undisclosed-recipients:;"@x.org',
      "Undisclosed-Recipient:@mail.x.org;",
    ].map((text): Rows[number] => [text, []]),
    attacks: [
      ["undisclosed-recipients: evil@x.org;", ["evil@x.org"]],
      ["undisclosed-recipients:; , a@x.org", ["a@x.org"]],
      ["undisclosed-recipients@x.org", ["undisclosed-recipients@x.org"]],
      ["Undisclosed recipients <a@x.org>", ["a@x.org"]],
      ["undisclosed recipients evil", "refused"],
      ["undisclosed-recipients:;evil@x.org", ["evil@x.org"]],
      ["undisclosed-recipients:;@x.org, a@x.org", "refused"],
    ],
  },
  {
    what: "quotes around a bare local name are not needed",
    written: [
      ['"root"', ["root@node.example.org"]],
      ['"john.doe", b@x.org', ["john.doe@node.example.org", "b@x.org"]],
    ],
    attacks: [
      ['"root, evil@x.org"', "refused"],
      ['"evil@x.org"', "refused"],
      ['"root" evil@x.org', "refused"],
      ['"root"evil', "refused"],
    ],
  },
  {
    what: "empty places are passed over",
    written: [
      ["", []],
      [" , ;", []],
      [",a@x.org,,", ["a@x.org"]],
      ["nobody:;", []],
      ["a@x.org, (and nobody else)", ["a@x.org"]],
    ],
    attacks: [
      ['""', "refused"],
      ["<>", "refused"],
      ["() <>", "refused"],
    ],
  },
  {
    what: "comments say nothing about the address",
    written: [
      ["a@x.org (Ann)", ["a@x.org"]],
      ["(Ann) a@x.org", ["a@x.org"]],
      ["a(x)@(y)x.org", ["a@x.org"]],
      ["Ann <a@x.org (home)>", ["a@x.org"]],
    ],
    attacks: [
      ["u@good.com(x)evil.com", "refused"],
      ["u@good.com(x)v@evil.com", "refused"],
      ["u@good.com(x).evil.com", "refused"],
      ["evil(x)u@good.com", "refused"],
      ["<u@good.com(x)evil.com>", "refused"],
      ["a@x.org (b", "refused"],
      ["a@x.org b)", "refused"],
    ],
  },
];

function inArgument(text: string): string[] | "refused" {
  try {
    return parseMailboxes(text, "--cc").map((mailbox) => addressOf(mailbox, HOST));
  } catch (error) {
    assert.ok(error instanceof Failure);
    assert.equal(error.details.status, ExitStatus.usage);
    return "refused";
  }
}

function inHeader(text: string): string[] | "refused" {
  try {
    const { mailboxes, unreadable } = readMailboxes(text, "the Cc header");
    return unreadable.length > 0 ? "refused" : mailboxes.map((each) => addressOf(each, HOST));
  } catch (error) {
    assert.ok(error instanceof Failure);
    return "refused";
  }
}

for (const { what, written, attacks } of LENIENCIES) {
  Deno.test(`${what}, in arguments and in headers`, () => {
    for (const [text, addresses] of written) {
      assert.deepEqual(inArgument(text), addresses, text);
      assert.deepEqual(inHeader(text), addresses, text);
    }
  });

  Deno.test(`nobody is smuggled in because ${what}`, () => {
    for (const [text, addresses] of attacks) {
      assert.deepEqual(inArgument(text), addresses, text);
      assert.deepEqual(inHeader(text), addresses, text);
    }
  });
}

const ARGUMENTS: Rows = [
  ["a@x.org b@x.org", ["a@x.org", "b@x.org"]],
  ["a@x.org\tb@x.org  c@x.org, d@x.org", ["a@x.org", "b@x.org", "c@x.org", "d@x.org"]],
  ["a@x.org\n", ["a@x.org"]],
  ["a@x.org\r\n\n", ["a@x.org"]],
  ["a@x.org, b@x.org\n", ["a@x.org", "b@x.org"]],
  ["\n", []],
  ["Ann <a@x.org>\r\n", ["a@x.org"]],
  ["a@x.org\nb@x.org", "refused"],
  ["\na@x.org", "refused"],
  [" \r\n a@x.org", "refused"],
  ["a@x.org\0", "refused"],
  ["a@x.org\r\nRCPT TO:<evil@x.org>\r\n", "refused"],
  ["root a@x.org", "refused"],
  ["a@x.org root", "refused"],
  ["Ann a@x.org", "refused"],
  ['a@x.org "b"@x.org', "refused"],
  ["a@x.org (x) b@x.org", "refused"],
  ["a@x.org <b@x.org> c@x.org", "refused"],
  ["a@x.org b@c@x.org", "refused"],
  ["a@x.org b@", "refused"],
  ["a@x.org\u00a0b@x.org", "refused"],
];

Deno.test("in an argument blanks separate plain addresses, and line breaks at its end are dropped", () => {
  for (const [text, addresses] of ARGUMENTS) {
    assert.deepEqual(inArgument(text), addresses, JSON.stringify(text));
  }
});

Deno.test("in a header blanks separate nothing, and no line break is dropped", () => {
  for (const text of ["a@x.org b@x.org", "a@x.org\n", "a@x.org\0", "\r"]) {
    assert.equal(inHeader(text), "refused", JSON.stringify(text));
  }
});

Deno.test("a name in front of an address is the whole text there", () => {
  const names: [text: string, name: string][] = [
    ["Ann [IT] <a@x.org>", "Ann [IT]"],
    ["Dr. A: B <a@x.org>", "Dr. A: B"],
    ["team: B <a@x.org>;", "B"],
    ["old@x.org <a@x.org>", "old@x.org"],
    ["a@x.org <a@x.org>", ""],
    ['"Smith, Ann" (IT) <a@x.org>', "Smith, Ann"],
    ['Ann "the boss" Smith <a@x.org>', "Ann the boss Smith"],
    ["Ann   Smith<a@x.org>", "Ann Smith"],
    ["=?utf-8?Q?Doe,_J?= <a@x.org>", "=?utf-8?Q?Doe,_J?="],
    ["a@x.org (Ann (IT))", "Ann (IT)"],
  ];
  for (const [text, name] of names) {
    assert.equal(parseMailboxes(text, "--cc")[0]?.name, name, text);
  }
});

Deno.test("an entry that cannot be read leaves the others of its header readable", () => {
  const rows: [text: string, read: string[], unreadable: [text: string, why: RegExp][]][] = [
    ["First Last <first@x.org, bob@x.org", ["bob@x.org"], [
      ["First Last <first@x.org", /no > behind </],
    ]],
    ["a@x.org, b c d, e@x.org", ["a@x.org", "e@x.org"], [["b c d", /more than one word/]]],
    ["a@x.org, @x.org; b@; c@x.org", ["a@x.org", "c@x.org"], [
      ["@x.org", /nothing before @/],
      ["b@", /nothing after @/],
    ]],
    ['a@x.org, "Ann <ann@x.org>, b@x.org', ["a@x.org"], [
      ['"Ann <ann@x.org>, b@x.org', /quote without an end/],
    ]],
    ["team: a@x.org, b c@x.org; d@x.org", ["a@x.org", "d@x.org"], [
      ["b c@x.org", /more than one word before @/],
    ]],
  ];
  for (const [text, read, unreadable] of rows) {
    const found = readMailboxes(text, "the Cc header");
    assert.deepEqual(found.mailboxes.map((mailbox) => addressOf(mailbox, HOST)), read, text);
    assert.deepEqual(found.unreadable.map((entry) => entry.text), unreadable.map(([each]) => each));
    unreadable.forEach(([, why], index) => assert.match(found.unreadable[index]?.why ?? "", why));
  }
});

/** Eight megabytes each; without the length looked at first some of them overflow a stack. */
const ENDLESS: [what: string, text: string][] = [
  ["dots in a local part", `${"a.".repeat(2 ** 22)}a@b.org`],
  ["dots in a domain", `a@${"b.".repeat(2 ** 22)}org`],
  ["quoted characters", `"${"\\a".repeat(2 ** 22)}"@b.org`],
  ["backslashes", `${"\\".repeat(2 ** 23)}@b.org`],
  ["nested comments", `${"(".repeat(2 ** 22)}${")".repeat(2 ** 22)}a@b.org`],
  ["a quoted name", `"${"\\a".repeat(2 ** 22)}" <a@b.org>`],
  ["a route", `<${"@a,".repeat(2 ** 21)}@b:a@b.org>`],
  ["blanks", `a@b.org${" ".repeat(2 ** 23)}x`],
  ["a name", `${"a ".repeat(2 ** 22)}<a@b.org>`],
  ["letters without an @", "a".repeat(2 ** 23)],
  ["letters outside ASCII", `${"ö".repeat(2 ** 22)}@b.org`],
  ["what begins like an encoded word", `${"=?a?q?".repeat(2 ** 20)} <a@b.org>`],
];

for (const [what, text] of ENDLESS) {
  Deno.test(`eight megabytes of ${what} are read or refused`, () => {
    inArgument(text);
    inHeader(text);
  });
}

Deno.test("a million commas and a hundred thousand recipients are read", () => {
  assert.deepEqual(inHeader(`${",".repeat(2 ** 20)}a@x.org`), ["a@x.org"]);
  const many = Array.from({ length: 100_000 }, (_, index) => `User ${index} <u${index}@x.org>`);
  assert.equal(inHeader(many.join(", ")).length, 100_000);
});
