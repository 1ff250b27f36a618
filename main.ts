/**
 * ns8-sendmail: hands the message on standard input to the smarthost of a NethServer 8 cluster.
 * Arguments, environment and standard input make options, settings, a message and an outcome, and
 * that an exit status, a line on standard error and a record in the system log.
 *
 * @module
 */

import manifest from "./deno.json" with { type: "json" };
import { attemptOf, firstGuess, serverIn } from "./lib/attempt.ts";
import { check, checkLines } from "./lib/check.ts";
import { readSmarthost } from "./lib/cluster.ts";
import { deliver, requireSmarthost } from "./lib/delivery.ts";
import { visible } from "./lib/escape.ts";
import { fullyQualifiedHostName } from "./lib/host.ts";
import { readAll } from "./lib/input.ts";
import { checkJson, outcomeJson } from "./lib/json.ts";
import { buildMessage } from "./lib/message.ts";
import { type Options, parseOptions } from "./lib/options.ts";
import { asFailure, type ExitStatus, type Failure, type Outcome, statusOf } from "./lib/outcome.ts";
import { outputTo } from "./lib/output.ts";
import { type Redact, redactor, redactReport, redactResult } from "./lib/redact.ts";
import { type Attempt, errorLines, logRecord } from "./lib/report.ts";
import { formatSettings } from "./lib/settings.ts";
import { writeSyslog } from "./lib/syslog.ts";
import { certificateAuthorities } from "./lib/trust.ts";
import { USAGE } from "./lib/usage.ts";

/** The longest message in bytes: it is held in memory. */
const LONGEST_MESSAGE = 256 * 1024 * 1024;

const { print, say } = outputTo(Deno.stdout, Deno.stderr);
let redact: Redact = (text) => text;
let outcome: Failure | Outcome | undefined;

const MODES: Record<Options["mode"], (options: Options) => Promise<ExitStatus>> = {
  help: () => print(`${USAGE}\n`),
  version: () => print(`ns8-sendmail ${manifest.version}\n`),
  settings: async (options) => print(`${formatSettings((await readSettings(options)).settings)}\n`),
  "dry-run": async (options) =>
    print(...(await readMessage(options, fullyQualifiedHostName())).content),
  check: tryOut,
  send,
};

async function main(): Promise<ExitStatus> {
  const options = parseOptions(Deno.args);
  return await MODES[options.mode](options);
}

async function send(options: Options): Promise<ExitStatus> {
  const attempt = firstGuess(options, Deno.hostname());
  outcome = await submit(options, attempt).catch(asFailure);
  const result = redactResult(outcome, redact);
  await writeSyslog(logRecord(attempt, result), Deno.pid);
  errorLines(result).forEach(say);
  if (options.json) await print(`${outcomeJson(result, attempt.server)}\n`).catch(() => {});
  return statusOf(result);
}

/** Redis, standard input and the host's name are asked side by side; the first failure counts. */
async function submit(options: Options, attempt: Attempt): Promise<Outcome> {
  const name = fullyQualifiedHostName();
  const reading = readSettings(options).then(({ settings }) => {
    attempt.server = serverIn(settings);
    return requireSmarthost(settings);
  });
  const [settings, message] = await Promise.all([reading, readMessage(options, name)]);
  Object.assign(attempt, attemptOf(message, settings));
  return await deliver(message, settings, { ...contextOf(options, await name), progress() {} });
}

async function tryOut(options: Options): Promise<ExitStatus> {
  const context = contextOf(options, await fullyQualifiedHostName());
  const report = redactReport(
    await check(() => readSettings(options), context, new Date()),
    redact,
  );
  await print(options.json ? `${checkJson(report)}\n` : `${checkLines(report).join("\n")}\n`);
  if (report.failure) errorLines(report.failure).forEach(say);
  return report.status;
}

async function readSettings(options: Options) {
  const found = await readSmarthost(Deno.env, options.timeout);
  redact = redactor([found.settings.password], found.settings.username);
  return found;
}

async function readMessage(options: Options, name: Promise<string>) {
  const input = await readAll((into) => Deno.stdin.read(into), LONGEST_MESSAGE);
  const context = { hostName: await name, now: new Date(), id: crypto.randomUUID() };
  return buildMessage(input, options, context);
}

function contextOf({ timeout, verbose }: Options, name: string) {
  return {
    timeout,
    // A name without a dot says nothing to a server; the address literal does (RFC 5321, 4.1.4).
    ...(name.includes(".") && { hostName: name }),
    transcript: verbose ? (line: string) => say(visible(redact(line))) : () => {},
    authorities: () => certificateAuthorities(Deno.env),
  };
}

function fail(error: unknown): ExitStatus {
  const failure = redactResult(asFailure(error), redact);
  errorLines(failure).forEach(say);
  return statusOf(failure);
}

/** What a library throws from an event does not undo what has been reached. */
function onLateError(event: ErrorEvent | PromiseRejectionEvent): void {
  event.preventDefault();
  if (outcome !== undefined) Deno.exit(statusOf(outcome));
  Deno.exit(fail(event instanceof ErrorEvent ? event.error : event.reason));
}

addEventListener("error", onLateError);
addEventListener("unhandledrejection", onLateError);
Deno.exit(await main().catch(fail));
