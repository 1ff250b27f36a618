/**
 * The mechanisms of SMTP AUTH (RFC 4954): what each says. With a password PLAIN, LOGIN and CRAM-MD5;
 * with an access token XOAUTH2, as Google and Microsoft describe it, and OAUTHBEARER (RFC 7628).
 *
 * A new mechanism is a row of a table.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";

/** Who logs in with a password. */
export type PasswordCredentials = { username: string; password: string };

/** Who logs in with an access token, and where. */
export type TokenCredentials = {
  username: string;
  /** The access token, in printable ASCII. */
  token: string;
  host: string;
  port: number;
};

/** Who logs in. */
export type Credentials = PasswordCredentials | TokenCredentials;

/** What a mechanism says for somebody. */
export type Mechanism = {
  /** The initial response (RFC 4954, 4); a mechanism without one is asked first. */
  initial?: string;
  /**
   * The answers to what the server asks, in this order; nothing where there is no answer to such a
   * question.
   */
  answers: readonly ((question: string) => string | undefined)[];
  /** How many of them the server has to hear before its yes is believed. */
  required: number;
};

/** What the mechanism of this name says; nothing where there is none for such credentials. */
export function mechanismFor(name: string, credentials: Credentials): Mechanism | undefined {
  return "token" in credentials
    ? tokenMechanism(name, credentials)
    : PASSWORD_MECHANISMS.get(name)?.(credentials);
}

const PASSWORD_MECHANISMS = new Map<string, (credentials: PasswordCredentials) => Mechanism>([
  // RFC 4616. Some servers do not read what stands behind the mechanism, and ask.
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

/** RFC 2195, 2: the digest of the challenge, keyed with the password. */
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
 * What the mechanism says with a token. A server that refuses the token says why in a question
 * (334), and gives its reply when it has been answered; one that does not read what stands behind
 * the mechanism asks without words, and is told once more. Nothing for an unknown mechanism.
 */
function tokenMechanism(name: string, credentials: TokenCredentials): Mechanism | undefined {
  const said = TOKEN_MECHANISMS.get(name);
  if (said === undefined) return undefined;
  const response = base64(said.response(credentials));
  const end = () => said.end;
  if (`AUTH ${name} ${response}`.length > LONGEST_COMMAND) {
    return { answers: [() => response, end], required: 1 };
  }
  const answer = (question: string) => question.trim() === "" ? response : said.end;
  return { initial: response, answers: [answer, end], required: 0 };
}

/** What each mechanism says with a token, and what it says when the token is refused. */
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

/** All that may be said with a token; each is as secret as the token, for it can be made out of it. */
export function tokenResponses(credentials: TokenCredentials): string[] {
  return [...TOKEN_MECHANISMS.values()].map(({ response }) => base64(response(credentials)));
}

/** What an answer of a server to a token may say, in the order in which it is told. */
const REASONS: readonly string[] = ["status", "schemes", "scope", "error", "error_description"];

/**
 * Why a server does not take a token: what the JSON in its 334 says (RFC 7628, 3.2.2), or the text
 * in there that is no JSON. Nothing where it says nothing.
 */
export function tokenReason(question: string): string | undefined {
  const text = Buffer.from(question, "base64").toString().trim();
  const values = valuesIn(text);
  const words = REASONS.flatMap((name) => {
    const value = values?.[name];
    return typeof value === "string" || typeof value === "number" ? [`${name} ${value}`] : [];
  });
  if (words.length > 0) return words.join(", ");
  return text || undefined;
}

function valuesIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null
      ? Object.fromEntries(Object.entries(value))
      : undefined;
  } catch {
    return undefined;
  }
}
