/**
 * Worst cases of what a caller hands in.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Case } from "./case.ts";

const MIB = 2 ** 20;

const FROM = "From: a@from.test\n";

/** A text of `size` octets that repeats one piece. */
function filled(size: number, piece: string, before = ""): Uint8Array {
  const octets = Buffer.alloc(size, Buffer.from(piece, "latin1"));
  octets.write(before, "latin1");
  return octets;
}

function quarters(whole: number): [number, number, number] {
  return [whole / 4, whole / 2, whole];
}

/** A case in which the program sends a text, or a message, of so many octets. */
function content(name: string, whole: number, piece: string, before = ""): Case {
  return {
    name,
    sizes: quarters(whole),
    unit: "octets",
    prepare: (size) => ({ stdin: filled(size, piece, before) }),
  };
}

/** A case in which the message starts with a header of so many of these. */
function header(name: string, whole: number, unit: string, of: (size: number) => string): Case {
  return {
    name,
    sizes: quarters(whole),
    unit,
    prepare: (size) => ({ stdin: `MIME-Version: 1.0\n${FROM}${of(size)}\n\nHello\n` }),
  };
}

const MIME = `${FROM}To: to@to.test\nMIME-Version: 1.0\nContent-Type: `;

/** All cases of this kind. */
export const INPUT_CASES: Case[] = [
  content("text of the largest size", 256 * MIB, "The quick brown fox jumps over the dog.\n"),
  content("8-bit text", 64 * MIB, "Gr\xc3\xb6\xc3\x9fe und Stra\xc3\x9fe\n"),
  content("text that is no UTF-8", 64 * MIB, "Gr\xf6\xdfe und Stra\xdfe\n"),
  content("one line", 100 * MIB, "x"),
  content("line feeds", 64 * MIB, "\n"),
  content("carriage returns", 64 * MIB, "\r"),
  content("dots on lines of their own", 64 * MIB, ".\n"),
  content("NULs", 64 * MIB, "\0"),
  content("white space in front of HTML", 64 * MIB, " "),
  content("comments in front of HTML", 64 * MIB, "<!---->"),
  content("a comment without an end", 64 * MIB, "<!- -", "<!--"),
  content("a message of line feeds", 64 * MIB, "\n", `${MIME}text/plain\n\n`),
  content("a message of 8-bit lines", 64 * MIB, "\xff\n", `${MIME}text/plain\n\n`),
  content(
    "boundaries that are none",
    64 * MIB,
    "--c\n",
    `${MIME}multipart/mixed; boundary=b\n\n--b\n`,
  ),
  content(
    "dashes in front of the boundary",
    64 * MIB,
    "-",
    `${MIME}multipart/mixed; boundary=b\n\n--b\n`,
  ),
  header("header fields", 1_000_000, "fields", (size) => "X: y\n".repeat(size)),
  header("Bcc fields", 1_000_000, "fields", (size) => "Bcc: a@b.test\n".repeat(size)),
  header("one long field", 10 * MIB, "octets", (size) => `X: ${"y".repeat(size)}`),
  header("a field of many lines", 10 * MIB, "octets", (size) => `X: y${"\n z".repeat(size / 3)}`),
  header("a long From", 10 * MIB, "octets", (size) => `From: ${"(".repeat(size)}`),
  header(
    "a long subject",
    10 * MIB,
    "octets",
    (size) => `Subject: ${"=?utf-8?q?x?= ".repeat(size / 14)}`,
  ),
  header(
    "a long content type",
    10 * MIB,
    "octets",
    (size) => `Content-Type: multipart/mixed; ${"a=b; ".repeat(size / 5)}`,
  ),
  {
    name: "recipients of a header",
    sizes: quarters(100_000),
    unit: "recipients",
    prepare: (size) => {
      const to = Array.from({ length: size }, (_, index) => `user${index}@to.test`).join(",\n ");
      return { args: ["-t"], stdin: `${FROM}To: ${to}\n\nHello\n` };
    },
  },
  {
    name: "recipients in fields of their own",
    sizes: quarters(100_000),
    unit: "recipients",
    prepare: (size) => {
      const to = Array.from({ length: size }, (_, index) => `To: user${index}@to.test\n`).join("");
      return { args: ["-t"], stdin: `${FROM}${to}\nHello\n` };
    },
  },
];
