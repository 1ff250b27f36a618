/**
 * One question: which charset is a text in?
 *
 * @module
 */

import { isUtf8 } from "node:buffer";

/** The octets that windows-1252 gives no meaning. */
const UNDEFINED_IN_1252 = [0x81, 0x8d, 0x8f, 0x90, 0x9d];

/**
 * Names a charset in which every octet of the text means something: UTF-8, else windows-1252 where
 * the text has what that adds to Latin 1 and nothing that it leaves open, else ISO-8859-1, in which
 * any octets are text.
 */
export function charsetOf(text: Uint8Array): "utf-8" | "windows-1252" | "iso-8859-1" {
  if (isUtf8(text)) return "utf-8";
  const is1252 = text.some((octet) => octet >= 0x80 && octet <= 0x9f) &&
    !UNDEFINED_IN_1252.some((octet) => text.includes(octet));
  return is1252 ? "windows-1252" : "iso-8859-1";
}
