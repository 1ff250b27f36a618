/**
 * The charset of a text.
 *
 * @module
 */

import { isAscii, isUtf8 } from "node:buffer";

/** The octets that are not defined in windows-1252. */
const UNDEFINED_IN_1252 = [0x81, 0x8d, 0x8f, 0x90, 0x9d];

/** The octets that are characters in windows-1252 and control characters in ISO-8859-1. */
const ONLY_IN_1252 = Array.from({ length: 0x20 }, (_, i) => 0x80 + i);

const ESCAPE = 0x1b;

/** How many characters are converted at once; they are the arguments of one call. */
const STEP = 4096;

/** The charsets in which a text may be sent. */
export type Charset = "utf-8" | "windows-1252" | "iso-8859-1" | "iso-2022-jp";

/**
 * Gives a charset in which every octet of the text is defined: ISO-2022-JP or UTF-8 if the text is
 * valid in it; else windows-1252 if the text has characters that only this charset has, and no octet
 * that it does not define; else ISO-8859-1, which defines all octets.
 */
export function charsetOf(text: Uint8Array): Charset {
  if (isUtf8(text)) return isIso2022Jp(text) ? "iso-2022-jp" : "utf-8";
  const has = (octet: number) => text.includes(octet);
  return ONLY_IN_1252.some(has) && !UNDEFINED_IN_1252.some(has) ? "windows-1252" : "iso-8859-1";
}

/**
 * Decodes a text in UTF-16 or UTF-32 that starts with a byte order mark.
 *
 * @returns The same text in UTF-8 without the mark; nothing if there is no mark, or if the octets are
 * not valid.
 */
export function decodeUnicode(text: Uint8Array): Uint8Array | undefined {
  const [first, second, third, fourth] = text;
  const isLittle = first === 0xff && second === 0xfe;
  const isBig = first === 0xfe && second === 0xff;
  if (isLittle && third === 0 && fourth === 0) return decodeUtf32(text) ?? decodeUtf16(text, "le");
  if (first === 0 && second === 0 && third === 0xfe && fourth === 0xff) {
    // Reversing all octets, and later all words, gives the words in order and little-endian.
    return decodeUtf32(text.toReversed(), true);
  }
  return isLittle || isBig ? decodeUtf16(text, isLittle ? "le" : "be") : undefined;
}

function decodeUtf16(text: Uint8Array, order: "le" | "be"): Uint8Array | undefined {
  try {
    return new TextEncoder().encode(
      new TextDecoder(`utf-16${order}`, { fatal: true }).decode(text),
    );
  } catch {
    return undefined;
  }
}

/** Decodes little-endian words; no TextDecoder knows UTF-32. */
function decodeUtf32(text: Uint8Array, isReversed = false): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const words = new Uint32Array(text.slice().buffer);
  if (isReversed) words.reverse();
  let decoded = "";
  try {
    for (let at = 1; at < words.length; at += STEP) {
      decoded += Reflect.apply(String.fromCodePoint, undefined, words.subarray(at, at + STEP));
    }
  } catch {
    return undefined;
  }
  return decoded.isWellFormed() ? new TextEncoder().encode(decoded) : undefined;
}

/** True for valid ISO-2022-JP that switches to Japanese characters (RFC 1468). */
function isIso2022Jp(text: Uint8Array): boolean {
  if (!text.includes(ESCAPE) || !isAscii(text)) return false;
  if (!/\x1b\$[@B]/.test(new TextDecoder().decode(text))) return false;
  try {
    new TextDecoder("iso-2022-jp", { fatal: true }).decode(text);
    return true;
  } catch {
    return false;
  }
}
