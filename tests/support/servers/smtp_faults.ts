/**
 * What a mail server may do wrong where it owes a reply, and how the program has to end then.
 *
 * @module
 */

import { DIFFERENCES, underThisRuntime } from "../program/runtimes.ts";
import { type Ending, failed, failedLike, refused, sent } from "./ending.ts";
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
} from "./peer.ts";
import type { Script, ScriptedOptions, Stage } from "./smtp_conversation.ts";

/** One cell of the table: at this stage the server does that. */
export type Fault = {
  name: string;
  script: Script;
  ending: Ending;
  /** What the server is like, where that matters. */
  server?: ScriptedOptions;
  /** The message, where it is not a short one. */
  stdin?: string;
  /** More recipients. */
  args?: string[];
  /** The longest wait for an answer, in seconds; where the server falls silent, that comes to pass. */
  timeout?: number;
  /** The last command that the server may hear, beside QUIT; any where it is not given. */
  last?: string;
};

/** A stage at which the server owes a reply. */
export type ReplyStage = {
  stage: Stage;
  /** What is answered, as a sentence names it. */
  to: string;
  /** The sentence for a refusal. */
  refused: string;
  /** The status of a 5xx. */
  permanent: number;
  /** What a server that goes on says. */
  yes: string;
  /** A reply of the wrong kind: a yes to something else. */
  wrong: string;
  /** The last command that is said. */
  last?: string;
};

/** A wait in which whatever comes has come, in seconds. */
export const SHORT = 1;

const LONG = "x".repeat(100_000);
/** The longest text of a server's that is shown, code and space included. */
const SHOWN = 1000;
const ENDLESS = /(?:more than 1048576 bytes|a reply without end)/;

/** How it is called depends on who reads: the program itself, or nodemailer. */
const UNASKED: Ending = {
  status: 76,
  error: /^Smarthost sent (?:something unasked|more than its answer to .*) \(SERVER\): .*$/,
  log: /^code=-1 message="Smarthost sent /,
};

/** The cells of a row of the table: every fault that makes sense at this stage. */
export function faultsAt(at: ReplyStage): Fault[] {
  const { stage, to, last } = at;
  const cells = [...refusals(at), ...losses(at), ...breaches(at)];
  return cells.map(([what, action, ending]) => ({
    name: `${to}: ${what}`,
    script: { [stage]: action },
    ending,
    ...(/timed out/.test(String(ending.error)) && { timeout: SHORT }),
    ...(last !== undefined && { last }),
  }));
}

type Cell = [what: string, action: Action, ending: Ending];

function refusals(at: ReplyStage): Cell[] {
  const { stage, to, permanent, refused: what } = at;
  const bye = stage === "greeting" ? what : `Smarthost ended the session at ${to}`;
  const shown = `554 ${LONG}`.slice(0, SHOWN);
  return [
    ["4xx", reply("451 4.3.0 Later"), refused(75, what, "451 4.3.0 Later")],
    ["5xx", reply("554 5.3.0 Never"), refused(permanent, what, "554 5.3.0 Never")],
    ["421", reply("421 4.3.2 Closing"), refused(75, bye, "421 4.3.2 Closing")],
    [
      "421 and hang-up",
      inTurn(reply("421 4.3.2 Bye"), hangUp()),
      refused(75, bye, "421 4.3.2 Bye"),
    ],
    ["a refusal without words", reply("554"), refused(permanent, what, "554")],
    ["a refusal without words, but a space", reply("554 "), refused(permanent, what, "554")],
    [
      "a refusal in several lines",
      reply("554-5.3.0 Not", "554-", "554 5.3.0 you"),
      refused(permanent, what, "554 5.3.0 Not 5.3.0 you"),
    ],
    [
      "a refusal of 100 kB",
      reply(`554 ${LONG}`),
      {
        ...refused(permanent, what, `${shown}... (${4 + LONG.length - SHOWN} more)`),
        log: `code=554 message="${LONG.slice(0, 277)}..."`,
      },
    ],
    [
      "a refusal of 100 kB in lines",
      reply(
        ...Array.from({ length: 1000 }, (_, i) => `554${i < 999 ? "-" : " "}${LONG.slice(-94)}`),
      ),
      { status: permanent, error: /\(SERVER\): .*554 x{94} x.* \(\d+ more\)$/, log: /^code=554 / },
    ],
    [
      "a refusal of control characters",
      reply("554 \x1b[2J\x07 a\rb \u202e"),
      refused(permanent, what, "554 \\x1b[2J\\x07 a b \\u202e"),
    ],
  ];
}

/** How a reset is told. */
export const RESET = underThisRuntime(DIFFERENCES.reset);

function losses({ stage, to }: ReplyStage): Cell[] {
  const noAnswer = stage === "greeting" ? "No greeting from the smarthost" : `No answer to ${to}`;
  const answer = stage === "greeting" ? "the greeting" : `the answer to ${to}`;
  const lost = `Connection lost while waiting for ${answer}`;
  const doubt = stage === "dot" ? "; the server may have the message" : "";
  const late = failed(75, noAnswer, `timed out after ${SHORT} s${doubt}`);
  const closed = failed(75, lost, `the server closed the connection${doubt}`);
  return [
    ["silence", silence(), late],
    ["silence after half a reply", inTurn(raw("250"), silence()), late],
    ["silence after the first line", inTurn(reply("250-first"), silence()), late],
    ["a drip of bytes", dripForEver("250-slow\r\n", 40), late],
    ["hang-up", hangUp(), closed],
    ["hang-up after half a reply", inTurn(raw("250 2.0.0 O"), hangUp()), closed],
    ["hang-up after the first line", inTurn(reply("250-first"), hangUp()), closed],
    // Not before the client waits for it: a connection that is reset at once never was one.
    ["reset", inTurn(pause(50), reset()), failedLike(75, lost, RESET)],
  ];
}

function breaches({ stage, to, yes, wrong }: ReplyStage): Cell[] {
  const answer = stage === "greeting" ? "greeting" : `answer to ${to}`;
  const foreign = `The smarthost's ${answer} is not SMTP`;
  return [
    ["garbage", garbage(), failedLike(76, foreign, "")],
    ["an empty line", raw("\r\n"), failedLike(76, foreign, "")],
    [
      "another protocol",
      raw("HTTP/1.1 400 Bad Request\r\n\r\n"),
      failed(76, foreign, "HTTP/1.1 400 Bad Request"),
    ],
    ["no code that there is", reply("990 Ok"), failed(76, foreign, "990 Ok")],
    ["a preliminary code", reply("150 Wait"), failed(76, foreign, "150 Wait")],
    ["codes that differ", reply("250-Yes", "554 No"), failed(76, foreign, "250-Yes 554 No")],
    ["a code and no space", reply("250Ok"), failed(76, foreign, "250Ok")],
    [
      "lines without end",
      endless("250-more and more\r\n".repeat(1000)),
      failedLike(76, foreign, ENDLESS),
    ],
    ["a line without end", endless("x".repeat(65536)), failedLike(76, foreign, ENDLESS)],
    [
      "a yes to something else",
      reply(wrong),
      refused(76, `Unexpected answer to ${stage === "greeting" ? "the greeting" : to}`, wrong),
    ],
    ["bytes that nobody asked for", raw(`${yes}\r\n250 2.0.0 More\r\n`), UNASKED],
  ];
}

/** The cells in which a reply is strange and still a yes. */
export function oddities({ stage, to, yes }: ReplyStage): Fault[] {
  const code = yes.slice(0, 3);
  const rows: [what: string, action: Action][] = [
    ["a yes without words", reply(code)],
    ["a yes in several lines", reply(`${code}-One`, `${code}-`, `${code} Two`)],
    ["a yes that ends in LF alone", raw(`${yes}\n`)],
    ["a yes in single bytes", inTurn(...[...`${yes}\r\n`].map((byte) => raw(byte)))],
    ["a yes of 100 kB", reply(...Array<string>(999).fill(`${code}-${LONG.slice(-95)}`), yes)],
    ["a yes that is not UTF-8", raw(Uint8Array.of(...new TextEncoder().encode(yes), 0xe9, 13, 10))],
  ];
  return rows.map(([what, action]) => ({
    name: `${to}: ${what}`,
    script: { [stage]: action },
    ending: sent(),
  }));
}
