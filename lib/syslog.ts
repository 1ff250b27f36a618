/**
 * One record to the system log.
 *
 * @module
 */

/** The program that writes to whichever log the host has; it comes with util-linux. */
const LOGGER = "/usr/bin/logger";

/** How long the log may take, in milliseconds: a full one blocks whoever writes to it for ever. */
const LIMIT = 1500;

/** How the record gets to the log; tests have their own. */
export type LogWriter = { program?: string; limit?: number };

/**
 * Writes a record with facility mail and ident `ns8-sendmail` to the system log, as coming from
 * the process `pid`. Never fails: a host without a log loses the record.
 *
 * The text, one line, goes through stdin, as every user of the host can see arguments. logger cuts
 * it at 1024 bytes.
 */
export async function writeSyslog(
  record: { severity: "info" | "err"; text: string },
  pid: number,
  { program = LOGGER, limit = LIMIT }: LogWriter = {},
): Promise<void> {
  try {
    const logger = new Deno.Command(program, {
      args: [`--id=${pid}`, "-t", "ns8-sendmail", "-p", `mail.${record.severity}`],
      clearEnv: true,
      stdin: "piped",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const timer = setTimeout(() => end(logger), limit);
    try {
      await feed(logger.stdin, record.text);
    } finally {
      await logger.status;
      clearTimeout(timer);
    }
  } catch {
    // There is nowhere left to say so.
  }
}

function end(logger: Deno.ChildProcess): void {
  try {
    logger.kill("SIGKILL");
  } catch {
    // It has ended by itself in this moment.
  }
}

async function feed(stdin: WritableStream<Uint8Array<ArrayBuffer>>, text: string): Promise<void> {
  const writer = stdin.getWriter();
  await writer.write(new TextEncoder().encode(`${text}\n`));
  await writer.close();
}
