/**
 * Reads DER (ITU-T X.690), as far as certificates need it.
 *
 * @module
 */

/** One element: its tag, its content, and all its octets with tag and length. */
export type Element = { tag: number; content: Uint8Array; whole: Uint8Array };

/** The tags that are used in certificates. */
export const Tag = {
  boolean: 0x01,
  integer: 0x02,
  oid: 0x06,
  utcTime: 0x17,
  sequence: 0x30,
} as const;

/** Splits octets into elements. Throws a RangeError if they are not whole elements. */
export function elementsIn(bytes: Uint8Array): Element[] {
  const elements: Element[] = [];
  let rest = bytes;
  while (rest.length > 0) {
    const element = firstElement(rest);
    elements.push(element);
    rest = rest.subarray(element.whole.length);
  }
  return elements;
}

/** Gives the element at the start of `bytes`. Throws a RangeError if it is not whole. */
export function firstElement(bytes: Uint8Array): Element {
  const [tag, first] = bytes;
  if (tag === undefined || first === undefined) throw new RangeError("cut off");
  // From 0x81 on this octet is the count of length octets that follow (X.690, 8.1.3.5).
  const octets = first < 0x80 ? 0 : first - 0x80;
  if (octets > 3 || bytes.length < 2 + octets) throw new RangeError("no length");
  const length = octets === 0 ? first : numberOf(bytes.subarray(2, 2 + octets));
  const start = 2 + octets;
  const end = start + length;
  if (bytes.length < end) throw new RangeError("cut off");
  return { tag, content: bytes.subarray(start, end), whole: bytes.subarray(0, end) };
}

/** The most octets of a number that are read: with more a number would not be exact. */
const LONGEST_NUMBER = 6;

/** Reads an unsigned number, the most significant octet first, from the first six octets. */
export function numberOf(octets: Uint8Array): number {
  return octets.subarray(0, LONGEST_NUMBER).reduce((number, octet) => number * 256 + octet, 0);
}
