/**
 * Builds the finished message and its envelope from the input and the request.
 *
 * @module
 */

import { compose } from "./compose.ts";
import { type Envelope, envelopeOf, type Received } from "./envelope.ts";
import type { Context } from "./fields.ts";
import { fieldsNamed, fieldText } from "./header.ts";
import { withLargerSlices } from "./lines.ts";
import { noHeader, receivedMessage } from "./mime.ts";
import type { Mail } from "./mail.ts";
import { relay } from "./relay.ts";
import { decodeWords } from "../address/mod.ts";

/** A finished message. */
export type Message = {
  envelope: Envelope;
  /** The decoded subject, for people; "" if there is none. */
  subject: string;
  /**
   * The octets: every line ends in CRLF, and no dots are added. The slices, of at most 256 KiB, are
   * made from the input during the iteration, which can be repeated; the input is never changed.
   */
  content: Iterable<Uint8Array>;
  /** The number of octets of the content, as SIZE counts them (RFC 1870, 3). */
  size: number;
  /** True if header or body has an octet outside ASCII. */
  eightBit: boolean;
};

/**
 * Builds the message: an input with a header is passed on, any other input is sent as text. The
 * message uses the input, which must not change as long as the message is in use.
 *
 * @throws {Failure} `usage` (64) for a wrong envelope, or a line break or NUL in a field; `data` (65)
 * if recipients must be read from the header and there is no header.
 */
export function buildMessage(input: Uint8Array, mail: Mail, context: Context): Message {
  const received = receivedMessage(input, mail);
  const envelope = envelopeOf(mail, context.hostName, received);
  // Addresses with a NUL or a lone CR have been refused before.
  if (received !== undefined && !received.block.clean) {
    throw noHeader("it holds a NUL or a lone CR");
  }
  const { size, slices, isAscii } = withLargerSlices(
    received ? relay(received, mail, context) : compose(input, mail, context),
  );
  return {
    envelope,
    subject: mail.subject ?? (received ? subjectOf(received) : ""),
    content: slices,
    size,
    eightBit: !isAscii,
  };
}

function subjectOf({ octets, block }: Received): string {
  const [field] = fieldsNamed(block, "subject");
  return field === undefined ? "" : decodeWords(fieldText(octets, field));
}
