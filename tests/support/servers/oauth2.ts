/**
 * What a smarthost of the tests needs for a login by OAuth 2.0.
 *
 * @module
 */

import type { SmarthostHash } from "./redis.ts";
import type { ScriptedOptions } from "./smtp_conversation.ts";

/** The token that the smarthost takes, of the user that it knows. */
export const OAUTH2_LOGIN = { username: "user@mail.test", password: "ya29.the-access-token_0123" };

/** The client at the token server. */
export const OAUTH2_CLIENT = {
  id: "0a1b-the-client",
  secret: "k7~the+client/secret=",
  refreshToken: "1//the-refresh-token",
};

/** A smarthost in TLS that offers both mechanisms for tokens, and one for passwords. */
export const OAUTH2_SERVER = {
  encryption: "tls",
  login: OAUTH2_LOGIN,
  auth: "AUTH PLAIN XOAUTH2 OAUTHBEARER",
} satisfies ScriptedOptions;

/** The settings for a login with a token of this URL, in TLS under the name `localhost`. */
export function oauth2Hash(url: string, given: SmarthostHash = {}): SmarthostHash {
  return {
    host: "localhost",
    encrypt_smtp: "tls",
    username: OAUTH2_LOGIN.username,
    password: "a password that is never used",
    oauth2_token_url: url,
    oauth2_client_id: OAUTH2_CLIENT.id,
    oauth2_client_secret: OAUTH2_CLIENT.secret,
    oauth2_scope: "https://mail.test/.default",
    ...given,
  };
}
