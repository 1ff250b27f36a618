/**
 * Splits a list of addresses into its entries, before any entry is read as an address.
 *
 * Separators inside quotes, comments, encoded words and angle brackets do not count. A part that
 * cannot be split becomes an entry with a fault, so that the entries around it can still be read.
 *
 * @module
 */

/** One entry of a list of addresses. */
export type Entry = {
  /** The entry as it was written, without the white space around it. */
  source: string;
  /** The text before the angle brackets, or all of it without brackets; comments become blanks. */
  front: string;
  /** The text inside the angle brackets, if there are any; comments become blanks. */
  angle?: string;
  /** The text behind the angle brackets; comments become blanks. */
  behind: string;
  /** The last comment outside angle brackets, an old form of display name. */
  comment: string;
  /** The name of the group that the entry is a member of. */
  group?: string;
  /** True if there are no quotes, comments, backslashes or brackets: words and `@` only. */
  plain: boolean;
  /** Why this is not an address. */
  fault?: string;
};

/** The state of the scan. `part` is the part to which the next characters belong. */
type Scan = {
  readonly text: string;
  /** Matches ordinary characters, as many as can be read at once. */
  readonly run: RegExp;
  at: number;
  start: number;
  part: "front" | "angle" | "behind";
  entry: Entry;
  /** True if the entry has an `@` outside quotes, comments and encoded words. */
  hasAt: boolean;
  group?: string;
  /** How many special characters the entry has. */
  marks: number;
  /** How many entries come before the group. */
  groupStart: number;
  entries: Entry[];
};

/** The most special characters of an entry; an entry with more is not an address. */
const MOST_MARKS = 10_000;

/** Empty places of a list. */
const EMPTY_PLACES = /[,\s]+/y;

/** Ordinary characters with the blanks between them. */
const RUN = /[^"(),:;<>@\\]+/y;

/** The same word by word, for a text in which an encoded word may begin. */
const WORD = /\s+|[^\s"(),:;<>@\\]+/y;

/**
 * An encoded word (RFC 2047, 2) with characters that RFC 2047, 5 (3) forbids in a name
 * and that PHP programs write there all the same: `=?utf-8?Q?Doe,_Ann?=`, `=?utf-8?Q?ann@home?=`.
 * Brackets, quotes and parentheses are not taken: other readers would find another address there.
 */
export const ENCODED_NAME = /=\?[^\s?"(),:;<>@\\]+\?[bq]\?[^\s?"()<>\\]*\?=/iy;

/** Splits the text at commas and semicolons; empty places are skipped. Takes linear time. */
export function splitEntries(text: string): Entry[] {
  const run = text.includes("=?") ? WORD : RUN;
  const scan: Scan = {
    text,
    run,
    at: 0,
    start: 0,
    part: "front",
    entry: newEntry(),
    hasAt: false,
    marks: 0,
    groupStart: 0,
    entries: [],
  };
  while (scan.at < text.length) {
    const taken = take(scan, ENCODED_NAME) || take(scan, scan.run);
    if (taken !== "") add(scan, taken);
    else readSpecial(scan, text.charAt(scan.at));
  }
  if (scan.part === "angle") scan.entry.fault ??= "no > behind <";
  endEntry(scan);
  nameInsteadOfGroup(scan);
  return scan.entries;
}

function newEntry(group?: string): Entry {
  return {
    source: "",
    front: "",
    behind: "",
    comment: "",
    plain: true,
    ...(group !== undefined && { group }),
  };
}

/** Reads what a sticky pattern matches here; "" if it does not match. */
function take(scan: Scan, pattern: RegExp): string {
  pattern.lastIndex = scan.at;
  const found = pattern.exec(scan.text)?.[0] ?? "";
  scan.at += found.length;
  return found;
}

/** Adds a piece of text to the part of the entry that is being read. */
function add({ entry, part }: Scan, text: string): void {
  entry[part] = (entry[part] ?? "") + text;
}

/** Counts one more special character; too many of them end the list. */
function hasTooManyMarks(scan: Scan): boolean {
  if (++scan.marks <= MOST_MARKS) return false;
  scan.at = scan.text.length;
  scan.entry.fault ??= "too long";
  return true;
}

function readSpecial(scan: Scan, character: string): void {
  const { entry, part } = scan;
  if (hasTooManyMarks(scan)) return;
  if (character === "," || character === ";") return readSeparator(scan, character);
  if (character === '"') return readQuoted(scan);
  if (character === "(") return readComment(scan);
  if (character === ":" && part === "front" && startsGroup(scan)) return;
  if (character === "<") return openAngle(scan);
  scan.at++;
  if (character === ">") {
    if (part !== "angle") entry.fault ??= "> without <";
    scan.part = "behind";
    return;
  }
  // A backslash is read with the next character: "o\'brien", "a\@b" (RFC 821, 4.1.2).
  const taken = character === "\\" ? character + scan.text.charAt(scan.at++) : character;
  if (character === "\\") entry.plain = false;
  if (character === "@" && part !== "angle") scan.hasAt = true;
  add(scan, taken);
}

/**
 * Reads a separator: a comma, or a semicolon, which Outlook users type and which ends a group. Inside
 * angle brackets a comma may belong to a source route; otherwise the closing bracket is missing.
 */
function readSeparator(scan: Scan, character: string): void {
  const { entry, part } = scan;
  scan.at++;
  if (part === "angle") {
    const { angle = "" } = entry;
    const inRoute = character === "," && angle.length < 254 && /^\s*@[^:]*$/.test(angle);
    if (inRoute) return add(scan, character);
    entry.fault ??= "no > behind <";
  }
  scan.at--;
  endEntry(scan);
  scan.at++;
  take(scan, EMPTY_PLACES);
  scan.start = scan.at;
  if (character === ";") delete scan.group;
  scan.entry = newEntry(scan.group);
}

/** Ends the entry; empty places are skipped ("a@x.org,, b@x.org", a comma at the end). */
function endEntry(scan: Scan): void {
  const { entry } = scan;
  entry.source = scan.text.slice(scan.start, scan.at).trim();
  if (entry.source !== "") scan.entries.push(entry);
  scan.part = "front";
  scan.hasAt = false;
  scan.marks = 0;
}

/**
 * `team: a@x.org, b@x.org;` (RFC 5322, 3.4): the name of a group is dropped. Groups do not nest, so a
 * colon behind a member starts the next one: the group before it has no end. Behind an `@`, and in
 * front of the first member, a colon is an ordinary character.
 */
function startsGroup(scan: Scan): boolean {
  const { entry, entries } = scan;
  if (scan.hasAt || entry.front.trim() === "") return false;
  if (scan.group !== undefined && entries.length === scan.groupStart) return false;
  nameInsteadOfGroup(scan);
  scan.group = entry.front;
  scan.groupStart = scan.entries.length;
  scan.at++;
  scan.start = scan.at;
  scan.entry = newEntry(scan.group);
  return true;
}

/** `Dr. A: B <a@x.org>` is a name and not a group, because no semicolon ends it. */
function nameInsteadOfGroup({ group, groupStart, entries }: Scan): void {
  const first = entries[groupStart];
  if (group === undefined || first?.angle === undefined) return;
  first.front = `${group}:${first.front}`;
}

function openAngle(scan: Scan): void {
  const { entry } = scan;
  scan.at++;
  entry.plain = false;
  if (entry.angle !== undefined) entry.fault ??= "more than one <...>";
  entry.angle ??= "";
  scan.part = "angle";
}

/** Reads a quoted string (RFC 5322, 3.2.4); it stays as it is, with its quotes. */
function readQuoted(scan: Scan): void {
  const { text, at } = scan;
  const mark = /["\\]/g;
  mark.lastIndex = at + 1;
  scan.entry.plain = false;
  for (let found = mark.exec(text); found !== null; found = mark.exec(text)) {
    if (hasTooManyMarks(scan)) return;
    if (found[0] === "\\") mark.lastIndex = found.index + 2;
    else {
      scan.at = found.index + 1;
      return add(scan, text.slice(at, scan.at));
    }
  }
  scan.at = text.length;
  scan.entry.fault ??= "a quote without an end";
}

/** Reads a comment; comments may be nested (RFC 5322, 3.2.2). */
function readComment(scan: Scan): void {
  const { text, at, entry } = scan;
  const mark = /[()\\]/g;
  mark.lastIndex = at;
  entry.plain = false;
  let depth = 0;
  for (let found = mark.exec(text); found !== null; found = mark.exec(text)) {
    if (hasTooManyMarks(scan)) return;
    const [character] = found;
    if (character === "\\") mark.lastIndex = found.index + 2;
    else depth += character === "(" ? 1 : -1;
    if (depth > 0) continue;
    scan.at = found.index + 1;
    if (scan.part !== "angle") entry.comment = text.slice(at + 1, found.index);
    return add(scan, " ");
  }
  scan.at = text.length;
  entry.fault ??= "a comment without an end";
}
