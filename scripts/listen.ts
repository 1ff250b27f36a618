#!/usr/bin/env -S deno run --allow-env --allow-net --allow-read --allow-run
/**
 * Runs the handlers of a host that has no agent of the cluster, in the agent's way: whenever the
 * settings of the smarthost change, the executable files in
 * `${AGENT_INSTALL_DIR}/events/smarthost-changed/`, in the order of their names.
 *
 * SIGTERM or SIGINT end it when all events that have arrived are handled. Its own lines go to standard
 * error, under systemd with a severity in front of each line (sd-daemon(3)). The output of the
 * handlers goes to this program's own standard output and standard error.
 *
 * @module
 */

import manifest from "../deno.json" with { type: "json" };
import { type ClusterEvent, redisAddresses, smarthostChanges } from "../lib/cluster/mod.ts";
import { DEFAULT_TIMEOUTS, ExitStatus, Failure } from "../lib/outcome.ts";
import { reasonOf } from "../lib/text/mod.ts";
import { errorLines } from "../lib/report/mod.ts";

/** The event, and the folder of its handlers. */
const EVENT = "smarthost-changed";

const HELP = `Usage: ns8-sendmail-listener

Waits for changes of the smarthost settings, and runs the handlers of this host.

  AGENT_INSTALL_DIR      the handlers are in its folder events/${EVENT}
  REDIS_REPLICA_ADDRESS  where Redis is, host:port; asked first
  REDIS_ADDRESS          the same for the leader; default 127.0.0.1:6379

  --help     prints this text
  --version  prints the version

Example: AGENT_INSTALL_DIR=/etc/ns8-sendmail ns8-sendmail-listener`;

/** Severities as systemd reads them in front of a line (sd-daemon(3)). */
const SEVERITIES = { error: "<3>", warning: "<4>", info: "<6>" } as const;

type Severity = keyof typeof SEVERITIES;

/** Writes a line; the journal gets its severity, a terminal does not. */
function writeLine(line: string, severity: Severity = "info"): void {
  console.error(Deno.env.has("JOURNAL_STREAM") ? SEVERITIES[severity] + line : line);
}

/** Writes a notice of the listener: a lost connection or a lost event is a warning. */
function notice(line: string): void {
  writeLine(line, line.startsWith("Listening") ? "info" : "warning");
}

/** The folder that holds a folder of handlers for each event. */
function eventsFolder(): string {
  const folder = Deno.env.get("AGENT_INSTALL_DIR");
  if (folder) return `${folder}/events`;
  const what = "AGENT_INSTALL_DIR is not set";
  throw new Failure({
    status: ExitStatus.configuration,
    what,
    why: "it says where the handlers are",
  });
}

/** Gives the possible handlers in the order in which they run; none if the folder does not exist. */
async function handlersIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const entry of Deno.readDir(folder)) if (!entry.isDirectory) names.push(entry.name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names.sort();
}

/** Runs the handlers of an event; the first that fails is the last. */
async function handle(folder: string, event: ClusterEvent): Promise<void> {
  for (const name of await handlersIn(`${folder}/${event.name}`)) {
    const title = `Handler ${name} of ${event.source}/event/${event.name}`;
    const child = await startHandler(`${folder}/${event.name}/${name}`, event);
    if (typeof child === "string") {
      writeLine(`${title} is skipped: ${child}`, "warning");
      continue;
    }
    const { code } = await writePayload(child, event.payload);
    writeLine(`${title} ended with status ${code}`, code === 0 ? "info" : "error");
    if (code !== 0) return;
  }
}

/** Starts a handler; gives the reason if the file is not a handler. */
async function startHandler(
  path: string,
  { name, source }: ClusterEvent,
): Promise<Deno.ChildProcess | string> {
  if (!await isProgram(path)) return "neither a program nor a script that begins with #!";
  try {
    return new Deno.Command(path, {
      // The real agent gives a file descriptor for commands; here they go to standard error.
      env: { AGENT_EVENT_NAME: name, AGENT_EVENT_SOURCE: source, AGENT_COMFD: "2" },
      stdin: "piped",
      stdout: "inherit",
      stderr: "inherit",
    }).spawn();
  } catch (error) {
    return reasonOf(error);
  }
}

/** True if the kernel can run the file without a shell, as the agent does. */
async function isProgram(path: string): Promise<boolean> {
  const start = new Uint8Array(4);
  try {
    using file = await Deno.open(path);
    await file.read(start);
  } catch {
    return true; // a file that cannot be read may still be executable
  }
  return ["#!", "\x7fELF"].some((magic) => new TextDecoder().decode(start).startsWith(magic));
}

/** Writes the payload and waits for the end; a handler need not read it. */
async function writePayload(
  child: Deno.ChildProcess,
  payload: Uint8Array,
): Promise<Deno.CommandStatus> {
  const writer = child.stdin.getWriter();
  const fed = writer.write(Uint8Array.from(payload)).then(() => writer.close()).catch(() => {});
  const status = await child.status;
  await writer.abort().catch(() => {});
  await fed;
  return status;
}

/** Gives a signal that aborts on SIGTERM or SIGINT. */
function endSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    Deno.addSignalListener(name, () => controller.abort());
  }
  return controller.signal;
}

/** Writes a notice if there are no handlers yet; they may be added while this program runs. */
async function announceHandlers(folder: string): Promise<void> {
  const path = `${folder}/${EVENT}`;
  if ((await handlersIn(path)).length === 0) {
    writeLine(`There are no handlers in ${path}`, "warning");
  }
}

async function main([option, ...more]: readonly string[]): Promise<void> {
  if (option === "--help" && more.length === 0) return console.log(HELP);
  if (option === "--version" && more.length === 0) {
    return console.log(`ns8-sendmail-listener ${manifest.version}`);
  }
  if (option !== undefined) {
    const what = `ns8-sendmail-listener takes no argument such as ${JSON.stringify(option)}`;
    throw new Failure({ status: ExitStatus.usage, what, why: "see --help" });
  }
  const folder = eventsFolder();
  const { env } = Deno;
  const replica = env.get("REDIS_REPLICA_ADDRESS");
  const addresses = redisAddresses({ replica, leader: env.get("REDIS_ADDRESS") });
  await announceHandlers(folder);
  const signal = endSignal();
  // Events that have arrived before the signal are handled too: otherwise a module would keep the old
  // settings.
  const changes = smarthostChanges(addresses, { timeout: DEFAULT_TIMEOUTS.answer, signal, notice });
  for await (const event of changes) await handle(folder, event);
}

try {
  await main(Deno.args);
  Deno.exit(ExitStatus.ok);
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  for (const line of errorLines(error)) writeLine(line, "error");
  Deno.exit(error.details.status);
}
