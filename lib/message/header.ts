/**
 * Header blocks (RFC 5322, 2.2) as bytes: found and split in what comes in, written for what goes
 * out.
 *
 * @module
 */

import { Buffer, isUtf8 } from "node:buffer";
import { foldLines } from "nodemailer/lib/mime-funcs";
import { encodeWords, formatMailbox, isPlain, type Mailbox } from "../address/mod.ts";
import { CR, LF } from "./lines.ts";
import { ExitStatus, Failure } from "../outcome.ts";

/** The header block that a message starts with; the numbers are offsets into the message. */
export type HeaderBlock = {
  /** In the order of the message; at least one. */
  fields: Field[];
  /** Where the fields begin, behind an mbox line. */
  start: number;
  /** Where the fields end: the empty line, or the end of the message. */
  end: number;
  /** The first octet of the body. */
  body: number;
  /** Whether no NUL and no lone CR stands in it; a server may take either for a line end. */
  clean: boolean;
};

/** One field with all its folded lines; the numbers are offsets into the message. */
export type Field = {
  /** In lower case. */
  name: string;
  start: number;
  /** The first octet behind the colon. */
  value: number;
  /** Behind the line end of its last line. */
  end: number;
};

/** Lines of a header that the program writes are folded to this length (RFC 5322, 2.1.1). */
const LINE_LENGTH = 76;

const TAB = 0x09;
const SPACE = 0x20;
const COLON = 0x3a;

/**
 * Finds the header block that the message starts with. Gives nothing where some line of it is none
 * of a header by RFC 5322, 2.2 and 3.6.8; a block is valid if it is clean as well.
 *
 * @param last What must follow the fields: an empty line, or the end of a message without a body.
 */
export function splitHeader(
  message: Uint8Array,
  last: "empty line" | "empty line or end",
): HeaderBlock | undefined {
  const start = mboxLineEnd(message);
  const end = fieldsEnd(message, start);
  if (end === undefined || end === start) return undefined;
  const isClosed = end < message.length;
  if (!isClosed && last === "empty line") return undefined;
  const body = isClosed ? message.indexOf(LF, end) + 1 : end;
  const clean = isClean(message, start, end);
  return { fields: splitFields(message, start, end), start, end, body, clean };
}

/** Gives the fields of that name, which is in lower case, in their order. */
export function fieldsNamed(block: HeaderBlock, name: string): Field[] {
  return block.fields.filter((field) => field.name === name);
}

/**
 * Gives the text of a field: unfolded (RFC 5322, 2.2.3), without the white space around it, read as
 * UTF-8 or, where it is none, as ISO-8859-1. Encoded words stay as they are.
 */
export function fieldText(message: Uint8Array, field: Field): string {
  const value = message.subarray(field.value, field.end);
  const text = isUtf8(value)
    ? new TextDecoder("utf-8", { ignoreBOM: true }).decode(value)
    : Buffer.from(value).toString("latin1");
  return text.replaceAll(/\r?\n/g, "").trim();
}

/**
 * Writes a field of free text, encoded where need be, folded, without the line end at its end.
 *
 * @throws {Failure} `usage` for a line break or NUL, with which the text could be taken for more
 * than one field.
 */
export function textField(name: string, text: string): string {
  requireOneLine(name, text);
  return foldLines(`${name}: ${isPlain(text) ? text : encodeWords(text)}`, LINE_LENGTH);
}

/** Writes a field of addresses in the same way, and throws the same. */
export function mailboxField(
  name: string,
  mailboxes: readonly Mailbox[],
  hostName: string,
): string {
  for (const mailbox of mailboxes) requireOneLine(name, Object.values(mailbox).join(""));
  const list = mailboxes.map((mailbox) => formatMailbox(mailbox, hostName)).join(", ");
  return foldLines(`${name}: ${list}`, LINE_LENGTH);
}

/** The command line is checked as it is read; this is the last gate before the wire. */
function requireOneLine(name: string, text: string): void {
  if (!/[\r\n\0]/.test(text)) return;
  throw new Failure({
    status: ExitStatus.usage,
    what: `The ${name} field must not hold a line break or NUL`,
    why: JSON.stringify(text),
  });
}

/** The line that mbox files and old programs put before a message (RFC 4155) is no part of it. */
function mboxLineEnd(message: Uint8Array): number {
  const start = Buffer.from(message.subarray(0, 5)).toString("latin1");
  return start === "From " ? message.indexOf(LF) + 1 : 0;
}

/** Gives the offset behind the last field, or nothing where some line belongs to no field. */
function fieldsEnd(message: Uint8Array, start: number): number | undefined {
  let at = start;
  while (at < message.length) {
    const first = message[at];
    if (first === LF || (first === CR && message[at + 1] === LF)) return at;
    const folded = first === SPACE || first === TAB;
    const text = folded ? (at === start ? undefined : at) : nameEnd(message, at);
    if (text === undefined) return undefined;
    const end = message.indexOf(LF, text);
    at = end === -1 ? message.length : end + 1;
  }
  return at;
}

/** Gives the offset of the colon behind the field name that a line starts with, if it does. */
function nameEnd(message: Uint8Array, start: number): number | undefined {
  for (let at = start; at < message.length; at++) {
    const octet = message[at] ?? 0;
    if (octet === COLON) return at > start ? at : undefined;
    if (octet < 0x21 || octet > 0x7e) return undefined;
  }
  return undefined;
}

function isClean(message: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const octet = message[at] ?? 0;
    if (octet === 0 || (octet === CR && message[at + 1] !== LF)) return false;
  }
  return true;
}

/** Splits a block that {@linkcode fieldsEnd} has found valid. */
function splitFields(message: Uint8Array, start: number, end: number): Field[] {
  const fields: Field[] = [];
  for (let at = start; at < end;) {
    const colon = message.indexOf(COLON, at);
    const name = Buffer.from(message.subarray(at, colon)).toString("latin1").toLowerCase();
    const field = { name, start: at, value: colon + 1, end: at };
    do {
      const next = message.indexOf(LF, at) + 1;
      at = next === 0 ? end : next;
    } while (at < end && (message[at] === SPACE || message[at] === TAB));
    fields.push({ ...field, end: at });
  }
  return fields;
}
