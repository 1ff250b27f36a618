/**
 * What the benchmark measures: which message goes how to which server, and how often.
 *
 * @module
 */

import type { Folder } from "../../tests/support/hosts/folder.ts";

/** One comparison of all programs. */
export type Case = {
  name: string;
  encryption: "none" | "starttls" | "tls";
  /**
   * The benchmark's own server, which acknowledges data at once (`quick`) or after a delay (RFC 1122,
   * 4.2.3.2), or Postfix's smtp-sink, which speaks no TLS.
   */
  server: "quick" | "delayed" | "smtp-sink";
  content: Content;
  recipients: number;
  /** How many processes run at once. */
  together: number;
  rounds: number;
};

/** What is sent: one line, a text of 1 MB, or 25 MB of a MIME message with an attachment or of text. */
export type Content = "line" | "short text" | "MIME" | "text" | "UTF-8 text";

/** Where the contents lie; a `message` has a header of its own, a `body` has none. */
export type Inputs = Record<Content, { body?: string; message: string }>;

export const SENDER = "no-reply@bench.test";
export const SUBJECT = "Benchmark";

/** The length of the large contents, and of the short text, in bytes. */
export const LARGE = 25_000_000;
const SHORT = 1_000_000;

/** The cases that send a large content. */
export const LARGE_CASES = {
  MIME: "25 MB of MIME",
  text: "25 MB of ASCII text",
  "UTF-8 text": "25 MB of UTF-8 text",
} as const;

/** What the name of a case to smtp-sink ends with. */
export const TO_SINK = ", to smtp-sink";

/** All comparisons; `effort` multiplies the rounds. */
export function allCases(effort: number): Case[] {
  const rounds = (count: number) => Math.max(1, Math.round(count * effort));
  const line: Omit<Case, "name"> = {
    encryption: "none",
    server: "quick",
    content: "line",
    recipients: 1,
    together: 1,
    rounds: rounds(45),
  };
  const encryptions = ["none", "starttls", "tls"] as const;
  const lines = (["quick", "delayed"] as const).flatMap((server) =>
    encryptions.map((encryption) => ({
      ...line,
      server,
      encryption,
      name: `one line, ${encryption}${server === "delayed" ? ", delayed ACKs" : ""}`,
    }))
  );
  const large = (content: keyof typeof LARGE_CASES): Case[] => [
    { ...line, name: LARGE_CASES[content], content, rounds: rounds(7) },
    {
      ...line,
      name: `${LARGE_CASES[content]}${TO_SINK}`,
      content,
      server: "smtp-sink",
      rounds: rounds(7),
    },
  ];
  return [
    ...lines,
    { ...line, name: "1000 recipients", recipients: 1000, rounds: rounds(15) },
    {
      ...line,
      name: `1 MB of text${TO_SINK}`,
      content: "short text",
      server: "smtp-sink",
      rounds: rounds(21),
    },
    ...large("MIME"),
    ...large("text"),
    ...large("UTF-8 text"),
    { ...line, name: "50 at once", together: 50, rounds: rounds(5) },
  ];
}

/** The recipients of a case. */
export function recipientsOf({ recipients }: Case): string[] {
  return Array.from({ length: recipients }, (_, index) => `user${index}@bench.test`);
}

/** Writes the contents with LF line ends, as programs write them to a pipe. */
export async function writeInputs(folder: Folder): Promise<Inputs> {
  const line = "Hello, world!\n";
  const text = "The quick brown fox jumps over the lazy dog, again and again.\n";
  const pangram = "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich.\n";
  const filled = (line: string, length: number) =>
    line.repeat(Math.ceil(length / new TextEncoder().encode(line).length));
  const both = async (name: string, body: string) => ({
    body: await folder.write(`${name}.txt`, body),
    message: await folder.write(`${name}.eml`, header() + body),
  });
  return {
    line: await both("line", line),
    "short text": await both("short-text", filled(text, SHORT)),
    MIME: { message: await folder.write("mime.eml", mimeMessage()) },
    text: await both("text", filled(text, LARGE)),
    "UTF-8 text": await both("utf8-text", filled(pangram, LARGE)),
  };
}

function header(...more: string[]): string {
  const fields = [
    `From: <${SENDER}>`,
    "To: <user0@bench.test>",
    `Subject: ${SUBJECT}`,
    "Date: Sun, 22 Nov 2026 10:00:00 +0000",
    "Message-ID: <1@bench.test>",
    "MIME-Version: 1.0",
    ...more,
  ];
  return fields.join("\n") + "\n\n";
}

/** A message with one attachment, in base64 as mail programs write it. */
function mimeMessage(): string {
  const base64 = "QmVuY2htYXJr".repeat(7).slice(0, 76) + "\n";
  return [
    header('Content-Type: multipart/mixed; boundary="b"'),
    "--b\nContent-Type: text/plain\n\nHello, world!\n",
    "--b\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n",
    base64.repeat(Math.ceil(LARGE / base64.length)),
    "--b--\n",
  ].join("");
}
