/**
 * Worst cases of what a mail server or a Redis answers.
 *
 * @module
 */

import {
  filled,
  LONG,
  longLine,
  manyLines,
  octets,
  STEPS,
} from "../../tests/support/servers/long_replies.ts";
import { inTurn, raw } from "../../tests/support/servers/peer.ts";
import type { Case, Situation } from "./case.ts";

const LOGIN = { username: "user@mail.test", password: "Abc123xyz+/Q" };

/** Texts that fill a line, or all lines. */
const UNITS: Readonly<Record<string, string>> = {
  "blanks": " ",
  "tabs": "\t",
  "carriage returns": "\r",
  "base64 of nothing": "aa=",
  "short words": "aa ",
  "escapes of URLs": "%41",
  "escapes of a terminal": "\x1b[31m",
  "one word": "a",
  "the password": `${LOGIN.password} `,
  "the beginning of the password": "Abc1",
  "the user name": `${LOGIN.username} `,
  "octets that are no UTF-8": "\xff",
};

function quarters(whole: number): [number, number, number] {
  return [whole / 4, whole / 2, whole];
}

type Asked = Pick<Situation, "args" | "smtp" | "status">;

function answer(name: string, prepare: (size: number) => Asked): Case {
  const options = { smtpOptions: { login: LOGIN, auth: "AUTH PLAIN" }, login: LOGIN };
  return {
    name,
    sizes: quarters(LONG),
    unit: "octets",
    prepare: (size) => ({ ...options, ...prepare(size) }),
  };
}

const AT_EACH_STEP = STEPS.flatMap(([stage, code, status]) => [
  answer(`${code} to ${stage}: blanks`, (size) => ({
    smtp: { [stage]: longLine(code, size, " ") },
    status,
  })),
  answer(`${code} to ${stage}: empty lines`, (size) => ({
    smtp: { [stage]: manyLines(code, size, "") },
    status,
  })),
]);

const OF_EACH_KIND = Object.entries(UNITS).flatMap(([what, unit]) => [
  answer(`535 to auth: ${what}`, (size) => ({
    smtp: { auth: longLine(535, size, unit) },
    status: 77,
  })),
  answer(`535 to auth, -v --json: ${what}`, (size) => ({
    args: ["-v", "--json", "to@to.test"],
    smtp: { auth: longLine(535, size, unit) },
    status: 77,
  })),
]);

const CAPABILITIES = ["AUTH PLAIN", "AUTH", "SIZE 1000000", "X", "AUTH=PLAIN=LOGIN", "X  =  Y"];

const OFFERS = CAPABILITIES.flatMap((words) => [
  answer(`250 to EHLO: lines of "${words}"`, (size) => ({
    smtp: { ehlo: manyLines(250, size, words) },
    status: words.includes("PLAIN") ? 0 : 77,
  })),
  answer(`250 to EHLO, --check: lines of "${words}"`, (size) => ({
    args: ["--check"],
    smtp: { ehlo: manyLines(250, size, words) },
    status: words.includes("PLAIN") ? 0 : 77,
  })),
]);

const MECHANISMS = answer("250 to EHLO: one AUTH of many mechanisms", (size) => ({
  smtp: {
    ehlo: (peer) => {
      const names = Array.from({ length: size / 10 }, (_, index) => `M${index}`);
      return raw(`250-x\r\n250 AUTH ${names.join(" ").slice(0, size)}\r\n`)(peer);
    },
  },
  status: 77,
}));

/** Many answers, each of an ordinary length. */
const CROWDS = [[], ["--json"]].flatMap((args) =>
  [true, false].map((isAccepted): Case => ({
    name: ["recipients that are", isAccepted ? "accepted" : "refused", ...args].join(" "),
    sizes: [1250, 2500, 5000],
    unit: "recipients",
    prepare: (size) => ({
      args: [...args, ...Array.from({ length: size }, (_, index) => `user${index}@to.test`)],
      smtpOptions: { login: LOGIN, capabilities: ["PIPELINING"] },
      login: LOGIN,
      smtp: { rcpt: raw(isAccepted ? "250 2.1.5 Ok\r\n" : "550 5.1.1 Abc123xyz+/Q\r\n") },
      status: isAccepted ? 0 : 67,
    }),
  }))
);

function redis(name: string, of: (size: number) => string, status = 75): Case {
  return {
    name: `Redis: ${name}`,
    sizes: quarters(LONG),
    unit: "octets",
    prepare: (size) => ({
      redis: { AUTH: raw("+OK\r\n"), HGETALL: inTurn(raw(octets(of(size)))) },
      status,
    }),
  };
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

const SETTINGS = {
  port: "25",
  host: "mail.test",
  username: "",
  password: "",
  enabled: "0",
  encrypt_smtp: "none",
  tls_verify: "1",
};

/** Settings in which one field is very long. */
function settingsWith(field: keyof typeof SETTINGS, value: string): string {
  const words = Object.entries({ ...SETTINGS, [field]: value }).flat();
  return `*${words.length}\r\n${words.map(bulk).join("")}`;
}

const REDIS_CASES = [
  redis("an error of one line", (size) => `-ERR ${filled(size, "x ")}\r\n`),
  redis("a status of one line", (size) => `+${filled(size, "x")}\r\n`),
  redis("a list of empty strings", (size) => {
    const count = 2 * Math.floor(size / 12);
    return `*${count}\r\n${"$0\r\n\r\n".repeat(count)}`;
  }, 78),
  redis("a list of numbers", (size) => {
    const count = 2 * Math.floor(size / 8);
    return `*${count}\r\n${":1\r\n".repeat(count)}`;
  }),
  redis("many fields", (size) => {
    const count = Math.floor(size / 24);
    const fields = Array.from({ length: count }, (_, index) => bulk(`f${index}`) + bulk("x"));
    return `*${2 * count}\r\n${fields.join("")}`;
  }, 78),
  redis("a line that does not end", (size) => filled(size, "x")),
  redis("answers that nobody asked for", (size) => filled(size, "+OK\r\n")),
  ...(["port", "host", "username", "password", "enabled"] as const).map((field) =>
    redis(`a long ${field}`, (size) => settingsWith(field, filled(size - 500, "a ")), 78)
  ),
];

/** All cases of this kind. */
export const ANSWER_CASES: Case[] = [
  ...AT_EACH_STEP,
  ...OF_EACH_KIND,
  ...OFFERS,
  MECHANISMS,
  ...CROWDS,
  ...REDIS_CASES,
];
