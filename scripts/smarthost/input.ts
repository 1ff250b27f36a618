/**
 * Smarthost settings as a JSON object on standard input, and what they change in the stored ones.
 *
 * @module
 */

import { OAUTH2_FIELDS, parseSettings, type SmarthostSettings } from "../../lib/cluster/mod.ts";
import { ExitStatus, Failure } from "../../lib/outcome.ts";

/** Fields to write, and fields to remove. */
export type Change = { fields: Record<string, string>; removed: string[] };

/** What `--show` prints instead of a secret. */
export const MASK = "***";

/** The fields that hold secrets. */
export const SECRETS: readonly string[] = [
  "password",
  "oauth2_client_secret",
  "oauth2_refresh_token",
];

/** Reads the settings to store. Throws a Failure (65) for anything but a JSON object with settings. */
export function changeIn(text: string): Change {
  const settings = parseObject(text);
  const change: Change = { fields: {}, removed: [] };
  for (const field of [...Object.keys(parseSettings({})), ...OAUTH2_FIELDS]) {
    if (!Object.hasOwn(settings, field)) continue;
    const value: unknown = Reflect.get(settings, field);
    if (isOAuth2(field) && (value === null || value === "")) change.removed.push(field);
    else change.fields[field] = storedText(field, value);
  }
  // Without a hash the program would use the defaults.
  if (Object.keys(change.fields).length === 0) {
    throw inputFailure("No smarthost setting in the input");
  }
  const masked = SECRETS.find((field) => change.fields[field] === MASK);
  if (masked !== undefined) {
    throw inputFailure(`The ${masked} in the input is the mask that --show prints`);
  }
  return change;
}

/**
 * Gives the settings after the change. Throws the same Failure as the program does when it reads them,
 * if the stored fields and the change do not fit together.
 */
export function changedSettings(
  stored: Readonly<Record<string, string>>,
  change: Change,
): SmarthostSettings {
  const kept = Object.entries(stored).filter(([field]) =>
    isOAuth2(field) && !change.removed.includes(field)
  );
  return parseSettings({ ...Object.fromEntries(kept), ...change.fields });
}

function isOAuth2(field: string): boolean {
  return OAUTH2_FIELDS.some((each) => each === field);
}

function parseObject(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // The parser's message would quote its input, which may hold the password.
  }
  throw inputFailure("The input is not a JSON object");
}

function inputFailure(what: string): Failure {
  return new Failure({ status: ExitStatus.data, what });
}

/** A value as the cluster stores it. */
function storedText(field: string, value: unknown): string {
  if (typeof value === "boolean") return value ? "1" : "0";
  if (typeof value === "number") return String(value);
  // Half a surrogate pair becomes U+FFFD, which the program then refuses.
  if (typeof value === "string") return value.toWellFormed();
  throw inputFailure(`The ${field} in the input is neither a text nor a number nor true or false`);
}

/** Reads standard input as text. Throws a Failure (65) if it is not UTF-8. */
export async function readInput(): Promise<string> {
  const bytes = await new Response(Deno.stdin.readable).bytes();
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw inputFailure("The input is not UTF-8");
  }
}
