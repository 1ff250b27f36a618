/**
 * What was to be sent, by whom, to whom and through which server.
 *
 * @module
 */

import { addressOf } from "../address/mod.ts";
import type { SmarthostSettings } from "../cluster/mod.ts";
import { defaultSender, type Mail, type Message } from "../message/mod.ts";
import { formatAddress } from "../outcome.ts";

/** What was to be sent, as far as the log names it. */
export type Attempt = {
  /** The envelope sender; empty for the empty one. */
  from: string;
  /** The first recipient. */
  to: string;
  /** Every recipient, as far as they are known. */
  recipients?: readonly string[];
  subject: string;
  /** The smarthost as `host:port`, where it is known. */
  server?: string | undefined;
};

/**
 * Describes an attempt: by the finished message and the settings where they are known, else by the
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

/** The smarthost of the settings as `host:port`, where they name one. */
function serverIn({ host, port }: SmarthostSettings): string | undefined {
  return host === "" ? undefined : formatAddress({ host, port });
}
