import assert from "node:assert/strict";
import type { CheckReport } from "../../../lib/delivery/check.ts";
import { checkJson, outcomeJson, queueIdOf } from "../../../lib/report/json.ts";
import { ExitStatus, Failure, type Outcome } from "../../../lib/outcome.ts";

const SERVER = "mail.example:587";
const OK = { code: 250, text: "2.1.5 Ok" };
const QUEUED = { code: 250, text: "2.0.0 Ok: queued as 4F1" };
const SENT: Outcome = {
  status: ExitStatus.ok,
  server: SERVER,
  reply: QUEUED,
  recipients: [{ address: "a@b.example", accepted: true, reply: OK }],
};

Deno.test("--json says how a message went out", () => {
  assert.equal(
    outcomeJson(SENT),
    '{"status": 0, "server": "mail.example:587", "reply": "250 2.0.0 Ok: queued as 4F1", ' +
      '"queueId": "4F1", "recipients": [{"address": "a@b.example", "accepted": true, ' +
      '"reply": "250 2.1.5 Ok"}]}',
  );
});

Deno.test("--json says who was refused, and the error as on stderr", () => {
  const refused = { address: "c@d.example", accepted: false, reply: { code: 550, text: "No\nno" } };
  const outcome = {
    ...SENT,
    status: ExitStatus.noUser,
    recipients: [...SENT.recipients, refused, { address: "e@f.example", accepted: false }],
  };
  assert.deepEqual(JSON.parse(outcomeJson(outcome)), {
    status: 67,
    server: SERVER,
    reply: "250 2.0.0 Ok: queued as 4F1",
    queueId: "4F1",
    recipients: [
      { address: "a@b.example", accepted: true, reply: "250 2.1.5 Ok" },
      { address: "c@d.example", accepted: false, reply: "550 No no" },
      { address: "e@f.example", accepted: false },
    ],
    error: "Recipients refused (mail.example:587): c@d.example: 550 No no; e@f.example",
  });
});

Deno.test("--json says what failed, without a queue entry that is none", () => {
  const failure = new Failure({
    status: ExitStatus.unavailable,
    what: "Message refused",
    where: SERVER,
    reply: { code: 554, text: "5.7.1 Spam, queued as 4F1" },
    recipients: SENT.recipients,
  });
  assert.deepEqual(JSON.parse(outcomeJson(failure, SERVER)), {
    status: 69,
    server: SERVER,
    reply: "554 5.7.1 Spam, queued as 4F1",
    recipients: [{ address: "a@b.example", accepted: true, reply: "250 2.1.5 Ok" }],
    error: "Message refused (mail.example:587): 554 5.7.1 Spam, queued as 4F1",
  });
});

Deno.test("--json leaves out what is not known", () => {
  const failure = new Failure({ status: ExitStatus.tryAgain, what: "Redis does not answer" });
  assert.equal(outcomeJson(failure), '{"status": 75, "error": "Redis does not answer"}');
});

Deno.test("--json is one line whatever a server says", () => {
  const reply = { code: 250, text: 'a"\n\x1b[31m\u202e\u2028\ud800' };
  const json = outcomeJson({ ...SENT, reply });
  assert.match(json, /^[ -~]+$/);
  assert.equal(JSON.parse(json).reply, '250 a" \x1b[31m\u202e\u2028\ud800');
});

Deno.test("--json says what a check has found", () => {
  const report: CheckReport = {
    status: ExitStatus.ok,
    server: SERVER,
    steps: [
      { name: "settings", ok: true, detail: "read from Redis at 127.0.0.1:6379" },
      { name: "connect", ok: true, detail: "192.0.2.1:587" },
    ],
    warnings: ["The smarthost's certificate is not verified"],
  };
  assert.equal(
    checkJson(report),
    '{"status": 0, "server": "mail.example:587", "steps": [' +
      '{"name": "settings", "ok": true, "detail": "read from Redis at 127.0.0.1:6379"}, ' +
      '{"name": "connect", "ok": true, "detail": "192.0.2.1:587"}], ' +
      '"warnings": ["The smarthost\'s certificate is not verified"]}',
  );
});

Deno.test("--json says why a check has failed", () => {
  const failure = new Failure({
    status: ExitStatus.configuration,
    what: "Smarthost is not enabled.",
  });
  const steps = [{ name: "settings" as const, ok: false, detail: "Smarthost is not enabled." }];
  const report = { status: ExitStatus.configuration, steps, warnings: [], failure };
  assert.deepEqual(JSON.parse(checkJson(report)), {
    status: 78,
    steps,
    warnings: [],
    error: "Smarthost is not enabled.",
  });
});

const QUEUE_IDS: [server: string, reply: string, id: string | undefined][] = [
  ["Postfix", "2.0.0 Ok: queued as 4F1B2C3D4E", "4F1B2C3D4E"],
  ["Postfix with long ids", "2.0.0 Ok: queued as 4bXyZ12zQkz9rT", "4bXyZ12zQkz9rT"],
  [
    "Postfix behind a filter",
    "2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 4F1",
    "4F1",
  ],
  ["Sendgrid", "Ok: queued as c0-Jm9fTQUKKyq3xP_w", "c0-Jm9fTQUKKyq3xP_w"],
  ["an id with a period behind it", "Ok, queued as 4F1.", "4F1"],
  ["Exim", "OK id=1qABcd-0001Ab-2C", "1qABcd-0001Ab-2C"],
  ["Sendmail", "2.0.0 3AB12345012345 Message accepted for delivery", "3AB12345012345"],
  ["OpenSMTPD", "2.0.0 9a8b7c6d Message accepted for delivery", "9a8b7c6d"],
  ["someone who accepts without an id", "2.0.0 Ok Message accepted for delivery", undefined],
  [
    "Exchange",
    "2.6.0 <4711@pc.example> [InternalId=123456, Hostname=ex.example] Queued mail for delivery",
    "123456",
  ],
  ["qmail", "ok 1700000000 qp 4711", "4711"],
  ["Haraka", "Message Queued (8F3A-11.1)", "8F3A-11.1"],
  ["Stalwart", "2.0.0 Message queued with id 4f1b2c.", "4f1b2c"],
  ["Gmail", "2.0.0 OK  1700000000 a1b2-20020a05600c.4 - gsmtp", "a1b2-20020a05600c.4"],
  ["a server that says nothing", "", undefined],
  ["a server that says Ok", "2.0.0 Ok", undefined],
  ["a server that queued nothing by name", "2.0.0 Ok: queued", undefined],
  ["words that only look like it", "thanks, the id=4 of you", undefined],
];

for (const [server, reply, id] of QUEUE_IDS) {
  Deno.test(`the queue entry is read from the reply of ${server}`, () => {
    assert.equal(queueIdOf(reply), id);
  });
}
