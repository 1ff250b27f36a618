/**
 * What `--check` finds out: step by step, up to the login and without a message, whether mail
 * would go out.
 *
 * @module
 */

import { isIP } from "node:net";
import type { Capabilities, Connection } from "../smtp/mod.ts";
import { type DeliveryContext, openSmarthost, requireSmarthost } from "./delivery.ts";
import { login, type OpenSmarthost } from "./login.ts";
import { excerpt } from "../text/mod.ts";
import { ExitStatus, Failure, formatAddress } from "../outcome.ts";
import type { SmarthostSettings } from "../cluster/mod.ts";
import { describeToken, tokenWarnings, usesOAuth2 } from "./token.ts";

/** The steps of a check, in their order. */
export type CheckStepName =
  | "settings"
  | "resolve"
  | "connect"
  | "encrypt"
  | "hello"
  | "token"
  | "login";

/** One step, with what it found or why it failed. */
export type CheckStep = { name: CheckStepName; ok: boolean; detail: string };

/** The whole finding. */
export type CheckReport = {
  /** The exit status that sending would end with up to here. */
  status: ExitStatus;
  /** The smarthost as `host:port`, where it is known. */
  server?: string;
  steps: CheckStep[];
  /** What works and should not stay as it is. */
  warnings: string[];
  failure?: Failure;
};

/** Reads the settings; gives them, and the `host:port` of the Redis that had them. */
export type SettingsReader = () => Promise<{ settings: SmarthostSettings; from: string }>;

const DAY = 24 * 60 * 60 * 1000;
const NOTICE = 14 * DAY;

/** The most characters of a step or a warning that people see. */
const LONGEST = 2500;

/**
 * Takes every step of a submission but the message. Never throws a Failure: what failed is in the
 * report. `now` decides whether the certificate ends soon.
 */
export async function check(
  readSettings: SettingsReader,
  context: Omit<DeliveryContext, "progress">,
  now: Date,
): Promise<CheckReport> {
  const report: CheckReport = { status: ExitStatus.ok, steps: [], warnings: [] };
  const pass = (name: CheckStepName, detail: string) =>
    report.steps.push({ name, ok: true, detail });
  let expected: CheckStepName[] = ["settings"];
  try {
    const { settings, from } = await readSettings();
    expected = stepsFor(settings);
    if (settings.host !== "") report.server = formatAddress(settings);
    requireSmarthost(settings);
    pass("settings", `read from Redis at ${from}`);
    // Looked for before anything is said to the server, and all the same a part of encryption.
    const authorities = (verify: boolean) => {
      expected = ["settings", "encrypt"];
      const found = context.authorities(verify);
      expected = stepsFor(settings);
      return found;
    };
    const opened = await openSmarthost(settings, { ...context, authorities, progress: pass });
    const { connection, session } = opened;
    report.warnings.push(...warningsOf(settings, connection, session.capabilities, now));
    try {
      pass("hello", describeCapabilities(session.capabilities));
      const token = await opened.token;
      if (token !== undefined) pass("token", describeToken(token));
      report.warnings.push(...tokenWarnings(settings, token));
      const mechanism = await tryLogin(opened, settings, report.warnings);
      if (mechanism !== undefined) pass("login", `as ${settings.username}, by ${mechanism}`);
    } finally {
      await session.quit();
      session.close();
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { status, what, where, why, reply } = error.details;
    const words = [why, reply && `${reply.code} ${reply.text}`].filter(Boolean);
    const name = expected.find((step) => !report.steps.some((done) => done.name === step)) ??
      "settings";
    // What is wrong with the settings is a field, a variable or a Redis; all else has the server.
    const place = where === undefined || where === report.server ? "" : ` (${where})`;
    report.steps.push({ name, ok: false, detail: [what + place, ...words].join(": ") });
    report.status = status;
    report.failure = error;
  }
  return report;
}

/** The report for people, a line a step and a warning; what the steps say may come from a server. */
export function checkLines({ steps, warnings }: CheckReport): string[] {
  const mark = (ok: boolean) => ok ? "ok    " : "failed";
  return [
    ...steps.map(({ name, ok, detail }) =>
      `${name.padEnd(8)}  ${mark(ok)}  ${excerpt(detail, LONGEST)}`
    ),
    ...warnings.map((warning) => `warning           ${excerpt(warning, LONGEST)}`),
  ];
}

function stepsFor(settings: SmarthostSettings): CheckStepName[] {
  const { host, encrypt_smtp } = settings;
  const steps: CheckStepName[] = ["settings"];
  if (isIP(host) === 0) steps.push("resolve");
  steps.push("connect");
  if (encrypt_smtp !== "none") steps.push("encrypt");
  steps.push("hello");
  if (usesOAuth2(settings)) steps.push("token");
  if (hasLogin(settings)) steps.push("login");
  return steps;
}

function hasLogin(settings: SmarthostSettings): boolean {
  return usesOAuth2(settings) || (settings.username !== "" && settings.password !== "");
}

/**
 * Whether these settings are those that the cluster makes for its own Mail application: no login,
 * in the clear, to port 25 of a private address, which is in the cluster's encrypted network.
 */
function isOfCluster(settings: SmarthostSettings): boolean {
  const { host, port, encrypt_smtp } = settings;
  if (encrypt_smtp !== "none" || port !== 25 || hasLogin(settings)) return false;
  return isIP(host) !== 0 && PRIVATE.test(host);
}

/** Addresses of RFC 1918 and RFC 4193. */
const PRIVATE = /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|f[cd][\da-f]{2}:)/i;

/** Logs in; warns of what that has shown, also where the login is refused. */
async function tryLogin(
  opened: OpenSmarthost,
  settings: SmarthostSettings,
  warnings: string[],
): Promise<string | undefined> {
  const { connection, session } = opened;
  try {
    const mechanism = await login(opened, settings);
    warnings.push(...exposureBy(mechanism, connection));
    return mechanism;
  } catch (error) {
    warnings.push(...exposureBy(firstMechanism(session.capabilities, error), connection));
    throw error;
  }
}

/** The mechanism with which a login began that the server has refused; none where none began. */
function firstMechanism({ auth }: Capabilities, error: unknown): string | undefined {
  const isRefused = error instanceof Failure && error.details.reply !== undefined;
  // In the clear this one comes first.
  return isRefused ? auth.find((name) => name === "CRAM-MD5") ?? auth[0] : undefined;
}

/** What a login shows on a connection in the clear; CRAM-MD5 shows no password (RFC 2195). */
function exposureBy(mechanism: string | undefined, { encryption }: Connection): string[] {
  if (encryption !== undefined || mechanism === undefined) return [];
  const shown = mechanism === "CRAM-MD5" ? "a proof of the password" : "password";
  return [`User name and ${shown} cross the network unencrypted`];
}

function describeCapabilities({ auth, size, smtpUtf8 }: Capabilities): string {
  const logins = auth.length === 0 ? "no login" : `login by ${auth.join(", ")}`;
  const limit = size ? `messages up to ${size} bytes` : "messages of any size";
  return [logins, limit, smtpUtf8 && "addresses outside ASCII"].filter(Boolean).join("; ");
}

function warningsOf(
  settings: SmarthostSettings,
  { encryption }: Connection,
  capabilities: Capabilities,
  now: Date,
): string[] {
  const warnings: string[] = [];
  const isOwn = isOfCluster(settings);
  if (capabilities.auth.length > 0 && !hasLogin(settings) && !isOwn) {
    warnings.push("The smarthost offers logins, but no user name and password are set");
  }
  if (encryption === undefined) {
    if (capabilities.startTls && !isOwn) {
      warnings.push("The connection is not encrypted although the smarthost offers STARTTLS");
    }
    return warnings;
  }
  const left = encryption.validTo.getTime() - now.getTime();
  const end = encryption.validTo.toISOString().slice(0, 10);
  if (left < 0) warnings.push(`The smarthost's certificate ended on ${end}`);
  else if (left < NOTICE) {
    const days = Math.floor(left / DAY);
    warnings.push(
      `The smarthost's certificate ends on ${end}, in ${days} day${days === 1 ? "" : "s"}`,
    );
  }
  if (!settings.tls_verify) warnings.push("The smarthost's certificate is not verified");
  return warnings;
}
