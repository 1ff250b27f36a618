import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { startExchange } from "../../../lib/smtp/exchange.ts";
import type { Failure } from "../../../lib/outcome.ts";

/** A step of a dialogue: `> command`, `* secret command`, `< reply`, `.` for the end of the message. */
function play(...steps: string[]) {
  const failures: Failure[] = [];
  const transcript: string[] = [];
  const heard: string[] = [];
  const exchange = startExchange({
    server: "mail.test:25",
    timeout: 60_000,
    finalTimeout: 600_000,
    transcript: (line) => transcript.push(line),
    send: () => {},
    onAnswers: (answers) => {
      for (const { step, reply } of answers) heard.push(`${step} ${reply.code}`);
    },
    onFailure: (failure) => failures.push(failure),
  });
  for (const step of steps) {
    const text = step.slice(2);
    if (step === ".") exchange.messageEnded();
    else if (step.startsWith("<")) exchange.receive(Buffer.from(text, "latin1"));
    else if (step.startsWith("*")) exchange.ask("AUTH", text, "***");
    else exchange.commandSent(text);
  }
  const [idle, listens] = [exchange.isIdle(), exchange.canQuit()];
  exchange.end();
  return { exchange, failures, transcript, heard, idle, listens };
}

const ENVELOPE = ["> MAIL FROM:<a@b.test>", "< 250 Ok\r\n", "> RCPT TO:<c@d.test>", "< 250 Ok\r\n"];
const UP_TO_DATA = [...ENVELOPE, "> DATA", "< 354 go on\r\n"];

Deno.test("each reply is matched with the command it answers, pipelined or not", () => {
  const { exchange, failures, idle } = play(
    "> MAIL FROM:<a@b.test>",
    "> RCPT TO:<c@d.test>",
    "> RCPT TO:<e@f.test>",
    "> DATA",
    "< 250 1\r\n550-2\r\n550 3\r\n25",
    "< 0 4\r\n354 5\r\n",
    ".",
    "< 250 6\r\n",
  );
  assert.deepEqual(failures, []);
  const seen = exchange.answers.map(({ step, reply }) => `${step} ${reply.code}`);
  assert.deepEqual(seen, ["MAIL 250", "RCPT 550", "RCPT 250", "DATA 354", "message 250"]);
  assert.equal(idle, true);
});

Deno.test("a line sent without nodemailer gets its own answer, and is masked if it is secret", async () => {
  const transcript: string[] = [];
  const sent: string[] = [];
  const exchange = startExchange({
    server: "mail.test:25",
    timeout: 60_000,
    finalTimeout: 60_000,
    transcript: (line) => transcript.push(line),
    send: (line) => sent.push(line),
    onAnswers: () => assert.fail("nodemailer has not asked"),
    onFailure: assert.fail,
  });
  const reply = exchange.ask("AUTH", "AUTH PLAIN AHVzZXIAcGFzcw==", "AUTH PLAIN ***");
  exchange.receive(Buffer.from("535 5.7.8 No\r\n"));
  assert.deepEqual(await reply, { code: 535, text: "5.7.8 No" });
  assert.deepEqual(sent, ["AUTH PLAIN AHVzZXIAcGFzcw=="]);
  assert.deepEqual(transcript, ["> AUTH PLAIN ***", "< 535 5.7.8 No"]);
  exchange.end();
});

Deno.test("nodemailer is told of a reply only when all data that came with it is valid", () => {
  const { heard, failures } = play("> MAIL FROM:<a@b.test>", "< 250 Ok\r\n250 More\r\n");
  assert.deepEqual(heard, []);
  assert.equal(failures.length, 1);
});

// [what happens, the dialogue, whether QUIT may be said]
const PARTINGS: [string, string[], boolean][] = [
  ["a refused MAIL, whatever else is due", [
    "> MAIL FROM:<a@b.test>",
    "> RCPT TO:<c@d.test>",
    "> DATA",
    "< 530 5.7.0 Log in\r\n",
  ], true],
  ["530 to RCPT", [
    "> MAIL FROM:<a@b.test>",
    "> RCPT TO:<c@d.test>",
    "> DATA",
    "< 250 Ok\r\n530 5.7.0 Log in\r\n",
  ], true],
  ["an unexpected answer", ["> MAIL FROM:<a@b.test>", "< 354 Ok\r\n"], true],
  ["a message that was taken", [...UP_TO_DATA, ".", "< 250 Ok\r\n"], true],
  ["a message that is on its way", UP_TO_DATA, false],
  ["a refusal in the middle of the message", [...UP_TO_DATA, "< 552 large\r\n"], false],
  ["421", ["> MAIL FROM:<a@b.test>", "< 421 bye\r\n"], false],
  ["what is not SMTP", ["> MAIL FROM:<a@b.test>", "< HTTP/1.1 400 Bad\r\n"], false],
  ["what nobody asked for", ["> MAIL FROM:<a@b.test>", "< 250 Ok\r\n250 Ok\r\n"], false],
];
for (const [name, steps, listens] of PARTINGS) {
  Deno.test(`after ${name} QUIT is ${listens ? "said" : "not said"}`, () => {
    assert.equal(play(...steps).listens, listens);
  });
}

// [the dialogue, what nodemailer hears at its end]
const CODES: [string[], string][] = [
  [["> EHLO a.test", "< 251 hi\r\n"], "EHLO 251"],
  [["> MAIL FROM:<a@b.test>", "< 299 Ok\r\n"], "MAIL 299"],
  [["> RCPT TO:<a@b.test>", "< 252 perhaps\r\n"], "RCPT 252"],
  [[...ENVELOPE, "> DATA", "< 350 go on\r\n"], "DATA 350"],
  [[...UP_TO_DATA, ".", "< 260 taken\r\n"], "message 260"],
];
for (const [steps, heard] of CODES) {
  Deno.test(`a code counts by its first digit: ${heard} is a yes`, () => {
    const played = play(...steps);
    assert.deepEqual(played.failures, []);
    assert.equal(played.heard.at(-1), heard);
  });
}

// [what happens, the dialogue, status, what]
const BREACHES: [string, string[], number, string][] = [
  [
    "the beginning of a second reply to one command",
    ["> MAIL FROM:<a@b.test>", "< 250 Ok\r\n250-Ok\r\n"],
    76,
    "Smarthost sent something unasked",
  ],
  [
    "the first byte of a second reply to one command",
    ["> MAIL FROM:<a@b.test>", "< 250 Ok\r\n2"],
    76,
    "Smarthost sent something unasked",
  ],
  [
    "the beginning of a second reply to the message",
    [...UP_TO_DATA, ".", "< 250 Ok\r\n250-Ok\r\n"],
    76,
    "Smarthost sent something unasked",
  ],
  [
    "a second reply to one command",
    ["> MAIL FROM:<a@b.test>", "< 250 Ok\r\n250 Ok\r\n"],
    76,
    "Smarthost sent something unasked",
  ],
  [
    "a yes before the message was sent",
    [...UP_TO_DATA, "< 250 queued\r\n"],
    76,
    "Smarthost answered before the message was sent",
  ],
  [
    "a yes in one segment with the 354",
    [...ENVELOPE, "> DATA", "< 354 go on\r\n250 queued\r\n"],
    76,
    "Smarthost answered before the message was sent",
  ],
  [
    "a yes that begins before the message was sent",
    [...UP_TO_DATA, "< 25", ".", "< 0 queued\r\n"],
    76,
    "Smarthost answered before the message was sent",
  ],
  [
    "a yes whose first line comes before the message was sent",
    [...UP_TO_DATA, "< 250-early\r\n", ".", "< 250 queued\r\n"],
    76,
    "Smarthost answered before the message was sent",
  ],
  ["a yes to DATA", [...ENVELOPE, "> DATA", "< 250 Ok\r\n"], 76, "Unexpected answer to DATA"],
  [
    "a 354 to MAIL",
    ["> MAIL FROM:<a@b.test>", "< 354 Ok\r\n"],
    76,
    "Unexpected answer to MAIL",
  ],
  [
    "something that is not SMTP",
    ["> EHLO a.test", "< HTTP/1.1 400 Bad Request\r\n"],
    76,
    "The smarthost's answer to EHLO is not SMTP",
  ],
  ["a 4xx to EHLO", ["> EHLO a.test", "< 451 later\r\n"], 75, "EHLO refused"],
  [
    "421 to RCPT",
    ["> RCPT TO:<a@b.test>", "< 421 bye\r\n"],
    75,
    "Smarthost ended the session at RCPT",
  ],
  ["421 that nobody asked for", ["< 421 bye\r\n"], 75, "Smarthost ended the session"],
  [
    "a reply that never ends",
    ["> EHLO a.test", `< 250-${"x".repeat(2 ** 20)}`],
    76,
    "The smarthost's answer to EHLO is not SMTP",
  ],
];
for (const [name, steps, status, what] of BREACHES) {
  Deno.test(`${name} ends the exchange with ${status}`, () => {
    const { failures, idle } = play(...steps);
    assert.deepEqual(failures.map(({ details }) => [details.status, details.what]), [[
      status,
      what,
    ]]);
    assert.equal(idle, false);
  });
}

Deno.test("a 5xx to EHLO does not end the exchange: HELO is tried", () => {
  const { failures } = play("> EHLO a.test", "< 502 what\r\n", "> HELO a.test", "< 250 hi\r\n");
  assert.deepEqual(failures, []);
});

Deno.test("a refusal in the middle of the message is its answer, and no command may follow", () => {
  const { exchange, failures, idle } = play(...UP_TO_DATA, "< 552 too large\r\n");
  assert.deepEqual(failures, []);
  assert.deepEqual(exchange.answers.at(-1)?.step, "message");
  assert.equal(idle, false);
});

Deno.test("a refusal that begins in the middle of the message is its answer, whenever it ends", () => {
  const { exchange, failures, idle } = play(...UP_TO_DATA, "< 55", ".", "< 2 too large\r\n");
  assert.deepEqual(failures, []);
  assert.deepEqual(exchange.answers.at(-1)?.reply.code, 552);
  assert.equal(idle, false);
});

Deno.test("a fragment without a line end is not a reply", () => {
  const { exchange } = play(...UP_TO_DATA, ".", "< 250 queued");
  assert.equal(exchange.answers.at(-1)?.step, "DATA");
  assert.equal(
    exchange.connectionFailure("the server closed the connection").details.what,
    "Connection lost while waiting for the answer to the message",
  );
});

Deno.test("a connection lost while no answer is due is said to be lost after the last answer", () => {
  const what = (...steps: string[]) =>
    play(...steps).exchange.connectionFailure("gone").details.what;
  assert.equal(what("> EHLO a.test"), "Connection lost while waiting for the answer to EHLO");
  assert.equal(what("> EHLO a.test", "< 250 b\r\n"), "Connection lost after the answer to EHLO");
  assert.equal(what(), "Connection lost after the greeting");
});

Deno.test("a connection lost after the final dot says that the server may have the message", () => {
  const why = (...steps: string[]) => play(...steps).exchange.connectionFailure("gone").details.why;
  assert.equal(why(...UP_TO_DATA, "."), "gone; the server may have the message");
  assert.equal(why(...UP_TO_DATA), "gone");
  assert.equal(why(...UP_TO_DATA, ".", "< 250 queued\r\n", "> QUIT"), "gone");
});

Deno.test("after its end the exchange ignores all data", () => {
  const { exchange, failures } = play(...UP_TO_DATA, ".", "< 250 queued\r\n");
  exchange.receive(Buffer.from("500 what\r\n"));
  assert.deepEqual(failures, []);
});
