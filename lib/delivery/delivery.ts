/**
 * Delivers a message: checks what must be true before it is sent, sends it, and decides the exit
 * status from the answers.
 *
 * @module
 */

import { isAscii } from "../address/mod.ts";
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

/** The context of a delivery: time limits, certificate authorities, callbacks. */
export type DeliveryContext = ConnectionOptions & {
  /** Called with the outcome as soon as it is certain, before QUIT. */
  onOutcome?: (outcome: Outcome) => void;
  /** Closes the connection when it aborts. */
  aborted?: AbortSignal;
  /** Called with how many octets of the message have been sent, and of how many. */
  onSent?: (octets: number, total: number) => void;
  /** False to send one command at a time although the server offers PIPELINING (RFC 2920). */
  pipelining?: boolean;
  /** The longest wait for the answer to the final dot, in milliseconds. */
  finalTimeout: number;
  /** Gives the certificate authorities in PEM; `verify` as in the settings. */
  authorities: (verify: boolean) => readonly string[];
  /** Gives all certificates that this host trusts, in DER, to say why one is not valid. */
  trusted?: () => readonly Uint8Array[];
  /** Called with each new secret before it is sent to a server. */
  onSecret?: (secret: string) => void;
};

/**
 * Delivers the message to the smarthost. Gives the outcome if the server answered the message, or
 * refused some or all recipients. Throws a Failure with the exit status for everything else.
 */
export async function deliver(
  message: Message,
  settings: SmarthostSettings,
  context: DeliveryContext,
): Promise<Outcome> {
  requireSmarthost(settings);
  const first = await deliverOnce(message, settings, context);
  if (!("lostPipeline" in first)) return first;
  // That connection cannot be used any more: the server may have read DATA, and would take further
  // commands for text. No text was sent on it, so the message is not delivered twice.
  context.transcript("* No answer to commands sent together; once more, one at a time");
  const second = await deliverOnce(message, settings, { ...context, pipelining: false });
  if ("lostPipeline" in second) throw second.lostPipeline;
  return second;
}

/** Delivers on one connection. Gives `lostPipeline`, the failure, if it should be tried without pipelining. */
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
 * Connects, encrypts and sends EHLO; throws a Failure for the step that fails. An access token is
 * requested at the same time.
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

/** Gives the settings back; throws a Failure (78) if the smarthost is disabled or its host is not valid. */
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

/** Throws a Failure if the server lacks a capability that the message needs; called before MAIL. */
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

/** One permanent refusal, or one recipient that is not an address, makes 67; only temporary ones make 75. */
function statusOf(recipients: readonly RecipientOutcome[]): ExitStatus {
  const refusals = recipients.filter(({ accepted }) => !accepted);
  if (refusals.length === 0) return ExitStatus.ok;
  const isPermanent = refusals.some(({ reply, why }) =>
    why !== undefined || (reply?.code ?? 0) >= 500
  );
  return isPermanent ? ExitStatus.noUser : ExitStatus.tryAgain;
}

/** The options of deliveryContext. */
export type ContextOptions = {
  /** The longest wait for any one whole answer, in milliseconds. */
  timeout: number;
  /** The longest wait for the answer to the final dot, in milliseconds. */
  finalTimeout: number;
  /** The host's name, with or without a domain. */
  hostName: string;
  /** The environment that names certificate authorities. */
  environment: Environment;
  /** Called with each command and reply. */
  transcript?: (said: string) => void;
  /** Called with each new secret before it is sent to a server. */
  onSecret?: (secret: string) => void;
};

/** Makes the context of a delivery whose steps are not reported. */
export function deliveryContext(options: ContextOptions): DeliveryContext {
  const { timeout, finalTimeout, hostName, environment, transcript = () => {} } = options;
  const { onSecret } = options;
  return {
    timeout,
    finalTimeout,
    // Servers do not know a name without a dot; EHLO then has the address literal (RFC 5321, 4.1.4).
    ...(hostName.includes(".") && { hostName }),
    transcript,
    ...(onSecret && { onSecret }),
    progress() {},
    authorities: (verify) => certificateAuthorities(environment, verify),
    trusted: () => trustedCertificates(environment),
  };
}
