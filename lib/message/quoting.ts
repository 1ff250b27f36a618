/**
 * Finds the ends of quoted strings and comments in structured fields (RFC 5322, 3.2).
 *
 * @module
 */

/** Gives the position behind the quoted string at `start`; the end of the text if it is not closed. */
export function quotedEnd(text: string, start: number): number {
  const sign = /["\\]/g;
  for (let at = start + 1;;) {
    sign.lastIndex = at;
    const next = sign.exec(text)?.index;
    if (next === undefined) return text.length;
    if (text[next] === '"') return next + 1;
    at = next + 2;
  }
}

/** Gives the position behind the comment at `start`, in the same way; comments may be nested. */
export function commentEnd(text: string, start: number): number {
  const sign = /[()\\]/g;
  let depth = 0;
  for (let at = start;;) {
    sign.lastIndex = at;
    const next = sign.exec(text)?.index;
    if (next === undefined) return text.length;
    at = next + (text[next] === "\\" ? 2 : 1);
    if (text[next] === "(") depth++;
    if (text[next] === ")" && --depth === 0) return at;
  }
}
