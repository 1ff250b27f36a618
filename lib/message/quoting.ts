/**
 * Quoted strings and comments of structured fields (RFC 5322, 3.2): where they end.
 *
 * @module
 */

/** Gives the place behind the quoted string that starts at `start`; without an end it is the end. */
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

/** Gives the place behind the comment that starts at `start`, in the same way; comments nest. */
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
