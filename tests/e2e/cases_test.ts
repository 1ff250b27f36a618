/** Cases from public reports, each run through the executable: who gets what. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { type Case, cases, type Expected } from "../support/mail/cases.ts";
import { mailReader, type ReadMessage } from "../support/mail/mail_reader.ts";
import { reply } from "../support/servers/peer.ts";
import type { Script, SubmittedMessage } from "../support/servers/smtp_conversation.ts";
import { HOST_NAME, smarthost } from "../support/servers/smarthost.ts";

for (const each of cases()) {
  Deno.test(`${each.promise} (${each.name})`, async () => {
    const { expected, input } = each;
    const auth = each.server?.auth;
    const { username = "", password = "" } = each.settings ?? {};
    const options = auth === undefined
      ? {}
      : { auth: `AUTH ${auth}`, login: { username, password } };
    await using host = await smarthost(scriptOf(each), options, {
      hostName: expected.host ?? HOST_NAME,
      settings: each.settings ?? {},
    });
    const run = await host.submit(each.arguments, input);
    assert.equal(run.status, expected.status, run.stderr);
    for (const part of expected.stderr ?? []) assert.ok(run.stderr.includes(part), run.stderr);
    if (expected.stderr === undefined) assert.equal(run.stderr, "");

    for (const said of Object.keys(each.server?.replies ?? {}).filter((key) => key !== "")) {
      assert.ok(host.server.commands().some((line) => line.startsWith(said)), said);
    }
    const messages = host.server.messages();
    assert.equal(messages.length, expected.transactions ?? 1);
    assertEnvelope(messages, expected);
    await using reader = await mailReader();
    for (const { content } of messages) {
      assertMessage(await reader.read(content), Buffer.from(content), input, expected);
    }
  });
}

/** Makes a server do as a case says. */
function scriptOf({ server = {}, arguments: args }: Case): Script {
  const script: Script = {};
  const { DATA: data, "AUTH PLAIN": auth, ...answers } = server.replies ?? {};
  if (data !== undefined) script.data = reply(data);
  if (auth !== undefined) {
    script.auth = reply(auth);
    script.answer = reply(Object.values(answers)[0] ?? "");
  }
  const most = server.rcpt_max_per_transaction;
  if (most !== undefined) {
    const count = args.length - 2;
    script.rcpt = [
      ...Array.from({ length: most }, () => reply("250 ok")),
      ...Array.from({ length: count - most }, () => reply(server.reply ?? "")),
      reply("250 ok"),
    ];
  }
  return script;
}

function assertEnvelope(messages: SubmittedMessage[], expected: Expected): void {
  const recipients = messages.flatMap((message) => message.recipients);
  if (expected.recipients !== undefined) assert.deepEqual(recipients, expected.recipients);
  for (const one of expected.recipients_include ?? []) assert.ok(recipients.includes(one));
  if (expected.sender !== undefined) {
    for (const { sender } of messages) assert.equal(sender, expected.sender);
  }
}

/** Compares a message that arrived, as Python reads it and as bytes, with what is expected. */
function assertMessage(
  read: ReadMessage,
  content: Buffer,
  input: Uint8Array,
  expected: Expected,
): void {
  assert.deepEqual(read.defects, []);
  for (const name of ["From", "Date", "Message-ID", "To", "MIME-Version"]) {
    assert.equal(read.all(name).length, 1, name);
  }
  if (expected.subject !== undefined) assert.deepEqual(read.all("Subject"), [expected.subject]);
  for (const [name, value] of Object.entries(expected.header ?? {})) {
    assert.deepEqual(read.all(name), [value]);
  }
  const wire = content.toString("latin1");
  for (const part of expected.present ?? []) assert.ok(wire.includes(part), `${part}: ${wire}`);
  for (const part of expected.absent ?? []) assert.ok(!wire.includes(part), `${part}: ${wire}`);
  assertBody(read, wire, input, expected);
}

function assertBody(
  read: ReadMessage,
  wire: string,
  input: Uint8Array,
  { body, text_starts: start, attachment, taken_as: kind }: Expected,
): void {
  const whole = Buffer.from(input).toString("latin1").replaceAll(/\r?\n/g, "\r\n");
  const text = () => read.text().replaceAll("\r\n", "\n");
  if (body === "input" || kind === "text") {
    assert.equal(Buffer.from(read.body()).toString("latin1"), whole);
  } else if (body !== undefined) assert.equal(text(), body);
  if (start !== undefined) assert.ok(text().startsWith(start), text());
  if (kind === "message") {
    const bodyOf = (message: string) => message.slice(message.indexOf("\r\n\r\n"));
    assert.equal(bodyOf(wire), bodyOf(whole));
  }
  if (attachment === undefined) return;
  const [part] = read.parts;
  assert.equal(part?.type, "application/octet-stream");
  assert.equal(part.disposition, "attachment");
  assert.match(part.filename ?? "", /^\w+\.\w+$/);
  assert.deepEqual(Buffer.from(part.content), Buffer.from(input));
}
