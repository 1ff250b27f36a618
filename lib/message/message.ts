/**
 * From standard input and options to the finished message and its envelope.
 *
 * @module
 */

import { compose } from "./compose.ts";
import { type Envelope, envelopeOf, type Received } from "./envelope.ts";
import type { Context } from "./fields.ts";
import { fieldsNamed, fieldText } from "./header.ts";
import { gathered } from "./lines.ts";
import { noHeader, receivedMessage } from "./mime.ts";
import type { Mail } from "./mail.ts";
import { relay } from "./relay.ts";
import { decodeWords } from "../address/mod.ts";

/** A message as it goes out. */
export type Message = {
  envelope: Envelope;
  /** Decoded, for people; empty where there is none. */
  subject: string;
  /**
   * Every line ends in CRLF, dots are not stuffed. The slices, of at most 256 KiB, are made of the
   * input while they are gone through, which can be done again; the input is never changed.
   */
  content: Iterable<Uint8Array>;
  /** The count of octets of the content, which is what SIZE counts (RFC 1870, 3). */
  size: number;
  /** Whether an octet of the content is outside ASCII, header included. */
  eightBit: boolean;
};

/**
 * Builds the message: one with a header of its own is passed on, anything else is sent as text. The
 * message refers to the input, which must not change as long as the message is in use.
 *
 * @throws {Failure} `usage` for the envelope, and for a line break or NUL where none may be; `data`
 * where recipients are to be read of a header that is not there.
 */
export function buildMessage(input: Uint8Array, mail: Mail, context: Context): Message {
  const received = receivedMessage(input, mail);
  const envelope = envelopeOf(mail, context.hostName, received);
  // An address with a NUL or a lone CR in it has been refused as such by now.
  if (received !== undefined && !received.block.clean) throw noHeader();
  const { size, slices, isAscii } = gathered(
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
