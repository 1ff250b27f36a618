/**
 * The host's own name, for EHLO, for addresses without a domain, and for Message-IDs.
 *
 * @module
 */

import { lookup, lookupService } from "node:dns/promises";
import { isIPv4 } from "node:net";

/** What the system knows of names; both may fail, and the second may take its time. */
export type NameService = {
  /** The name of this host, as gethostname(2) gives it. */
  hostName: () => string;
  /** The names that the addresses of a name have, as the host's name service gives them. */
  namesOf: (name: string) => Promise<string[]>;
};

/** What a name is without a name service. */
const LOCALHOST = "localhost";

/** The longest wait for a name service, in milliseconds: mail goes out without a full name too. */
const LONGEST = 5000;

/** How many addresses of the host are asked for their names. */
const ADDRESSES = 4;

const SYSTEM: NameService = {
  hostName: () => Deno.hostname(),
  async namesOf(name) {
    const addresses = await lookup(name, { all: true });
    const answers = await Promise.allSettled(
      addresses.slice(0, ADDRESSES).map(({ address }) => lookupService(address, 25)),
    );
    return answers.flatMap((answer) =>
      answer.status === "fulfilled" ? [answer.value.hostname] : []
    );
  },
};

/**
 * The fully qualified name of the host: its own name where that has a dot, else the name that its
 * address has, which is how Python's `socket.getfqdn` finds it. Where there is none within
 * `timeout` milliseconds, at most five seconds, the bare name, and `localhost` where that is no
 * host name. Never fails.
 */
export async function fullyQualifiedHostName(
  timeout = LONGEST,
  system: NameService = SYSTEM,
): Promise<string> {
  const name = ownName(system);
  if (isHostName(name) && name.includes(".")) return name;
  const names = name === ""
    ? []
    : await withinTime(system.namesOf(name), Math.min(timeout, LONGEST));
  const qualified = names.map(withoutDot).filter(isQualified);
  const own = qualified.find((found) => found.toLowerCase().startsWith(`${name.toLowerCase()}.`));
  return own ?? qualified[0] ?? (isHostName(name) ? name : LOCALHOST);
}

function ownName(system: NameService): string {
  try {
    return withoutDot(system.hostName());
  } catch {
    return "";
  }
}

async function withinTime(names: Promise<string[]>, timeout: number): Promise<string[]> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<string[]>((resolve) => {
    timer = setTimeout(() => resolve([]), timeout);
  });
  try {
    return await Promise.race([names, limit]);
  } catch {
    return [];
  } finally {
    clearTimeout(timer);
  }
}

/** A name of the loopback address says nothing of the host. */
function isQualified(name: string): boolean {
  return isHostName(name) && name.includes(".") && !/^localhost\d?\./i.test(name);
}

/** RFC 1123, 2.1; an address is none. */
function isHostName(name: string): boolean {
  const label = /^(?!-)[A-Za-z\d-]{1,63}(?<!-)$/;
  return name.length <= 253 && !isIPv4(name) &&
    name.split(".").every((part) => label.test(part));
}

/** The dot at the end of a name in DNS is no part of it (RFC 5321, 2.3.5). */
function withoutDot(name: string): string {
  return name.replace(/\.$/, "");
}
