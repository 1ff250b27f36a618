/**
 * ns8-sendmail: hands the message on standard input to the smarthost of a NethServer 8 cluster.
 *
 * The arguments become options. Redis gives the settings of the smarthost, and standard input the
 * message. Both together make an outcome, and the outcome an exit status, lines on standard error
 * and a record in the system log. Each step is one call into a folder of `lib`.
 *
 * @module
 */

import manifest from "./deno.json" with { type: "json" };
import { formatSettings, type Found, readSmarthost } from "./lib/cluster/mod.ts";
import { type Options, parseOptions, usage } from "./lib/command_line/mod.ts";
import { check, contextIn, deliver, requireSmarthost } from "./lib/delivery/mod.ts";
import {
  fullyQualifiedHostName,
  LONGEST_MESSAGE,
  outputTo,
  readAll,
  type SystemLog,
  systemLog,
} from "./lib/host/mod.ts";
import { buildMessage, type Mail, type Message } from "./lib/message/mod.ts";
import { asFailure, ExitStatus, type Failure, type Outcome, statusOf } from "./lib/outcome.ts";
import {
  announceFailure,
  announceReport,
  announceResult,
  attemptOf,
  type Output,
  type SecretKeeper,
  secretKeeper,
  transcriptLines,
  unreadableText,
} from "./lib/report/mod.ts";
import { seedRandomness } from "./lib/smtp/mod.ts";

/** What a run has beside its arguments. */
type Run = {
  output: Output;
  /** Rejects when a library throws from an event, or when nothing is left to wait for. */
  late: Promise<never>;
  /** Takes the result of an attempt to send; nothing that happens later changes it. */
  onResult: (result: Failure | Outcome) => void;
};

async function main(args: readonly string[], run: Run): Promise<ExitStatus> {
  const options = parseOptions(args);
  if (options.mode === "send") return await send(options, run);
  return await Promise.race([run.late, answer(options, run.output)]);
}

/** Does what sends nothing. */
async function answer(options: Options, output: Output): Promise<ExitStatus> {
  switch (options.mode) {
    case "help":
      return await output.print(`${usage()}\n`);
    case "version":
      return await output.print(`ns8-sendmail ${manifest.version}\n`);
    case "settings":
      return await output.print(`${formatSettings((await readSettings(options)).settings)}\n`);
    case "dry-run":
      return await showMessage(await readMessage(options), output);
    default:
      return await tryOut(options, output);
  }
}

/** Prints the message. The status is that of recipients in its header that cannot be read. */
async function showMessage(message: Message, output: Output): Promise<ExitStatus> {
  const { content, envelope: { unreadable } } = message;
  const status = await output.print(content);
  if (unreadable === undefined) return status;
  output.writeError(`Error: ${unreadableText(unreadable)}`);
  return ExitStatus.noUser;
}

async function tryOut(options: Options, output: Output): Promise<ExitStatus> {
  const secrets = secretKeeper();
  const settings = readSettings(options, secrets);
  await settled(settings);
  const report = await check(
    () => settings,
    await contextFor(options, output, secrets),
    new Date(),
  );
  return await announceReport(report, options.json, { ...output, redact: secrets.redact });
}

async function send(options: Options, { output, late, onResult }: Run): Promise<ExitStatus> {
  const log = systemLog(Deno.pid);
  const name = fullyQualifiedHostName(options.timeout);
  const secrets = secretKeeper();
  const settings = readSettings(options, secrets);
  const message = readMessage(options, name);
  const outcome = submit(options, { settings, message, name }, secrets, output, log);
  const result = await Promise.race([late, outcome]).catch(asFailure);
  onResult(result);
  const known = { settings: (await soFar(settings))?.settings, message: await soFar(message) };
  const attempt = attemptOf(options.mail, Deno.hostname(), known);
  const audience = { ...output, redact: secrets.redact };
  return await announceResult(result, attempt, options.json, audience, log);
}

/** What a submission waits for: Redis, standard input and the host's name, side by side. */
type Sources = { settings: Promise<Found>; message: Promise<Message>; name: Promise<string> };

/** Hands the message over as soon as everything is known; the first failure counts. */
async function submit(
  options: Options,
  { settings: reading, message, name }: Sources,
  secrets: SecretKeeper,
  output: Output,
  log: SystemLog,
): Promise<Outcome> {
  const settings = reading.then(({ settings }) => {
    if (settings.encrypt_smtp !== "none") seedRandomness();
    return requireSmarthost(settings);
  });
  const [smarthost, content] = await Promise.all([settings, message]);
  const context = await contextFor(options, output, secrets, name);
  const progress = (step: string) => step === "connect" && log.prepare();
  return await deliver(content, smarthost, { ...context, progress });
}

/** Reads the settings; what is secret in them is kept from then on. */
async function readSettings({ timeout }: Options, secrets = secretKeeper()): Promise<Found> {
  const found = await readSmarthost(Deno.env, timeout);
  secrets.keepSettings(found.settings);
  return found;
}

async function readMessage(
  { mail, timeout }: { mail: Mail; timeout: number },
  name = fullyQualifiedHostName(timeout),
): Promise<Message> {
  const input = await readAll((into) => Deno.stdin.read(into), LONGEST_MESSAGE);
  const context = { hostName: await name, now: new Date(), id: crypto.randomUUID() };
  return buildMessage(input, mail, context);
}

async function contextFor(
  { timeout, finalTimeout, verbose }: Options,
  output: Output,
  { redact, keep }: SecretKeeper,
  name = fullyQualifiedHostName(timeout),
) {
  const transcript = (said: string) =>
    verbose && transcriptLines(said, redact).forEach(output.writeError);
  return contextIn({
    timeout,
    finalTimeout,
    hostName: await name,
    environment: Deno.env,
    transcript,
    onSecret: keep,
  });
}

/** The value of a promise; nothing where it fails. */
function settled<T>(promise: Promise<T>): Promise<T | undefined> {
  return promise.catch(() => undefined);
}

/** The value of a promise that has one already, without waiting for one that has not. */
function soFar<T>(promise: Promise<T>): Promise<T | undefined> {
  return Promise.race([settled(promise), Promise.resolve().then(() => undefined)]);
}

/** Runs the program, and ends the process with its status whatever happens. */
function start(): void {
  const output = outputTo(Deno.stdout, Deno.stderr);
  const { promise: late, reject } = Promise.withResolvers<never>();
  late.catch(() => {});
  let status: ExitStatus | undefined;
  const onResult = (result: Failure | Outcome) => void (status = statusOf(result));
  const onLate = (event: Event) => {
    event.preventDefault();
    if (status !== undefined) Deno.exit(status);
    const cause = event instanceof ErrorEvent ? event.error : Reflect.get(event, "reason");
    reject(cause ?? new Error("there is nothing left to wait for"));
  };
  // With nothing left to wait for Deno would end with 0, which says that the message is sent.
  for (const type of ["error", "unhandledrejection", "beforeunload"]) {
    addEventListener(type, onLate);
  }
  main(Deno.args, { output, late, onResult })
    .catch((error) => announceFailure(error, output))
    .then(Deno.exit);
}

start();
