/**
 * Text made safe for where it goes: a terminal, a field of the log, JSON. All of it may come from
 * a server or from whoever wrote the message.
 *
 * @module
 */

/** What stands for the rest of a text that is cut. */
const CUT = "...";

/** `\x1b`, `\u202e` or `\u{e0001}` for one character. */
function escapeCharacter(character: string): string {
  const point = character.codePointAt(0) ?? 0;
  const hex = point.toString(16);
  if (point <= 0xff) return `\\x${hex.padStart(2, "0")}`;
  return point <= 0xffff ? `\\u${hex.padStart(4, "0")}` : `\\u{${hex}}`;
}

/**
 * Whether one character is a control, invisible or one that turns the writing direction (Cf holds
 * the bidirectional overrides), a line or paragraph separator, or half a surrogate pair.
 */
function isInvisible(character: string): boolean {
  // Classes of Unicode take their time to set up, which most texts need not spend.
  return !/[ -~]/.test(character) && /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(character);
}

/** The text with every character that cannot be seen, or that moves the cursor, escaped. */
export function visible(text: string): string {
  return text.replace(
    /[^ -~]/gu,
    (character) => isInvisible(character) ? escapeCharacter(character) : character,
  );
}

/** The text, cut behind `limit` characters with the number of those that are missing. */
export function clip(text: string, limit: number): string {
  if (text.length <= limit) return text;
  // A surrogate pair at the cut goes as a whole.
  const kept = text.slice(0, limit).replace(/[\ud800-\udbff]$/, "");
  return `${kept}${CUT} (${text.length - kept.length} more)`;
}

/** Escapes character by character, so that a cut never leaves half an escape. */
function escapeField(
  text: string,
  isSpecial: (character: string) => boolean,
  limit: number,
): string {
  let field = "";
  let size = 0;
  // Where the text can still be cut so that the mark fits in.
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

/** One bare word of a log record, of at most `limit` bytes: no space, no quote, one line. */
export function logWord(text: string, limit: number): string {
  return escapeField(text, (character) => /\s/.test(character) || isInvisible(character), limit);
}

/** A text of a log record, in quotes; between them at most `limit` bytes on one line. */
export function logText(text: string, limit: number): string {
  return `"${escapeField(text, isInvisible, limit)}"`;
}
