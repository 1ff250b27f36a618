/**
 * Mail servers as hosts have them: Postfix, Exim and OpenSMTPD out of Debian's packages, each with a
 * configuration of its own, on free ports of loopback.
 *
 * @module
 */

import { temporaryFolder } from "../hosts/folder.ts";
import { hasPackages, withPackages } from "../hosts/package_root.ts";
import { projectFile, start } from "../program/command.ts";
import type { Certificate } from "./certificates.ts";
import { freePort, LOOPBACK } from "./tcp.ts";

/** The servers. */
export type RealServerName = "postfix" | "exim" | "opensmtpd";

/** The ways in, each on a port of its own; `pause` is a server that lets its client wait. */
const WAYS = [
  ...["plain", "starttls", "tls", "plain_login", "starttls_login", "tls_login"],
  "pause",
] as const;

/** The way into a server that greylists: Postfix alone has it. */
const GREYLISTING = "greylisting";

/** Whom these servers let in. */
export const REAL_LOGIN = { username: "user@example.test", password: "correct-horse-battery" };

/** The largest message that they take, in octets. */
export const REAL_SIZE = 20_000;

/** After this time a delivery is taken to hang, in milliseconds. */
const HANGS_AFTER = 20_000;

/** A running server, ended by its disposal. */
export type RealServer = AsyncDisposable & {
  /** Gives the port of a way in. */
  port(way: string): number;
  /** Waits until so many messages have been delivered, and takes them out of the mailbox. */
  take(count: number): Promise<Uint8Array[]>;
  /** What the server has said. */
  readonly lines: readonly string[];
};

/** Whether this host can run the server. */
export function canRun(name: RealServerName): boolean {
  return hasPackages(name);
}

/** Starts a server, and waits until it answers on the first of its ports. */
export async function realServer(
  name: RealServerName,
  { keyFile, chainFile }: Pick<Certificate, "keyFile" | "chainFile">,
): Promise<RealServer> {
  const folder = await temporaryFolder();
  await Deno.copyFile(keyFile, folder.file("key.pem"));
  await Deno.copyFile(chainFile, folder.file("cert.pem"));
  // Exim reads it as a user of its own.
  await Deno.chmod(folder.file("key.pem"), 0o644);
  const ports = new Map([...WAYS, GREYLISTING].map((way): [string, number] => [way, freePort()]));
  const script = projectFile(`tests/support/servers/real/${name}.sh`);
  const server = start(withPackages(name, script), {
    env: {
      FOLDER: folder.path,
      LOGIN_USER: REAL_LOGIN.username,
      LOGIN_PASSWORD: REAL_LOGIN.password,
      PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      ...Object.fromEntries(
        [...ports].map(([way, port]) => [`PORT_${way.toUpperCase()}`, `${port}`]),
      ),
    },
  });
  const stopped = server.ended.then((status) => {
    throw new Error(`${name} has ended with ${status}:\n${server.lines.join("\n")}`);
  });
  stopped.catch(() => {});
  const port = (way: string) => {
    const found = [...ports].find(([name]) => name === way)?.[1];
    if (found === undefined) throw new Error(`There is no way ${way}`);
    return found;
  };
  await Promise.race([stopped, answering(port("plain"))]);
  return {
    port,
    lines: server.lines,
    take: (count) => Promise.race([stopped, takeMail(folder.file("inbox/new"), count)]),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function answering(port: number): Promise<void> {
  for (;;) {
    try {
      using _connection = await Deno.connect({ hostname: LOOPBACK, port });
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Takes messages out of a Maildir, in the order of their delivery. */
async function takeMail(folder: string, count: number): Promise<Uint8Array[]> {
  for (const start = Date.now();;) {
    const names = await namesIn(folder);
    if (Date.now() - start > HANGS_AFTER) {
      throw new Error(`${names.length} messages have been delivered, not ${count}`);
    }
    if (names.length >= count) {
      const files = await Promise.all(names.map((name) => takeFile(`${folder}/${name}`)));
      return files.toSorted((a, b) => a.time - b.time).map(({ content }) => content);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  } catch {
    return [];
  }
}

async function takeFile(path: string): Promise<{ time: number; content: Uint8Array }> {
  const [{ mtime }, content] = [await Deno.stat(path), await Deno.readFile(path)];
  await Deno.remove(path);
  return { time: mtime?.getTime() ?? 0, content };
}
