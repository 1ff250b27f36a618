/** Answers of HTTP servers, in whatever pieces they come. */

import assert from "node:assert/strict";
import { type Answer, answerReader, type Problem } from "../../../lib/oauth/answer.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** Reads a text that comes in pieces of a size, and then ends. */
function read(text: string | Uint8Array, size = Infinity): Answer | Problem {
  const all = typeof text === "string" ? bytes(text) : text;
  const reader = answerReader();
  for (let start = 0; start < all.length; start += size) {
    const result = reader.take(all.slice(start, start + size));
    if (result !== undefined) return result;
  }
  return reader.end();
}

function bodyOf(result: Answer | Problem): string {
  assert.ok(typeof result === "object", `${result}`);
  return new TextDecoder().decode(result.body);
}

const HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

/** How a server may frame the same body. */
const FRAMES: Record<string, string> = {
  "of a known length": `${HEAD}Content-Length: 11\r\n\r\n{"a": "b c"}`.replace("b c", "bc"),
  "up to the end": `HTTP/1.0 200 OK\r\n\r\n{"a": "bc"}`,
  "in chunks": `${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n6\r\n "bc"}\r\n0\r\n\r\n`,
  "in chunks with extensions and trailer fields":
    `${HEAD}transfer-encoding: gzip, Chunked\r\n\r\n00b;x=y\r\n{"a": "bc"}\r\n0;z\r\nA: b\r\n\r\n`,
  "in chunks, with a length that does not count":
    `${HEAD}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n{"a": "bc"}\r\n0\r\n\r\n`,
  "behind 100 Continue":
    `HTTP/1.1 100 Continue\r\nX: y\r\n\r\n${HEAD}Content-Length: 11\r\n\r\n{"a": "bc"}`,
  "with bare line feeds": `HTTP/1.1 200 OK\nContent-Length: 11\n\n{"a": "bc"}`,
};

for (const [how, text] of Object.entries(FRAMES)) {
  Deno.test(`an answer ${how} is read, in pieces of any size`, () => {
    for (const size of [1, 2, 3, 7, 20, Infinity]) {
      const result = read(text, size);
      assert.equal(bodyOf(result), '{"a": "bc"}', `pieces of ${size}`);
    }
  });
}

Deno.test("status, phrase and the target of a redirect are kept", () => {
  const result = read("HTTP/1.1 302 Found elsewhere\r\nLOCATION:  https://x.test/ \r\n\r\n");
  assert.ok(typeof result === "object");
  const { status, phrase, location } = result;
  assert.deepEqual([status, phrase, location], [302, "Found elsewhere", "https://x.test/"]);
});

Deno.test("a status without a phrase is one", () => {
  for (const line of ["HTTP/1.1 204", "HTTP/1.1 204 "]) {
    const result = read(`${line}\r\nContent-Length: 0\r\n\r\n`);
    assert.ok(typeof result === "object");
    assert.deepEqual([result.status, result.phrase], [204, ""]);
  }
});

const LONG = "x".repeat(1024 * 1024);

const PROBLEMS: [what: string, text: string, problem: Problem][] = [
  ["nothing", "", "cut off"],
  ["half a head", "HTTP/1.1 200 OK\r\nContent-", "cut off"],
  ["half a body", `${HEAD}Content-Length: 11\r\n\r\n{"a":`, "cut off"],
  ["half a chunk", `${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\n{"a`, "cut off"],
  ["no last chunk", `${HEAD}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n`, "cut off"],
  ["no end of the trailer", `${HEAD}Transfer-Encoding: chunked\r\n\r\n0\r\n`, "cut off"],
  ["another protocol", "220 mail.test ESMTP\r\n", "not HTTP"],
  ["HTTP/2", "HTTP/2 200 OK\r\n\r\n", "not HTTP"],
  ["a status that is none", "HTTP/1.1 99 OK\r\n\r\n", "not HTTP"],
  ["a chunk without a size", `${HEAD}Transfer-Encoding: chunked\r\n\r\nxyz\r\n`, "not HTTP"],
  ["more than the chunk", `${HEAD}Transfer-Encoding: chunked\r\n\r\n1\r\nxyz\r\n`, "not HTTP"],
  ["an endless size", `${HEAD}Transfer-Encoding: chunked\r\n\r\n${"0".repeat(2000)}`, "not HTTP"],
  ["an endless head", `${HEAD}X: ${LONG.slice(0, 70_000)}`, "too long"],
  ["an endless body", `HTTP/1.1 200 OK\r\n\r\n${LONG}`, "too long"],
  ["too long a body", `${HEAD}Content-Length: 2000000\r\n\r\n${LONG}`, "too long"],
  ["interim answers for ever", "HTTP/1.1 100 Continue\r\n\r\n".repeat(50_000), "too long"],
];

for (const [what, text, problem] of PROBLEMS) {
  Deno.test(`${what} is no answer: ${problem}`, () => {
    for (const size of text.length > 10_000 ? [4096, 65536] : [1, 5, Infinity]) {
      assert.equal(read(text, size), problem, `pieces of ${size}`);
    }
  });
}
