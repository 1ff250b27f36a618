/**
 * Surroundings other than those of the test: commands that stand before the program's own.
 *
 * @module
 */

import type { Folder } from "./folder.ts";
import type { LogSocket } from "../servers/log_socket.ts";

/** What is different inside a sandbox. */
export type SandboxOptions = {
  /** What stands at `/dev/log`; without, there is no system log. */
  log?: Pick<LogSocket, "path"> | undefined;
  /** Files that stand in the place of others: path inside, path outside. */
  replaced?: Record<string, string>;
  /** Folders that are empty. */
  hidden?: string[];
  /** Whether the whole file system is read-only. */
  readOnly?: boolean;
  /** What the host is called. */
  hostName?: string;
};

/** The command that runs another one in a sandbox: same network and files, devices of its own. */
export function sandbox(options: SandboxOptions = {}): string[] {
  const { log, replaced = {}, hidden = [], readOnly = false, hostName } = options;
  return [
    "/usr/bin/bwrap",
    "--die-with-parent",
    ...[readOnly ? "--ro-bind" : "--dev-bind", "/", "/"],
    ...["--dev", "/dev", "--proc", "/proc"],
    ...(log ? ["--bind", log.path, "/dev/log"] : []),
    ...(hostName ? ["--unshare-uts", "--hostname", hostName] : []),
    ...Object.entries(replaced).flatMap(([inside, outside]) => ["--ro-bind", outside, inside]),
    ...hidden.flatMap((path) => ["--tmpfs", path]),
    "--",
  ];
}

/** The command that runs another one as an unprivileged user; only root needs it. */
export function unprivileged(): string[] {
  if (Deno.uid() !== 0) return [];
  return ["/usr/bin/setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"];
}

/**
 * What to replace so that no name is ever resolved: a look-up begins with a file whose reading waits
 * for ever.
 */
export async function silentNameService(folder: Folder): Promise<Record<string, string>> {
  const file = folder.file("hosts");
  await new Deno.Command("mkfifo", { args: [file] }).output();
  return { "/etc/hosts": file };
}
