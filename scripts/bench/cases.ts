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
  /** Whether the server acknowledges what it gets at once, or waits whether more comes (RFC 1122, 4.2.3.2). */
  acks: "quick" | "delayed";
  content: Content;
  recipients: number;
  /** How many processes run at once. */
  together: number;
  rounds: number;
};

/** What is sent: one line, a MIME message with an attachment, or long plain text. */
export type Content = "line" | "MIME" | "text";

/** Where the contents lie; a `message` has a header of its own, a `body` has none. */
export type Inputs = Record<Content, { body?: string; message: string }>;

export const SENDER = "no-reply@bench.test";
export const SUBJECT = "Benchmark";

/** The length of the large contents in bytes. */
export const LARGE = 25_000_000;

/** All comparisons; `effort` multiplies the rounds. */
export function allCases(effort: number): Case[] {
  const rounds = (count: number) => Math.max(1, Math.round(count * effort));
  const line: Omit<Case, "name"> = {
    encryption: "none",
    acks: "quick",
    content: "line",
    recipients: 1,
    together: 1,
    rounds: rounds(45),
  };
  const encryptions = ["none", "starttls", "tls"] as const;
  const lines = (["quick", "delayed"] as const).flatMap((acks) =>
    encryptions.map((encryption) => ({
      ...line,
      acks,
      encryption,
      name: `one line, ${encryption}${acks === "delayed" ? ", delayed ACKs" : ""}`,
    }))
  );
  return [
    ...lines,
    { ...line, name: "1000 recipients", recipients: 1000, rounds: rounds(15) },
    { ...line, name: "25 MB of MIME", content: "MIME", rounds: rounds(7) },
    { ...line, name: "25 MB of text", content: "text", rounds: rounds(7) },
    { ...line, name: "50 at once", together: 50, rounds: rounds(5) },
  ];
}

/** The recipients of a case. */
export function recipientsOf({ recipients }: Case): string[] {
  return Array.from({ length: recipients }, (_, index) => `user${index}@bench.test`);
}

/** Writes the contents, with the line ends that a pipe brings. */
export async function writeInputs(folder: Folder): Promise<Inputs> {
  const line = "Hello, world!\n";
  const text = "The quick brown fox jumps over the lazy dog, again and again.\n";
  const long = text.repeat(Math.ceil(LARGE / text.length));
  return {
    line: {
      body: await folder.write("line.txt", line),
      message: await folder.write("line.eml", header() + line),
    },
    MIME: { message: await folder.write("mime.eml", mimeMessage()) },
    text: {
      body: await folder.write("text.txt", long),
      message: await folder.write("text.eml", header() + long),
    },
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
