/**
 * Checks the data of Redis before ioredis decodes it. The decoder of ioredis trusts the server: it
 * allocates an array of thirty million members as soon as one is announced, and a malformed push
 * message or an unexpected null ends the process from a timer. The guard accepts only plain replies
 * to the commands that were sent. Its time is linear in the length of the data.
 *
 * @module
 */

import { latin1 } from "../text/mod.ts";

/** Gives the reason to reject these bytes of the server; nothing if they are accepted. */
export type ReplyGuard = (chunk: Uint8Array) => string | undefined;

/** The most bytes of all replies together; the settings take a few hundred. */
export const LONGEST_ANSWER = 1024 * 1024;

/** The most strings that fit into that; the decoder allocates as many as are announced. */
const MOST_MEMBERS = LONGEST_ANSWER / "$0\r\n\r\n".length;

const TOO_LONG = `an answer of more than ${LONGEST_ANSWER} bytes`;

/** The longest line: a status, an error in words, or a length. */
const LONGEST_LINE = 4096;

/** How many characters of a wrong answer are shown. */
const EXCERPT = 80;

/** The start of a line, up to its CR: for the decoder a line ends at its CR. */
const BEGINNING = /^[+:$*-][^\r\n]*\r?$/;
const STATUS = /^[+:-][^\r\n]*\r\n$/;
/** The length of a string or an array; -1 is a null. */
const LENGTH = /^([$*])(-1|\d{1,7})\r\n$/;

const LF = 0x0a;

/** The guard before any command was sent: rejects everything. */
export function unaskedGuard(chunk: Uint8Array): string {
  return `it speaks unasked: ${excerpt(latin1(chunk))}`;
}

/**
 * Makes a guard for that many replies, each a status, an error, a number, a string or an array of
 * these (RESP version 2). It has to be called with all data of the server, in order.
 */
export function replyGuard(replies: number): ReplyGuard {
  let replyCount = 0;
  let total = 0;
  let members = 0;
  let line = "";
  const isValidPiece = pieceChecker();
  let bulk = 0;

  const complete = () => {
    if (members > 0) members--;
    if (members === 0) replyCount++;
  };

  const readLine = (): string | undefined => {
    if (replyCount === replies) return "more answers than questions";
    if (STATUS.test(line)) return void complete();
    const [, type, length] = LENGTH.exec(line) ?? [];
    if (type === undefined || (type === "*" && members > 0)) return notRedis(line);
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
      const isValid = isValidPiece(piece, line);
      line += piece;
      at = end;
      if (line.length > LONGEST_LINE) return notRedis(line);
      if (piece.endsWith("\n")) {
        const wrong = readLine();
        if (wrong !== undefined) return wrong;
        line = "";
      } else if (replyCount === replies || !isValid) return notRedis(line);
    }
    return undefined;
  };
}

/** Makes a function that checks the next piece of a line against the protocol. */
function pieceChecker(): (piece: string, line: string) => boolean {
  let hasReturn = false;
  return (piece, line) => {
    const isValid = !hasReturn && BEGINNING.test(line === "" ? piece : `+${piece}`);
    hasReturn = piece.endsWith("\r");
    return isValid;
  };
}

function notRedis(line: string): string {
  return `not the protocol of Redis: ${excerpt(line)}`;
}

function excerpt(text: string): string {
  return text.slice(0, EXCERPT).replace(/[\r\n].*/s, "");
}
