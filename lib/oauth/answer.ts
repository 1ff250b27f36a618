/**
 * The answer of an HTTP server to one request (RFC 9112), read piece by piece.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { latin1 } from "../text/mod.ts";

/** A whole answer. */
export type Answer = {
  status: number;
  /** What the server calls the status; some servers leave it out. */
  phrase: string;
  /** Where a redirect points to. */
  location?: string;
  body: Uint8Array;
};

/** Why no answer can be read. */
export type Problem = "not HTTP" | "too long" | "cut off";

/** Reads one answer. It must not be used again after it has given the answer or a problem. */
export type AnswerReader = {
  /** Takes the next bytes; gives the answer as soon as it is complete. */
  take(bytes: Uint8Array): Answer | Problem | undefined;
  /** Takes the end of the connection; some answers end with it. */
  end(): Answer | Problem;
};

/** The longest answer, its head included, in octets. */
export const LONGEST_ANSWER = 1024 * 1024;

/** The longest head of an answer, in octets. */
export const LONGEST_HEAD = 64 * 1024;

/** The longest line with the size of a chunk, in octets. */
const LONGEST_LINE = 1024;

const LF = 0x0a;
const CR = 0x0d;

const NOTHING = new Uint8Array();

/** Reads the answer to a POST. */
export function answerReader(): AnswerReader {
  let size = 0;
  let unread: Uint8Array = NOTHING;
  let body: BodyReader | undefined;
  const read = (bytes: Uint8Array): Answer | Problem | undefined => {
    if (body !== undefined) return body.take(bytes);
    // The bytes before held no end of the head; the last ones may be the beginning of it.
    let start = Math.max(0, unread.length - 2);
    unread = joined(unread, bytes);
    while (body === undefined) {
      const end = endOfHead(unread, start);
      if (end === undefined) return headProblem(unread);
      const head = parseHead(latin1(unread.subarray(0, end)));
      if (head === undefined) return "not HTTP";
      unread = unread.subarray(end);
      start = 0;
      // 100 Continue and the like come before the answer (RFC 9110, 15.2).
      if (head.status >= 200) body = bodyReader(head);
    }
    return body.take(unread);
  };
  return {
    take(bytes) {
      size += bytes.length;
      return size > LONGEST_ANSWER ? "too long" : read(bytes);
    },
    end: () => body === undefined ? "cut off" : body.end(),
  };
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  return first.length === 0 ? second : Buffer.concat([first, second]);
}

/** The offset of the body, which begins after the first empty line. */
function endOfHead(bytes: Uint8Array, start: number): number | undefined {
  const next = (from: number) => Uint8Array.prototype.indexOf.call(bytes, LF, from);
  for (let at = next(start); at >= 0; at = next(at + 1)) {
    if (bytes[at + 1] === LF) return at + 2;
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3;
  }
  return undefined;
}

function headProblem(bytes: Uint8Array): Problem | undefined {
  if (bytes.length > LONGEST_HEAD) return "too long";
  const start = latin1(bytes.subarray(0, 5));
  return "HTTP/".startsWith(start) || start === "HTTP/" ? undefined : "not HTTP";
}

type Head = Omit<Answer, "body"> & { isChunked: boolean; length?: number };

function parseHead(text: string): Head | undefined {
  const [first = "", ...lines] = text.split(/\r?\n/);
  const [, status, phrase = ""] = /^HTTP\/1\.[01] ([1-5]\d\d)(?: (.*))?$/.exec(first) ?? [];
  if (status === undefined) return undefined;
  const fields = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon > 0) fields.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  const location = fields.get("location");
  const length = fields.get("content-length");
  return {
    status: Number(status),
    phrase,
    ...(location !== undefined && { location }),
    isChunked: /\bchunked$/i.test(fields.get("transfer-encoding") ?? ""),
    ...(length !== undefined && /^\d{1,15}$/.test(length) && { length: Number(length) }),
  };
}

type BodyReader = Pick<AnswerReader, "take" | "end">;

/** Reads the body: in chunks, by its length, or up to the end of the connection (RFC 9112, 6.3). */
function bodyReader({ isChunked, length, ...head }: Head): BodyReader {
  const pieces: Uint8Array[] = [];
  const whole = () => ({ ...head, body: Buffer.concat(pieces) });
  if (isChunked) return chunkReader((piece) => pieces.push(piece), whole);
  let left = length ?? Infinity;
  return {
    take(bytes) {
      pieces.push(bytes.subarray(0, left));
      left -= Math.min(left, bytes.length);
      return left === 0 ? whole() : undefined;
    },
    end: () => length === undefined ? whole() : "cut off",
  };
}

/** Reads a body in chunks and ignores trailer fields (RFC 9112, 7.1). */
function chunkReader(keep: (piece: Uint8Array) => void, whole: () => Answer): BodyReader {
  // The octets that the current chunk still lacks, and the incomplete line before the next chunk.
  let left = 0;
  let unread: Uint8Array = NOTHING;
  let place: "size" | "data" | "behind data" | "trailer" = "size";
  const take = (bytes: Uint8Array): Answer | Problem | undefined => {
    let rest = joined(unread, bytes);
    unread = NOTHING;
    while (rest.length > 0) {
      if (place === "data") {
        const piece = rest.subarray(0, left);
        keep(piece);
        left -= piece.length;
        rest = rest.subarray(piece.length);
        if (left === 0) place = "behind data";
        continue;
      }
      const end = Uint8Array.prototype.indexOf.call(rest, LF);
      if (end < 0) {
        unread = rest;
        return rest.length > LONGEST_LINE ? "not HTTP" : undefined;
      }
      const line = latin1(rest.subarray(0, end)).trim();
      rest = rest.subarray(end + 1);
      if (place === "trailer") {
        if (line === "") return whole();
      } else if (place === "behind data") {
        if (line !== "") return "not HTTP";
        place = "size";
      } else {
        const digits = /^([0-9a-f]{1,8})(?:[ \t]*;.*)?$/i.exec(line)?.[1];
        if (digits === undefined) return "not HTTP";
        left = parseInt(digits, 16);
        place = left === 0 ? "trailer" : "data";
      }
    }
    return undefined;
  };
  return { take, end: () => "cut off" };
}
