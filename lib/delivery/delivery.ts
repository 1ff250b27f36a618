/**
 * The policy of a submission: what must hold before the message is offered, who was refused, and
 * what that means.
 *
 * @module
 */

import {
  type Capabilities,
  type ConnectionOptions,
  openConnection,
  openSession,
} from "../smtp/mod.ts";
import { certificateAuthorities, type Environment, trustedCertificates } from "../tls/mod.ts";
import type { Message } from "../message/mod.ts";
import { ExitStatus, Failure, type Outcome, type RecipientOutcome } from "../outcome.ts";
import { hostProblem, requireOAuth2, type SmarthostSettings } from "../cluster/mod.ts";
import { clip } from "../text/mod.ts";
import { login, type OpenSmarthost, withLoginHint } from "./login.ts";
import { askForToken, usesOAuth2 } from "./token.ts";
import { sendToAll } from "./transactions.ts";

/** What a submission needs beside message and settings. */
export type DeliveryContext = ConnectionOptions & {
  /** Takes the outcome as soon as it is certain; goodbyes may follow. */
  onOutcome?: (outcome: Outcome) => void;
  /** Cuts the connection when it aborts. */
  aborted?: AbortSignal;
  /** Takes how many octets of the message have gone, and of how many. */
  onSent?: (octets: number, total: number) => void;
  /** Whether commands are sent together where the server offers that (RFC 2920); by default they are. */
  pipelining?: boolean;
  /** The longest wait for the answer to the final dot, in milliseconds. */
  finalTimeout: number;
  /** Gives the certificate authorities in PEM for a connection that verifies, or does not. */
  authorities: (verify: boolean) => readonly string[];
  /** Gives all certificates that this host trusts, in DER, to say why one is not valid. */
  trusted?: () => readonly Uint8Array[];
  /** Takes a secret that becomes known on the way, before anybody can say it back. */
  onSecret?: (secret: string) => void;
};

/**
 * Hands the message to the smarthost. Gives the outcome when it has been offered, also when some
 * or all recipients were refused; throws a Failure with the exit status for everything else.
 */
export async function deliver(
  message: Message,
  settings: SmarthostSettings,
  context: DeliveryContext,
): Promise<Outcome> {
  requireSmarthost(settings);
  const first = await deliverOnce(message, settings, context);
  if (!("lostPipeline" in first)) return first;
  // On that connection there is nothing more to say: what was not answered may have been read, and
  // behind a DATA that was read everything is text. This one has sent no text, so nothing is doubled.
  context.transcript("* No answer to commands sent together; once more, one at a time");
  const second = await deliverOnce(message, settings, { ...context, pipelining: false });
  if ("lostPipeline" in second) throw second.lostPipeline;
  return second;
}

/** A delivery on one connection; `lostPipeline` is the failure where another way is worth a try. */
async function deliverOnce(
  message: Message,
  settings: SmarthostSettings,
  context: DeliveryContext,
): Promise<Outcome | { lostPipeline: Failure }> {
  const opened = await openSmarthost(settings, context);
  const { session, connection: { server } } = opened;
  context.aborted?.addEventListener("abort", () => session.close());
  try {
    context.aborted?.throwIfAborted();
    await login(opened, settings);
    requireCapabilities(message, session.capabilities, server);
    const { recipients, transactions } = await sendToAll(session, {
      ...message.envelope,
      content: message.content,
      total: message.size,
      eightBit: message.eightBit,
      ...(session.capabilities.size !== undefined && { size: message.size }),
    });
    const answered = recipients.concat(message.envelope.unreadable ?? []);
    const [reply] = transactions;
    const outcome: Outcome = {
      status: statusOf(answered),
      server,
      ...(reply && { reply }),
      ...(transactions.length > 1 && { transactions }),
      recipients: answered,
    };
    context.onOutcome?.(outcome);
    return outcome;
  } catch (error) {
    const isServed = error instanceof Failure && error.details.transactions !== undefined;
    if (!(error instanceof Failure) || isServed || !session.hasLostPipeline()) {
      throw withLoginHint(error, settings);
    }
    return { lostPipeline: error };
  } finally {
    await session.quit();
    session.close();
  }
}

/**
 * Connects, encrypts and says EHLO; throws a Failure for the step that does not work. An access
 * token is asked for at the same time.
 */
export async function openSmarthost(
  settings: SmarthostSettings,
  context: DeliveryContext,
): Promise<OpenSmarthost> {
  const { host, port, encrypt_smtp: encryption, tls_verify: verify } = settings;
  const authorities = encryption === "none" ? [] : context.authorities(verify);
  const { trusted } = context;
  const trust = { verify, authorities, ...(trusted && { trusted }) };
  const given = new AbortController();
  const token = usesOAuth2(settings) && askForToken(settings, trust, context, given.signal);
  try {
    const connection = await openConnection({ host, port, encryption, ...trust }, context);
    try {
      const session = await openSession(connection, context);
      return { connection, session, ...(token && { token }) };
    } catch (error) {
      connection.socket.destroy();
      throw error;
    }
  } catch (error) {
    given.abort();
    throw error;
  }
}

/** The most characters of a wrong host that are shown. */
const LONGEST_HOST = 200;

/** Gives the settings back; throws a Failure (78) where they name no smarthost to use. */
export function requireSmarthost(settings: SmarthostSettings): SmarthostSettings {
  const status = ExitStatus.configuration;
  if (!settings.enabled) throw new Failure({ status, what: "Smarthost is not enabled." });
  requireOAuth2(settings);
  if (settings.host === "") {
    throw new Failure({ status, what: "Smarthost is not configured", why: "its host is empty" });
  }
  const problem = hostProblem(settings.host);
  if (problem === undefined) return settings;
  const why = `${JSON.stringify(clip(settings.host, LONGEST_HOST))} ${problem}`;
  throw new Failure({ status, what: "The smarthost settings are wrong", where: "host", why });
}

/** What the server has to be able to do for this message; said before anything of it is sent. */
function requireCapabilities(message: Message, capabilities: Capabilities, where: string): void {
  const { sender, recipients } = message.envelope;
  const international = [sender, ...recipients].find((address) => !isAscii(address));
  if (international !== undefined && !capabilities.smtpUtf8) {
    throw new Failure({
      status: ExitStatus.unavailable,
      what: `Address ${international} cannot be used`,
      where,
      why: "the server does not offer SMTPUTF8",
    });
  }
  const limit = capabilities.size ?? 0;
  if (limit === 0 || message.size <= limit) return;
  throw new Failure({
    status: ExitStatus.data,
    what: "Message too large",
    where,
    why: `it has ${message.size} bytes, the server takes ${limit}`,
  });
}

function isAscii(text: string): boolean {
  return /^[ -~]*$/.test(text);
}

/** A recipient refused permanently, or that is no address, counts more than one to try again. */
function statusOf(recipients: readonly RecipientOutcome[]): ExitStatus {
  const refusals = recipients.filter(({ accepted }) => !accepted);
  if (refusals.length === 0) return ExitStatus.ok;
  const isPermanent = refusals.some(({ reply, why }) =>
    why !== undefined || (reply?.code ?? 0) >= 500
  );
  return isPermanent ? ExitStatus.noUser : ExitStatus.tryAgain;
}

/** What the host and the caller say. */
export type Surroundings = {
  /** The longest wait for any one whole answer, in milliseconds. */
  timeout: number;
  /** The longest wait for the answer to the final dot, in milliseconds. */
  finalTimeout: number;
  /** The host's name, with or without a domain. */
  hostName: string;
  /** The environment that names certificate authorities. */
  environment: Environment;
  /** Takes the lines of the SMTP dialogue. */
  transcript?: (said: string) => void;
  /** Takes a secret that becomes known on the way. */
  onSecret?: (secret: string) => void;
};

/** The context of a submission that nobody watches step by step. */
export function contextIn(surroundings: Surroundings): DeliveryContext {
  const { timeout, finalTimeout, hostName, environment, transcript = () => {} } = surroundings;
  const { onSecret } = surroundings;
  return {
    timeout,
    finalTimeout,
    // A name without a dot says nothing to a server; the address literal does (RFC 5321, 4.1.4).
    ...(hostName.includes(".") && { hostName }),
    transcript,
    ...(onSecret && { onSecret }),
    progress() {},
    authorities: (verify) => certificateAuthorities(environment, verify),
    trusted: () => trustedCertificates(environment),
  };
}
