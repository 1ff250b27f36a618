/**
 * A library for TypeScript programs on a NethServer 8 cluster: read the smarthost settings, send mail
 * through the smarthost, and get an event when the settings change.
 *
 * The environment says where Redis is (`REDIS_REPLICA_ADDRESS`, `REDIS_ADDRESS`) and which
 * certificates are trusted (`SSL_CERT_FILE`, `SSL_CERT_DIR`). Every error is a {@linkcode Failure}:
 * its `message` is the line that `ns8-sendmail` would print, and its `details.status` the exit status
 * that `ns8-sendmail` would end with.
 *
 * Deno needs these permissions: `--allow-net` (Redis and the smarthost), `--allow-env` (the four
 * variables above, `DENO_TLS_CA_STORE` and `DENO_CERT`), `--allow-read` (the certificates, `/etc/hosts`) and
 * `--allow-sys=hostname`. Deno trusts its own list of authorities unless it is started with
 * `DENO_TLS_CA_STORE=system` in its environment; then it trusts the store of the host, as the
 * executable does.
 *
 * @example Send a text, as `echo "Hello, world!" | ns8-sendmail -s "My test mail" user@test.org`
 * ```ts
 * import { buildMail, deliverMail, readSettings } from "@nethserver/ns8-sendmail";
 *
 * const smtp = await readSettings(Deno.env);
 * const mail = await buildMail("Hello, world!\n", {
 *   to: "user@test.org",
 *   from: "no-reply@nethserver.org",
 *   subject: "My test mail",
 * });
 * const { reply } = await deliverMail(mail, smtp, Deno.env);
 * console.log(`${reply?.code} ${reply?.text}`);
 * ```
 *
 * @module
 */

import { type Mailbox, parseMailboxes } from "./address/mod.ts";
import {
  type ClusterEvent,
  readSmarthost,
  redisAddresses,
  smarthostChanges,
  type SmarthostSettings,
} from "./cluster/mod.ts";
import { deliver, deliveryContext } from "./delivery/mod.ts";
import { fullyQualifiedHostName } from "./host/mod.ts";
import { buildMessage, type Context, type Mail, type Message } from "./message/mod.ts";
import { asFailure, DEFAULT_TIMEOUTS, ExitStatus, Failure, type Outcome } from "./outcome.ts";
import { redactResult, secretKeeper } from "./report/mod.ts";
import type { Environment } from "./tls/mod.ts";

export { ExitStatus, Failure };
export type { ClusterEvent, Context, Environment, Message, Outcome };
export type { FailureDetails, RecipientOutcome, Reply, Result } from "./outcome.ts";
export type { Envelope } from "./message/mod.ts";
export { errorText, type Redact } from "./report/mod.ts";
export type { OAuth2Settings } from "./cluster/mod.ts";
export type { SmarthostSettings };

/** The request for a mail. An address may be `Name <user@host>`; one text may have several addresses. */
export type Draft = {
  to?: string | readonly string[];
  cc?: string | readonly string[];
  bcc?: string | readonly string[];
  /** By default `no-reply` at this host, or the author of a MIME message; `null` is the empty sender. */
  from?: string | null;
  subject?: string;
  /** Whether the text is HTML, whatever it looks like. */
  html?: boolean;
  /** Whether a MIME message's own To, Cc and Bcc name recipients, too. */
  readRecipients?: boolean;
};

/** How to listen. */
export type ListenOptions = {
  /** The longest wait for any one answer of Redis, in milliseconds; 30 seconds by default. */
  timeout?: number;
  /** Ends the listening. */
  signal?: AbortSignal;
  /** Called with a line of text when a connection to Redis is made or lost. */
  notice?: (line: string) => void;
};

/** How to deliver. */
export type DeliveryOptions = {
  /**
   * The longest wait for any one whole answer, in milliseconds; 30 seconds by default, and 600 for
   * the answer to the final dot.
   */
  timeout?: number;
  /** The fully qualified name of this host; by default the name that `hostname -f` gives. */
  hostName?: string;
};

/**
 * Reads the smarthost settings, as `agent.get_smarthost_settings(agent.redis_connect())` does in
 * Python. `timeout` is in milliseconds. Throws a Failure: `tryAgain` or `notAllowed` for an error of
 * Redis, `configuration` for wrong settings.
 *
 * @example
 * ```ts
 * import { readSettings } from "@nethserver/ns8-sendmail";
 *
 * const smtp = await readSettings(Deno.env);
 * if (smtp.enabled) {
 *   console.log(`Mail goes through ${smtp.host}:${smtp.port}`);
 * }
 * ```
 */
export async function readSettings(
  environment: Pick<Environment, "get">,
  timeout: number = DEFAULT_TIMEOUTS.answer,
): Promise<SmarthostSettings> {
  return (await readSmarthost(environment, timeout)).settings;
}

/**
 * Builds the message that `ns8-sendmail` would send: `input` is a MIME message, or a text. Throws a
 * Failure: `usage` for a mail without a recipient or a wrong address; `data` if recipients must be
 * read from the header and there is no header.
 *
 * @example
 * ```ts
 * import { buildMail } from "@nethserver/ns8-sendmail";
 *
 * const { envelope } = await buildMail("<p>Hello</p>", {
 *   to: ["root", "Jane Doe <jane@test.org>"],
 *   html: true,
 * }, { hostName: "node1.example.org" });
 * console.log(envelope.recipients); // root@node1.example.org, jane@test.org
 * ```
 */
export async function buildMail(
  input: string | Uint8Array,
  draft: Draft,
  context: Partial<Context> = {},
): Promise<Message> {
  const { subject, html = false, readRecipients = false } = draft;
  const from = senderOf(draft.from);
  const request: Mail = {
    to: mailboxesOf(draft.to, "to"),
    cc: mailboxesOf(draft.cc, "cc"),
    bcc: mailboxesOf(draft.bcc, "bcc"),
    ...(from !== undefined && { from }),
    ...(subject !== undefined && { subject }),
    html,
    readRecipients,
  };
  return buildMessage(
    typeof input === "string" ? new TextEncoder().encode(input) : input,
    request,
    {
      hostName: context.hostName ?? await fullyQualifiedHostName(),
      now: context.now ?? new Date(),
      id: context.id ?? crypto.randomUUID(),
    },
  );
}

/**
 * Delivers the message to the smarthost. Gives the result for each recipient; its `status` is not 0 if
 * some were refused. Throws a Failure if the message was not accepted; passwords in it are masked.
 *
 * @example
 * ```ts
 * import { buildMail, deliverMail, errorText, Failure, readSettings } from "@nethserver/ns8-sendmail";
 *
 * try {
 *   const mail = await buildMail("Hello\n", { to: "nobody@test.org" });
 *   await deliverMail(mail, { ...await readSettings(Deno.env), enabled: false }, Deno.env);
 * } catch (error) {
 *   if (!(error instanceof Failure)) throw error;
 *   console.error(error.details.status, errorText(error)); // 78 Smarthost is not enabled.
 * }
 * ```
 */
export async function deliverMail(
  message: Message,
  settings: SmarthostSettings,
  environment: Environment,
  options: DeliveryOptions = {},
): Promise<Outcome> {
  const {
    timeout = DEFAULT_TIMEOUTS.answer,
    timeout: finalTimeout = DEFAULT_TIMEOUTS.finalAnswer,
  } = options;
  const hostName = options.hostName ?? await fullyQualifiedHostName();
  const { redact, keep, keepSettings } = secretKeeper();
  keepSettings(settings);
  const context = deliveryContext({ timeout, finalTimeout, hostName, environment, onSecret: keep });
  const result = await deliver(message, settings, context).catch(asFailure);
  const redacted = redactResult(result, redact);
  if (redacted instanceof Failure) throw redacted;
  return redacted;
}

/**
 * Listens for changes of the settings, also after a restart of Redis, until the loop ends or the
 * signal aborts. Changes while nobody listens are not reported later.
 *
 * @example
 * ```ts
 * import { listenForChanges, readSettings } from "@nethserver/ns8-sendmail";
 *
 * for await (const _event of listenForChanges(Deno.env, { notice: console.error })) {
 *   const smtp = await readSettings(Deno.env);
 *   console.log(smtp.enabled ? `Now through ${smtp.host}` : "No mail for now");
 *   break;
 * }
 * ```
 */
export function listenForChanges(
  environment: Pick<Environment, "get">,
  { timeout = DEFAULT_TIMEOUTS.answer, ...options }: ListenOptions = {},
): ReadableStream<ClusterEvent> {
  const replica = environment.get("REDIS_REPLICA_ADDRESS");
  const leader = environment.get("REDIS_ADDRESS");
  return smarthostChanges(redisAddresses({ replica, leader }), { timeout, ...options });
}

function mailboxesOf(addresses: string | readonly string[] | undefined, what: string): Mailbox[] {
  return [addresses ?? []].flat().flatMap((text) => parseMailboxes(text, what));
}

function senderOf(from: string | null | undefined): Mailbox | null | undefined {
  if (from === undefined || from === null) return from;
  const [mailbox, ...more] = parseMailboxes(from, "from");
  if (mailbox !== undefined && more.length === 0) return mailbox;
  throw new Failure({
    status: ExitStatus.usage,
    what: "from takes one address",
    why: JSON.stringify(from),
  });
}
