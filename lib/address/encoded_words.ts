/**
 * Text in header fields: encoded words (RFC 2047) in and out.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { encodeWord } from "nodemailer/lib/mime-funcs";

/**
 * The longest encoded word to write. RFC 2047, 2 allows 75 characters, on lines of 76; with 64 the
 * first one still fits behind "Subject: ".
 */
const WORD_LENGTH = 64;

/** A word of this many characters is encoded: no line can be folded inside a word. */
const UNFOLDABLE = 200;

/** One valid encoded word and nothing else (RFC 2047, 2). */
const VALID_WORD = /^=\?[^\s()<>@,;:"/[\]?.=]+\?[bq]\?[^?\s]+\?=$/i;

/** An encoded word as receivers look for it: charset, language (RFC 2231, 5), encoding, text. */
const ENCODED_WORD = /=\?([^\s?*]+)(?:\*[^\s?]*)?\?([bq])\?([^\s?]*)\?=/gi;

/**
 * True if a text can be written to a header field unchanged: printable ASCII, only spaces that
 * folding keeps, no run that is too long to fold, and nothing that a receiver would decode into
 * another text. Valid encoded words count as plain, because the caller has encoded them already,
 * unless they decode to a line break or another control character.
 */
export function isPlain(text: string): boolean {
  if (/[^\x20-\x7e]|^ | {2}| $/.test(text)) return false;
  const words = text.split(" ");
  if (words.some(({ length }) => length >= UNFOLDABLE)) return false;
  if (!text.includes("=?")) return true;
  const areValid = words.every((word) =>
    !word.includes("=?") || (word.length <= 75 && VALID_WORD.test(word))
  );
  return areValid && !/[\0-\x1f\x7f-\x9f]/.test(decodeWords(text));
}

/**
 * Gives a text as encoded words in UTF-8, in Q or B, whichever is shorter, with a space between
 * them. They are safe in a phrase too (RFC 2047, 5 (3)).
 */
export function encodeWords(text: string): string {
  const quoted = encodeWord(text, "Q", WORD_LENGTH);
  const base64 = encodeWord(text, "B", WORD_LENGTH);
  return base64.length < quoted.length ? base64 : quoted;
}

/** True if a receiver may find an encoded word in the text, also in a place where none is allowed. */
export function holdsEncodedWord(text: string): boolean {
  return text.includes("=?") && text.search(ENCODED_WORD) !== -1;
}

/** A stretch of a header field: plain text, or the bytes of adjacent words in one charset. */
type Piece = {
  /** The white space between this word and the word before it. */
  gap: string;
  source: string;
  charset?: string;
  bytes: Buffer[];
};

/**
 * Reads the encoded words of an unfolded header field (RFC 2047, 6.2). Words of one charset that
 * only white space parts are decoded together, as some senders cut a character in two. A word that
 * cannot be decoded stays as it is, with the white space around it.
 */
export function decodeWords(text: string): string {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(ENCODED_WORD)) {
    const [source, charset = "", encoding = "", encoded = ""] = match;
    let gap = text.slice(end, match.index);
    end = match.index + source.length;
    let last = pieces.at(-1);
    if (last === undefined || gap.trim() !== "") {
      last = { gap: "", source: gap, bytes: [] };
      pieces.push(last);
      gap = "";
    }
    if (last.charset !== charset.toLowerCase()) {
      last = { gap, source: "", charset: charset.toLowerCase(), bytes: [] };
      pieces.push(last);
      gap = "";
    }
    last.source += gap + source;
    last.bytes.push(wordBytes(encoding, encoded));
  }
  return textOf(pieces) + text.slice(end);
}

/** Joins the pieces; the white space between two decoded words is dropped (RFC 2047, 6.2). */
function textOf(pieces: readonly Piece[]): string {
  let text = "";
  let isBehindWord = false;
  for (const piece of pieces) {
    const decoded = decodePiece(piece);
    const isWord = decoded !== undefined;
    text += (isWord && isBehindWord ? "" : piece.gap) + (decoded ?? piece.source);
    isBehindWord = isWord;
  }
  return text;
}

function wordBytes(encoding: string, encoded: string): Buffer {
  if (encoding.toLowerCase() === "b") return Buffer.from(encoded, "base64");
  const unquoted = encoded.replaceAll("_", " ").replace(
    /=([0-9a-f]{2})/gi,
    (_, hex: string) => String.fromCharCode(parseInt(hex, 16)),
  );
  return Buffer.from(unquoted, "latin1");
}

/** Gives the text of the words in a piece; nothing for plain text, or if the charset is not known. */
function decodePiece({ charset, bytes }: Piece): string | undefined {
  if (charset === undefined) return undefined;
  try {
    return new TextDecoder(charset, { ignoreBOM: true }).decode(Buffer.concat(bytes));
  } catch {
    return undefined;
  }
}
