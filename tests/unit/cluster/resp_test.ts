import assert from "node:assert/strict";
import fc from "fast-check";
import { LONGEST_ANSWER, replyGuard, unaskedGuard } from "../../../lib/cluster/resp.ts";
import { SEED } from "../../support/program/property.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** Lets the text through in pieces of a size; gives the first objection. */
function watch(text: string, replies: number, size = text.length): string | undefined {
  const guard = replyGuard(replies);
  const all = bytes(text);
  for (let at = 0; at < all.length; at += size) {
    const wrong = guard(all.subarray(at, at + size));
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

const HASH = "*4\r\n$1\r\na\r\n$0\r\n\r\n$4\r\n\u00fc\r\n\r\n$5\r\n>1\r\n_\r\n";

const PASSED: [title: string, text: string, replies: number][] = [
  ["nothing", "", 0],
  ["a status", "+OK\r\n", 1],
  ["an error", "-NOAUTH Authentication required.\r\n", 1],
  ["a number", ":-12\r\n", 1],
  ["a string", "$6\r\n+OK\r\n\0\r\n", 1],
  ["a null", "$-1\r\n", 1],
  ["a null array", "*-1\r\n", 1],
  ["an empty array", "*0\r\n", 1],
  ["a hash with lines of the protocol in it", HASH, 1],
  ["an array with all kinds of members", "*4\r\n+a\r\n$-1\r\n:1\r\n-ERR no\r\n", 1],
  ["the three answers", `+OK\r\n${HASH}+OK\r\n`, 3],
  ["fewer answers than questions", "+OK\r\n*2\r\n$1\r\n", 3],
];

for (const [title, text, replies] of PASSED) {
  Deno.test(`the guard of Redis passes ${title}, in one piece or many`, () => {
    for (let size = 1; size <= Math.max(text.length, 1); size++) {
      assert.equal(watch(text, replies, size), undefined);
    }
  });
}

const FOREIGN = /^not the protocol of Redis: /;
const TOO_MANY = /^more answers than questions$/;
const TOO_LONG = /^an answer of more than 1048576 bytes$/;

const STOPPED: [title: string, text: string, why: RegExp][] = [
  ["an answer that nobody asked for", "+OK\r\n+OK\r\n", TOO_MANY],
  ["a null that nobody asked for", "+OK\r\n$-1\r\n", TOO_MANY],
  ["an SMTP server", "220 mail.example ESMTP\r\n", FOREIGN],
  ["an HTTP server", "HTTP/1.1 400 Bad Request\r\n\r\n", FOREIGN],
  ["an empty line", "\r\n", FOREIGN],
  ["a push message", ">1\r\n_\r\n", FOREIGN],
  ["a map", "%1\r\n+a\r\n+b\r\n", FOREIGN],
  ["a set", "~1\r\n+a\r\n", FOREIGN],
  ["an attribute", "|1\r\n+a\r\n+b\r\n", FOREIGN],
  ["a null of version 3", "_\r\n", FOREIGN],
  ["a line without CR", "+OK\n", FOREIGN],
  ["a CR inside a line", "+O\rK\r\n", FOREIGN],
  ["an array in an array", "*1\r\n*1\r\n+a\r\n", FOREIGN],
  ["an array of a hundred million", "*100000000\r\n", FOREIGN],
  ["an array that cannot fit into an answer", "*174763\r\n", TOO_LONG],
  ["a string that cannot fit into an answer", "$1048577\r\n", TOO_LONG],
  ["a string of two gigabytes", "$2147483647\r\n", FOREIGN],
  ["a negative length", "$-2\r\n", FOREIGN],
  ["a length that is none", "$1x\r\n", FOREIGN],
  ["no length", "*\r\n", FOREIGN],
  ["a line that does not end", "+" + "x".repeat(5000), FOREIGN],
];

for (const [title, text, why] of STOPPED) {
  Deno.test(`the guard of Redis stops ${title}, in one piece or many`, () => {
    assert.match(watch(text, 1) ?? "", why);
    for (const size of [1, 2, 3, 7]) assert.notEqual(watch(text, 1, size), undefined);
  });
}

const SAID: [title: string, text: string, said: string][] = [
  ["a line", "220 mail.example ESMTP\r\n221 Bye\r\n", "220 mail.example ESMTP"],
  ["a long line", "x".repeat(100), "x".repeat(80)],
  ["nothing but a line end", "\n\r", ""],
];

for (const [title, text, said] of SAID) {
  Deno.test(`the guard of Redis shows what was said: ${title}`, () => {
    assert.equal(unaskedGuard(bytes(text)), `it speaks unasked: ${said}`);
    assert.equal(watch(text, 1), `not the protocol of Redis: ${said}`);
  });
}

Deno.test("the guard of Redis stops what begins behind the last answer, before it ends", () => {
  const guard = replyGuard(1);
  assert.equal(guard(bytes("+OK\r\n")), undefined);
  assert.notEqual(guard(bytes(">")), undefined);
});

Deno.test("the guard of Redis stops a line that goes on behind its CR, before it ends", () => {
  const guard = replyGuard(3);
  assert.notEqual(guard(bytes("+O\rK_x_x_x_x")), undefined);
});

Deno.test("the guard of Redis stops an answer of more than a megabyte", () => {
  const length = LONGEST_ANSWER - "$1048563\r\n".length - 2;
  const head = `$${length}\r\n`;
  assert.equal(watch(`${head}${"x".repeat(length)}\r\n`, 2, 65536), undefined);
  assert.equal(
    watch(`${head}${"x".repeat(length)}\r\n+`, 2, 65536),
    `an answer of more than ${LONGEST_ANSWER} bytes`,
  );
});

Deno.test("the guard of Redis passes any strings, in any pieces", () => {
  const text = fc.string({ unit: "binary", maxLength: 50 });
  fc.assert(
    fc.property(fc.array(text), fc.integer({ min: 1, max: 99 }), (list, size) => {
      const members = list.map((item) => `$${bytes(item).length}\r\n${item}\r\n`).join("");
      assert.equal(watch(`*${list.length}\r\n${members}+OK\r\n`, 2, size), undefined);
    }),
    { seed: SEED },
  );
});

Deno.test("the guard of Redis reads long lines in time that come octet by octet", () => {
  const line = `+${"x".repeat(4000)}\r\n`;
  assert.equal(watch(line.repeat(100), 100, 1), undefined);
});

Deno.test("the guard of Redis stops a line that goes on behind its CR in another piece", () => {
  const guard = replyGuard(3);
  assert.equal(guard(bytes("+OK\r")), undefined);
  assert.notEqual(guard(bytes("x")), undefined);
});
