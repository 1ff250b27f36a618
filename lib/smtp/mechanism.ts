/**
 * The mechanisms of SMTP AUTH (RFC 4954) and the lines that each sends. With a password: PLAIN, LOGIN
 * and CRAM-MD5. With an access token: XOAUTH2, as Google and Microsoft describe it, and OAUTHBEARER
 * (RFC 7628).
 *
 * A new mechanism is a row of a table.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import { parseObject } from "../text/mod.ts";

/** A user name and a password. */
export type PasswordCredentials = { username: string; password: string };

/** A user name, an access token, and the server (OAUTHBEARER names it). */
export type TokenCredentials = {
  username: string;
  /** The access token, in printable ASCII. */
  token: string;
  host: string;
  port: number;
};

/** The credentials of a login. */
export type Credentials = PasswordCredentials | TokenCredentials;

/** The lines that a mechanism sends for given credentials. */
export type Mechanism = {
  /** The initial response (RFC 4954, 4); missing if the server has to ask first. */
  initial?: string;
  /**
   * The answers to the server's questions (334), in this order; each gives nothing if it cannot
   * answer the question.
   */
  answers: readonly ((question: string) => string | undefined)[];
  /** How many answers must be sent before a positive reply counts as a login. */
  required: number;
};

/** Gives the mechanism of this name; nothing if there is none for such credentials. */
export function mechanismFor(name: string, credentials: Credentials): Mechanism | undefined {
  return "token" in credentials
    ? tokenMechanism(name, credentials)
    : PASSWORD_MECHANISMS.get(name)?.(credentials);
}

const PASSWORD_MECHANISMS = new Map<string, (credentials: PasswordCredentials) => Mechanism>([
  // RFC 4616. Some servers ignore the initial response and ask for it.
  ["PLAIN", (credentials) => {
    const response = plain(credentials);
    return { initial: response, answers: [() => response], required: 0 };
  }],
  ["LOGIN", ({ username, password }) => ({
    answers: [() => base64(username), () => base64(password)],
    required: 2,
  })],
  ["CRAM-MD5", (credentials) => ({
    answers: [(question) => digest(credentials, question)],
    required: 1,
  })],
]);

function plain({ username, password }: PasswordCredentials): string {
  return base64(`\0${username}\0${password}`);
}

/** RFC 2195, 2: the HMAC-MD5 of the challenge, with the password as its key. */
function digest({ username, password }: PasswordCredentials, question: string): string | undefined {
  if (question.trim() === "") return undefined;
  const challenge = Buffer.from(question, "base64");
  return base64(`${username} ${createHmac("md5", password).update(challenge).digest("hex")}`);
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

/** The longest command line with an initial response in it, in octets (RFC 4954, 4; RFC 5321). */
const LONGEST_COMMAND = 512 - "\r\n".length;

/**
 * Gives a mechanism for a token; nothing if the mechanism is unknown. A server that refuses the token
 * says why in a 334, and sends its final reply after an answer to that. A server that ignores the
 * initial response sends an empty 334, and gets the response once more.
 */
function tokenMechanism(name: string, credentials: TokenCredentials): Mechanism | undefined {
  const mechanism = TOKEN_MECHANISMS.get(name);
  if (mechanism === undefined) return undefined;
  const response = base64(mechanism.response(credentials));
  const end = () => mechanism.end;
  if (`AUTH ${name} ${response}`.length > LONGEST_COMMAND) {
    return { answers: [() => response, end], required: 1 };
  }
  const answer = (question: string) => question.trim() === "" ? response : mechanism.end;
  return { initial: response, answers: [answer, end], required: 0 };
}

/** The response of each mechanism, and its answer to a refusal of the token. */
const TOKEN_MECHANISMS = new Map([
  ["XOAUTH2", {
    response: ({ username, token }: TokenCredentials) =>
      `user=${username}\x01auth=Bearer ${token}\x01\x01`,
    end: "",
  }],
  ["OAUTHBEARER", {
    response({ username, token, host, port }: TokenCredentials) {
      // RFC 5801, 4: in the header of the message a comma and an equals sign are escaped.
      const name = username.replaceAll("=", "=3D").replaceAll(",", "=2C");
      const fields = [`host=${host}`, `port=${port}`, `auth=Bearer ${token}`].join("\x01");
      return `n,a=${name},\x01${fields}\x01\x01`;
    },
    // RFC 7628, 3.2.3: the octet 1 in base64.
    end: "AQ==",
  }],
]);

/** The responses of all mechanisms with a token. Each is secret: the token can be decoded from it. */
export function tokenResponses(credentials: TokenCredentials): string[] {
  return [...TOKEN_MECHANISMS.values()].map(({ response }) => base64(response(credentials)));
}

/** The members of a server's JSON about a refused token, in the order in which they are shown. */
const REASONS: readonly string[] = ["status", "schemes", "scope", "error", "error_description"];

/**
 * Gives the reason for which a server refused a token: the members of the JSON in its 334 (RFC 7628,
 * 3.2.2), or the text if it is not JSON. Gives nothing if there is no text.
 */
export function tokenReason(question: string): string | undefined {
  const text = Buffer.from(question, "base64").toString().trim();
  const values = parseObject(text);
  const words = REASONS.flatMap((name) => {
    const value = values?.[name];
    return typeof value === "string" || typeof value === "number" ? [`${name} ${value}`] : [];
  });
  if (words.length > 0) return words.join(", ");
  return text || undefined;
}
