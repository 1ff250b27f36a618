/**
 * The server's side of SMTP AUTH (RFC 4954): PLAIN, LOGIN and CRAM-MD5.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";

/** Who may log in. */
export type Login = { username: string; password: string };

/** One attempt to log in. */
export type LoginAttempt = {
  /** The reply to the AUTH command itself, then to each answer of the client. */
  next(answer?: string): string;
};

const CHALLENGE = "<1896.697170952@scripted.test>";
const WELCOME = "235 2.7.0 Accepted";
const REFUSAL = "535 5.7.8 Authentication credentials invalid";

const decode = (text: string) => Buffer.from(text, "base64").toString("utf8");
const ask = (prompt: string) => `334 ${Buffer.from(prompt).toString("base64")}`;

/** Begins an attempt with the AUTH command line; without a login everybody is refused. */
export function createLogin(login: Login | undefined, command: string): LoginAttempt {
  const [, mechanism = "", initial] = command.split(" ");
  const answers: string[] = initial === undefined ? [] : [initial];
  const verdict = (right: boolean) => right && login !== undefined ? WELCOME : REFUSAL;
  const steps: Record<string, () => string> = {
    PLAIN() {
      const [answer] = answers;
      if (answer === undefined) return ask("");
      const [, username, password] = decode(answer).split("\0");
      return verdict(username === login?.username && password === login?.password);
    },
    LOGIN() {
      const [username, password] = answers;
      if (username === undefined) return ask("Username:");
      if (password === undefined) return ask("Password:");
      const right = decode(username) === login?.username && decode(password) === login?.password;
      return verdict(right);
    },
    "CRAM-MD5"() {
      const [answer] = answers;
      if (answer === undefined) return ask(CHALLENGE);
      const digest = createHmac("md5", login?.password ?? "").update(CHALLENGE).digest("hex");
      return verdict(decode(answer) === `${login?.username} ${digest}`);
    },
  };
  return {
    next(answer) {
      if (answer !== undefined) answers.push(answer);
      return steps[mechanism.toUpperCase()]?.() ?? "504 5.5.4 Unknown mechanism";
    },
  };
}
