/**
 * Decides whether the input is a message with a header, or a text.
 *
 * @module
 */

import type { Received } from "./envelope.ts";
import { asCharacters, fieldsNamed, type HeaderBlock, singleCr, splitHeader } from "./header.ts";
import { holdsBoundary, isMultipart } from "./boundary.ts";
import { isKnownField } from "./known_fields.ts";
import type { Mail } from "./mail.ts";
import { ExitStatus, Failure } from "../outcome.ts";

/**
 * Reads the input as a message.
 *
 * @returns Nothing if the input is a text.
 * @throws {Failure} `data` (65) if recipients must be read from the header and there is no header.
 */
export function receivedMessage(input: Uint8Array, mail: Mail): Received | undefined {
  const received = read(input);
  if (mail.readRecipients) {
    if (received === undefined) throw noHeader();
    return received;
  }
  const hasSubject = mail.subject !== undefined;
  return received !== undefined && isMessage(received, hasSubject) ? received : undefined;
}

/** Builds the Failure (65) for an input without the header that `-t` needs, and says why. */
export function noHeader(why = "--read-recipients needs one"): Failure {
  const what = "The input does not start with a valid header";
  return new Failure({ status: ExitStatus.data, what, why });
}

/** Reads the header. If its lines end in CR CR LF, all line ends of the message become CRLF. */
function read(input: Uint8Array): Received | undefined {
  const block = splitHeader(input);
  if (!block?.clean || !block.doubledCr) return block && { octets: input, block };
  const octets = singleCr(input);
  const repaired = splitHeader(octets);
  return repaired && { octets, block: repaired };
}

/**
 * True if the input is a message and not a text. The block must be clean, and one of these must be
 * true:
 *
 * 1. It has MIME-Version (RFC 2045, 4), or Content-Type and one of From, To, Subject, Message-ID;
 *    and it ends properly.
 * 2. It has Subject, To or From, and all its names are those of mail. A caller who gives a subject
 *    says that the input is the text: its first lines must not become an author.
 *
 * If its type is multipart, the body must hold the boundary.
 */
function isMessage({ octets, block }: Received, hasSubject: boolean): boolean {
  if (!block.clean) return false;
  const names = new Set(block.fields.map(({ name }) => name));
  const hasOne = (...wanted: string[]) => wanted.some((name) => names.has(name));
  const isDeclared = hasOne("mime-version") ||
    (hasOne("content-type") && hasOne("from", "to", "subject", "message-id"));
  const isClosed = block.ending === "empty line" || block.ending === "end of input";
  const isMail = !hasSubject && hasOne("subject", "to", "from") && [...names].every(isKnownField);
  return ((isDeclared && isClosed) || isMail) && holdsItsParts(octets, block);
}

/** False for a multipart type whose boundary is not in the body (RFC 2046, 5.1.1). */
function holdsItsParts(message: Uint8Array, block: HeaderBlock): boolean {
  const [field] = fieldsNamed(block, "content-type");
  if (field === undefined) return true;
  const value = asCharacters(message.subarray(field.value, field.end));
  const type = value.replaceAll("\r", "").replaceAll("\n", "");
  return !isMultipart(type) || holdsBoundary(type, message.subarray(block.body));
}
