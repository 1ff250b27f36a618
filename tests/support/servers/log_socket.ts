/**
 * A system log of a test's own, where a sandboxed program finds `/dev/log`.
 *
 * @module
 */

import { temporaryFolder } from "../hosts/folder.ts";
import { startPython } from "../program/python.ts";

/** One record, taken apart (RFC 3164). */
export type LogRecord = {
  /** Facility times eight plus severity: 22 is mail.info, 19 is mail.err. */
  priority: number;
  ident: string;
  pid: number;
  text: string;
};

/** A log socket, ended by its disposal. */
export type LogSocket = AsyncDisposable & {
  /** The socket's path. */
  readonly path: string;
  /** Everything that was sent to it so far. */
  records(): Promise<LogRecord[]>;
};

/** Listens for log records; a `full` socket takes none and lets senders wait. */
export async function logSocket(state: "open" | "full" = "open"): Promise<LogSocket> {
  const folder = await temporaryFolder();
  const path = folder.file("log");
  const script = await startPython("servers/log_socket.py", [path, state]);
  await Deno.chmod(path, 0o666);
  return {
    path,
    async records() {
      const lines: string[] = JSON.parse(await script.ask("records"));
      return lines.map(parseRecord);
    },
    async [Symbol.asyncDispose]() {
      await script[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Parses a record as syslog(3) sends it; throws on one that has no priority, ident or process id. */
function parseRecord(line: string): LogRecord {
  const parts = /^<(\d+)>\w{3} [ \d]\d \d\d:\d\d:\d\d (\S+?)\[(\d+)\]: (.*)$/s.exec(line);
  if (!parts) throw new Error(`Not a log record: ${JSON.stringify(line)}`);
  const [, priority, ident = "", pid, text = ""] = parts;
  return { priority: Number(priority), ident, pid: Number(pid), text };
}
