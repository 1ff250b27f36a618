/**
 * Detects whether a text is HTML.
 *
 * @module
 */

import { asCharacters, BYTE_ORDER_MARK } from "./header.ts";

/** How much of a text is searched first, in octets; few comments are longer. */
const FIRST_LOOK = 4096;

/** Number of characters needed to recognize a document type or a tag name. */
const HEAD_LENGTH = 128;

/** The document type of HTML, or the tag of an HTML element, obsolete ones too. */
const HTML_START = new RegExp(
  "^<(?:!doctype\\s+html|" +
    "a|abbr|acronym|address|applet|area|article|aside|audio|b|base|basefont|bdi|bdo|bgsound|" +
    "big|blink|blockquote|body|br|button|canvas|caption|center|cite|code|col|colgroup|data|" +
    "datalist|dd|del|details|dfn|dialog|dir|div|dl|dt|em|embed|fieldset|figcaption|figure|font|" +
    "footer|form|frame|frameset|h[1-6]|head|header|hgroup|hr|html|i|iframe|img|input|ins|" +
    "isindex|kbd|keygen|label|legend|li|link|listing|main|map|mark|marquee|menu|menuitem|meta|" +
    "meter|multicol|nav|nextid|nobr|noembed|noframes|noscript|object|ol|optgroup|option|output|" +
    "p|param|picture|plaintext|pre|progress|q|rb|rp|rt|rtc|ruby|s|samp|script|search|section|" +
    "select|slot|small|source|spacer|span|strike|strong|style|sub|summary|sup|table|tbody|td|" +
    "template|textarea|tfoot|th|thead|time|title|tr|track|tt|u|ul|var|video|wbr|" +
    "xmp)[\\s/>]",
  "i",
);

/**
 * True if a text starts with the document type of HTML or the tag of one of its elements, behind a
 * byte order mark, white space, comments and instructions such as `<?xml ...?>`. `<user@host>` is not
 * a tag.
 */
export function isHtml(text: Uint8Array): boolean {
  for (let length = FIRST_LOOK;; length *= 16) {
    const start = firstTag(asCharacters(text.subarray(0, length)));
    const isWhole = length >= text.length;
    // The pattern is slow to compile, so the first character is tested before.
    if (isWhole || start.length >= HEAD_LENGTH) return start[0] === "<" && HTML_START.test(start);
  }
}

/** Gives the text behind white space, comments and instructions; "" if one of them does not end. */
function firstTag(text: string): string {
  let rest = text.startsWith(BYTE_ORDER_MARK) ? text.slice(BYTE_ORDER_MARK.length) : text;
  for (;;) {
    rest = withoutSpace(rest);
    const end = rest.startsWith("<!--")
      ? endOf(rest, "-->", "<!--".length)
      : rest.startsWith("<?")
      ? endOf(rest, "?>", "<?".length)
      : 0;
    if (end === 0) return rest.slice(0, HEAD_LENGTH);
    rest = rest.slice(end);
  }
}

/** Removes the white space of HTML at the start: tab, line feed, form feed, carriage return, space. */
function withoutSpace(text: string): string {
  const first = text.search(/[^\t\n\f\r ]/);
  return first === -1 ? "" : text.slice(first);
}

/** Gives the position behind a mark, or the end of the text. */
function endOf(text: string, sign: string, from: number): number {
  const at = text.indexOf(sign, from);
  return at === -1 ? text.length : at + sign.length;
}
