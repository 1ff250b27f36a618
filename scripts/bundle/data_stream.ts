/**
 * Replaces, in the executable, nodemailer's stream between a message and the socket, which looks at
 * one octet after the other. This stream searches with native code, and writes the same octets.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import { Transform } from "node:stream";
import { latin1, latin1Octets } from "../../lib/text/mod.ts";

const LF = 0x0a;
const CR = 0x0d;
const DOT = 0x2e;

/** The stream, and the counts that nodemailer reads from it. */
export type DataStream = Transform & { inByteCount: number; outByteCount: number };

/**
 * A stream that makes CRLF of every line end, a lone CR or LF too, doubles a dot that starts a line
 * (RFC 5321, 4.5.2), and ends the message with the line of one dot. nodemailer calls it with `new`.
 */
export function dataStream(): DataStream {
  /** The last octet that came; the first line starts as if a line had ended before. */
  let last = LF;
  let isEmpty = true;
  const push = (octets: Uint8Array) => {
    stream.outByteCount += octets.length;
    stream.push(octets);
  };
  const transform = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (chunk.length > 0) {
        stream.inByteCount += chunk.length;
        push(forWire(chunk, last));
        last = chunk[chunk.length - 1] ?? LF;
        isEmpty = false;
      }
      done();
    },
    flush(done) {
      // nodemailer treats an empty message as one that lacks its last line end.
      const lineEnd = last === CR ? "\n" : last === LF && !isEmpty ? "" : "\r\n";
      push(latin1Octets(`${lineEnd}.\r\n`));
      done();
    },
  });
  const stream = Object.assign(transform, { inByteCount: 0, outByteCount: 0 });
  return stream;
}

/** A chunk as it goes out; a CR at its end waits for the next chunk to become a line end. */
function forWire(chunk: Uint8Array, last: number): Uint8Array {
  const text = latin1(chunk);
  const whole = text.endsWith("\r") ? text.slice(0, -1) : text;
  const rest = whole.replaceAll("\r\n", "");
  const before = last === CR ? "\r" : last === LF ? "\r\n" : "";
  const isWhole = !rest.includes("\r") && !rest.includes("\n") && last !== CR;
  if (isWhole && !(last === LF && chunk[0] === DOT) && !whole.includes("\n.")) return chunk;
  const lines = isWhole ? before + whole : completeLines(before + whole);
  const stuffed = lines.replaceAll("\n.", "\n..").slice(before.length);
  return latin1Octets(stuffed + text.slice(whole.length));
}

function completeLines(text: string): string {
  return text.replaceAll("\r\n", "\n").replaceAll("\r", "\n").replaceAll("\n", "\r\n");
}
