/**
 * Reads the replies of an SMTP server (RFC 5321, 4.2), and the capabilities in its reply to EHLO. The
 * time is linear in the length of the reply, whatever is in it.
 *
 * @module
 */

import type { Reply } from "../outcome.ts";

/** The capabilities of a server, from its reply to EHLO (RFC 5321, 4.1.1.1). */
export type Capabilities = {
  /** STARTTLS (RFC 3207). */
  startTls: boolean;
  /** SMTPUTF8 (RFC 6531). */
  smtpUtf8: boolean;
  /** 8BITMIME (RFC 6152). */
  eightBitMime: boolean;
  /** SIZE (RFC 1870): the most octets of a message; 0 means that the server names no limit. */
  size?: number;
  /** PIPELINING (RFC 2920). */
  pipelining: boolean;
  /** LIMITS RCPTMAX (RFC 9422): the recipients that one transaction may have. */
  recipientLimit?: number;
  /** The mechanisms of AUTH (RFC 4954), in capitals, each once. */
  auth: readonly string[];
};

/** The capabilities of a server that knows HELO only. */
export const NO_CAPABILITIES: Capabilities = {
  startTls: false,
  smtpUtf8: false,
  eightBitMime: false,
  pipelining: false,
  auth: [],
};

// A reply may end right behind its code (RFC 5321, 4.2: "SHOULD" have text).
const LINE = /^([2-5]\d\d)(?:([ -])(.*))?$/s;

/**
 * Reads a whole reply, given without its last line end. Gives nothing if it is not SMTP: a line without
 * a code, or lines with different codes (RFC 5321, 4.2.1).
 */
export function parseReply(text: string): Reply | undefined {
  const words: string[] = [];
  let code: string | undefined;
  for (const line of text.split(/\r?\n/)) {
    const match = LINE.exec(line);
    if (match === null) return undefined;
    code ??= match[1];
    if (match[1] !== code) return undefined;
    words.push(match[3] ?? "");
  }
  return { code: Number(code), text: words.join("\n") };
}

/** True if this line of a reply, without its line end, is the last one (RFC 5321, 4.2.1). */
export function isLastLine(line: string): boolean {
  return !/^\d{3}-/.test(line);
}

/**
 * Splits whole lines of replies, and gives them without their line ends. Each line is decoded as
 * UTF-8 (RFC 6531, 3.7.4.1) or, if it is not valid UTF-8, as Windows-1252.
 */
export function decodeLines(bytes: Uint8Array): string[] {
  const lines = decodeUtf8(bytes)?.split("\n") ?? decodeSeparately(bytes);
  return lines.slice(0, -1).map((line) => line.endsWith("\r") ? line.slice(0, -1) : line);
}

/** Decodes lines that are not all UTF-8. */
function decodeSeparately(bytes: Uint8Array): string[] {
  const unicode = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes).split("\n");
  const windows = new TextDecoder("windows-1252").decode(bytes).split("\n");
  return windows.map((line, at) => {
    const text = unicode[at] ?? "";
    // U+FFFD stands for what is not UTF-8, unless it was sent itself: as EF BF BD.
    return text.split("\ufffd").length === line.split("\xef\xbf\xbd").length ? text : line;
  });
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Reads the capabilities in a 250 reply to EHLO; its first line is the name of the server. */
export function parseCapabilities(reply: Reply): Capabilities {
  const keywords = new Map<string, string[]>();
  for (const line of reply.text.split("\n").slice(1)) {
    // Some servers still say "AUTH=LOGIN", from a draft of RFC 2554.
    const [keyword = "", ...parameters] = line.trim().toUpperCase().split(/[\s=]+/);
    const known = keywords.get(keyword);
    if (known === undefined) keywords.set(keyword, parameters);
    // A copy of the list for each line would make a server that repeats itself slow.
    else for (const parameter of parameters) known.push(parameter);
  }
  const size = keywords.get("SIZE");
  const recipientLimit = recipientLimitIn(keywords.get("LIMITS") ?? []);
  return {
    startTls: keywords.has("STARTTLS"),
    smtpUtf8: keywords.has("SMTPUTF8"),
    eightBitMime: keywords.has("8BITMIME"),
    pipelining: keywords.has("PIPELINING"),
    ...(recipientLimit !== undefined && { recipientLimit }),
    ...(size && { size: /^\d{1,15}$/.test(size[0] ?? "") ? Number(size[0]) : 0 }),
    auth: [...new Set(keywords.get("AUTH"))],
  };
}

/** Gives the value of `RCPTMAX=100`, which has been split into two words (RFC 9422, 4.2). */
function recipientLimitIn(limits: readonly string[]): number | undefined {
  const value = limits[limits.indexOf("RCPTMAX") + 1] ?? "";
  return limits.includes("RCPTMAX") && /^[1-9]\d{0,5}$/.test(value) ? Number(value) : undefined;
}
