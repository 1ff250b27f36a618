/**
 * Masks secrets in everything that is printed or logged: a server may say back what it was told, as
 * it came or encoded.
 *
 * @module
 */

import type { SmarthostSettings } from "../cluster/mod.ts";
import type { CheckReport, CheckStep } from "../delivery/mod.ts";
import { Failure, type Outcome, type RecipientOutcome, type Reply } from "../outcome.ts";
import { clip } from "../text/mod.ts";
import { type Forms, formsOf, PIECE } from "./forms.ts";
import type { Span } from "./positions.ts";
import { findSecrets } from "./search.ts";

/**
 * Gives the first `limit` characters of a text (1000 unless told otherwise) without its secrets, and
 * says how many more there are. The time depends on the limit, not on the text.
 */
export type Redact = (text: string, limit?: number) => string;

/** Masks the secrets that it has been told so far. */
export type SecretKeeper = {
  redact: Redact;
  /** Takes more secrets, such as an access token that has just been issued. */
  keep(...secrets: readonly string[]): void;
  /** Takes the secrets of the settings, and the user name. */
  keepSettings(settings: SmarthostSettings): void;
};

/** The most characters that are shown of what others say. */
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

/** As much of a text is looked at beyond the limit, where a secret may have its end. */
const MARGIN = 4 * PIECE;

/**
 * Gives a function that masks the secrets in any text: as they are, in either case, in the escapes
 * of this program, of JSON, URLs and mail, in hexadecimal, and in base64 of anything that holds
 * them, which is what SASL sends (PLAIN, LOGIN); white space and line breaks within them, also with
 * a reply code, change nothing. Where a line begins or ends within a secret, four or more characters
 * of it are masked. The answer of CRAM-MD5 is masked in base64, and in the clear behind the user name.
 */
export function redactor(secrets: readonly string[], username = ""): Redact {
  return secretKeeper(secrets, username).redact;
}

/** Gives the same as a redactor to which more secrets can be told later. */
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
      // A server answers many recipients with the same words.
      if (last?.text === text && last.limit === limit) return last.shown;
      // Only who has something to mask pays for the forms.
      for (const secret of [...known].slice(forms.length)) forms.push(formsOf(secret));
      const looked = text.slice(0, limit + MARGIN);
      const spans = findSecrets(looked, { forms, username: user }, limit);
      const shown = clip(mask(text, spans, limit), limit, Math.max(0, text.length - limit));
      last = { text, limit, shown };
      return shown;
    },
  };
}

/** Gives the text up to the limit, with a mask in place of what overlaps. */
function mask(text: string, spans: readonly Span[], limit: number): string {
  const pieces: string[] = [];
  let at = 0;
  for (const { start, end } of spans.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    if (start >= limit) break;
    // What overlaps the span before has a mask already.
    if (start >= at) pieces.push(text.slice(at, Math.min(start, limit - MASK.length)), MASK);
    at = Math.max(at, end);
  }
  return [...pieces, text.slice(at, limit)].join("");
}

/** Gives the same result, the words of servers and libraries masked and clipped. */
export function redactResult(result: Failure | Outcome, redact: Redact): Failure | Outcome {
  return result instanceof Failure ? redactFailure(result, redact) : {
    ...result,
    ...(result.reply && { reply: redactReply(result.reply, redact) }),
    ...redactTransactions(result.transactions, redact),
    recipients: result.recipients.map((recipient) => redactRecipient(recipient, redact)),
  };
}

/** Gives the same report of a check, the words of servers and libraries masked and clipped. */
export function redactReport(report: CheckReport, redact: Redact): CheckReport {
  return {
    ...report,
    ...(report.server !== undefined && { server: clip(report.server, LIMITS.place) }),
    steps: report.steps.map((step) => ({ ...step, detail: redactDetail(step, report, redact) })),
    warnings: report.warnings.map((warning) => clip(warning, LIMITS.words)),
    ...(report.failure && { failure: redactFailure(report.failure, redact) }),
  };
}

/** The words of a server in a failed step are masked as such: they may begin within a secret. */
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
