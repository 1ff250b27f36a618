/** What comes in comes out, whatever it is: read by another program than ours. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { aiosmtpd } from "../support/servers/aiosmtpd.ts";
import { assertSilentSuccess } from "../support/program/assertions.ts";
import { type MailReader, mailReader } from "../support/mail/mail_reader.ts";
import type { StoredMessage } from "../support/servers/mail_server.ts";
import { mailWriter } from "../support/mail/mail_writer.ts";
import { sendmail } from "../support/program/program.ts";
import { propertyTest } from "../support/program/property.ts";
import { smarthostHash } from "../support/servers/redis.ts";
import { scriptedRedis } from "../support/servers/redis_scripted.ts";
import { dryRun, HOST_NAME } from "../support/servers/smarthost.ts";

const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");

/** Asserts what holds for every message on the wire (RFC 5321, 2.3.8 and 4.5.3.1.6). */
function assertWire(message: Uint8Array): void {
  assert.doesNotMatch(latin1(message), /(?<!\r)\n|\r(?!\n)|[^\n]$/);
}

/** What the bytes between lines of a text may be. */
const LINE = fc.oneof(
  fc.uint8Array({ maxLength: 60 }).map((bytes) => latin1(bytes)),
  fc.string({ unit: "grapheme", maxLength: 60 }).map((text) => latin1(Buffer.from(text))),
  fc.constantFrom("", ".", "..", ".x", "From x", "--x", "=", "=3D", "a =", "soft ", "tab\t", "-- "),
  fc.constantFrom(" ", "\t", "<p>", "<user@host>", "Note: x", "\xef\xbb\xbfx", "x\0y", "\x1b[1m"),
  fc.integer({ min: 70, max: 80 }).map((length) => "x".repeat(length)),
  fc.integer({ min: 990, max: 1010 }).map((length) => "y".repeat(length)),
  fc.integer({ min: 60, max: 90 }).map((length) => "ü".repeat(length)),
);

const LINE_END = fc.constantFrom("\n", "\n", "\r\n", "\r\n", "\r", "\n\r", "\r\r\n", "");

/** Texts, and once in a while one that is longer than the program's pieces. */
const TEXT = fc.oneof(
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 3000 }) },
  {
    weight: 4,
    arbitrary: fc.array(fc.tuple(LINE, LINE_END), { maxLength: 30 }).map((lines) =>
      Buffer.from(lines.flat().join(""), "latin1")
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(LINE, LINE_END, fc.integer({ min: 65_000, max: 66_000 })).map((
      [line, end, length],
    ) =>
      Buffer.from("z".repeat(60).concat("\n").repeat(2200).slice(-length) + line + end, "latin1")
    ),
  },
);

/**
 * Texts as they are read: their lines end in CRLF, and nothing else is another. Of what chance has
 * made much is no text at all; it arrives unchanged.
 */
async function assertText(reader: MailReader, message: Uint8Array, text: Uint8Array) {
  assertWire(message);
  assert.doesNotMatch(latin1(message), /[^\x00-\x7f]|.{999}/);
  const read = await reader.read(message);
  const [part, ...others] = read.parts;
  assert.ok(part);
  assert.deepEqual(others, []);
  assert.deepEqual([...read.defects, ...part.defects], []);
  if (part.type === "application/octet-stream") {
    assert.match(latin1(text), /[\x00-\x06\x10-\x1a\x1c-\x1f\x7f]/);
    return assert.equal(latin1(part.content), latin1(text));
  }
  const lines = latin1(text).replace(/\r?\n/g, "\r\n");
  // Without an encoding there is no other end of a message than that of a line.
  const sent = part.encoding === "7bit" ? lines.replace(/(?<=[^\n])$/, "\r\n") : lines;
  assert.equal(latin1(part.content), sent);
  assert.match(part.type, /^text\/(plain|html)$/);
  new TextDecoder(part.charset ?? "", { fatal: true }).decode(text);
}

propertyTest("any text, and what is none, is read as it was written", {
  runs: 1000,
  input: TEXT,
  start: mailReader,
  async check(reader, text) {
    const run = await dryRun(["u@example.org"], text);
    assert.deepEqual([run.status, run.stderr], [0, ""]);
    await assertText(reader, run.output, text);
  },
});

/** All that an argument can hold and a header may; no encoded word, which is taken for one. */
const PHRASE = fc.oneof(
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 150 }),
  fc.string({ unit: "binary", minLength: 1, maxLength: 80 }),
  fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 150 }),
  fc.array(fc.constantFrom("a", " ", "  ", "=?", "?=", '"', "\\", ",", "<", "@", "ü", "🦊", "=?q?"))
    .map((parts) => parts.join("") + "x"),
  fc.array(fc.constantFrom("word", "longer-word", "wörd", "w".repeat(70), "🦊🦊"), {
    minLength: 1,
    maxLength: 40,
  }).map((words) => words.join(" ")),
).filter((text) => !/[\0\r\n]|=\?[^?]*\?[bq]\?[^?]*\?=/i.test(text));

/** A text that begins and ends with no white space: what a reader takes for a name. */
const NAME = PHRASE.filter((text) => text.trim() === text);

propertyTest("any subject and name is read as it was given", {
  runs: 500,
  input: fc.record({ subject: PHRASE, name: NAME }),
  start: mailReader,
  async check(reader, { subject, name }) {
    const run = await dryRun(["-s", subject, "-F", name, "u@example.org"], "x\n");
    assert.deepEqual([run.status, run.stderr], [0, ""]);
    const [header = ""] = run.stdout.split("\r\n\r\n");
    assert.match(header, /^([\x20-\x7e]{1,998}(\r\n|$))+$/);
    const read = await reader.read(run.output);
    assert.deepEqual(read.subjects, [subject]);
    assert.deepEqual(read.people.From, [[name, `no-reply@${HOST_NAME}`]]);
    assert.deepEqual(read.defects, []);
  },
});

/** Header and body, one character a byte, lines in CRLF, the header without the last of its own. */
function halvesOf(message: Uint8Array): [header: string, body: string] {
  const text = latin1(message).replace(/\r\n|\r|\n/g, "\r\n");
  const end = text.indexOf("\r\n\r\n");
  return [text.slice(0, end + 2), text.slice(end + 4)];
}

/** Asserts that a message is the same, but for Bcc and what has been added to its header. */
async function assertPassedOn(reader: MailReader, message: Uint8Array, written: Uint8Array) {
  assertWire(message);
  const [header, body] = halvesOf(message);
  const [ownHeader, ownBody] = halvesOf(written);
  const kept = ownHeader.replace(/^Bcc:.*\r\n([ \t].*\r\n)*/m, "");
  assert.ok(header.startsWith(kept), header);
  const added = header.slice(kept.length).split("\r\n").map((field) => field.split(":", 1)[0]);
  const missing = ["Date", "Message-ID"].filter((name) => !kept.includes(`${name}: `));
  assert.deepEqual(added, [...missing, ""]);
  assert.equal(body, ownBody.replace(/(?<=[^\n])$/, "\r\n"));
  const [ours, theirs] = [message, Buffer.from(`${ownHeader}\r\n${ownBody}`, "latin1")];
  assert.deepEqual((await reader.read(ours)).parts, (await reader.read(theirs)).parts);
}

/** A writer and a reader that are not ours. */
async function writerAndReader() {
  const [writer, reader] = [await mailWriter(), await mailReader()];
  return {
    writer,
    reader,
    async [Symbol.asyncDispose]() {
      await writer[Symbol.asyncDispose]();
      await reader[Symbol.asyncDispose]();
    },
  };
}

const ANY_SEED = fc.nat(2 ** 31 - 1);

propertyTest("any message that Python writes is passed on as it is", {
  runs: 500,
  input: ANY_SEED,
  start: writerAndReader,
  async check({ writer, reader }, seed) {
    const { message } = await writer.write(seed);
    const run = await dryRun(["u@example.org"], message);
    assert.deepEqual([run.status, run.stderr], [0, ""]);
    await assertPassedOn(reader, run.output, message);
  },
});

/** The same with a mail server that is not ours, and a Redis that names it. */
async function withServer() {
  const tools = await writerAndReader();
  const server = await aiosmtpd({ encryption: "none" });
  const redis = await scriptedRedis({}, smarthostHash(server));
  return {
    ...tools,
    /** Sends a message, and gives it as the server has stored it. */
    async send(args: string[], stdin: Uint8Array): Promise<StoredMessage> {
      assertSilentSuccess(await sendmail(args, { redis, stdin }));
      const [stored, ...others] = await server.take();
      assert.deepEqual(others, []);
      assert.ok(stored);
      return stored;
    },
    async [Symbol.asyncDispose]() {
      await redis[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      await tools[Symbol.asyncDispose]();
    },
  };
}

propertyTest("any message that Python writes is stored as it is, for all whom it names", {
  runs: 200,
  input: ANY_SEED,
  start: withServer,
  async check({ writer, reader, send }, seed) {
    const { message, sender, recipients } = await writer.write(seed);
    const stored = await send(["-t"], message);
    await assertPassedOn(reader, stored.content, message);
    assert.equal(stored.sender, withDomainInLowerCase(sender));
    assert.deepEqual(stored.recipients, [...new Set(recipients.map(withDomainInLowerCase))]);
  },
});

const withDomainInLowerCase = (address: string) =>
  address.replace(/@.*/, (domain) => domain.toLowerCase());

const LOCAL_PART = fc.stringMatching(/^[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]{1,20}$/);

const RECIPIENTS = fc.array(fc.record({ name: NAME, local: LOCAL_PART }), {
  minLength: 1,
  maxLength: 10,
});

propertyTest("any text is stored as it was written, for all who are to have it", {
  runs: 200,
  input: fc.record({ text: TEXT, subject: PHRASE, recipients: RECIPIENTS }),
  start: withServer,
  async check({ reader, send }, { text, subject, recipients }) {
    const quoted = (name: string) => `"${name.replace(/["\\]/g, "\\$&")}"`;
    const list = recipients.map(({ name, local }) => `${quoted(name)} <${local}@example.org>`);
    const stored = await send(["-s", subject, "-f", "", "--", ...list], text);
    await assertText(reader, stored.content, text);
    const addresses = recipients.map(({ local }) => `${local}@example.org`);
    assert.deepEqual(stored.recipients, [...new Set(addresses)]);
    const read = await reader.read(stored.content);
    assert.deepEqual(read.subjects, [subject]);
    assert.deepEqual(read.people.To, recipients.map(({ name }, i) => [name, addresses[i]]));
  },
});
