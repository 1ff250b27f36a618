/**
 * ns8-sendmail: hands the message on standard input to the smarthost of a NethServer 8 cluster.
 * Arguments, environment and standard input make options, settings, a message and an outcome, and
 * that an exit status, a line on standard error and a record in the system log.
 *
 * @module
 */

import manifest from "./deno.json" with { type: "json" };
import { attemptOf, firstGuess, serverIn } from "./lib/attempt.ts";
import { announceFailure, announceReport, announceResult, type Audience } from "./lib/announce.ts";
import { check } from "./lib/check.ts";
import { readSmarthost } from "./lib/cluster.ts";
import { contextIn } from "./lib/context.ts";
import { deliver, requireSmarthost } from "./lib/delivery.ts";
import { seedRandomness } from "./lib/entropy.ts";
import { visible } from "./lib/escape.ts";
import { fullyQualifiedHostName } from "./lib/host.ts";
import { LONGEST_MESSAGE, readAll } from "./lib/input.ts";
import { buildMessage } from "./lib/message.ts";
import { type Options, parseOptions } from "./lib/options.ts";
import { asFailure, type ExitStatus, type Failure, type Outcome, statusOf } from "./lib/outcome.ts";
import { outputTo } from "./lib/output.ts";
import { type Redact, redactor } from "./lib/redact.ts";
import type { Attempt } from "./lib/report.ts";
import { formatSettings } from "./lib/settings.ts";
import { type SystemLog, systemLog } from "./lib/syslog.ts";
import { usage } from "./lib/usage.ts";

const output = outputTo(Deno.stdout, Deno.stderr);
const { print, say } = output;
let redact: Redact = (text) => text;
const audience: Audience = { ...output, redact: (text) => redact(text) };
let outcome: Failure | Outcome | undefined;

const MODES: Record<Options["mode"], (options: Options) => Promise<ExitStatus>> = {
  help: () => print(`${usage()}\n`),
  version: () => print(`ns8-sendmail ${manifest.version}\n`),
  settings: async (options) => print(`${formatSettings((await readSettings(options)).settings)}\n`),
  "dry-run": async (options) => print(...(await readMessage(options)).content),
  check: tryOut,
  send,
};

async function send(options: Options): Promise<ExitStatus> {
  const attempt = firstGuess(options, Deno.hostname());
  const log = systemLog(Deno.pid);
  outcome = await submit(options, attempt, log).catch(asFailure);
  return await announceResult(outcome, attempt, options.json, audience, log);
}

/** Redis, standard input and the host's name are asked side by side; the first failure counts. */
async function submit(options: Options, attempt: Attempt, log: SystemLog): Promise<Outcome> {
  const reading = readSettings(options).then(({ settings }) => {
    attempt.server = serverIn(settings);
    if (settings.encrypt_smtp !== "none") seedRandomness();
    return requireSmarthost(settings);
  });
  const name = fullyQualifiedHostName(options.timeout);
  const [settings, message] = await Promise.all([reading, readMessage(options, name)]);
  Object.assign(attempt, attemptOf(message, settings));
  const progress = (step: string) => step === "connect" && log.prepare();
  return await deliver(message, settings, { ...await contextFor(options, name), progress });
}

async function tryOut(options: Options): Promise<ExitStatus> {
  const context = await contextFor(options);
  const report = await check(() => readSettings(options), context, new Date());
  return await announceReport(report, options.json, audience);
}

async function readSettings(options: Options) {
  const found = await readSmarthost(Deno.env, options.timeout);
  redact = redactor([found.settings.password], found.settings.username);
  return found;
}

async function readMessage(options: Options, name = fullyQualifiedHostName(options.timeout)) {
  const input = await readAll((into) => Deno.stdin.read(into), LONGEST_MESSAGE);
  const context = { hostName: await name, now: new Date(), id: crypto.randomUUID() };
  return buildMessage(input, options, context, new Uint8Array(input.buffer));
}

async function contextFor(options: Options, name = fullyQualifiedHostName(options.timeout)) {
  const hostName = await name;
  const transcript = (line: string) => options.verbose && say(visible(redact(line)));
  return contextIn({ timeout: options.timeout, hostName, environment: Deno.env, transcript });
}

/** What a library throws from an event, or never ends, does not undo what has been reached. */
function onLateError(event: Event): void {
  event.preventDefault();
  const cause = event instanceof ErrorEvent ? event.error : Reflect.get(event, "reason");
  const failure = cause ?? "there is nothing left to wait for";
  Deno.exit(outcome === undefined ? announceFailure(failure, audience) : statusOf(outcome));
}

async function main(): Promise<ExitStatus> {
  try {
    const options = parseOptions(Deno.args);
    return await MODES[options.mode](options);
  } catch (error) {
    return announceFailure(error, audience);
  }
}

// With nothing left to wait for Deno would end with 0, which says that the message is sent.
["error", "unhandledrejection", "beforeunload"].forEach((on) => addEventListener(on, onLateError));
main().then(Deno.exit);
