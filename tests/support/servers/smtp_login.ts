/**
 * The server's side of SMTP AUTH (RFC 4954): PLAIN, LOGIN and CRAM-MD5, and with an access token as
 * the password XOAUTH2 and OAUTHBEARER.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";

/** Who may log in. */
export type Login = { username: string; password: string };

/** The login of most tests. */
export const LOGIN: Login = { username: "user@mail.test", password: "correct horse battery" };

/** One attempt to log in. */
export type LoginAttempt = {
  /** The reply to the AUTH command itself, then to each answer of the client. */
  next(answer?: string): string;
};

const CHALLENGE = "<1896.697170952@scripted.test>";
const WELCOME = "235 2.7.0 Accepted";
const REFUSAL = "535 5.7.8 Authentication credentials invalid";

/** What a server says of a token that it does not take (RFC 7628, 3.2.2; XOAUTH2 is like it). */
export const TOKEN_REFUSAL = '{"status":"401","schemes":"bearer","scope":"mail"}';

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
  const token = (pattern: RegExp) => () => {
    const [response, end] = answers;
    if (response === undefined) return ask("");
    if (end !== undefined) return REFUSAL;
    const [, username, given] = pattern.exec(decode(response)) ?? [];
    const right = username === login?.username && given === login?.password;
    return right && login !== undefined ? WELCOME : ask(TOKEN_REFUSAL);
  };
  steps["XOAUTH2"] = token(/^user=([^\x01]*)\x01auth=Bearer ([!-~]+)\x01\x01$/);
  steps["OAUTHBEARER"] = token(
    /^n,a=([^,]*),\x01host=[^\x01]+\x01port=\d+\x01auth=Bearer ([!-~]+)\x01\x01$/,
  );
  return {
    next(answer) {
      if (answer !== undefined) answers.push(answer);
      return steps[mechanism.toUpperCase()]?.() ?? "504 5.5.4 Unknown mechanism";
    },
  };
}
