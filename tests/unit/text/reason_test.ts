import assert from "node:assert/strict";
import { reasonOf, systemCode, timedOut } from "../../../lib/text/reason.ts";

const withCode = (message: string, properties: object) =>
  Object.assign(new Error(message), properties);

const ERRORS: [string, unknown, string][] = [
  [
    "a refused connection",
    withCode("connect ECONNREFUSED ::1:25", { code: "ECONNREFUSED" }),
    "connection refused",
  ],
  [
    "a code that a library has covered",
    withCode("x", { code: "ESOCKET", originalCode: "ECONNRESET" }),
    "connection reset by the server",
  ],
  [
    "a write that failed under Deno 2.7",
    withCode("write UNKNOWN", { code: "ESOCKET", originalCode: "UNKNOWN" }),
    "connection broken off",
  ],
  [
    "a server's last words in TLS",
    withCode("received fatal alert: ProtocolVersion", { code: "ERR_SSL_TLSV1_ALERT" }),
    "the server speaks no TLS that is new enough (1.2 or 1.3)",
  ],
  [
    "a server's last words in TLS that have none here",
    new Error("received fatal alert: UnexpectedMessage"),
    "the server broke off TLS: unexpected message",
  ],
  ["an error without a code", new Error("broken"), "broken"],
  ["a code without words here", withCode("strange", { code: "EWHATEVER" }), "strange"],
  ["a code without any words", withCode("", { code: "EWHATEVER" }), "EWHATEVER"],
  [
    "several addresses that failed alike",
    new AggregateError([
      withCode("", { code: "ECONNREFUSED" }),
      withCode("", { code: "ECONNREFUSED" }),
    ]),
    "connection refused",
  ],
  [
    "several addresses that failed differently",
    new AggregateError([
      withCode("", { code: "ENETUNREACH" }),
      withCode("", { code: "ECONNREFUSED" }),
    ]),
    "network is unreachable; connection refused",
  ],
  ["something that is no error", "odd", "odd"],
  ["an error that says nothing", new Error(""), "unknown error"],
];
for (const [name, error, expected] of ERRORS) {
  Deno.test(`${name} is explained in words`, () => assert.equal(reasonOf(error), expected));
}

Deno.test("a value that is not an error has no system code", () =>
  assert.equal(systemCode("ENOENT"), undefined));

Deno.test("a time limit is shown in seconds", () =>
  assert.equal(timedOut(1500), "timed out after 1.5 s"));
