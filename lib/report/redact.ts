/**
 * Secrets kept out of everything that is printed or logged: a server may say back what it was
 * told, as it came or taken apart.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { SmarthostSettings } from "../cluster/mod.ts";
import type { CheckReport } from "../delivery/mod.ts";
import { formatJson, logText, visible } from "../text/mod.ts";
import { Failure, type Outcome, type RecipientOutcome, type Reply } from "../outcome.ts";

/** Gives the text without its secrets. */
export type Redact = (text: string) => string;

const MASK = "***";

/**
 * Up to here a secret is only masked where it stands as a word of its own: every "a" masked would
 * leave no sentence readable, and the gaps would spell the secret.
 */
const SHORT = 3;

/** Words of the base64 alphabets (RFC 4648, 4 and 5), also where a reply breaks them in two. */
const BASE64_RUN = /[\w+/-]{2,}(?:[\r\n]+[\w+/-]+)*={0,2}/g;

/** What CRAM-MD5 answers (RFC 2195, 2): from it and the challenge a password can be guessed. */
const CRAM_RESPONSE = /^[^\0]+ [0-9a-f]{32}$/;

/**
 * Gives a function that masks the secrets in any text: as they are, in either case, in the escapes
 * of this program, of JSON, URLs and mail, in hexadecimal, and within base64 of anything, which is
 * what SASL sends (PLAIN, LOGIN), at any alignment. The answer of CRAM-MD5 is masked too, in base64
 * always, and in the clear where it follows the user name.
 */
export function redactor(secrets: readonly string[], username = ""): Redact {
  const known = secrets.filter((secret) => secret !== "");
  if (known.length === 0) return (text) => text;
  const patterns = known.flatMap(patternsOf);
  if (username !== "") patterns.push(`(?<=${literal(username)}\\s+)[0-9a-f]{32}`);
  // The longest first, so that no form leaves a rest of a longer one behind.
  const forms = new RegExp(patterns.sort((a, b) => b.length - a.length).join("|"), "gi");
  const bytes = known.map((secret) => Buffer.from(secret).toString("latin1"));
  return (text) =>
    text.replace(BASE64_RUN, (run) => isRevealing(run, bytes) ? MASK : run).replace(forms, MASK);
}

/** Gives a redactor for the secrets of the settings; without settings there are none. */
export function redactorFor(settings: SmarthostSettings | undefined): Redact {
  return settings === undefined ? (text) => text : redactor([settings.password], settings.username);
}

/** The same result with the words of servers and libraries masked; ours hold no secret. */
export function redactResult(result: Failure | Outcome, redact: Redact): Failure | Outcome {
  return result instanceof Failure ? redactFailure(result, redact) : {
    ...result,
    ...(result.reply && { reply: redactReply(result.reply, redact) }),
    recipients: result.recipients.map((recipient) => redactRecipient(recipient, redact)),
  };
}

/** The same report of a check with the words of servers and libraries masked. */
export function redactReport(report: CheckReport, redact: Redact): CheckReport {
  return {
    ...report,
    steps: report.steps.map((step) => ({ ...step, detail: redact(step.detail) })),
    ...(report.failure && { failure: redactFailure(report.failure, redact) }),
  };
}

function redactFailure({ details }: Failure, redact: Redact): Failure {
  const { why, reply, recipients } = details;
  return new Failure({
    ...details,
    ...(why !== undefined && { why: redact(why) }),
    ...(reply && { reply: redactReply(reply, redact) }),
    ...(recipients && { recipients: recipients.map((each) => redactRecipient(each, redact)) }),
  });
}

function redactRecipient(recipient: RecipientOutcome, redact: Redact): RecipientOutcome {
  const { reply } = recipient;
  return reply ? { ...recipient, reply: redactReply(reply, redact) } : recipient;
}

function redactReply(reply: Reply, redact: Redact): Reply {
  return { code: reply.code, text: redact(reply.text) };
}

/** The forms in which a secret may stand in a text, as regular expressions. */
function patternsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const forms = new Set([
    secret,
    // UTF-8 read as Latin-1.
    bytes.toString("latin1"),
    visible(secret),
    logText(secret, Infinity).slice(1, -1),
    JSON.stringify(secret).slice(1, -1),
    formatJson(secret).slice(1, -1),
    // RFC 3986, 2.1; its form of HTML forms; RFC 2045, 6.7; RFC 3461, 4.
    ...["%", "=", "+"].map((prefix) => encodeBytes(bytes, prefix, /[A-Za-z0-9]/)),
    encodeBytes(bytes, "%", /[A-Za-z0-9._~-]/),
    encodeBytes(bytes, "%", /[A-Za-z0-9._~!*'()-]/),
    encodeBytes(bytes, "%", /[A-Za-z0-9._~ -]/).replaceAll(" ", "+"),
    encodeBytes(bytes, "=", /[!-<>-~ ]/),
    encodeBytes(bytes, "+", /[!-*,-<>-~]/),
  ]);
  if (secret.length <= SHORT) {
    return [...forms].map((form) => `(?<![^\\s"'<>()=:])${literal(form)}(?![^\\s"'<>(),;])`);
  }
  return [...forms, bytes.toString("hex")].map(literal);
}

/** Escapes each byte that is not kept as the prefix and two hexadecimal digits. */
function encodeBytes(bytes: Buffer, prefix: string, kept: RegExp): string {
  return [...bytes.toString("latin1")].map((character) =>
    kept.test(character)
      ? character
      : prefix + character.charCodeAt(0).toString(16).padStart(2, "0")
  ).join("");
}

/** A regular expression for exactly this text. */
function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

/** Whether a secret can be read in what the run is the base64 of, wherever that begins in it. */
function isRevealing(run: string, secrets: readonly string[]): boolean {
  const characters = run.replace(/[\r\n]/g, "");
  for (let start = 0; start < 4; start++) {
    const decoded = Buffer.from(characters.slice(start), "base64").toString("latin1");
    if (start === 0 && CRAM_RESPONSE.test(decoded)) return true;
    if (secrets.some((secret) => holds(decoded, secret))) return true;
  }
  return false;
}

function holds(decoded: string, secret: string): boolean {
  // SASL PLAIN puts the password behind a NUL (RFC 4616, 2).
  if (decoded === secret || decoded.endsWith(`\0${secret}`)) return true;
  if (secret.length <= SHORT) return false;
  if (decoded.includes(secret)) return true;
  // A server that cuts what it says back may leave only the beginning.
  for (let size = secret.length - 1; size > SHORT; size--) {
    if (decoded.endsWith(secret.slice(0, size))) return true;
  }
  return false;
}
