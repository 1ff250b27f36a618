/**
 * OAuth 2.0: how to get the access token that a login uses instead of a password.
 *
 * A request for a token says which client asks, with which grant (`token.ts`): a refresh token where
 * there is one, else the client's own credentials (RFC 6749, 6 and 4.4). It goes to the token server
 * as one form over one connection (`post.ts`), which is opened and encrypted as the one to the
 * smarthost is, with the same authorities. The answer is read whole, bounded in size and time
 * (`answer.ts`), and becomes an access token, or a failure that says what the token server said.
 * Nothing is stored, no redirect is followed.
 *
 * A new grant or a new error of a token server belongs here.
 *
 * @module
 */

export { type AccessToken, requestToken } from "./token.ts";
