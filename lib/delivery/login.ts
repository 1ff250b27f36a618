/**
 * Logs in for a delivery: with a password, with an access token, or not at all.
 *
 * @module
 */

import type { SmarthostSettings } from "../cluster/mod.ts";
import type { AccessToken } from "../oauth/mod.ts";
import { ExitStatus, Failure } from "../outcome.ts";
import type { Connection, Session } from "../smtp/mod.ts";
import { isExpired, usesOAuth2 } from "./token.ts";

/** A session before the login. */
export type OpenSmarthost = {
  connection: Connection;
  session: Session;
  /** The access token for the login, if the settings ask for OAuth 2.0. */
  token?: Promise<AccessToken>;
};

/**
 * Logs in if the settings have an access token, or a user name and a password. Gives the mechanism.
 * Throws a Failure (77) if the server offers no mechanism that this program supports; no password is
 * sent then.
 */
export async function login(
  opened: OpenSmarthost,
  settings: SmarthostSettings,
): Promise<string | undefined> {
  const { connection, session, token } = opened;
  const { username, password } = settings;
  if (token !== undefined) return await loginByToken(opened, settings, await token);
  if (username === "" || password === "") return undefined;
  const offered = session.capabilities.auth;
  // Without encryption only CRAM-MD5 does not show the password on the network.
  const preferred = connection.encryption === undefined
    ? ["CRAM-MD5", "PLAIN", "LOGIN"]
    : ["PLAIN", "LOGIN", "CRAM-MD5"];
  const mechanisms = preferred.filter((name) => offered.includes(name));
  if (mechanisms.length > 0) return await session.login({ username, password }, mechanisms);
  throw noLogin(opened);
}

/**
 * Logs in with a token, and gives the mechanism. Throws a Failure (77) if the server offers no
 * mechanism for tokens; a password is not tried instead.
 */
async function loginByToken(
  opened: OpenSmarthost,
  { username, host, port }: SmarthostSettings,
  { token, lifetime }: AccessToken,
): Promise<string> {
  const offered = opened.session.capabilities.auth;
  const mechanisms = MECHANISMS.filter((name) => offered.includes(name));
  if (mechanisms.length === 0) throw noLogin(opened, "XOAUTH2 nor OAUTHBEARER");
  try {
    return await opened.session.login({ username, token, host, port }, mechanisms);
  } catch (error) {
    if (!(error instanceof Failure) || !isExpired(lifetime)) throw error;
    const why = [error.details.why, EXPIRED].filter(Boolean).join("; ");
    throw new Failure({ ...error.details, why });
  }
}

/** The mechanisms for tokens; Google and Microsoft both describe the first one. */
const MECHANISMS: readonly string[] = ["XOAUTH2", "OAUTHBEARER"];

const EXPIRED = "the access token had expired when it came";

/** Makes the Failure (77) for a server that offers none of the mechanisms; `missing` names them. */
function noLogin(
  { connection: { server, encryption }, session }: OpenSmarthost,
  missing?: string,
): Failure {
  const offered = session.capabilities.auth;
  const list = offered.length === 0 ? "no login" : `only ${offered.join(", ")}`;
  const why = `the server offers ${list}${missing === undefined ? "" : `, and neither ${missing}`}`;
  // Most servers offer a login only inside TLS (RFC 4954, 4).
  const isSlip = encryption === undefined && session.capabilities.startTls;
  return new Failure({
    status: ExitStatus.notAllowed,
    what: "Cannot log in",
    where: server,
    why,
    ...(isSlip && { hint: 'it offers STARTTLS, and encrypt_smtp is "none"' }),
  });
}

/** The reply of a server that demands a login before MAIL or RCPT (RFC 4954, 6). */
const LOGIN_DEMANDED = 530;

/** Adds a hint to the error if the server demands a login and the settings lack a part of it. */
export function withLoginHint(error: unknown, settings: SmarthostSettings): unknown {
  if (!(error instanceof Failure) || error.details.reply?.code !== LOGIN_DEMANDED) return error;
  const hint = missingLogin(settings);
  return hint === undefined ? error : new Failure({ ...error.details, hint });
}

/** Gives a text about what the settings lack for a login; nothing if they lack nothing. */
function missingLogin(settings: SmarthostSettings): string | undefined {
  const { username, password } = settings;
  if (usesOAuth2(settings) || (username !== "" && password !== "")) return undefined;
  if (username === "" && password === "") {
    return "the settings have no user name and no password";
  }
  return username === "" ? "the settings have no user name" : "the settings have no password";
}
