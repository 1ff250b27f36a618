/**
 * An honest mail server that has nothing in common with nodemailer: Python's aiosmtpd.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { MailServer, MailServerOptions, StoredMessage } from "./mail_server.ts";
import { startPython } from "./python.ts";
import { LOOPBACK } from "./tcp.ts";

/** A message as the script prints it. */
type PrintedMessage = Omit<StoredMessage, "content" | "username"> & {
  content: string;
  username: string | null;
};

/** Starts aiosmtpd on a free loopback port. */
export async function aiosmtpd(options: MailServerOptions): Promise<MailServer> {
  const { encryption, certificate, login, size, smtputf8 = true } = options;
  const { keyFile, chainFile } = certificate ?? {};
  const settings = { encryption, keyFile, chainFile, login, size, smtputf8 };
  const script = await startPython("aiosmtpd_server.py", [JSON.stringify(settings)], "aiosmtpd");
  return {
    host: LOOPBACK,
    port: Number(script.greeting),
    async messages() {
      const printed: PrintedMessage[] = JSON.parse(await script.ask("messages"));
      return printed.map(({ content, username, ...rest }) => ({
        ...rest,
        content: Uint8Array.from(Buffer.from(content, "base64")),
        ...(username !== null && { username }),
      }));
    },
    [Symbol.asyncDispose]: () => script[Symbol.asyncDispose](),
  };
}
