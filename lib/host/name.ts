/**
 * Finds the host's name, for EHLO, for addresses without a domain, and for Message-IDs.
 *
 * It is what `hostname -f` says: the canonical name of the host's own name. The C library finds it
 * in the services that /etc/nsswitch.conf lists: in /etc/hosts, where the first name of a line is
 * the canonical one, and in DNS, with the domains that /etc/resolv.conf lists.
 *
 * @module
 */

import { lookup } from "node:dns/promises";
import { isIP, isIPv4 } from "node:net";

/** The sources of names; each may throw, and the last two may be slow. */
export type NameService = {
  /** The name of this host, as gethostname(2) gives it. */
  hostName: () => string;
  /** The text of a file in /etc; empty if it is not a file. */
  readFile: (path: string) => string;
  /** The addresses of a fully qualified name in DNS. */
  addressesOf: (name: string) => Promise<string[]>;
  /** The target of an alias (CNAME) in DNS; rejects if the name is not an alias. */
  targetsOf: (name: string) => Promise<string[]>;
};

/** The name if no other is known. */
const LOCALHOST = "localhost";

/** The longest wait for DNS, in milliseconds; mail can be sent without a full name. */
const LONGEST = 5000;

/** The largest file that is read, in octets. */
const LARGEST_FILE = 16 * 1024 * 1024;

/** The most aliases that are followed, and the most search domains that are tried. */
const MOST_STEPS = 8;

/** The services that the C library uses without /etc/nsswitch.conf. */
const DEFAULT_SERVICES = ["files", "dns"];

/** The services that give the host's own name back, without a domain. */
const SELF_SERVICES = ["myhostname", "resolve"];

const SYSTEM: NameService = {
  hostName: () => Deno.hostname(),
  readFile(path) {
    const { isFile, size } = Deno.statSync(path);
    // Opening a pipe may block forever.
    return isFile && size <= LARGEST_FILE ? Deno.readTextFileSync(path) : "";
  },
  // With the dot the C library adds no search domain.
  addressesOf: async (name) =>
    (await lookup(`${name}.`, { all: true })).map(({ address }) => address),
  targetsOf: (name) => Deno.resolveDns(`${name}.`, "CNAME"),
};

/**
 * Gives the fully qualified name of the host, as `hostname -f` does. If none is found within
 * `timeout` milliseconds, at most five seconds, gives the host's own name, and `localhost` if that
 * is not a valid host name. A name with a dot is not looked up in DNS. Never throws.
 */
export async function fullyQualifiedHostName(
  timeout = LONGEST,
  system: NameService = SYSTEM,
): Promise<string> {
  const name = withoutDot(attempt(system.hostName) ?? "");
  if (name === "") return LOCALHOST;
  const canonical = await canonicalName(name, Math.min(timeout, LONGEST), system);
  return [canonical, name].find(isHostName) ?? LOCALHOST;
}

async function canonicalName(
  name: string,
  timeout: number,
  system: NameService,
): Promise<string> {
  for (const service of servicesIn(textOf(system, "/etc/nsswitch.conf"))) {
    if (SELF_SERVICES.includes(service)) return name;
    if (service === "files") {
      const canonical = nameInHosts(textOf(system, "/etc/hosts"), name);
      if (canonical !== undefined) return withoutDot(canonical);
    }
    if (service === "dns" && !name.includes(".")) {
      const canonical = await withinTime(nameInDns(name, system), timeout);
      if (canonical !== undefined) return withoutDot(canonical);
    }
  }
  return name;
}

/** Gives the services for hosts in nsswitch.conf(5), without the actions in brackets. */
function servicesIn(text: string): readonly string[] {
  const list = /^[ \t]*hosts:([^#\n]*)/m.exec(text)?.[1];
  return list?.replace(/\[[^\]]*\]/g, " ").split(/\s+/).filter(Boolean) ?? DEFAULT_SERVICES;
}

/** Gives the first name on the first line of hosts(5) that lists this name; case is ignored. */
function nameInHosts(text: string, name: string): string | undefined {
  const [lower, wanted] = [text.toLowerCase(), name.toLowerCase()];
  // A file may have a million lines; only those with the name are split.
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, at)) {
    const start = lower.lastIndexOf("\n", at) + 1;
    const end = lower.indexOf("\n", at);
    const line = text.slice(start, end < 0 ? text.length : end);
    const [address = "", ...names] = line.replace(/#.*/s, "").trim().split(/\s+/);
    const isListed = names.some((each) => each.toLowerCase() === wanted);
    if (isListed && isIP(address.replace(/%.*/, "")) !== 0) return names[0];
    if (end < 0) return undefined;
    at = end;
  }
  return undefined;
}

/** Gives the canonical name in the first search domain in which the name has an address. */
async function nameInDns(name: string, system: NameService): Promise<string | undefined> {
  for (const domain of domainsIn(textOf(system, "/etc/resolv.conf"))) {
    const found = await addressedName(`${name}.${domain}`, system);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Gives the search domains in resolv.conf(5); the last line counts. */
function domainsIn(text: string): string[] {
  const lines = [...text.matchAll(/^[ \t]*(?:search|domain)[ \t]+([^#;\n]*)/gm)];
  const domains = lines.at(-1)?.[1]?.split(/\s+/) ?? [];
  return domains.map(withoutDot).filter(Boolean).slice(0, MOST_STEPS);
}

/** Follows the aliases of a name to the end; gives nothing if the name has no address. */
async function addressedName(name: string, system: NameService): Promise<string | undefined> {
  const addresses = await system.addressesOf(name).catch(() => []);
  if (addresses.length === 0) return undefined;
  let last = name;
  for (let step = 0; step < MOST_STEPS; step++) {
    const [target] = await system.targetsOf(last).catch(() => []);
    if (target === undefined) break;
    last = withoutDot(target);
  }
  return last;
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

function textOf(system: NameService, path: string): string {
  return attempt(() => system.readFile(path)) ?? "";
}

async function withinTime<T>(answer: Promise<T>, timeout: number): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, timeout, undefined);
  });
  try {
    return await Promise.race([answer, limit]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

/** True for a host name (RFC 1123, 2.1), also with `_`, which real hosts have; false for an IPv4 address. */
function isHostName(name: string): boolean {
  const label = /^(?!-)[\w-]{1,63}(?<!-)$/;
  return name.length <= 253 && !isIPv4(name) &&
    name.split(".").every((part) => label.test(part));
}

/** Removes the dot at the end of a DNS name, which SMTP does not allow (RFC 5321, 2.3.5). */
function withoutDot(name: string): string {
  return name.replace(/\.$/, "");
}
