/**
 * Relays a message that already has a header.
 *
 * @module
 */

import { Buffer, isAscii } from "node:buffer";
import { charsetOf } from "./charset.ts";
import { completeAddresses } from "./complete.ts";
import type { Received } from "./envelope.ts";
import {
  type Context,
  fieldBytes,
  STANDARD_FIELDS,
  standardField,
  textField,
  UNDISCLOSED,
} from "./fields.ts";
import { asCharacters, type Field } from "./header.ts";
import { joinParts, type Part, partOf, wholeLines } from "./lines.ts";
import type { Mail } from "./mail.ts";

/**
 * The fields that are removed: those that no recipient may see (RFC 5322, 3.6.3 and 3.6.6), the one
 * that only the last server writes (RFC 5321, 4.4), and a length that is wrong after this program.
 */
const REMOVED = new Set(["bcc", "resent-bcc", "return-path", "content-length"]);

/** Fields that cannot be empty (RFC 5322, 3.6.1, 3.6.2 and 3.6.4); an empty one counts as missing. */
const NEVER_EMPTY = new Set(["date", "from", "message-id"]);

/** Fields in which the host's name is added to bare local names. */
const COMPLETED = new Set(["from", "to", "cc", "sender", "reply-to"]);

const COLON = 0x3a;

/** With one of these fields but without To, a message hides its recipients. */
const HIDES_TO = new Set(["cc", "bcc", "resent-to", "resent-cc", "resent-bcc"]);

/**
 * Gives the message ready for the wire: its fields in their order, without those that are removed and
 * with the subject of the request if that has one, then the missing fields, then its body.
 */
export function relay(received: Received, mail: Mail, context: Context): Part {
  const { octets, block } = received;
  const fields = block.fields.filter((field) => !isRemoved(octets, field));
  const subject = mail.subject === undefined ? undefined : textField("Subject", mail.subject);
  return joinParts([
    wholeLines(Buffer.concat([...keptFields(octets, fields, subject, context.hostName)])),
    partOf(fieldBytes([...missingFields(received, fields, mail, context), ""])),
    wholeLines(octets.subarray(block.body)),
  ]);
}

function isRemoved(octets: Uint8Array, field: Field): boolean {
  return REMOVED.has(field.name) || (NEVER_EMPTY.has(field.name) && isEmpty(octets, field));
}

function isEmpty(octets: Uint8Array, field: Field): boolean {
  return asCharacters(octets.subarray(field.value, field.end)).trim() === "";
}

/** Gives the fields that are sent; adjacent unchanged fields are one piece. */
function* keptFields(
  octets: Uint8Array,
  fields: Field[],
  subject: string | undefined,
  hostName: string,
): Generator<Uint8Array> {
  let isReplaced = false;
  let start = 0;
  let end = 0;
  for (const field of fields) {
    const isSubject = subject !== undefined && field.name === "subject";
    const changed = isSubject ? undefined : changedField(octets, field, hostName);
    const stays = !isSubject && changed === undefined;
    if (!stays || field.start !== end) {
      yield octets.subarray(start, end);
      start = stays ? field.start : field.end;
    }
    end = field.end;
    if (changed !== undefined) yield changed;
    // Of several subjects only one is kept.
    if (isSubject && !isReplaced) yield fieldBytes([subject]);
    isReplaced ||= isSubject;
  }
  yield octets.subarray(start, end);
}

/**
 * Gives a field that must change, else nothing: blanks before the colon are removed, because no
 * program may write them (RFC 5322, 4.5), and addresses are completed.
 */
function changedField(octets: Uint8Array, field: Field, hostName: string): Uint8Array | undefined {
  const nameEnd = field.start + field.name.length;
  const hasBlanks = nameEnd < field.value - 1;
  const value = octets.subarray(field.value, field.end);
  const complete = COMPLETED.has(field.name) ? completeAddresses(value, hostName) : undefined;
  if (!hasBlanks && complete === undefined) return undefined;
  return Buffer.concat([
    octets.subarray(field.start, nameEnd),
    Uint8Array.of(COLON),
    complete ?? value,
  ]);
}

function missingFields(
  { octets, block }: Received,
  present: Field[],
  mail: Mail,
  context: Context,
): string[] {
  const names = new Set(present.map(({ name }) => name));
  const fields: string[] = [];
  for (const name of STANDARD_FIELDS) {
    if (names.has(name.toLowerCase())) continue;
    const isSecret = name === "To" && block.fields.some(({ name }) => HIDES_TO.has(name));
    fields.push(isSecret ? UNDISCLOSED : standardField(name, mail, context));
  }
  const body = octets.subarray(block.body);
  if (names.has("content-type")) return fields;
  const charset = charsetOf(body);
  const encoding = isAscii(body) ? "7bit" : "8bit";
  if (charset === "utf-8" && encoding === "7bit") return fields;
  fields.push(`Content-Type: text/plain; charset=${charset}`);
  if (!names.has("content-transfer-encoding")) {
    fields.push(`Content-Transfer-Encoding: ${encoding}`);
  }
  return fields;
}
