import assert from "node:assert/strict";
import { nameOf, refusal, statusFor, type Step } from "../../../lib/smtp/status.ts";

// The contract's table of exit statuses, a cell a row.
const CELLS: [Step, number, number][] = [
  ["greeting", 554, 69],
  ["greeting", 450, 75],
  ["greeting", 421, 75],
  ["greeting", 250, 76],
  ["EHLO", 450, 75],
  ["EHLO", 421, 75],
  ["EHLO", 354, 76],
  ["HELO", 502, 69],
  ["HELO", 450, 75],
  ["STARTTLS", 454, 75],
  ["STARTTLS", 421, 75],
  ["STARTTLS", 501, 76],
  ["STARTTLS", 250, 76],
  ["AUTH", 535, 77],
  ["AUTH", 534, 77],
  ["AUTH", 504, 77],
  ["AUTH", 530, 77],
  ["AUTH", 454, 75],
  ["AUTH", 421, 75],
  ["AUTH", 235, 76],
  ["MAIL", 530, 77],
  ["MAIL", 552, 65],
  ["MAIL", 550, 69],
  ["MAIL", 553, 69],
  ["MAIL", 452, 75],
  ["MAIL", 421, 75],
  ["MAIL", 354, 76],
  ["RCPT", 550, 67],
  ["RCPT", 552, 67],
  ["RCPT", 530, 77],
  ["RCPT", 450, 75],
  ["RCPT", 421, 75],
  ["DATA", 554, 69],
  ["DATA", 451, 75],
  ["DATA", 250, 76],
  ["message", 552, 69],
  ["message", 554, 69],
  ["message", 451, 75],
  ["message", 421, 75],
  ["message", 354, 76],
];
for (const [step, code, status] of CELLS) {
  Deno.test(`${code} to ${nameOf(step)} is status ${status}`, () => {
    assert.equal(statusFor(step, { code, text: "" }), status);
  });
}

Deno.test("a refusal names the step, the server and its words", () => {
  const reply = { code: 535, text: "5.7.8 no" };
  assert.deepEqual(refusal("AUTH", "mail.test:587", reply).details, {
    status: 77,
    what: "Login refused",
    where: "mail.test:587",
    reply,
  });
});

Deno.test("an answer that is neither yes nor no is called unexpected", () => {
  const { details } = refusal("MAIL", "mail.test:587", { code: 354, text: "go on" });
  assert.equal(details.what, "Unexpected answer to MAIL");
});

Deno.test("a refused message keeps what is known of its recipients", () => {
  const recipients = [{ address: "a@b.test", accepted: true }];
  const { details } = refusal("message", "mail.test:25", { code: 554, text: "spam" }, recipients);
  assert.deepEqual(details.recipients, recipients);
});
