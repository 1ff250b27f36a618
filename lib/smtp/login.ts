/**
 * SMTP AUTH (RFC 4954): says what the mechanisms have to say, and judges the answers.
 *
 * @module
 */

import { Failure, type Reply } from "../outcome.ts";
import { type Credentials, type Mechanism, mechanismFor, tokenReason } from "./mechanism.ts";
import { refusal } from "./status.ts";

/** Says a line and gives the reply; `shown` stands in the transcript in its place. */
export type Say = (line: string, shown: string) => Promise<Reply>;

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
  const mechanism = mechanismFor(name, credentials);
  if (mechanism === undefined) throw new Error(`There is no mechanism ${name}`);
  const { reply, isDone, question } = await runMechanism(say, name, mechanism);
  if (isDone && isLoggedIn(reply)) return name;
  if (isMechanismRefused(reply) && others.length > 0) {
    return await logIn(say, credentials, others, where);
  }
  // The server would take the next command for an answer (RFC 4954, 4).
  if (isQuestion(reply)) await say("*", "*");
  const { details } = refusal("AUTH", where, reply);
  const why = "token" in credentials ? tokenReason(question) : undefined;
  throw new Failure({ ...details, ...(why !== undefined && { why }) });
}

/**
 * The reply that decides, whether all that is required has been said by then, and the last question
 * that had words.
 */
async function runMechanism(
  say: Say,
  name: string,
  { initial, answers, required }: Mechanism,
): Promise<{ reply: Reply; isDone: boolean; question: string }> {
  const command = `AUTH ${name}`;
  let reply = initial === undefined
    ? await say(command, command)
    : await say(`${command} ${initial}`, `${command} ${SECRET}`);
  let given = 0;
  let question = "";
  for (const answer of answers) {
    if (!isQuestion(reply)) break;
    question = reply.text.trim() || question;
    const response = answer(reply.text);
    if (response === undefined) break;
    reply = await say(response, SECRET);
    given++;
  }
  return { reply, isDone: given >= required || isAlreadyLoggedIn(reply), question };
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
