/**
 * One question: is what came in a MIME message, or text that looks a little like one?
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { parseHeaderValue } from "nodemailer/lib/mime-funcs";
import { decodeWords, parseMailboxes } from "../address/mod.ts";
import { fieldsNamed, fieldText, type HeaderBlock } from "./header.ts";
import { CR, LF } from "./lines.ts";
import { Failure } from "../outcome.ts";

const DASH = 0x2d;
const SPACE = 0x20;
const TAB = 0x09;

/**
 * Says whether a message that starts with this header block is a MIME message. The block is valid,
 * and one of these holds:
 *
 * - it has MIME-Version (RFC 2045, 4);
 * - it has Content-Type, and From, To, Subject or Message-ID;
 * - it has From with an address in it, and To, Subject or Date, as cron and fail2ban write it.
 *
 * And where its type is multipart, the body holds the boundary that the type names.
 */
export function isMimeMessage(message: Uint8Array, block: HeaderBlock): boolean {
  if (!block.clean) return false;
  const has = (name: string) => block.fields.some((field) => field.name === name);
  const declared = has("mime-version") ||
    (has("content-type") && ["from", "to", "subject", "message-id"].some(has)) ||
    (["to", "subject", "date"].some(has) && hasAuthor(message, block));
  return declared && holdsItsParts(message, block);
}

/**
 * A word alone is no address here, as text may well begin "From: Monday", "To: Friday"; the "root
 * (Cron Daemon)" of cron is one.
 */
function hasAuthor(message: Uint8Array, block: HeaderBlock): boolean {
  return fieldsNamed(block, "from").some((field) => {
    const text = fieldText(message, field);
    if (/[^\s<>()@,;:"]@[^\s<>()@,;:"]/.test(text)) return true;
    try {
      return parseMailboxes(text, "the From header").some(({ name }) => name !== "");
    } catch (error) {
      if (error instanceof Failure) return false;
      throw error;
    }
  });
}

/** A multipart type without its boundary in the body cannot be taken apart (RFC 2046, 5.1.1). */
function holdsItsParts(message: Uint8Array, block: HeaderBlock): boolean {
  const [field] = fieldsNamed(block, "content-type");
  if (field === undefined) return true;
  const type = parseHeaderValue(fieldText(message, field), { stripComments: true });
  if (!/^multipart\//i.test(type.value)) return true;
  const boundary = decodeWords(type.params["boundary"] ?? "");
  return boundary !== "" && holdsDelimiter(message.subarray(block.body), Buffer.from(boundary));
}

/** Looks for a line of two dashes and the boundary, alone but for the dashes of the last one. */
function holdsDelimiter(body: Uint8Array, boundary: Uint8Array): boolean {
  for (let at = 0; at < body.length; at++) {
    if (isDelimiter(body, at, boundary)) return true;
    while (at < body.length && body[at] !== LF && body[at] !== CR) at++;
  }
  return false;
}

function isDelimiter(body: Uint8Array, start: number, boundary: Uint8Array): boolean {
  if (body[start] !== DASH || body[start + 1] !== DASH) return false;
  const end = start + 2 + boundary.length;
  for (let at = start + 2; at < end; at++) {
    if (body[at] !== boundary[at - start - 2]) return false;
  }
  return [undefined, LF, CR, SPACE, TAB, DASH].includes(body[end]);
}
