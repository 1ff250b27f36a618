/**
 * Masks secrets in everything that is printed or logged: a server may send a secret back, as it is or
 * encoded.
 *
 * @module
 */

import type { SmarthostSettings } from "../cluster/mod.ts";
import type { CheckReport, CheckStep } from "../delivery/mod.ts";
import { Failure, type RecipientOutcome, type Reply, type Result } from "../outcome.ts";
import { clip } from "../text/mod.ts";
import { type Forms, formsOf, PIECE } from "./forms.ts";
import type { Span } from "./positions.ts";
import { findSecrets } from "./search.ts";

/**
 * Gives the first `limit` characters of a text (1000 by default) with its secrets masked, and the
 * number of the characters that are missing. The time depends on the limit, not on the text.
 */
export type Redact = (text: string, limit?: number) => string;

/** Masks all secrets that were added so far. */
export type SecretKeeper = {
  redact: Redact;
  /** Adds secrets, such as a new access token. */
  keep(...secrets: readonly string[]): void;
  /** Adds the secrets of the settings, and sets the user name. */
  keepSettings(settings: SmarthostSettings): void;
};

/** The most characters that are shown of text from outside. */
export const LIMITS = {
  /** A reason, or a step of a check. */
  words: 1000,
  /** A reply without its code and the blank behind that. */
  reply: 1000 - "250 ".length,
  /** A whole reply in the transcript. */
  transcript: 4000,
  /** A place: `host:port`, a field, a file. */
  place: 300,
} as const;

const MASK = "***";

/** How many characters behind the limit are searched too: a secret may end there. */
const MARGIN = 4 * PIECE;

/**
 * Gives a function that masks secrets in a text. A secret is found as it is, in upper or lower case,
 * in the escapes of this program, JSON, URLs and mail, in hexadecimal, and in base64 of any text that
 * contains it (as in SASL PLAIN and LOGIN). White space, line breaks and reply codes inside it do not
 * matter. If a line begins or ends inside a secret, four or more characters of it are masked. The
 * response of CRAM-MD5 is masked in base64, and as hexadecimal digits behind the user name.
 */
export function redactor(secrets: readonly string[], username = ""): Redact {
  return secretKeeper(secrets, username).redact;
}

/** Makes a redactor to which secrets can be added later. */
export function secretKeeper(secrets: readonly string[] = [], username = ""): SecretKeeper {
  let user = username;
  const known = new Set<string>();
  const forms: Forms[] = [];
  let last: { text: string; limit: number; shown: string } | undefined;
  const keep = (...more: readonly string[]) => {
    for (const secret of more) if (secret !== "") known.add(secret);
    last = undefined;
  };
  keep(...secrets);
  return {
    keep,
    keepSettings(settings) {
      const { password, oauth2_client_secret = "", oauth2_refresh_token = "" } = settings;
      user = settings.username;
      keep(password, oauth2_client_secret, oauth2_refresh_token);
    },
    redact(text, limit = LIMITS.words) {
      if (known.size === 0) return clip(text, limit);
      // Servers answer many recipients with the same text.
      if (last?.text === text && last.limit === limit) return last.shown;
      // The forms are made only when there is a text to search.
      for (const secret of [...known].slice(forms.length)) forms.push(formsOf(secret));
      const looked = text.slice(0, limit + MARGIN);
      const spans = findSecrets(looked, { forms, username: user }, limit);
      const shown = clip(mask(text, spans, limit), limit, Math.max(0, text.length - limit));
      last = { text, limit, shown };
      return shown;
    },
  };
}

/** Gives the text up to the limit, with a mask in place of each span. */
function mask(text: string, spans: readonly Span[], limit: number): string {
  const pieces: string[] = [];
  let at = 0;
  for (const { start, end } of spans.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    if (start >= limit) break;
    // A span that overlaps the one before shares its mask.
    if (start >= at) pieces.push(text.slice(at, Math.min(start, limit - MASK.length)), MASK);
    at = Math.max(at, end);
  }
  return [...pieces, text.slice(at, limit)].join("");
}

/** Gives the same result with the words of servers and libraries masked and clipped. */
export function redactResult(result: Result, redact: Redact): Result {
  return result instanceof Failure ? redactFailure(result, redact) : {
    ...result,
    ...(result.reply && { reply: redactReply(result.reply, redact) }),
    ...redactTransactions(result.transactions, redact),
    recipients: result.recipients.map((recipient) => redactRecipient(recipient, redact)),
  };
}

/** Gives the same report with the words of servers and libraries masked and clipped. */
export function redactReport(report: CheckReport, redact: Redact): CheckReport {
  return {
    ...report,
    ...(report.server !== undefined && { server: clip(report.server, LIMITS.place) }),
    steps: report.steps.map((step) => ({ ...step, detail: redactDetail(step, report, redact) })),
    warnings: report.warnings.map((warning) => clip(warning, LIMITS.words)),
    ...(report.failure && { failure: redactFailure(report.failure, redact) }),
  };
}

/** A server's reply in a failed step is masked separately: it may begin inside a secret. */
function redactDetail({ ok, detail }: CheckStep, { failure }: CheckReport, redact: Redact): string {
  const reply = ok ? undefined : failure?.details.reply;
  const text = reply?.text ?? "";
  if (reply === undefined || !detail.endsWith(`${reply.code} ${text}`)) return redact(detail);
  const before = detail.slice(0, detail.length - text.length);
  return redact(before) + redactReply(reply, redact).text;
}

function redactFailure({ details }: Failure, redact: Redact): Failure {
  const { why, reply, recipients } = details;
  return new Failure({
    ...details,
    ...(why !== undefined && { why: redact(why) }),
    ...(reply && { reply: redactReply(reply, redact) }),
    ...redactTransactions(details.transactions, redact),
    ...(recipients && { recipients: recipients.map((each) => redactRecipient(each, redact)) }),
  });
}

function redactTransactions(transactions: Reply[] | undefined, redact: Redact) {
  return transactions && { transactions: transactions.map((each) => redactReply(each, redact)) };
}

function redactRecipient(recipient: RecipientOutcome, redact: Redact): RecipientOutcome {
  const { reply } = recipient;
  return reply ? { ...recipient, reply: redactReply(reply, redact) } : recipient;
}

function redactReply(reply: Reply, redact: Redact): Reply {
  return { code: reply.code, text: redact(reply.text, LIMITS.reply) };
}
