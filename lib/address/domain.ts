/**
 * The part of an address behind the `@`.
 *
 * @module
 */

import { isIPv4, isIPv6 } from "node:net";
import { domainToASCII } from "node:url";

/** One label of a host name (RFC 5321, 4.1.2), and the underscore that many a real host has. */
const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;

/** Gives a domain in ASCII and lower case (RFC 5890), or nothing where it is no domain. */
export function asciiDomain(text: string): string | undefined {
  // The mapping lets any ASCII pass and makes some out of look-alikes, so the result is checked.
  const domain = isMapped(text) ? text : domainToASCII(text);
  return domain.split(".").every((label) => LABEL.test(label)) ? domain : undefined;
}

/**
 * Whether the mapping surely leaves a text as it is, as it does most domains; it takes its time. It
 * decodes "xn--", and makes an address of what ends like one (WHATWG URL, 3.5).
 */
function isMapped(text: string): boolean {
  return /^[a-z0-9_.-]*\.[a-z]+$/.test(text) && !text.includes("xn--");
}

/** Gives an address literal as it came, brackets and all, where it is one (RFC 5321, 4.1.3). */
export function addressLiteral(text: string): string | undefined {
  const inside = /^\[(.*)\]$/s.exec(text)?.[1] ?? "";
  const v6 = /^IPv6:([^%]+)$/i.exec(inside)?.[1];
  return (v6 === undefined ? isIPv4(inside) : isIPv6(v6)) ? text : undefined;
}
