/**
 * The table of what a smarthost may do wrong: for every stage of a submission and every misbehaviour
 * how it has to end.
 *
 * @module
 */

import {
  type Ending,
  failed,
  failedLike,
  RECIPIENT_REFUSED,
  refused,
  SENDER_REFUSED,
  sent,
} from "./ending.ts";
import {
  type Action,
  dripForEver,
  endless,
  garbage,
  hangUp,
  inTurn,
  pause,
  raw,
  reply,
  reset,
  silence,
  withoutReading,
} from "./peer.ts";
import type { Script, ScriptedOptions } from "./smtp_conversation.ts";
import { type Fault, faultsAt, oddities, type ReplyStage, RESET, SHORT } from "./smtp_faults.ts";
import { LOGIN } from "./smtp_login.ts";

/** Every command by itself: no PIPELINING. */
export const ONE_BY_ONE = { capabilities: ["SIZE 52428800", "8BITMIME"] };

/** The same with the whole envelope in one segment (RFC 2920). */
export const PIPELINED = { capabilities: ["PIPELINING", ...ONE_BY_ONE.capabilities] };

const UNKNOWN = reply("502 5.5.1 Unknown command");

const STAGES = {
  greeting: {
    stage: "greeting",
    to: "the greeting",
    refused: "The smarthost said no",
    permanent: 69,
    yes: "220 scripted.test ESMTP",
    wrong: "250 2.0.0 Ok",
  },
  EHLO: {
    stage: "ehlo",
    to: "EHLO",
    refused: "EHLO refused",
    permanent: 69,
    yes: "250 scripted.test",
    wrong: "354 Go on",
    last: "EHLO",
  },
  HELO: {
    stage: "helo",
    to: "HELO",
    refused: "HELO refused",
    permanent: 69,
    yes: "250 scripted.test",
    wrong: "354 Go on",
    last: "HELO",
  },
  STARTTLS: {
    stage: "starttls",
    to: "STARTTLS",
    refused: "STARTTLS refused",
    permanent: 76,
    yes: "220 2.0.0 Go ahead",
    wrong: "250 2.0.0 Ok",
    last: "STARTTLS",
  },
  AUTH: {
    stage: "auth",
    to: "AUTH",
    refused: "Login refused",
    permanent: 77,
    yes: "235 2.7.0 Accepted",
    wrong: "354 Go on",
    last: "AUTH",
  },
  MAIL: {
    stage: "mail",
    to: "MAIL",
    refused: SENDER_REFUSED,
    permanent: 69,
    yes: "250 2.1.0 Ok",
    wrong: "354 Go on",
    last: "MAIL",
  },
  RCPT: {
    stage: "rcpt",
    to: "RCPT",
    refused: RECIPIENT_REFUSED,
    permanent: 67,
    yes: "250 2.1.5 Ok",
    wrong: "354 Go on",
    last: "RCPT",
  },
  DATA: {
    stage: "data",
    to: "DATA",
    refused: "Message refused",
    permanent: 69,
    yes: "354 Go on",
    wrong: "250 2.0.0 Ok",
    last: "DATA",
  },
  dot: {
    stage: "dot",
    to: "the message",
    refused: "Message refused",
    permanent: 69,
    yes: "250 2.0.0 Ok",
    wrong: "354 Go on",
  },
  QUIT: {
    stage: "quit",
    to: "QUIT",
    refused: "QUIT refused",
    permanent: 69,
    yes: "221 2.0.0 Bye",
    wrong: "354 Go on",
  },
} satisfies Record<string, ReplyStage>;

/** All cells of a stage, on a server that is like this. */
function cells(at: ReplyStage, server: ScriptedOptions = ONE_BY_ONE): Fault[] {
  return [...faultsAt(at), ...oddities(at)].map((fault) => ({ ...fault, server }));
}

/** The same where the server has refused EHLO, so that HELO is tried. */
function afterEhlo(faults: Fault[]): Fault[] {
  return faults.map((fault) => ({ ...fault, script: { ehlo: UNKNOWN, ...fault.script } }));
}

/** The same at the second EHLO, the one inside TLS. */
function insideTls(faults: Fault[]): Fault[] {
  const first = reply("250-scripted.test", "250 STARTTLS");
  return faults.map(({ last: _, ...fault }) => {
    const { ehlo } = fault.script;
    return ehlo && !Array.isArray(ehlo) ? { ...fault, script: { ehlo: [first, ehlo] } } : fault;
  });
}

/** The same with another ending for those that would end so. */
function endingInstead(faults: Fault[], status: number, ending: Ending): Fault[] {
  return faults.map((fault) => {
    if (fault.ending.status !== status) return fault;
    const { last: _, ...rest } = fault;
    return { ...rest, ending };
  });
}

/** After the 250 to the final dot nothing turns success into failure. */
const sentAllTheSame = (faults: Fault[]): Fault[] =>
  faults.map(({ timeout: _, ...fault }) => ({ ...fault, ending: sent() }));

/** One reply more than was asked for is found out in another place where all is asked at once. */
const withUnasked = (faults: Fault[], ending: Ending): Fault[] =>
  faults.map((fault) => fault.name.endsWith("nobody asked for") ? { ...fault, ending } : fault);

const NO_STARTTLS = failed(
  76,
  "Smarthost does not offer STARTTLS",
  "the settings demand it, so nothing was sent",
);

/** Too large for the buffers on the way: what is left of it waits for the server to read. */
const LARGE = "All work and no play makes Jack a dull boy.\n".repeat(200_000);

const EARLY = "Smarthost answered before the message was sent";
const LOST = "Connection lost while waiting for the answer to the message";

const BODY: [what: string, action: Action, ending: Ending][] = [
  ["4xx", reply("452 4.3.1 Full"), refused(75, "Message refused", "452 4.3.1 Full")],
  ["5xx", reply("552 5.3.4 Too big"), refused(69, "Message refused", "552 5.3.4 Too big")],
  [
    "421",
    reply("421 4.3.2 Bye"),
    refused(75, "Smarthost ended the session at the message", "421 4.3.2 Bye"),
  ],
  // The reply is there to read, and the next write fails.
  [
    "5xx and a reset at once",
    inTurn(reply("552 5.3.4 Too big"), reset()),
    refused(69, "Message refused", "552 5.3.4 Too big"),
  ],
  [
    "421 and a reset at once",
    inTurn(reply("421 4.3.2 Bye"), reset()),
    refused(75, "Smarthost ended the session at the message", "421 4.3.2 Bye"),
  ],
  ["a yes too early", reply("250 2.0.0 Ok"), refused(76, EARLY, "250 2.0.0 Ok")],
  ["silence", () => {}, failed(75, "No answer to the message", `timed out after ${SHORT} s`)],
  // The client may be reading or writing when it comes.
  [
    "reset",
    reset(),
    failedLike(75, LOST, /connection (?:reset by the server|closed by the server|broken off)/),
  ],
];

const HANDSHAKE = "TLS handshake failed";
const NO_TLS = failed(76, HANDSHAKE, "the server does not answer in TLS");
const WANTS_STARTTLS = failed(
  76,
  HANDSHAKE,
  'the server does not answer in TLS; encrypt_smtp is "tls", and the server may want "starttls"',
);
const record = (type: number, ...content: number[]) =>
  raw(Uint8Array.of(type, 3, 3, content.length >> 8, content.length & 0xff, ...content));
const LATE = failed(75, HANDSHAKE, `timed out after ${SHORT} s`);

/** In place of the handshake; what comes inside TLS has rows of its own. */
const HANDSHAKES: [what: string, action: Action, ending: Ending][] = [
  ["silence", silence(), LATE],
  ["silence after half a record", inTurn(raw(Uint8Array.of(0x16, 3, 3, 0)), silence()), LATE],
  [
    "a drip of bytes",
    dripForEver(Uint8Array.of(0x16, 3, 3, 0x3f, ...Array(200).fill(2)), 40),
    LATE,
  ],
  ["hang-up", hangUp(), failed(75, HANDSHAKE, "the server closed the connection")],
  [
    "hang-up after half a record",
    inTurn(raw(Uint8Array.of(0x16, 3, 3, 0)), hangUp()),
    failed(75, HANDSHAKE, "the server closed the connection"),
  ],
  ["reset", reset(), failedLike(75, HANDSHAKE, RESET)],
  ["garbage", garbage(), NO_TLS],
  ["a line of SMTP", reply("554 5.3.0 No TLS today"), NO_TLS],
  ["lines without end", endless("250-more and more\r\n".repeat(1000)), NO_TLS],
  [
    "records of garbage",
    endless(Uint8Array.of(0x16, 3, 3, 0x10, 0, ...Array(4096).fill(0xee))),
    NO_TLS,
  ],
  [
    "a refusal in TLS's own words",
    record(0x15, 2, 40),
    failed(
      76,
      HANDSHAKE,
      "the server accepts nothing that this host offers (TLS 1.2 with ECDHE and AES-GCM or " +
        "ChaCha20, or TLS 1.3)",
    ),
  ],
];

const handshakes = (encryption: "starttls" | "tls"): Fault[] =>
  HANDSHAKES.map(([what, handshake, ending]) => ({
    name: `the handshake: ${what}`,
    // Not in one segment with the 220: that is another fault.
    script: { handshake: inTurn(pause(50), handshake) },
    server: { encryption },
    ending: ending === NO_TLS && encryption === "tls" ? WANTS_STARTTLS : ending,
    timeout: ending === LATE ? SHORT : 10,
  }));

const UNKNOWN_USER = reply("550 5.1.1 Unknown");
const FULL_BOX = reply("450 4.2.2 Full");
const OK = reply("250 2.0.0 Ok");
const OTHER = "other@to.test";

/** A refusal of one of two recipients; `also` says who has been served. */
const partly = (status: number, reply: string): Ending => ({
  ...refused(status, RECIPIENT_REFUSED, reply),
  also: `The others got the message: ${OTHER}`,
});

/** The hint for settings without a login where the server demands one. */
const NO_LOGIN_SET = "the settings have no user name and no password";

/** No login, and the server wants one at RCPT. */
const LOGIN_WANTED = {
  error: `Recipient refused (SERVER): 530 5.7.0 Authentication required; ${NO_LOGIN_SET}`,
  log: 'code=530 message="5.7.0 Authentication required"',
};

/** Where the contract's table of exit statuses is not plain. */
const SPECIAL: [what: string, script: Script, ending: Ending, server?: ScriptedOptions][] = [
  [
    "530 to RCPT",
    { rcpt: reply("530 5.7.0 Authentication required") },
    { status: 77, ...LOGIN_WANTED },
  ],
  ["530 to MAIL", { mail: reply("530 5.7.0 Authentication required") }, {
    ...refused(77, SENDER_REFUSED, "530 5.7.0 Authentication required", NO_LOGIN_SET),
  }],
  [
    "552 to MAIL",
    { mail: reply("552 5.3.4 Too big") },
    refused(65, SENDER_REFUSED, "552 5.3.4 Too big"),
  ],
  [
    "552 to RCPT",
    { rcpt: reply("552 5.2.2 Full") },
    refused(67, RECIPIENT_REFUSED, "552 5.2.2 Full"),
  ],
  [
    "552 to the message",
    { dot: reply("552 5.3.4 Too big") },
    refused(69, "Message refused", "552 5.3.4 Too big"),
  ],
  ["535 to AUTH", { auth: reply("535 5.7.8 No") }, refused(77, "Login refused", "535 5.7.8 No"), {
    login: LOGIN,
  }],
  [
    "454 to AUTH",
    { auth: reply("454 4.7.0 Later") },
    refused(75, "Login refused", "454 4.7.0 Later"),
    {
      login: LOGIN,
    },
  ],
  [
    "504 to AUTH",
    { auth: reply("504 5.5.4 What?") },
    refused(77, "Login refused", "504 5.5.4 What?"),
    {
      login: LOGIN,
    },
  ],
  [
    "454 to STARTTLS",
    { starttls: reply("454 4.7.0 Later") },
    refused(75, "STARTTLS refused", "454 4.7.0 Later"),
    {
      encryption: "starttls",
    },
  ],
  [
    "4xx to the greeting",
    { greeting: reply("450 Later") },
    refused(75, "The smarthost said no", "450 Later"),
  ],
  [
    "MAIL refused, and DATA not, all at once",
    {
      mail: reply("554 5.7.1 No"),
      rcpt: reply("503 5.5.1 No sender"),
    },
    refused(69, SENDER_REFUSED, "554 5.7.1 No"),
    PIPELINED,
  ],
  [
    "MAIL refused, and all that follows",
    {
      mail: reply("554 5.7.1 No"),
      rcpt: reply("503 5.5.1 No sender"),
      data: reply("503 5.5.1 No recipient"),
    },
    refused(69, SENDER_REFUSED, "554 5.7.1 No"),
    PIPELINED,
  ],
  [
    "530 to MAIL, and what was sent with it is not read",
    { mail: inTurn(reply("530 5.7.0 Authentication required"), silence()) },
    refused(77, SENDER_REFUSED, "530 5.7.0 Authentication required", NO_LOGIN_SET),
    PIPELINED,
  ],
  [
    "530 to RCPT, and what was sent with it is not read",
    { rcpt: inTurn(reply("530 5.7.0 Authentication required"), silence()) },
    { status: 77, ...LOGIN_WANTED },
    PIPELINED,
  ],
  ["350 to DATA", { data: reply("350 go on") }, sent()],
  ["299 to EHLO", { ehlo: reply("299-scripted.test", "299 PIPELINING") }, sent()],
  ["299 to HELO", { ehlo: UNKNOWN, helo: reply("299 hi") }, sent()],
  ["299 to MAIL", { mail: [reply("299 2.1.0 Ok")] }, sent()],
  ["252 to RCPT", { rcpt: reply("252 2.1.5 Cannot verify") }, sent()],
  ["260 to the message", { dot: reply("260 2.0.0 Taken") }, sent(260)],
];

/** Two recipients, and what becomes of both. */
const PARTIAL: [what: string, script: Script, ending: Ending][] = [
  ["one unknown", { rcpt: [UNKNOWN_USER, OK] }, partly(67, "550 5.1.1 Unknown")],
  ["one full", { rcpt: [FULL_BOX, OK] }, partly(75, "450 4.2.2 Full")],
  ["both unknown", { rcpt: [UNKNOWN_USER] }, both(67, "550 5.1.1 Unknown", "550 5.1.1 Unknown")],
  ["both full", { rcpt: [FULL_BOX] }, both(75, "450 4.2.2 Full", "450 4.2.2 Full")],
  [
    "one unknown, one full",
    { rcpt: [UNKNOWN_USER, FULL_BOX] },
    both(67, "550 5.1.1 Unknown", "450 4.2.2 Full"),
  ],
  [
    "one full, one unknown",
    { rcpt: [FULL_BOX, UNKNOWN_USER] },
    both(67, "450 4.2.2 Full", "550 5.1.1 Unknown"),
  ],
  [
    "one unknown, and 421 at the other",
    { rcpt: [UNKNOWN_USER, reply("421 4.3.2 Bye")] },
    refused(75, "Smarthost ended the session at RCPT", "421 4.3.2 Bye"),
  ],
  [
    "one unknown, and DATA refused",
    { rcpt: [UNKNOWN_USER, OK], data: reply("451 4.3.0 Later") },
    refused(75, "Message refused", "451 4.3.0 Later"),
  ],
  ["one unknown, and the message refused", {
    rcpt: [UNKNOWN_USER, OK],
    dot: reply("554 5.6.0 Spam"),
  }, refused(69, "Message refused", "554 5.6.0 Spam")],
  ["one full, and the message refused for now", {
    rcpt: [FULL_BOX, OK],
    dot: reply("451 4.3.0 Later"),
  }, refused(75, "Message refused", "451 4.3.0 Later")],
  [
    "one unknown, and the connection lost at the dot",
    { rcpt: [UNKNOWN_USER, OK], dot: hangUp() },
    failed(
      75,
      LOST,
      "the server closed the connection; the server may have the message; " +
        "refused before: RECIPIENT: 550 5.1.1 Unknown",
    ),
  ],
  [
    "one unknown, and hang-up",
    { rcpt: [OK, inTurn(UNKNOWN_USER, hangUp())] },
    failed(
      75,
      "Connection lost while waiting for the answer to DATA",
      `the server closed the connection; refused before: ${OTHER}: 550 5.1.1 Unknown`,
    ),
  ],
];

/** Nobody is served. */
function both(status: number, first: string, second: string): Ending {
  const [, code, text] = /^(\d+) (.*)$/.exec(first) ?? [];
  return {
    status,
    error: `Recipients refused (SERVER): RECIPIENT: ${first}; ${OTHER}: ${second}`,
    log: `code=${code} message="${text}"`,
  };
}

const partial = (server: ScriptedOptions): Fault[] =>
  PARTIAL.map(([what, script, ending]) => ({
    name: `two recipients: ${what}`,
    script,
    ending,
    server,
    args: [OTHER],
  }));

/** The table; the keys are the stages. */
export const TABLE: Record<string, Fault[]> = {
  "the greeting": cells(STAGES.greeting),
  "EHLO": endingInstead(cells(STAGES.EHLO), 69, sent()),
  "HELO": afterEhlo(cells(STAGES.HELO)),
  "EHLO before STARTTLS": endingInstead(
    endingInstead(cells(STAGES.EHLO, { encryption: "starttls" }), 69, NO_STARTTLS),
    0,
    NO_STARTTLS,
  ),
  "HELO before STARTTLS": afterEhlo(
    endingInstead(cells(STAGES.HELO, { encryption: "starttls" }), 0, NO_STARTTLS),
  ),
  "STARTTLS": cells(STAGES.STARTTLS, { encryption: "starttls" }),
  "the greeting inside TLS": cells(STAGES.greeting, { encryption: "tls" }),
  "the handshake behind STARTTLS": handshakes("starttls"),
  "the handshake from the first byte": handshakes("tls"),
  "EHLO inside TLS": insideTls(
    endingInstead(cells(STAGES.EHLO, { encryption: "starttls" }), 69, sent()),
  ),
  "AUTH": cells(STAGES.AUTH, { ...ONE_BY_ONE, login: LOGIN, auth: "AUTH PLAIN" }),
  "MAIL": cells(STAGES.MAIL),
  "MAIL with PIPELINING": withUnasked(
    cells(STAGES.MAIL, PIPELINED),
    refused(76, "Unexpected answer to DATA", "250 2.1.5 Recipient ok"),
  ),
  "RCPT": cells(STAGES.RCPT),
  "RCPT with PIPELINING": withUnasked(
    cells(STAGES.RCPT, PIPELINED),
    refused(76, "Unexpected answer to DATA", "250 2.0.0 More"),
  ),
  "DATA": withUnasked(cells(STAGES.DATA), refused(76, EARLY, "250 2.0.0 More")),
  "DATA with PIPELINING": withUnasked(
    cells(STAGES.DATA, PIPELINED),
    refused(76, EARLY, "250 2.0.0 More"),
  ),
  "the middle of a message": BODY.map(([what, action, ending]) => ({
    name: `a large message: ${what}`,
    script: { body: withoutReading(action, 1000 * SHORT + 500) },
    ending,
    stdin: LARGE,
    timeout: what === "silence" ? SHORT : 10,
  })),
  "the final dot": withUnasked(cells(STAGES.dot), sent()),
  "the final dot inside TLS": withUnasked(cells(STAGES.dot, { encryption: "tls" }), sent()),
  "RCPT of two": partial(ONE_BY_ONE),
  "RCPT of two with PIPELINING": partial(PIPELINED),
  "a code that is special": SPECIAL.map(([what, script, ending, server = ONE_BY_ONE]) => ({
    name: what,
    script,
    ending,
    server,
    // Who waited for it would not end in time.
    ...(what.endsWith("is not read") && { timeout: 3600 }),
  })),
  "QUIT": sentAllTheSame(cells(STAGES.QUIT)),
  "QUIT inside TLS": sentAllTheSame(cells(STAGES.QUIT, { encryption: "starttls" })),
};
