/**
 * The parts of a structure in DER (ITU-T X.690), as far as certificates need it.
 *
 * @module
 */

/** One element: its tag, and where its content and the whole of it lie in `bytes`. */
export type Element = { tag: number; content: Uint8Array; whole: Uint8Array };

/** The tags of the elements that a certificate is made of. */
export const Tag = {
  boolean: 0x01,
  integer: 0x02,
  oid: 0x06,
  utcTime: 0x17,
  sequence: 0x30,
} as const;

/** The elements that stand one behind the other in `bytes`. Throws a RangeError where they do not. */
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

/** The element at the start of `bytes`. Throws a RangeError where there is no whole one. */
export function firstElement(bytes: Uint8Array): Element {
  const [tag, first] = bytes;
  if (tag === undefined || first === undefined) throw new RangeError("cut off");
  // From 0x81 on the octet says how many octets of length follow (X.690, 8.1.3.5).
  const octets = first < 0x80 ? 0 : first - 0x80;
  if (octets > 3 || bytes.length < 2 + octets) throw new RangeError("no length");
  const length = octets === 0 ? first : numberOf(bytes.subarray(2, 2 + octets));
  const start = 2 + octets;
  const end = start + length;
  if (bytes.length < end) throw new RangeError("cut off");
  return { tag, content: bytes.subarray(start, end), whole: bytes.subarray(0, end) };
}

/** The unsigned number in at most six octets, the most significant first. */
export function numberOf(octets: Uint8Array): number {
  return octets.reduce((number, octet) => number * 256 + octet, 0);
}
