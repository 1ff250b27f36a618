import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { holdsBoundary, isMultipart } from "../../../lib/message/boundary.ts";

for (
  const type of [
    "multipart/mixed",
    " multipart/mixed; boundary=a",
    "MultiPart/x",
    "(comment; (nested)) multipart/mixed",
    "multipart (comment) /mixed",
    'multipart/mixed;boundary="a',
  ]
) {
  Deno.test(`${type} is multipart`, () => assert.equal(isMultipart(type), true));
}

for (
  const type of [
    "",
    "text/plain",
    "multipart",
    "x; multipart/mixed",
    "(multipart/mixed",
    '"multipart/mixed"',
  ]
) {
  Deno.test(`${type} is not multipart`, () => assert.equal(isMultipart(type), false));
}

/** The parameters of a Content-Type, and the boundary that a reader finds in them. */
const BOUNDARIES: [parameters: string, boundary: string][] = [
  ["boundary=abc", "abc"],
  ["BOUNDARY=abc", "abc"],
  ["boundary = abc ", "abc"],
  ["charset=utf8; boundary=Abuse17-bfbb;", "Abuse17-bfbb"],
  ["boundary=abc;;x=y", "abc"],
  ["boundary=----=_Part_1_2.3:4", "----=_Part_1_2.3:4"],
  ["boundary=a b", "a"],
  ["boundary=a b", "a b"],
  ["boundary='abc'", "'abc'"],
  ['boundary="abc"', "abc"],
  ['boundary="a;b"; x=y', "a;b"],
  ['boundary="a\\"b\\\\c"', 'a"b\\c'],
  ['boundary="a\\bc"', "abc"],
  ['boundary="abc', "abc"],
  ['boundary="(abc)"', "(abc)"],
  ['boundary="abc \t"', "abc"],
  ['boundary=" abc"', " abc"],
  ['boundary="a" (said; "b")', "a"],
  ["boundary=abc(made; by hand)", "abc"],
  ["boundary=abc (one (two; three) \\) four); x=y", "abc"],
  ['x="; boundary=no"; boundary=abc', "abc"],
  ["x=(; boundary=no) y; boundary=abc", "abc"],
  ["boundary*0=ab; boundary*1=cd", "abcd"],
  ['boundary*1=cd; boundary*0="ab"', "abcd"],
  ["boundary*2=ef; boundary*0=ab; boundary*1=cd", "abcdef"],
  ["boundary*10=k; boundary*9=j; boundary*0=a", "ajk"],
  ["boundary*0*=utf-8'en'a%3Db; boundary*1*=%20c; boundary*2=%20d", "a=b c%20d"],
  ["boundary*=us-ascii''b%31", "b1"],
  ["boundary*=x-unknown'en'ab%2Dc", "ab-c"],
  ["boundary*=''abc", "abc"],
  ["boundary*=utf-8'de'gr%c3%bcn", "gr\xc3\xbcn"],
  ["boundary*=utf-16'en'gr%fcn", "gr\xfcn"],
  ["boundary*=x'en'%81%9f%00z", "\x81\x9f\0z"],
  ["boundary=fallback; boundary*=utf-8''other", "fallback"],
  ["boundary=fallback; boundary*=utf-8''other", "other"],
  ['boundary="gr\xfcn"', "gr\xfcn"],
  ["boundary==?utf-8?q?abc?=", "=?utf-8?q?abc?="],
  [`boundary=${"x".repeat(200)}`, "x".repeat(200)],
];

const octets = (text: string) => Buffer.from(text, "latin1");

/** As `boundary.ts` is given it: the field with one character an octet. */
const type = (parameters: string) =>
  new TextDecoder("windows-1252").decode(octets(`multipart/mixed; ${parameters}`));

for (const [parameters, boundary] of BOUNDARIES) {
  Deno.test(`${parameters} names the boundary ${JSON.stringify(boundary)}`, () => {
    const body = octets(`preamble\n--${boundary}\n\nx\n--${boundary}--\n`);
    assert.equal(holdsBoundary(type(parameters), body), true);
    assert.equal(holdsBoundary(type(parameters), octets(`--${boundary}x\n`)), false);
    assert.equal(holdsBoundary(type(parameters), octets(`x--${boundary}\n`)), false);
  });
}

for (
  const parameters of [
    "",
    "boundary=",
    'boundary=""',
    'boundary=" "',
    "x-boundary=abc",
    "boundary*x=abc",
    "boundary",
    "(boundary=abc)",
    'x="boundary=abc"',
    `boundary=${"abc".repeat(1000)}`,
  ]
) {
  Deno.test(`${parameters.slice(0, 30)} names no boundary`, () => {
    assert.equal(holdsBoundary(type(parameters), octets("--abc\n--\n-- \n--x\n")), false);
  });
}

/** Bodies that do or do not hold the boundary "abc". */
const BODIES: [body: string, holds: boolean][] = [
  ["--abc", true],
  ["--abc--", true],
  ["--abc\r\n", true],
  ["--abc \t\r\n", true],
  ["--abc-- \n", true],
  ["x\r--abc\r", true],
  ["x\n--abcd\n--abc\n", true],
  ["--abcd\n", false],
  ["--ab\n", false],
  ["--abc-\n", false],
  ["--abc---\n", false],
  ["--abc x\n", false],
  ["--abc--x\n", false],
  ["--ABC\n", false],
  [" --abc\n", false],
  ["---abc\n", false],
  ["", false],
];

for (const [body, holds] of BODIES) {
  Deno.test(`${JSON.stringify(body)} ${holds ? "holds" : "does not hold"} the boundary`, () => {
    assert.equal(holdsBoundary("multipart/mixed; boundary=abc", octets(body)), holds);
  });
}

Deno.test("a boundary is found wherever it lies in a long body", () => {
  const step = 128 * 1024;
  for (const size of [step - 8, step - 5, step - 1, step, step + 1, 2 * step - 3, 2 * step]) {
    const body = octets(`${"x".repeat(size - 1)}\n--abc\n${"y\n".repeat(5 * step)}`);
    assert.equal(holdsBoundary("multipart/mixed; boundary=abc", body), true);
    body[size - 1] = 0x78;
    assert.equal(holdsBoundary("multipart/mixed; boundary=abc", body), false);
  }
});

Deno.test("megabytes of dashes are no delimiter, and hide none behind them", () => {
  const type = 'multipart/mixed; boundary="-"';
  const dashes = "-".repeat(1_000_000);
  const holds = (body: string) => holdsBoundary(type, new TextEncoder().encode(body));
  assert.equal(holds(dashes), false);
  assert.equal(holds(`${dashes}\r\n---\r\n`), true);
  assert.equal(holds(`${dashes}\r---`), true);
});
