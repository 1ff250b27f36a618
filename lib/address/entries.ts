/**
 * Cuts a list of addresses into its entries, before any entry is read as an address.
 *
 * Quotes, comments, encoded words and angle brackets hide the separators inside them. What cannot
 * be cut cleanly becomes an entry with a fault, so that the entries around it can still be read.
 *
 * @module
 */

/** One entry of a list of addresses. */
export type Entry = {
  /** The entry as it was written, without the white space around it. */
  source: string;
  /** What stands outside angle brackets, or in front of them; comments are blanks. */
  front: string;
  /** What stands inside the angle brackets, if there are any; comments are blanks. */
  angle?: string;
  /** What stands behind the angle brackets; comments are blanks. */
  behind: string;
  /** The last comment outside angle brackets, an old form of display name. */
  comment: string;
  /** The name of the group that the entry is a member of. */
  group?: string;
  /** True if there are no quotes, comments, backslashes or brackets: words and `@` only. */
  plain: boolean;
  /** Why this cannot be an address. */
  fault?: string;
};

/** Where the scan is. `part` says where the next characters belong. */
type Scan = {
  readonly text: string;
  /** Characters without a meaning of their own, as many as can be taken at once. */
  readonly run: RegExp;
  at: number;
  start: number;
  part: "front" | "angle" | "behind";
  entry: Entry;
  /** True if the entry has an `@` outside quotes, comments and encoded words. */
  hasAt: boolean;
  group?: string;
  /** How many characters with a meaning of their own the entry has. */
  marks: number;
  /** How many entries stand in front of the group. */
  groupStart: number;
  entries: Entry[];
};

/** An entry with more characters than these that have a meaning of their own is no address. */
const MOST_MARKS = 10_000;

/** Empty places of a list. */
const EMPTY_PLACES = /[,\s]+/y;

/** Ordinary characters with the blanks between them. */
const RUN = /[^"(),:;<>@\\]+/y;

/** The same word by word, for a text in which an encoded word may begin. */
const WORD = /\s+|[^\s"(),:;<>@\\]+/y;

/**
 * An encoded word (RFC 2047, 2) with characters that RFC 2047, 5 (3) forbids in a name and that PHP
 * programs write there all the same: `=?utf-8?Q?Doe,_Ann?=`, `=?utf-8?Q?ann@home?=`. Brackets, quotes
 * and parentheses are not taken: other readers would find another address there.
 */
const ENCODED = /=\?[^\s?"(),:;<>@\\]+\?[bq]\?[^\s?"()<>\\]*\?=/iy;

/** Cuts the text at commas and semicolons; empty places are passed over. Takes linear time. */
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
    const taken = take(scan, ENCODED) || take(scan, scan.run);
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

/** Takes what a sticky pattern finds here; nothing is "". */
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

/** Counts one more mark; an entry with too many of them ends the list, whatever follows. */
function isEndless(scan: Scan): boolean {
  if (++scan.marks <= MOST_MARKS) return false;
  scan.at = scan.text.length;
  scan.entry.fault ??= "too long";
  return true;
}

function readSpecial(scan: Scan, character: string): void {
  const { entry, part } = scan;
  if (isEndless(scan)) return;
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
  // A backslash takes the next character along: "o\'brien", "a\@b" (RFC 821, 4.1.2).
  const taken = character === "\\" ? character + scan.text.charAt(scan.at++) : character;
  if (character === "\\") entry.plain = false;
  if (character === "@" && part !== "angle") scan.hasAt = true;
  add(scan, taken);
}

/**
 * Commas separate; so do semicolons, which people type who know Outlook, and which end a group.
 * Inside angle brackets commas belong to a source route, and anything else is an open bracket.
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

/** Ends the entry; empty places are passed over ("a@x.org,, b@x.org", a comma at the end). */
function endEntry(scan: Scan): void {
  const { entry } = scan;
  entry.source = scan.text.slice(scan.start, scan.at).trim();
  if (entry.source !== "") scan.entries.push(entry);
  scan.part = "front";
  scan.hasAt = false;
  scan.marks = 0;
}

/**
 * `team: a@x.org, b@x.org;` (RFC 5322, 3.4): the name of a group is dropped. Behind an `@`, and
 * inside a group, a colon is an ordinary character.
 */
function startsGroup(scan: Scan): boolean {
  const { entry } = scan;
  if (scan.hasAt || scan.group !== undefined || entry.front.trim() === "") return false;
  scan.group = entry.front;
  scan.groupStart = scan.entries.length;
  scan.at++;
  scan.start = scan.at;
  scan.entry = newEntry(scan.group);
  return true;
}

/** `Dr. A: B <a@x.org>` is no group but a name: nothing ends it. */
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

/** A quoted string (RFC 5322, 3.2.4) stays as it is, with its quotes. */
function readQuoted(scan: Scan): void {
  const { text, at } = scan;
  const mark = /["\\]/g;
  mark.lastIndex = at + 1;
  scan.entry.plain = false;
  for (let found = mark.exec(text); found !== null; found = mark.exec(text)) {
    if (isEndless(scan)) return;
    if (found[0] === "\\") mark.lastIndex = found.index + 2;
    else {
      scan.at = found.index + 1;
      return add(scan, text.slice(at, scan.at));
    }
  }
  scan.at = text.length;
  scan.entry.fault ??= "a quote without an end";
}

/** Comments nest (RFC 5322, 3.2.2). */
function readComment(scan: Scan): void {
  const { text, at, entry } = scan;
  const mark = /[()\\]/g;
  mark.lastIndex = at;
  entry.plain = false;
  let depth = 0;
  for (let found = mark.exec(text); found !== null; found = mark.exec(text)) {
    if (isEndless(scan)) return;
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
