/**
 * Makes text safe for a terminal, a field of the system log, or JSON. The text may come
 * from a server or from the author of the message, and may be of any length.
 *
 * @module
 */

/** Marks a text that was cut. */
const CUT = "...";

/** The end of a text that `clip` has cut already. */
const CLIPPED = /^\.\.\. \(\d+ more\)$/;

/** The most characters of that end. */
const LONGEST_MARK = 24;

/** An escape of `escapeCharacter` without its end. */
const HALF_AN_ESCAPE = /\\(?:x[0-9a-f]?|u[0-9a-f]{0,3}|u\{[0-9a-f]{0,6})?$/;

/** Gives `\x1b`, `\u202e` or `\u{e0001}` for one character. */
function escapeCharacter(character: string): string {
  const point = character.codePointAt(0) ?? 0;
  const hex = point.toString(16);
  if (point <= 0xff) return `\\x${hex.padStart(2, "0")}`;
  return point <= 0xffff ? `\\u${hex.padStart(4, "0")}` : `\\u{${hex}}`;
}

/**
 * True for a control character, an invisible character or one that changes the writing direction (Cf
 * holds the bidirectional overrides), a line or paragraph separator, and half a surrogate pair.
 */
function isInvisible(character: string): boolean {
  // The Unicode classes are slow to set up, and most texts do not need them.
  return !/[ -~]/.test(character) && /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(character);
}

/** Gives the text with every character escaped that cannot be seen or that moves the cursor. */
export function visible(text: string): string {
  return text.replace(
    /[^ -~]/gu,
    (character) => isInvisible(character) ? escapeCharacter(character) : character,
  );
}

/**
 * Gives the first `limit` characters of the text (UTF-16 code units) and the number of those that
 * are missing; `more` of them were left out before. A text that was clipped stays as it is.
 */
export function clip(text: string, limit: number, more = 0): string {
  if (text.length <= limit && more === 0) return text;
  if (more === 0 && isClipped(text, limit)) return text;
  // A surrogate pair at the cut goes as a whole.
  const kept = text.slice(0, limit).replace(/[\ud800-\udbff]$/, "");
  return `${kept}${CUT} (${text.length - kept.length + more} more)`;
}

function isClipped(text: string, limit: number): boolean {
  // One character less where a surrogate pair was at the cut.
  return text.length <= limit + LONGEST_MARK &&
    (CLIPPED.test(text.slice(limit)) || CLIPPED.test(text.slice(limit - 1)));
}

/**
 * Gives the text clipped and `visible`, in little more than `limit` characters even where all of
 * them are escaped. The time that it takes depends on the limit, not on the text.
 */
export function excerpt(text: string, limit: number): string {
  const shown = visible(clip(text, limit));
  if (shown.length <= limit + LONGEST_MARK) return shown;
  return shown.slice(0, limit).replace(HALF_AN_ESCAPE, "") + CUT;
}

/** Escapes one character after the other until the limit, so that no escape is cut in two. */
function escapeField(
  text: string,
  isSpecial: (character: string) => boolean,
  limit: number,
): string {
  let field = "";
  let size = 0;
  // The last place at which the text can be cut so that the mark still fits.
  let cut = 0;
  for (const character of text) {
    const escaped = escapeForField(character, isSpecial);
    size += new TextEncoder().encode(escaped).length;
    if (size > limit) return field.slice(0, cut) + CUT;
    field += escaped;
    if (size <= limit - CUT.length) cut = field.length;
  }
  return field;
}

function escapeForField(character: string, isSpecial: (character: string) => boolean): string {
  if (character === '"' || character === "\\") return `\\${character}`;
  return isSpecial(character) ? escapeCharacter(character) : character;
}

/** Gives a bare word for a log record, at most `limit` bytes: no space, no quote, one line. */
export function logWord(text: string, limit: number): string {
  return escapeField(text, (character) => /\s/.test(character) || isInvisible(character), limit);
}

/** Gives a quoted text for a log record: one line, at most `limit` bytes between the quotes. */
export function logText(text: string, limit: number): string {
  return `"${escapeField(text, isInvisible, limit)}"`;
}
