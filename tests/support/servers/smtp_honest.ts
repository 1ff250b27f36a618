/**
 * An honest mail server: npm's smtp-server, by the author of nodemailer.
 *
 * @module
 */

import { once } from "node:events";
import { buffer } from "node:stream/consumers";
import { SMTPServer, type SMTPServerOptions, type SMTPServerSession } from "smtp-server";
import type { MailServer, MailServerOptions, StoredMessage } from "./mail_server.ts";
import { TOKEN_REFUSAL } from "./smtp_login.ts";
import { LOOPBACK, portOf } from "./tcp.ts";

/** Starts smtp-server on a free loopback port. */
export async function honestSmtp(options: MailServerOptions): Promise<MailServer> {
  const stored: StoredMessage[] = [];
  const server = new SMTPServer({
    ...serverOptions(options),
    onAuth({ method, username, password, accessToken, validatePassword }, _session, callback) {
      const { login } = options;
      if (method === "XOAUTH2") {
        const right = username === login?.username && accessToken === login?.password;
        return callback(null, right ? { user: username } : { data: JSON.parse(TOKEN_REFUSAL) });
      }
      const right = method === "CRAM-MD5"
        ? validatePassword(login?.password ?? "")
        : password === login?.password;
      if (username === login?.username && right) callback(null, { user: username });
      else callback(new Error("Wrong user name or password"));
    },
    onData(stream, session, callback) {
      buffer(stream).then((content) => {
        stored.push({ ...describe(session), content });
        callback(null, "queued as 4F1");
      }, callback);
    },
  });
  server.on("error", () => {}); // a client that breaks off its handshake is no fault of the server
  server.listen(0, LOOPBACK);
  await once(server.server, "listening");
  return {
    host: LOOPBACK,
    port: portOf(server.server),
    messages: () => Promise.resolve(stored),
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function serverOptions(options: MailServerOptions): SMTPServerOptions {
  const { encryption, certificate, login, size, smtputf8 = true } = options;
  return {
    ...(certificate && { key: certificate.key, cert: certificate.chain }),
    ...(size !== undefined && { size }),
    secure: encryption === "tls",
    disabledCommands: [
      ...(encryption === "starttls" ? [] : ["STARTTLS"]),
      ...(login ? [] : ["AUTH"]),
    ],
    authMethods: options.mechanisms ?? ["PLAIN", "LOGIN", "CRAM-MD5"],
    authOptional: !login,
    allowInsecureAuth: encryption === "none",
    hideSMTPUTF8: !smtputf8,
    disableReverseLookup: true,
    closeTimeout: 1,
  };
}

function describe(session: SMTPServerSession): Omit<StoredMessage, "content"> {
  const { mailFrom, rcptTo } = session.envelope;
  return {
    sender: mailFrom ? mailFrom.address : "",
    recipients: rcptTo.map(({ address }) => address),
    encrypted: session.secure,
    // false, and not undefined, after STARTTLS
    ...(typeof session.user === "string" && { username: session.user }),
  };
}
