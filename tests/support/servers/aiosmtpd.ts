/**
 * An honest mail server that has nothing in common with nodemailer: Python's aiosmtpd.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { MailServer, MailServerOptions, StoredMessage } from "./mail_server.ts";
import { startPython } from "../program/python.ts";
import { LOOPBACK } from "./tcp.ts";

/** A message as the script prints it. */
type PrintedMessage = Omit<StoredMessage, "content" | "username"> & {
  content: string;
  username: string | null;
};

/** A running aiosmtpd. */
export type Aiosmtpd = MailServer & {
  /** Gives the messages as `messages` does, and forgets them. */
  take(): Promise<StoredMessage[]>;
};

/** Starts aiosmtpd on a free loopback port. */
export async function aiosmtpd(options: MailServerOptions): Promise<Aiosmtpd> {
  const { encryption, certificate, login, size, smtputf8 = true } = options;
  const { keyFile, chainFile } = certificate ?? {};
  const settings = { encryption, keyFile, chainFile, login, size, smtputf8 };
  const script = await startPython(
    "servers/aiosmtpd_server.py",
    [JSON.stringify(settings)],
    "aiosmtpd",
  );
  return {
    host: LOOPBACK,
    port: Number(script.greeting),
    messages: async () => understand(await script.ask("messages")),
    take: async () => understand(await script.ask("take")),
    [Symbol.asyncDispose]: () => script[Symbol.asyncDispose](),
  };
}

function understand(answer: string): StoredMessage[] {
  const printed: PrintedMessage[] = JSON.parse(answer);
  return printed.map(({ content, username, ...rest }) => ({
    ...rest,
    content: Uint8Array.from(Buffer.from(content, "base64")),
    ...(username !== null && { username }),
  }));
}
