/**
 * Composes a message from a text, or from a file that is not text.
 *
 * @module
 */

import { binaryExtension } from "./binary.ts";
import { charsetOf, decodeUnicode } from "./charset.ts";
import {
  type Context,
  fieldBytes,
  mailboxField,
  STANDARD_FIELDS,
  standardField,
} from "./fields.ts";
import { isHtml } from "./html.ts";
import { joinParts, type Part, partOf } from "./lines.ts";
import type { Mail } from "./mail.ts";
import { encodeBinary, encodeBody } from "./transfer.ts";

/**
 * Gives the message that carries the input, ready for the wire: a text as plain text or HTML, UTF-16
 * and UTF-32 as UTF-8, and any other file as an attachment.
 */
export function compose(input: Uint8Array, mail: Mail, context: Context): Part {
  const decoded = decodeUnicode(input);
  const text = decoded ?? input;
  const extension = decoded === undefined ? binaryExtension(input) : undefined;
  const { encoding, ...body } = extension === undefined ? encodeBody(text) : encodeBinary(input);
  const fields = extension === undefined
    ? [`Content-Type: ${textType(text, mail)}; charset=${charsetOf(text)}`]
    : [
      "Content-Type: application/octet-stream",
      `Content-Disposition: attachment; filename="attachment.${extension}"`,
    ];
  const header = [
    ...standardFields(mail, context),
    ...fields,
    `Content-Transfer-Encoding: ${encoding}`,
    "",
  ];
  return joinParts([partOf(fieldBytes(header)), body]);
}

function textType(text: Uint8Array, mail: Mail): "text/html" | "text/plain" {
  return mail.html || isHtml(text) ? "text/html" : "text/plain";
}

function standardFields(mail: Mail, context: Context): string[] {
  const fields = STANDARD_FIELDS.map((name) => standardField(name, mail, context));
  if (mail.cc.length > 0) {
    const afterTo = STANDARD_FIELDS.indexOf("To") + 1;
    fields.splice(afterTo, 0, mailboxField("Cc", mail.cc, context.hostName));
  }
  return fields;
}
