/**
 * The names of hosts in certificates.
 *
 * @module
 */

import { isIP } from "node:net";
import { asciiDomain } from "../address/mod.ts";
import { clip } from "../text/mod.ts";
import type { Certificate } from "./certificate.ts";

/** The most characters that are shown of a name in a certificate, and the most names. */
const NAME_LENGTH = 100;
const MOST_NAMES = 5;

/**
 * Gives the name or address that a host's certificate must have: in ASCII, and without the dot at the
 * end of a DNS name. Gives nothing if no certificate can have it; with such a name the runtime would
 * wait forever.
 */
export function certificateName(host: string): string | undefined {
  if (isIP(host) !== 0) return host;
  const name = asciiDomain(host.replace(/\.$/, ""));
  // The name service reads `127.1` as an address, but it is neither a name nor an address here.
  return name !== undefined && /(?:^|\.)\d+$/.test(name) ? undefined : name;
}

/** True if a name in a certificate matches this name; `*` is one whole label (RFC 9525, 6.3). */
export function isNamed(pattern: string, name: string): boolean {
  if (isIP(name) !== 0) return canonical(pattern) === canonical(name);
  const [wanted, given] = [name.toLowerCase(), pattern.toLowerCase()];
  return wanted === given ||
    (given.startsWith("*.") && wanted.includes(".") &&
      given.slice(1) === wanted.replace(/^[^.]+/, ""));
}

/** Gives one spelling of an IPv6 address; other texts stay as they are. */
function canonical(address: string): string {
  return isIP(address) === 6 ? new URL(`http://[${address}]`).hostname : address;
}
/** Gives what is wrong with the names in a certificate; `host` is the host in the settings. */
export function nameFaults(
  leaf: Pick<Certificate, "names" | "commonName">,
  { host, name }: { host: string; name: string },
): string[] {
  const { names, commonName } = leaf;
  const all = names !== undefined && names.length > 0 ? names : [commonName ?? ""];
  if (all.some((each) => isNamed(each, name))) return [];
  const own = all.filter((each) => each !== "");
  return [own.length === 0 ? `not made for ${host}: it names no host` : wrongName(host, own)];
}

function wrongName(host: string, names: readonly string[]): string {
  const list = names.slice(0, MOST_NAMES).map(clipName).join(" or ");
  const more = names.length - MOST_NAMES;
  return `not made for ${host}, only for ${list}${more > 0 ? ` and ${more} more` : ""}`;
}

/** Clips a name of a certificate for display. */
export function clipName(name: string): string {
  return clip(name, NAME_LENGTH);
}
