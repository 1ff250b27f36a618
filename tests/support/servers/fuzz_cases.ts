/**
 * Servers that chance has made: what a mail server and a Redis do at which point, as plain values
 * that a seed brings back.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import fc from "fast-check";
import type { Stage } from "./smtp_conversation.ts";

/** What a server says at one point, how it says it, and what it does then. */
export type Move = {
  /** Bytes, one character each. */
  text: string;
  /** In how many pieces, and how many milliseconds lie between them. */
  pieces: number;
  gap: number;
  then: "go on" | "hang up" | "reset" | "silence";
};

/** A change of an answer's bytes; `at` is a fraction of its length. */
export type Mutation = { at: number; remove: number; insert: string };

/** What Redis does otherwise than usual. */
export type RedisPlan = {
  /** Fields of the smarthost's hash; `undefined` leaves one out. */
  fields: Record<string, string | undefined>;
  /** What it does when a connection comes in, and at commands by their names. */
  moves: Record<string, Move>;
  /** Changes of its answer to HGETALL. */
  mutations: Mutation[];
};

/** All that is different from one run to the next. */
export type FuzzCase = {
  login: { username: string; password: string };
  /** Whether the settings hold the login, so that the server is told. */
  logsIn: boolean;
  /** What the settings demand, and what the server has. */
  encryption: "none" | "starttls";
  offersTls: boolean;
  capabilities: string[];
  auth: string;
  /** What the server does at a stage the first time, the second time and so on. */
  moves: Partial<Record<Stage, Move[]>>;
  redis: RedisPlan;
  recipients: number;
  /** How many lines the message has. */
  lines: number;
  options: string[];
};

/** The yes to each stage that has one. */
const RIGHT: Partial<Record<Stage, string>> = {
  greeting: "220 fuzz.test ESMTP",
  ehlo: "250-fuzz.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN CRAM-MD5",
  helo: "250 fuzz.test",
  starttls: "220 2.0.0 Go ahead",
  handshake: "220 2.0.0 Go ahead",
  auth: "235 2.7.0 Accepted",
  answer: "235 2.7.0 Accepted",
  mail: "250 2.1.0 Ok",
  rcpt: "250 2.1.5 Ok",
  data: "354 Go on",
  body: "250 2.0.0 Early",
  dot: "250 2.0.0 Ok: queued as 4F1",
  quit: "221 2.0.0 Bye",
};
const STAGES: Stage[] = [
  ...["greeting", "ehlo", "helo", "starttls", "handshake", "auth", "answer"] as const,
  ...["mail", "rcpt", "data", "body", "dot", "dot", "quit"] as const,
];

const CODES = [421, 450, 451, 452, 454, 500, 502, 504, 530, 534, 535, 550, 552, 554];
const CAPABILITIES = ["PIPELINING", "SIZE 52428800", "8BITMIME", "SMTPUTF8", "SIZE", "SIZE x", "?"];
const AUTHS = [
  ...["AUTH PLAIN LOGIN CRAM-MD5", "AUTH PLAIN", "AUTH LOGIN", "AUTH CRAM-MD5", "AUTH=LOGIN"],
  ...["AUTH", "AUTH XOAUTH2 NTLM", "AUTH plain"],
];
const LONG = 2 ** 20 + 1;

const bytesAsText = (text: string) => Buffer.from(text).toString("latin1");
const base64 = (text: string) => Buffer.from(text).toString("base64");

const garbage = fc.uint8Array({ maxLength: 300 })
  .map((bytes) => Buffer.from(bytes).toString("latin1"));
const controls = fc.string({
  unit: fc.constantFrom("\x1b", "\x07", "\0", "\r", "\t", "\x7f", "\x85", "é", "\u202e", "a", " "),
}).map(bytesAsText);
const harmless = fc.oneof(
  fc.constantFrom("", "Ok", "5.7.1 No", "Later", "\x1b[2J"),
  fc.string({ unit: "grapheme" }).map((text) => bytesAsText(text.replaceAll("\n", ""))),
  controls,
  fc.constantFrom(300, 5000, 100_000).map((length) => "x".repeat(length)),
);

/** What a server may say back to who has told it a password. */
function echoes({ username, password }: FuzzCase["login"]): fc.Arbitrary<string> {
  return fc.constantFrom(
    password,
    base64(password),
    base64(`\0${username}\0${password}`),
    `<${password}>`,
    `x${password}x${base64(`x${password}`)}`,
    base64(`{"user":"${username}","password":${JSON.stringify(password)}}`),
    Buffer.from(password).toString("hex"),
    encodeURIComponent(password),
    JSON.stringify(password),
  ).map(bytesAsText);
}

/** What may be said where `right` is due. */
function replies(right: string, words: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const code = fc.oneof(
    fc.constantFrom(...CODES),
    fc.constant(Number(right.slice(0, 3))),
    fc.constantFrom(250, 220, 334, 354, 235),
    fc.nat(999),
  ).map((number) => `${number}`.padStart(3, "0"));
  const end = fc.constantFrom("\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r", "");
  const line = fc.tuple(code, fc.constantFrom(" ", " ", "-", ""), words, end)
    .map((parts) => parts.join(""));
  const lines = fc.tuple(code, fc.array(words, { minLength: 1, maxLength: 5 }))
    .map(([code, texts]) =>
      texts.map((text, i) => `${code}${i < texts.length - 1 ? "-" : " "}${text}\r\n`).join("")
    );
  const truncated = fc.double({ min: 0, max: 1, noNaN: true })
    .map((part) => `${right}\r\n`.slice(0, Math.floor(part * right.length)));
  return fc.oneof(
    { weight: 4, arbitrary: fc.constant(`${right}\r\n`) },
    { weight: 6, arbitrary: line },
    { weight: 4, arbitrary: lines },
    { weight: 2, arbitrary: fc.array(line, { maxLength: 4 }).map((all) => all.join("")) },
    { weight: 2, arbitrary: line.map((extra) => `${right}\r\n${extra}`) },
    { weight: 2, arbitrary: truncated },
    { weight: 2, arbitrary: garbage },
    { weight: 1, arbitrary: fc.constantFrom("250-x\r\n", "y").map((x) => x.repeat(LONG / 3)) },
    { weight: 1, arbitrary: fc.constantFrom("", "\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n") },
  );
}

function moves(text: fc.Arbitrary<string>): fc.Arbitrary<Move> {
  return fc.record({
    text,
    pieces: fc.constantFrom(1, 1, 2, 3, 20),
    gap: fc.constantFrom(0, 0, 5),
    then: fc.oneof(
      { weight: 6, arbitrary: fc.constant("go on" as const) },
      { weight: 4, arbitrary: fc.constantFrom("hang up" as const, "reset" as const) },
      { weight: 1, arbitrary: fc.constant("silence" as const) },
    ),
  });
}

/** What may stand in a field; none leads to a server that is not the run's own. */
const FIELDS: Record<string, string[]> = {
  port: ["", "0", "65536", "-1", "+25", "025", "2.5", "25 ", "\r\n25", "port", "9".repeat(5000)],
  host: ["", "localhost", "fuzz.invalid", "a b", "\0", "x".repeat(300), "-", "\x1b[2J", "[::1]x"],
  username: ["", "user\r\n", "\0", "é", "x".repeat(5000)],
  password: ["", "word\r\nRSET", "\0\0\0\0\0\0"],
  enabled: ["", "0", "2", "true", " 1", "\x1b[2J"],
  encrypt_smtp: ["", "TLS", "ssl", "starttls\n", "\u202e", "x".repeat(5000)],
  tls_verify: ["", "0", "yes", "10"],
};

const NO_CHANGES: RedisPlan = { fields: {}, moves: {}, mutations: [] };
const bulk = fc.tuple(fc.integer({ min: -2, max: 9 }), garbage)
  .map(([length, text]) => `$${length}\r\n${text}\r\n`);
const resp = fc.oneof(
  fc.constantFrom("+OK", "$-1", "*-1", "*0", ":1", "*1000000000", "$999999999999", "%1", "_", "")
    .map((text) => `${text}\r\n`),
  fc.tuple(
    fc.constantFrom("ERR", "NOAUTH", "WRONGPASS", "NOPERM", "WRONGTYPE", "LOADING", "MOVED 1 x:1"),
    harmless,
  ).map(([code, words]) => `-${code} ${words}\r\n`),
  bulk,
  fc.tuple(fc.nat(15), fc.array(bulk, { maxLength: 15 })).map(([count, words]) =>
    `*${count}\r\n${words.join("")}`
  ),
  fc.nat(2000).map((depth) => "*1\r\n".repeat(depth)),
  garbage,
  fc.constant("x".repeat(LONG)),
);

const redisPlans: fc.Arbitrary<RedisPlan> = fc.oneof(
  { weight: 12, arbitrary: fc.constant(NO_CHANGES) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(...Object.keys(FIELDS)).chain((name) =>
      fc.constantFrom(undefined, ...FIELDS[name] ?? []).map((value) => ({
        ...NO_CHANGES,
        fields: { [name]: value },
      }))
    ),
  },
  {
    weight: 2,
    // Not enabled, so that a port or a host which the changes hit leads nowhere.
    arbitrary: fc.array(
      fc.record({
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        remove: fc.nat(4),
        insert: fc.oneof(garbage, fc.constantFrom("", "\r\n", "$", "*1\r\n", "9")),
      }),
      { minLength: 1, maxLength: 3 },
    ).map((mutations) => ({ ...NO_CHANGES, fields: { enabled: "0" }, mutations })),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom("connect", "AUTH", "HGETALL", "QUIT"), moves(resp))
      .map(([name, move]) => ({ ...NO_CHANGES, moves: { [name]: move } })),
  },
);

const LETTERS = [..."abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0123456789"];
const passwords = fc.string({
  unit: fc.constantFrom(...LETTERS, ...LETTERS, "+", "/", '"', "\\", "é", "ß", "%", "=", "€"),
  minLength: 10,
  maxLength: 40,
});

function casesFor(login: FuzzCase["login"]): fc.Arbitrary<FuzzCase> {
  const words = fc.oneof(harmless, echoes(login));
  const scripted = (stage: Stage) =>
    fc.array(moves(replies(RIGHT[stage] ?? "250 Ok", words)), { minLength: 1, maxLength: 3 })
      .map((list): [Stage, Move[]] => [stage, list]);
  const encryption = fc.oneof(
    { weight: 4, arbitrary: fc.constant("none" as const) },
    { weight: 1, arbitrary: fc.constant("starttls" as const) },
  );
  return fc.record({
    login: fc.constant(login),
    logsIn: fc.boolean(),
    encryption,
    offersTls: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, fc.boolean()),
    capabilities: fc.subarray(CAPABILITIES),
    auth: fc.constantFrom(...AUTHS.slice(0, 4), ...AUTHS),
    moves: fc.array(fc.constantFrom(...STAGES).chain(scripted), { maxLength: 2 })
      .map((entries): FuzzCase["moves"] => Object.fromEntries(entries)),
    redis: redisPlans,
    recipients: fc.integer({ min: 1, max: 3 }),
    lines: fc.constantFrom(1, 3, 3, 100, 20_000),
    options: fc.subarray(["--json", "--verbose"]),
  });
}

const cases = passwords.chain((password) => casesFor({ username: "fuzz-user", password }));

/** The case that a seed stands for. */
export function caseOf(seed: number): FuzzCase {
  const [made] = fc.sample(cases, { seed, numRuns: 1 });
  if (made === undefined) throw new Error(`No case for seed ${seed}`);
  return made;
}
