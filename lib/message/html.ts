/**
 * One question: does a text start like HTML?
 *
 * @module
 */

import { Buffer } from "node:buffer";

const BANG = 0x21;
const DASH = 0x2d;
const LESS = 0x3c;
const GREATER = 0x3e;

/** U+FEFF in UTF-8, each octet a character. */
const BYTE_ORDER_MARK = "\u00ef\u00bb\u00bf";

/** As much of a text as a document type or a tag name needs. */
const HEAD_LENGTH = 128;

/** The document type of HTML, or the tag of an element of HTML, today's and yesterday's. */
const HTML_START = new RegExp(
  "^<(?:!doctype\\s+html|" +
    "a|abbr|acronym|address|applet|area|article|aside|audio|b|base|basefont|bdi|bdo|bgsound|big|" +
    "blink|blockquote|body|br|button|canvas|caption|center|cite|code|col|colgroup|data|datalist|" +
    "dd|del|details|dfn|dialog|dir|div|dl|dt|em|embed|fieldset|figcaption|figure|font|footer|form|" +
    "frame|frameset|h[1-6]|head|header|hgroup|hr|html|i|iframe|img|input|ins|kbd|label|legend|li|" +
    "link|main|map|mark|marquee|menu|menuitem|meta|meter|nav|nobr|noembed|noframes|noscript|" +
    "object|ol|optgroup|option|output|p|param|picture|plaintext|pre|progress|q|rp|rt|ruby|s|samp|" +
    "script|search|section|select|slot|small|source|span|strike|strong|style|sub|summary|sup|" +
    "table|tbody|td|template|textarea|tfoot|th|thead|time|title|tr|track|tt|u|ul|var|video|wbr|" +
    "xmp)[\\s/>]",
  "i",
);

/**
 * Says whether a text, after a byte order mark, white space and comments, starts with the document
 * type of HTML or the tag of one of its elements. `<user@host>` is none.
 */
export function isHtml(text: Uint8Array): boolean {
  let at = headAt(text, 0).startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;
  for (;;) {
    while (isSpace(text[at])) at++;
    if (text[at] !== LESS) return false;
    if (!isCommentStart(text, at)) return HTML_START.test(headAt(text, at));
    const end = commentEnd(text, at + "<!--".length);
    if (end === undefined) return false;
    at = end;
  }
}

function headAt(text: Uint8Array, at: number): string {
  return Buffer.from(text.subarray(at, at + HEAD_LENGTH)).toString("latin1");
}

/** White space of HTML: tab, line feed, form feed, carriage return, space. */
function isSpace(octet: number | undefined): boolean {
  return octet === 0x20 || octet === 0x09 || octet === 0x0a || octet === 0x0c || octet === 0x0d;
}

function isCommentStart(text: Uint8Array, at: number): boolean {
  return text[at] === LESS && text[at + 1] === BANG && text[at + 2] === DASH &&
    text[at + 3] === DASH;
}

function commentEnd(text: Uint8Array, start: number): number | undefined {
  for (let at = start; at < text.length - 2; at++) {
    if (text[at] === DASH && text[at + 1] === DASH && text[at + 2] === GREATER) return at + 3;
  }
  return undefined;
}
