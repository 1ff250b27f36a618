/**
 * One record to the system log.
 *
 * @module
 */

/** The program that writes to whichever log the host has; it comes with util-linux. */
const LOGGER = "/usr/bin/logger";

/** How long the log may take, in milliseconds: a full one blocks whoever writes to it for ever. */
const LIMIT = 1500;

/** How long a logger that waits is used, in milliseconds: it may hold a log that is started anew. */
const FRESH = 5000;

/** The severities that we use, and the facility mail (RFC 5424, 6.2.1). */
const SEVERITIES = { info: 6, err: 3 };
const MAIL = 2;

/** A record: how bad it is, and one line of text. */
type SyslogRecord = { severity: keyof typeof SEVERITIES; text: string };

/** The system log, for one record an attempt. */
export type SystemLog = {
  /**
   * Starts logger, which takes its time, so that it is there when there is something to write. It
   * writes nothing, and keeps nothing waiting, where there is no record.
   */
  prepare(): void;
  /** Writes the record. */
  write(record: SyslogRecord): Promise<void>;
};

/** How the record gets to the log; tests have their own. */
export type SyslogOptions = { program?: string; limit?: number; fresh?: number };

/**
 * The system log, where records have the facility mail and the ident `ns8-sendmail` and come from
 * the process `pid`. Nothing here ever fails: a host without a log loses the record.
 *
 * The text goes through stdin, as every user of the host can see arguments. logger cuts it at 1024
 * bytes.
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
      if (!isFresh) end(prepared?.logger);
      const logger = isFresh ? prepared?.logger : startLogger(program, pid);
      prepared = undefined;
      if (await fed(logger, record, limit)) return;
      // A signal to the whole group of processes has ended the one that was waiting.
      if (isFresh) await fed(startLogger(program, pid), record, limit);
    },
  };
}

/** Feeds a logger, for no longer than that; gives whether it may have written the record. */
async function fed(logger: Deno.ChildProcess | undefined, record: SyslogRecord, limit: number) {
  logger?.ref();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    end(logger);
  }, limit);
  await feed(logger, record);
  clearTimeout(timer);
  const status = await logger?.status.catch(() => undefined);
  return isLate || !status?.signal;
}

function startLogger(program: string, pid: number): Deno.ChildProcess | undefined {
  try {
    const logger = new Deno.Command(program, {
      // Not --id: as root without capabilities logger then loses the record, and as root it spoils
      // the user and the group that the journal notes (util-linux before 2.40).
      args: ["-t", `ns8-sendmail[${pid}]`, "--prio-prefix"],
      clearEnv: true,
      stdin: "piped",
      stdout: "null",
      stderr: "null",
    }).spawn();
    // That it waits must not hide that there is nothing else to wait for.
    logger.unref();
    // It rejects where this process was started with SIGCHLD ignored.
    logger.status.catch(() => {});
    return logger;
  } catch {
    return undefined;
  }
}

function end(logger: Deno.ChildProcess | undefined): void {
  try {
    logger?.kill("SIGKILL");
  } catch {
    // It has ended by itself in this moment.
  }
}

async function feed(logger: Deno.ChildProcess | undefined, { severity, text }: SyslogRecord) {
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
