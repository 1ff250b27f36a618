/**
 * Hosts as certificates name them.
 *
 * @module
 */

import { isIP } from "node:net";
import { asciiDomain } from "../address/mod.ts";
import { clip } from "../text/mod.ts";
import type { Certificate } from "./certificate.ts";

/** How much of a name in a certificate is shown, and of how many. */
const NAME_LENGTH = 100;
const MOST_NAMES = 5;

/**
 * The name or the address of a host that has to stand in its certificate: in ASCII, and without the
 * dot behind a name in DNS. Nothing where none can stand there; the runtime would wait for ever.
 */
export function certificateName(host: string): string | undefined {
  if (isIP(host) !== 0) return host;
  const name = asciiDomain(host.replace(/\.$/, ""));
  // `127.1` is an address to the name service, and to nobody else.
  return name !== undefined && /(?:^|\.)\d+$/.test(name) ? undefined : name;
}

/** Whether a name in a certificate is this one; `*` stands for one whole label (RFC 9525, 6.3). */
export function isNamed(pattern: string, name: string): boolean {
  if (isIP(name) !== 0) return canonical(pattern) === canonical(name);
  const [wanted, given] = [name.toLowerCase(), pattern.toLowerCase()];
  return wanted === given ||
    (given.startsWith("*.") && wanted.includes(".") &&
      given.slice(1) === wanted.replace(/^[^.]+/, ""));
}

/** An IPv6 address has several spellings. */
function canonical(address: string): string {
  return isIP(address) === 6 ? new URL(`http://[${address}]`).hostname : address;
}
/** What is wrong with the names in a certificate, in words; `host` is the one in the settings. */
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
  const list = names.slice(0, MOST_NAMES).map(shown).join(" or ");
  const more = names.length - MOST_NAMES;
  return `not made for ${host}, only for ${list}${more > 0 ? ` and ${more} more` : ""}`;
}

/** A name out of a certificate for people, of bounded length. */
export function shown(name: string): string {
  return clip(name, NAME_LENGTH);
}
