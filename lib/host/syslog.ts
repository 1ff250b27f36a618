/**
 * Writes records to the system log.
 *
 * @module
 */

import type { LogRecord } from "../outcome.ts";

/** The program that writes to the system log; a part of util-linux. */
const LOGGER = "/usr/bin/logger";

/** The longest wait for the log, in milliseconds: a full log blocks writers forever. */
const LIMIT = 1500;

/** For how long a started logger is used, in milliseconds: after a restart of the log it is connected to the old one. */
const FRESH = 5000;

/** The numbers of the severities, and of the facility mail (RFC 5424, 6.2.1). */
const SEVERITIES: Readonly<Record<LogRecord["severity"], number>> = { info: 6, err: 3 };
const MAIL = 2;

/** The system log, for one record for each attempt. */
export type SystemLog = {
  /**
   * Starts logger before there is a record, because its start takes time. Without a record it writes
   * nothing, and the program does not wait for it.
   */
  prepare(): void;
  /** Writes the record. */
  write(record: LogRecord): Promise<void>;
};

/** The options for tests. */
export type SyslogOptions = { program?: string; limit?: number; fresh?: number };

/**
 * Gives the system log, for records with the facility mail and the ident `ns8-sendmail[pid]`. Never
 * throws. On a host without a system log the record is dropped.
 *
 * The text is passed on standard input, because all users of the host can see arguments. logger cuts
 * it at 1024 bytes.
 */
export function systemLog(
  pid: number,
  { program = LOGGER, limit = LIMIT, fresh = FRESH }: SyslogOptions = {},
): SystemLog {
  let prepared: { logger: Deno.ChildProcess | undefined; at: number } | undefined;
  return {
    prepare() {
      prepared ??= { logger: startLogger(program, pid), at: performance.now() };
    },
    async write(record) {
      const isFresh = prepared !== undefined && performance.now() - prepared.at < fresh;
      if (!isFresh) killLogger(prepared?.logger);
      const logger = isFresh ? prepared?.logger : startLogger(program, pid);
      prepared = undefined;
      if (await writeRecord(logger, record, limit)) return;
      // A signal to the whole process group has ended the logger that was waiting.
      if (isFresh) await writeRecord(startLogger(program, pid), record, limit);
    },
  };
}

/** Passes a record to a logger within `limit` milliseconds; false if a signal ended the logger before. */
async function writeRecord(
  logger: Deno.ChildProcess | undefined,
  record: LogRecord,
  limit: number,
) {
  logger?.ref();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    killLogger(logger);
  }, limit);
  await writeLine(logger, record);
  clearTimeout(timer);
  const status = await logger?.status.catch(() => undefined);
  return isLate || !status?.signal;
}

function startLogger(program: string, pid: number): Deno.ChildProcess | undefined {
  try {
    const logger = new Deno.Command(program, {
      // Not --id: as root without capabilities logger then loses the record, and as root the journal
      // gets a wrong user and group (util-linux before 2.40).
      args: ["-t", `ns8-sendmail[${pid}]`, "--prio-prefix"],
      clearEnv: true,
      stdin: "piped",
      stdout: "null",
      stderr: "null",
    }).spawn();
    // The waiting logger must not keep the program alive.
    logger.unref();
    // It rejects if this process was started with SIGCHLD ignored.
    logger.status.catch(() => {});
    return logger;
  } catch {
    return undefined;
  }
}

function killLogger(logger: Deno.ChildProcess | undefined): void {
  try {
    logger?.kill("SIGKILL");
  } catch {
    // It has ended already.
  }
}

async function writeLine(logger: Deno.ChildProcess | undefined, { severity, text }: LogRecord) {
  try {
    const writer = logger?.stdin.getWriter();
    const line = `<${8 * MAIL + SEVERITIES[severity]}>${text}\n`;
    await writer?.write(new TextEncoder().encode(line));
    await writer?.close();
  } catch {
    // There is nowhere left to say so.
  }
  await logger?.status.catch(() => {});
}
