/**
 * The description of an attempt to send: sender, recipients, subject, server.
 *
 * @module
 */

import { addressOf } from "../address/mod.ts";
import type { SmarthostSettings } from "../cluster/mod.ts";
import { defaultSender, type Mail, type Message } from "../message/mod.ts";
import { formatAddress } from "../outcome.ts";

/** The parts of an attempt that the log and JSON show. */
export type Attempt = {
  /** The envelope sender; empty for the empty one. */
  from: string;
  /** The first recipient. */
  to: string;
  /** All known recipients. */
  recipients?: readonly string[];
  subject: string;
  /** The smarthost as `host:port`, if it is known. */
  server?: string | undefined;
};

/**
 * Describes an attempt, from the finished message and the settings if they are known, else from the
 * request alone.
 */
export function attemptOf(
  mail: Mail,
  hostName: string,
  { message, settings }: {
    message?: Message | undefined;
    settings?: SmarthostSettings | undefined;
  },
): Attempt {
  const recipients = [...mail.to, ...mail.cc, ...mail.bcc]
    .map((mailbox) => addressOf(mailbox, hostName));
  const server = settings && serverIn(settings);
  if (message !== undefined) {
    const { subject, envelope: { sender, recipients, unreadable = [] } } = message;
    const everybody = recipients.concat(unreadable.map(({ address }) => address));
    return { from: sender, to: recipients[0] ?? "", recipients: everybody, subject, server };
  }
  return {
    from: defaultSender(mail, hostName),
    to: recipients[0] ?? "",
    recipients: [...new Set(recipients)],
    subject: mail.subject ?? "",
    server,
  };
}

/** Gives the smarthost in the settings as `host:port`; nothing if the host is empty. */
function serverIn({ host, port }: SmarthostSettings): string | undefined {
  return host === "" ? undefined : formatAddress({ host, port });
}
