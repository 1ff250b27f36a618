/**
 * Runs the steps of `--check`: all steps of a delivery up to the login, without a message.
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

/** One step, with its result or the reason for its failure. */
export type CheckStep = { name: CheckStepName; ok: boolean; detail: string };

/** The result of a check. */
export type CheckReport = {
  /** The exit status; 0 if all steps succeeded. */
  status: ExitStatus;
  /** The smarthost as `host:port`, if it is known. */
  server?: string;
  steps: CheckStep[];
  /** Problems that do not stop mail. */
  warnings: string[];
  failure?: Failure;
};

/** Reads the settings; gives them and the `host:port` of the Redis that they are from. */
export type SettingsReader = () => Promise<{ settings: SmarthostSettings; from: string }>;

const DAY = 24 * 60 * 60 * 1000;
const NOTICE = 14 * DAY;

/** The most characters of a step or a warning that are shown. */
const LONGEST = 2500;

/**
 * Runs every step of a delivery except the message. Never throws a Failure: a failed step is in the
 * report. `now` is the time for the warning that the certificate ends soon.
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
    // The authorities are read before the connection is opened, but belong to the step "encrypt".
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
    const name = expected.find((step) => !report.steps.some((done) => done.name === step)) ??
      "settings";
    report.steps.push({ name, ok: false, detail: failureDetail(error, report.server) });
    report.status = error.details.status;
    report.failure = error;
  }
  return report;
}

/** Gives the detail of a failed step; the place is named unless it is `server`. */
function failureDetail({ details }: Failure, server: string | undefined): string {
  const { what, where, why, reply, hint } = details;
  const words = [why, reply && `${reply.code} ${reply.text}`].filter(Boolean);
  // Other places than the server are a field of the settings, a variable or a Redis.
  const place = where === undefined || where === server ? "" : ` (${where})`;
  const end = hint === undefined ? "" : `; ${hint}`;
  return [what + place, ...words].join(": ") + end;
}

/** Gives the report for people, one line for each step and warning; the words of servers are escaped. */
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
 * True for the settings that the cluster makes for its own Mail application: no login, unencrypted,
 * to port 25 of a private address, which is in the cluster's encrypted network.
 */
function isOfCluster(settings: SmarthostSettings): boolean {
  const { host, port, encrypt_smtp } = settings;
  if (encrypt_smtp !== "none" || port !== 25 || hasLogin(settings)) return false;
  return isIP(host) !== 0 && PRIVATE.test(host);
}

/** Addresses of RFC 1918 and RFC 4193. */
const PRIVATE = /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|f[cd][\da-f]{2}:)/i;

/** Logs in. Adds a warning if the password was sent unencrypted, also if the login was refused. */
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

/** Gives the mechanism of a refused login; nothing if no login was tried. */
function firstMechanism({ auth }: Capabilities, error: unknown): string | undefined {
  const isRefused = error instanceof Failure && error.details.reply !== undefined;
  // On an unencrypted connection CRAM-MD5 is tried first.
  return isRefused ? auth.find((name) => name === "CRAM-MD5") ?? auth[0] : undefined;
}

/** Gives a warning for a login on an unencrypted connection; CRAM-MD5 shows no password (RFC 2195). */
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
