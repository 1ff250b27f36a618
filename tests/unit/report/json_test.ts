import assert from "node:assert/strict";
import type { CheckReport } from "../../../lib/delivery/check.ts";
import { checkJson, outcomeJson } from "../../../lib/report/json.ts";
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

const TAKEN = [
  { code: 250, text: "2.0.0 Ok: queued as 4F1" },
  { code: 250, text: "2.0.0 Ok: queued as 4F2" },
];

Deno.test("--json says who got the message in which transaction, where there were several", () => {
  const recipients = [
    { address: "a@b.example", accepted: true, transaction: 1 },
    { address: "c@d.example", accepted: true, transaction: 2 },
  ];
  const json = outcomeJson({
    status: 0,
    server: "mail.example:587",
    reply: QUEUED,
    transactions: TAKEN,
    recipients,
  });
  assert.deepEqual(JSON.parse(json), {
    status: 0,
    server: "mail.example:587",
    reply: "250 2.0.0 Ok: queued as 4F1",
    queueId: "4F1",
    recipients,
    transactions: [
      { reply: "250 2.0.0 Ok: queued as 4F1", queueId: "4F1" },
      { reply: "250 2.0.0 Ok: queued as 4F2", queueId: "4F2" },
    ],
  });
});

Deno.test("--json names everybody in the envelope, also those of whom nothing is known", () => {
  const known = [{ address: "c@d.example", accepted: true, reply: QUEUED }];
  const failure = new Failure({ status: 75, what: "Connection lost", recipients: known });
  const { recipients } = JSON.parse(
    outcomeJson(failure, undefined, ["a@b.example", "c@d.example"]),
  );
  assert.deepEqual(recipients, [
    { address: "a@b.example", accepted: false },
    { address: "c@d.example", accepted: true, reply: "250 2.0.0 Ok: queued as 4F1" },
  ]);
});
