/** The vocabulary that all modules share. */

import assert from "node:assert/strict";
import { asFailure, ExitStatus, Failure, type FailureDetails } from "../../lib/outcome.ts";

const SENTENCES: [what: string, details: Omit<FailureDetails, "status">, sentence: string][] = [
  ["what alone", { what: "It failed" }, "It failed"],
  ["what and where", { what: "It failed", where: "a.test:25" }, "It failed (a.test:25)"],
  ["what and why", { what: "It failed", why: "refused" }, "It failed: refused"],
  [
    "everything, and a reply of two lines",
    {
      what: "It failed",
      where: "a.test:25",
      why: "refused",
      reply: { code: 550, text: "5.1.1 No\nsuch user" },
    },
    "It failed (a.test:25): refused: 550 5.1.1 No such user",
  ],
];

for (const [what, details, sentence] of SENTENCES) {
  Deno.test(`the message of a failure is the whole sentence: ${what}`, () => {
    assert.equal(new Failure({ status: ExitStatus.protocol, ...details }).message, sentence);
  });
}

Deno.test("an error that is not a Failure becomes an internal error", () => {
  const failure = asFailure(new TypeError("x is not a function"));
  assert.equal(failure.details.status, ExitStatus.internal);
  assert.equal(failure.message, "Internal error: x is not a function");
});
