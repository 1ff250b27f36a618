/**
 * A guard in front of ioredis. Its decoder trusts the server: an array announced with thirty
 * million members takes the memory at once, a malformed push message or a null that nobody asked
 * for ends the process from a timer. So nothing reaches it that is no plain answer to what was
 * asked.
 *
 * @module
 */

/** Gives why these bytes of the server are not let pass, or nothing where they are. */
export type ReplyGuard = (chunk: Uint8Array) => string | undefined;

/** The most that all replies together may measure, in bytes; the settings take a few hundred. */
export const LONGEST_ANSWER = 1024 * 1024;

/** The most strings that fit into that, for the decoder makes room for as many as are announced. */
const MOST_MEMBERS = LONGEST_ANSWER / "$0\r\n\r\n".length;

const TOO_LONG = `an answer of more than ${LONGEST_ANSWER} bytes`;

/** The longest line: a status, an error in words, or a length. */
const LONGEST_LINE = 4096;

/** As much of what a server says as serves to recognize it. */
const EXCERPT = 80;

/** The beginning of a line: no more than its CR may be there, or the decoder runs ahead of us. */
const BEGINNING = /^[+:$*-][^\r\n]*\r?$/;
const STATUS = /^[+:-][^\r\n]*\r\n$/;
/** The length of a string or an array; -1 is a null. */
const LENGTH = /^([$*])(-1|\d{1,7})\r\n$/;

const LF = 0x0a;

/** The guard until something is asked: whatever comes is wrong, though it may say what is. */
export function unaskedGuard(chunk: Uint8Array): string {
  return `it speaks unasked: ${excerpt(latin1(chunk))}`;
}

/**
 * Watches for as many replies as were asked for, each a status, an error, a number, a string or an
 * array of these (RESP version 2). To be called with everything that the server says, in the
 * pieces in which it comes.
 */
export function replyGuard(replies: number): ReplyGuard {
  let replyCount = 0;
  let total = 0;
  let members = 0;
  let line = "";
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
        at += taken;
        bulk -= taken;
        if (bulk === 0) complete();
        continue;
      }
      const end = chunk.indexOf(LF, at) + 1 || chunk.length;
      line += latin1(chunk.subarray(at, end));
      at = end;
      if (line.length > LONGEST_LINE) return foreign(line);
      if (line.endsWith("\n")) {
        const wrong = readLine();
        if (wrong !== undefined) return wrong;
        line = "";
      } else if (replyCount === replies || !BEGINNING.test(line)) return foreign(line);
    }
    return undefined;
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
