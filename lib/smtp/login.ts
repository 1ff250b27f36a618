/**
 * SMTP AUTH (RFC 4954): what each mechanism says, and what the answers mean.
 *
 * A new mechanism is a row of the table.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import type { Reply } from "../outcome.ts";
import { refusal } from "./status.ts";

/** Who logs in. */
export type Credentials = { username: string; password: string };

/** Says a line and gives the reply; `shown` stands in the transcript in its place. */
export type Say = (line: string, shown: string) => Promise<Reply>;

type Mechanism = {
  /** The initial response (RFC 4954, 4); a mechanism without one is asked first. */
  initial?: (credentials: Credentials) => string;
  /**
   * The answers to what the server asks, in this order; nothing where there is no answer to such a
   * question.
   */
  answers: readonly ((credentials: Credentials, question: string) => string | undefined)[];
  /** How many of them the server has to hear before its yes is believed. */
  required: number;
};

const MECHANISMS = new Map<string, Mechanism>([
  // RFC 4616. Some servers do not read what stands behind the mechanism, and ask.
  ["PLAIN", { initial: plain, answers: [plain], required: 0 }],
  ["LOGIN", {
    answers: [({ username }) => base64(username), ({ password }) => base64(password)],
    required: 2,
  }],
  ["CRAM-MD5", { answers: [digest], required: 1 }],
]);

/** What is shown of a line with a secret in it. */
const SECRET = "***";

/**
 * Logs in by the first of these mechanisms that the server at `where` takes, and gives its name. A
 * mechanism that is refused as such (504, 534) is followed by the next. A refused password is not
 * tried again: accounts get locked. Throws a Failure with the last refusal.
 */
export async function logIn(
  say: Say,
  credentials: Credentials,
  mechanisms: readonly string[],
  where: string,
): Promise<string> {
  const [name = "", ...others] = mechanisms;
  const mechanism = MECHANISMS.get(name);
  if (mechanism === undefined) throw new Error(`There is no mechanism ${name}`);
  const { reply, isDone } = await runMechanism(say, credentials, name, mechanism);
  if (isDone && isLoggedIn(reply)) return name;
  if (isMechanismRefused(reply) && others.length > 0) {
    return await logIn(say, credentials, others, where);
  }
  // The server would take the next command for an answer (RFC 4954, 4).
  if (isQuestion(reply)) await say("*", "*");
  throw refusal("AUTH", where, reply);
}

/** The reply that decides, and whether all that is required has been said by then. */
async function runMechanism(
  say: Say,
  credentials: Credentials,
  name: string,
  { initial, answers, required }: Mechanism,
): Promise<{ reply: Reply; isDone: boolean }> {
  const command = `AUTH ${name}`;
  let reply = initial === undefined
    ? await say(command, command)
    : await say(`${command} ${initial(credentials)}`, `${command} ${SECRET}`);
  let given = 0;
  for (const answer of answers) {
    const response = isQuestion(reply) ? answer(credentials, reply.text) : undefined;
    if (response === undefined) break;
    reply = await say(response, SECRET);
    given++;
  }
  return { reply, isDone: given >= required || isAlreadyLoggedIn(reply) };
}

function isLoggedIn(reply: Reply): boolean {
  return (reply.code >= 200 && reply.code < 300) || isAlreadyLoggedIn(reply);
}

/** No second AUTH is allowed after one that succeeded (RFC 4954, 4); some servers know the client. */
function isAlreadyLoggedIn({ code, text }: Reply): boolean {
  return code === 503 && /\balready\b/i.test(text);
}

/** 504: unknown mechanism; 534: too weak, or not for this user (RFC 4954, 4 and 6). */
function isMechanismRefused({ code }: Reply): boolean {
  return code === 504 || code === 534;
}

function isQuestion({ code }: Reply): boolean {
  return code === 334;
}

function plain({ username, password }: Credentials): string {
  return base64(`\0${username}\0${password}`);
}

/** RFC 2195, 2: the digest of the challenge, keyed with the password. */
function digest({ username, password }: Credentials, question: string): string | undefined {
  if (question.trim() === "") return undefined;
  const challenge = Buffer.from(question, "base64");
  return base64(`${username} ${createHmac("md5", password).update(challenge).digest("hex")}`);
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
