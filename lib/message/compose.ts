/**
 * A message made of a text.
 *
 * @module
 */

import { charsetOf } from "./charset.ts";
import {
  type Context,
  fieldBytes,
  mailboxField,
  STANDARD_FIELDS,
  standardField,
} from "./fields.ts";
import { isHtml } from "./html.ts";
import { inOrder, type Part, ready } from "./lines.ts";
import type { Mail } from "./mail.ts";
import { encodeBody } from "./transfer.ts";

/** Gives the message that carries the text, as plain text or HTML, ready for the wire. */
export function compose(text: Uint8Array, mail: Mail, context: Context): Part {
  const type = mail.html || isHtml(text) ? "text/html" : "text/plain";
  const { encoding, ...body } = encodeBody(text);
  const fields = STANDARD_FIELDS.map((name) => standardField(name, mail, context));
  if (mail.cc.length > 0) {
    const afterTo = STANDARD_FIELDS.indexOf("To") + 1;
    fields.splice(afterTo, 0, mailboxField("Cc", mail.cc, context.hostName));
  }
  fields.push(
    `Content-Type: ${type}; charset=${charsetOf(text)}`,
    `Content-Transfer-Encoding: ${encoding}`,
    "",
  );
  return inOrder([ready(fieldBytes(fields)), body]);
}
