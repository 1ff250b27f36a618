/**
 * The part of an address behind the `@`.
 *
 * @module
 */

import { isIPv4, isIPv6 } from "node:net";
import { domainToASCII } from "node:url";

/** One label of a host name (RFC 5321, 4.1.2), also with the underscore that real hosts have. */
const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;

/** Gives a domain in ASCII and lower case (RFC 5890); nothing if it is not valid. */
export function asciiDomain(text: string): string | undefined {
  // The mapping keeps any ASCII and turns look-alikes into ASCII, so the result is checked.
  const domain = isMapped(text) ? text : domainToASCII(text);
  return domain.split(".").every((label) => LABEL.test(label)) ? domain : undefined;
}

/**
 * True if the mapping, which is slow, does not change a text; most domains are such. The mapping
 * decodes "xn--", and reads a text that ends in a number as an IPv4 address (WHATWG URL, 3.5).
 */
function isMapped(text: string): boolean {
  return /^[a-z0-9_.-]*\.[a-z]+$/.test(text) && !text.includes("xn--");
}

/** Gives an address literal unchanged, with its brackets; nothing if it is not valid (RFC 5321, 4.1.3). */
export function addressLiteral(text: string): string | undefined {
  const inside = /^\[(.*)\]$/s.exec(text)?.[1] ?? "";
  const v6 = /^IPv6:([^%]+)$/i.exec(inside)?.[1];
  return (v6 === undefined ? isIPv4(inside) : isIPv6(v6)) ? text : undefined;
}
