/**
 * The replies of an SMTP server as text (RFC 5321, 4.2) and as values, and what EHLO says in them.
 *
 * @module
 */

import type { Reply } from "../outcome.ts";

/** What the server can do, read once from its reply to EHLO (RFC 5321, 4.1.1.1). */
export type Capabilities = {
  /** STARTTLS (RFC 3207). */
  startTls: boolean;
  /** SMTPUTF8 (RFC 6531). */
  smtpUtf8: boolean;
  /** 8BITMIME (RFC 6152). */
  eightBitMime: boolean;
  /** SIZE (RFC 1870): the octets that the server takes; 0 where it names no limit. */
  size?: number;
  /** The mechanisms of AUTH (RFC 4954), in capitals. */
  auth: readonly string[];
};

/** What a server offers that knows HELO only. */
export const NO_CAPABILITIES: Capabilities = {
  startTls: false,
  smtpUtf8: false,
  eightBitMime: false,
  auth: [],
};

const LF = 0x0a;

// A reply may end right behind its code (RFC 5321, 4.2: "SHOULD" have text).
const LINE = /^([2-5]\d\d)(?:([ -])(.*))?$/s;

/**
 * One whole reply from its lines without the last line end. Gives nothing when it is not SMTP: a
 * line without a code, or lines whose codes differ (RFC 5321, 4.2.1).
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

/** Whether this line of a reply, without its line end, is the last one (RFC 5321, 4.2.1). */
export function isLastLine(line: string): boolean {
  return !/^\d{3}-/.test(line);
}

/**
 * The lines in whole lines of replies, without their line ends. Text is UTF-8 where it can be (RFC
 * 6531, 3.7.4.1), each line for itself, and else read as Windows wrote it.
 */
export function decodeLines(bytes: Uint8Array): string[] {
  const lines = decodeUtf8(bytes)?.split("\n") ?? separateLines(bytes).map(decodeLine);
  return lines.slice(0, -1).map((line) => line.endsWith("\r") ? line.slice(0, -1) : line);
}

/** What stands before, between and behind the line feeds. */
function separateLines(bytes: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  let start = 0;
  for (let end = bytes.indexOf(LF); end >= 0; end = bytes.indexOf(LF, start)) {
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return [...lines, bytes.subarray(start)];
}

function decodeLine(bytes: Uint8Array): string {
  return decodeUtf8(bytes) ?? new TextDecoder("windows-1252").decode(bytes);
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** The capabilities in a 250 reply to EHLO; its first line is the server's name and a greeting. */
export function parseCapabilities(reply: Reply): Capabilities {
  const keywords = new Map<string, string[]>();
  for (const line of reply.text.split("\n").slice(1)) {
    // Some servers still say "AUTH=LOGIN", from a draft of RFC 2554.
    const [keyword = "", ...parameters] = line.trim().toUpperCase().split(/[\s=]+/);
    keywords.set(keyword, [...(keywords.get(keyword) ?? []), ...parameters]);
  }
  const size = keywords.get("SIZE");
  return {
    startTls: keywords.has("STARTTLS"),
    smtpUtf8: keywords.has("SMTPUTF8"),
    eightBitMime: keywords.has("8BITMIME"),
    ...(size && { size: /^\d{1,15}$/.test(size[0] ?? "") ? Number(size[0]) : 0 }),
    auth: keywords.get("AUTH") ?? [],
  };
}
