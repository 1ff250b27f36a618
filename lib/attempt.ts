/**
 * What is to be sent, as far as the log names it.
 *
 * @module
 */

import { addressOf } from "./address.ts";
import { defaultSender, type Message } from "./message.ts";
import type { Options } from "./options.ts";
import { formatAddress } from "./outcome.ts";
import type { Attempt } from "./report.ts";
import type { SmarthostSettings } from "./settings.ts";

/** The attempt as the command line alone tells it, for when nothing more becomes known. */
export function firstGuess(options: Options, hostName: string): Attempt {
  const [first] = [...options.to, ...options.cc, ...options.bcc];
  return {
    from: defaultSender(options, hostName),
    to: first === undefined ? "" : addressOf(first, hostName),
    subject: options.subject ?? "",
  };
}

/** The attempt to hand this message to this smarthost. */
export function attemptOf(message: Message, settings: SmarthostSettings): Attempt {
  const { sender, recipients } = message.envelope;
  const server = serverIn(settings);
  return { from: sender, to: recipients[0] ?? "", subject: message.subject, server };
}

/** The smarthost of the settings as `host:port`, where they name one. */
export function serverIn({ host, port }: SmarthostSettings): string | undefined {
  return host === "" ? undefined : formatAddress({ host, port });
}
