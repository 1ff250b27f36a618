/**
 * A guard in front of ioredis, whose decoder trusts the server: it allocates an array of thirty
 * million members as soon as it is announced, and a malformed push message or an unexpected null ends
 * the process from a timer. The guard passes only plain answers to what was asked. Its time is linear
 * in what the server sends, however that is cut into pieces.
 *
 * @module
 */

/** Gives the reason to reject these bytes of the server; nothing where they may pass. */
export type ReplyGuard = (chunk: Uint8Array) => string | undefined;

/** The longest that all replies together may be, in bytes; the settings take a few hundred. */
export const LONGEST_ANSWER = 1024 * 1024;

/** The most strings that fit into that: the decoder allocates as many as are announced. */
const MOST_MEMBERS = LONGEST_ANSWER / "$0\r\n\r\n".length;

const TOO_LONG = `an answer of more than ${LONGEST_ANSWER} bytes`;

/** The longest line: a status, an error in words, or a length. */
const LONGEST_LINE = 4096;

/** Enough characters of what a server says to recognize it. */
const EXCERPT = 80;

/** The beginning of a line, up to its CR: the decoder takes a line as ended at its CR. */
const BEGINNING = /^[+:$*-][^\r\n]*\r?$/;
const STATUS = /^[+:-][^\r\n]*\r\n$/;
/** The length of a string or an array; -1 is a null. */
const LENGTH = /^([$*])(-1|\d{1,7})\r\n$/;

const LF = 0x0a;

/** The guard until something was asked: rejects everything, and says what it was. */
export function unaskedGuard(chunk: Uint8Array): string {
  return `it speaks unasked: ${excerpt(latin1(chunk))}`;
}

/**
 * Gives a guard for that many replies, each a status, an error, a number, a string or an array of
 * these (RESP version 2). It has to be called with all that the server sends, in order.
 */
export function replyGuard(replies: number): ReplyGuard {
  let replyCount = 0;
  let total = 0;
  let members = 0;
  let line = "";
  const isBeginning = lineWatcher();
  let bulk = 0;

  const complete = () => {
    if (members > 0) members--;
    if (members === 0) replyCount++;
  };

  const readLine = (): string | undefined => {
    if (replyCount === replies) return "more answers than questions";
    if (STATUS.test(line)) return void complete();
    const [, type, length] = LENGTH.exec(line) ?? [];
    if (type === undefined || (type === "*" && members > 0)) return foreign(line);
    if (length === "-1" || line === "*0\r\n") return void complete();
    if (type === "*") members = Number(length);
    // CR and LF follow the string.
    else bulk = Number(length) + 2;
    return members > MOST_MEMBERS || bulk > LONGEST_ANSWER ? TOO_LONG : undefined;
  };

  return (chunk) => {
    total += chunk.length;
    if (total > LONGEST_ANSWER) return TOO_LONG;
    for (let at = 0; at < chunk.length;) {
      if (bulk > 0) {
        const taken = Math.min(bulk, chunk.length - at);
        [at, bulk] = [at + taken, bulk - taken];
        if (bulk === 0) complete();
        continue;
      }
      const end = chunk.indexOf(LF, at) + 1 || chunk.length;
      const piece = latin1(chunk.subarray(at, end));
      const isSound = isBeginning(piece, line);
      line += piece;
      at = end;
      if (line.length > LONGEST_LINE) return foreign(line);
      if (piece.endsWith("\n")) {
        const wrong = readLine();
        if (wrong !== undefined) return wrong;
        line = "";
      } else if (replyCount === replies || !isSound) return foreign(line);
    }
    return undefined;
  };
}

/** Tells whether the next piece of a line keeps to the protocol; only what is new is looked at. */
function lineWatcher(): (piece: string, line: string) => boolean {
  let hasReturn = false;
  return (piece, line) => {
    const isSound = !hasReturn && BEGINNING.test(line === "" ? piece : `+${piece}`);
    hasReturn = piece.endsWith("\r");
    return isSound;
  };
}

function foreign(line: string): string {
  return `not the protocol of Redis: ${excerpt(line)}`;
}

function excerpt(text: string): string {
  return text.slice(0, EXCERPT).replace(/[\r\n].*/s, "");
}

function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}
