/**
 * A message with a header of its own, passed on as it is.
 *
 * @module
 */

import { isAscii } from "node:buffer";
import { charsetOf } from "./charset.ts";
import type { Received } from "./envelope.ts";
import { type Context, fieldBytes, STANDARD_FIELDS, standardField, UNDISCLOSED } from "./fields.ts";
import { textField } from "./header.ts";
import { inOrder, type Part, ready, wholeLines } from "./lines.ts";
import type { Mail } from "./mail.ts";

/** Fields that no recipient may see (RFC 5322, 3.6.3 and 3.6.6). */
const HIDDEN = ["bcc", "resent-bcc"];

/**
 * Gives the message ready for the wire: its fields but the hidden ones in their order, the subject
 * replaced where the command line has one, then the fields that it lacks, then its body.
 */
export function relay(received: Received, mail: Mail, context: Context): Part {
  const { octets, block } = received;
  return inOrder([
    ...keptFields(received, mail.subject),
    ready(fieldBytes([...missingFields(received, mail, context), ""])),
    wholeLines(octets.subarray(block.body)),
  ]);
}

/** Adjacent fields that stay go out in one piece; where there are several subjects, one remains. */
function* keptFields({ octets, block }: Received, subject?: string): Generator<Part> {
  let start = block.start;
  let replaced = false;
  for (const field of block.fields) {
    const isReplaced = subject !== undefined && field.name === "subject";
    if (!isReplaced && !HIDDEN.includes(field.name)) continue;
    yield wholeLines(octets.subarray(start, field.start));
    if (isReplaced && !replaced) yield ready(fieldBytes([textField("Subject", subject)]));
    replaced ||= isReplaced;
    start = field.end;
  }
  yield wholeLines(octets.subarray(start, block.end));
}

function missingFields(received: Received, mail: Mail, context: Context): string[] {
  const { octets, block } = received;
  const has = (...names: string[]) => block.fields.some(({ name }) => names.includes(name));
  const fields: string[] = [];
  for (const name of STANDARD_FIELDS) {
    if (has(name.toLowerCase())) continue;
    // Who writes Cc or Bcc but no To means to show no more than that.
    const isSecret = name === "To" && has("cc", "bcc", "resent-to", "resent-cc", "resent-bcc");
    fields.push(isSecret ? UNDISCLOSED : standardField(name, mail, context));
  }
  const body = octets.subarray(block.body);
  if (has("content-type") || isAscii(body)) return fields;
  fields.push(`Content-Type: text/plain; charset=${charsetOf(body)}`);
  if (!has("content-transfer-encoding")) fields.push("Content-Transfer-Encoding: 8bit");
  return fields;
}
