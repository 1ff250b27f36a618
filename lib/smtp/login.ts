/**
 * SMTP AUTH (RFC 4954): sends the lines of a mechanism, and judges the answers.
 *
 * @module
 */

import { Failure, type Reply } from "../outcome.ts";
import { type Credentials, type Mechanism, mechanismFor, tokenReason } from "./mechanism.ts";
import { refusal } from "./status.ts";

/** Sends a line and gives the reply; `shown` replaces the line in the transcript. */
export type SendLine = (line: string, shown: string) => Promise<Reply>;

/** Shown in place of a line with a secret in it. */
const SECRET = "***";

/**
 * Logs in with the first of these mechanisms that the server at `where` (`host:port`) accepts, and
 * gives its name. If the server refuses the mechanism itself (504, 534), the next one is tried. A
 * refused password is not tried again, because that can lock the account. Throws a Failure with the
 * last refusal.
 */
export async function logIn(
  send: SendLine,
  credentials: Credentials,
  mechanisms: readonly string[],
  where: string,
): Promise<string> {
  const [name = "", ...others] = mechanisms;
  const mechanism = mechanismFor(name, credentials);
  if (mechanism === undefined) throw new Error(`There is no mechanism ${name}`);
  const { reply, isDone, question } = await runMechanism(send, name, mechanism);
  if (isDone && isLoggedIn(reply)) return name;
  if (isMechanismRefused(reply) && others.length > 0) {
    return await logIn(send, credentials, others, where);
  }
  // Cancels the login: the server would take the next command for an answer (RFC 4954, 4).
  if (isQuestion(reply)) await send("*", "*");
  const { details } = refusal("AUTH", where, reply);
  const why = "token" in credentials ? tokenReason(question) : undefined;
  throw new Failure({ ...details, ...(why !== undefined && { why }) });
}

/**
 * Runs one mechanism. Gives the last reply, whether all required answers were sent before it, and the
 * last question of the server that was not empty.
 */
async function runMechanism(
  send: SendLine,
  name: string,
  { initial, answers, required }: Mechanism,
): Promise<{ reply: Reply; isDone: boolean; question: string }> {
  const command = `AUTH ${name}`;
  let reply = initial === undefined
    ? await send(command, command)
    : await send(`${command} ${initial}`, `${command} ${SECRET}`);
  let answered = 0;
  let question = "";
  for (const answer of answers) {
    if (!isQuestion(reply)) break;
    question = reply.text.trim() || question;
    const response = answer(reply.text);
    if (response === undefined) break;
    reply = await send(response, SECRET);
    answered++;
  }
  return { reply, isDone: answered >= required || isAlreadyLoggedIn(reply), question };
}

function isLoggedIn(reply: Reply): boolean {
  return (reply.code >= 200 && reply.code < 300) || isAlreadyLoggedIn(reply);
}

/** Some servers know the client without a login, and answer that it is logged in already. */
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
