import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { completeAddresses } from "../../../lib/message/complete.ts";

function complete(value: string): string {
  const octets = completeAddresses(Buffer.from(value, "latin1"), "h.org");
  return octets === undefined ? value : Buffer.from(octets).toString("latin1");
}

const COMPLETED: [value: string, complete: string][] = [
  [" root\r\n", " root@h.org\r\n"],
  [" root (Cron Daemon)\n", " root@h.org (Cron Daemon)\n"],
  [" (the) root (of (all) evil)", " (the) root@h.org (of (all) evil)"],
  [" Jane Doe <jane>\n", " Jane Doe <jane@h.org>\n"],
  [' "(Cron Daemon)" <root>', ' "(Cron Daemon)" <root@h.org>'],
  [" < root > (x)", " < root@h.org > (x)"],
  [" <root>", " <root@h.org>"],
  [' "x, y" <root>, z@x.org', ' "x, y" <root@h.org>, z@x.org'],
  [" a, b@x.org,\r\n c", " a@h.org, b@x.org,\r\n c@h.org"],
  [" a,,b,", " a@h.org,,b@h.org,"],
  [" team: a, b@x.org;, c", " team: a@h.org, b@x.org;, c@h.org"],
  [" =?utf-8?q?J=C3=B6rg?= <joerg>", " =?utf-8?q?J=C3=B6rg?= <joerg@h.org>"],
  [" =?utf-8?q?Doe,Ann,Eve?= <ann>, eve", " =?utf-8?q?Doe,Ann,Eve?= <ann@h.org>, eve@h.org"],
  [" =?UTF-8?Q?to:root;Ann?=\r\n <ann>", " =?UTF-8?Q?to:root;Ann?=\r\n <ann@h.org>"],
  [" J\xf6rg <joerg>", " J\xf6rg <joerg@h.org>"],
  [" Monday", " Monday@h.org"],
  [" jane.doe+x", " jane.doe+x@h.org"],
];

for (const [value, expected] of COMPLETED) {
  Deno.test(`the bare names in ${JSON.stringify(value)} get the name of the host`, () => {
    assert.equal(complete(value), expected);
  });
}

/** What lacks nothing, or lacks more than a domain. */
const KEPT = [
  "",
  " ",
  " a@x.org",
  " Jane <jane@x.org> (at home)",
  " undisclosed-recipients:;",
  " undisclosed-recipients: ;",
  " Undisclosed recipients:",
  " <>",
  " Jane Doe",
  " the desk of Jane",
  " jane@",
  " @x.org",
  ' "jane',
  " <jane",
  " jane>",
  " <jane> doe",
  " (jane",
  " (jane)",
  " =?utf-8?q?jane?=",
  " =?utf-8?q?Doe,Jane,Eve?= <jane@x.org>",
  " x@x.org,=?utf-8?q?Doe:Jane;Eve?= <jane@x.org>",
  " jane@[192.0.2.1]",
  " jane@[IPv6:::1]",
  " <@a.org,@b.org:jane@x.org>",
  ' "a b"',
  ' "<jane>"',
];

for (const value of KEPT) {
  Deno.test(`the addresses in ${JSON.stringify(value)} stay as they are`, () => {
    assert.equal(completeAddresses(Buffer.from(value, "latin1"), "h.org"), undefined);
  });
}

for (const filling of ["a,", "<", "(", "()", '"', '"\\', "a:;", " ", "[", "a<b>,", "\\"]) {
  Deno.test(`two megabytes of ${JSON.stringify(filling)} are completed in one pass`, () => {
    const value = ` a@x.org, ${filling.repeat(2_000_000 / filling.length)}`;
    assert.ok(complete(value).length >= value.length);
  });
}
