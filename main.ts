/**
 * ns8-sendmail: sends the message on standard input to the smarthost of a NethServer 8 cluster.
 *
 * The arguments become options. Settings come from Redis, the message from standard input. The
 * outcome of the delivery becomes exit status, standard error and a record in the system log.
 *
 * @module
 */

import process from "node:process";
import manifest from "./deno.json" with { type: "json" };
import { formatSettings, type Found, readSmarthost } from "./lib/cluster/mod.ts";
import { information, type Options, type OtherMode, parseOptions } from "./lib/command_line/mod.ts";
import {
  check,
  deliver,
  type DeliveryContext,
  deliveryContext,
  onlyTo,
  requireSmarthost,
  withRetries,
} from "./lib/delivery/mod.ts";
import {
  fullyQualifiedHostName,
  later,
  LONGEST_MESSAGE,
  outputTo,
  readAll,
  type SystemLog,
  systemLog,
  watchSignals,
  watchUnhandledErrors,
} from "./lib/host/mod.ts";
import { buildMessage, type Message } from "./lib/message/mod.ts";
import { asFailure, type ExitStatus, type Output, type Result, statusOf } from "./lib/outcome.ts";
import {
  announceBadAddress,
  announceFailure,
  announceMessage,
  announcePause,
  announceReport,
  announceResult,
  attemptOf,
  recordResult,
  type SecretKeeper,
  secretKeeper,
  transcriptLines,
  waitingNotice,
} from "./lib/report/mod.ts";
import { seedRandomness } from "./lib/tls/mod.ts";

/** What a run gets in addition to its arguments. */
type Run = {
  output: Output;
  /** Rejects if a library throws in an event, or if nothing is left to wait for. */
  failed: Promise<never>;
  /** Called with the result of each attempt, which later errors do not change; with nothing at its start. */
  onResult: (result: Result | undefined) => void;
};

async function main(args: readonly string[], run: Run): Promise<number> {
  const options = parseOptions(args, process.argv0);
  const { badAddress, mail, mode } = options;
  if (mode !== "send") return await Promise.race([run.failed, runOther(mode, options, run.output)]);
  if (badAddress === undefined) return await send(options, run);
  return announceBadAddress(badAddress, mail, Deno.hostname(), run.output, systemLog(Deno.pid));
}

/** Runs a mode that sends nothing. */
async function runOther(mode: OtherMode, options: Options, output: Output): Promise<ExitStatus> {
  switch (mode) {
    case "settings":
      return await output.print(`${formatSettings((await readSettings(options)).settings)}\n`);
    case "dry-run":
      return await announceMessage(await readMessage(options), output);
    case "check":
      return await runCheck(options, output);
    default:
      return await output.print(`${information(mode, manifest.version)}\n`);
  }
}

async function runCheck(options: Options, output: Output): Promise<ExitStatus> {
  const secrets = secretKeeper();
  const settings = readSettings(options, secrets);
  await settings.catch(() => {});
  const context = await contextFor(options, output, secrets);
  const report = await check(() => settings, context, new Date());
  return await announceReport(report, options.json, { ...output, redact: secrets.redact });
}

/** Makes attempts to send; each leaves a record in the system log. */
async function send(options: Options, { output, failed, onResult }: Run): Promise<number> {
  const log = systemLog(Deno.pid);
  const name = fullyQualifiedHostName(options.timeout);
  const secrets = secretKeeper();
  const shown = { ...output, redact: secrets.redact };
  const signals = watchSignals();
  const { aborted } = signals;
  const isWatched = !options.verbose && Deno.stderr.isTerminal();
  const notice = waitingNotice(isWatched ? output.writeError : undefined, later);
  const message = readMessage(options, name);
  let known: Parameters<typeof attemptOf>[2] = {};
  message.then((message) => [notice.begin(), known = { ...known, message }], () => {});
  const describe = (what: typeof known) => attemptOf(options.mail, Deno.hostname(), what);
  const onSettled = (result: Result) => [signals.settle(), onResult(result)];
  const attempt = async (recipients?: readonly string[]) => {
    signals.begin();
    onResult(undefined);
    notice.waitForRedis();
    const settings = readSettings(options, secrets);
    settings.then(
      ({ settings }) => [known = { ...known, settings }, notice.waitForSmarthost(settings)],
      () => {},
    );
    const sources = { settings, message: message.then((all) => onlyTo(all, recipients)), name };
    const watchers = { log, aborted, onOutcome: onSettled, onSent: notice.sent };
    const outcome = submit(options, sources, secrets, output, watchers);
    const result = await Promise.race([failed, signals.stopped, outcome]).catch(asFailure);
    onSettled(result);
    const ours = known.message && onlyTo(known.message, recipients);
    await recordResult(result, describe({ ...known, message: ours }), secrets.redact, log);
    return result;
  };
  const result = await withRetries(attempt, {
    duration: options.retry,
    elapsed: () => performance.now(),
    async pause(milliseconds, last) {
      notice.waitForRetry();
      if (options.verbose && !aborted.aborted) announcePause(milliseconds, last, shown);
      return await signals.pause(milliseconds);
    },
  });
  notice.end();
  if (aborted.aborted) return await signals.endBySignal(Deno.pid);
  return await announceResult(result, describe(known), options.json, shown);
}

/** The inputs of a delivery, which are read at the same time: Redis, standard input, the host's name. */
type Sources = { settings: Promise<Found>; message: Promise<Message>; name: Promise<string> };

/** Delivers the message when all inputs have been read; throws the first failure. */
async function submit(
  options: Options,
  { settings: reading, message, name }: Sources,
  secrets: SecretKeeper,
  output: Output,
  { log, ...watchers }: Partial<DeliveryContext> & { log: SystemLog },
) {
  const settings = reading.then(({ settings }) => {
    if (settings.encrypt_smtp !== "none") seedRandomness();
    return requireSmarthost(settings);
  });
  const [smarthost, content] = await Promise.all([settings, message]);
  const context = await contextFor(options, output, secrets, name);
  const progress = (step: string) => step === "connect" && log.prepare();
  return await deliver(content, smarthost, { ...context, ...watchers, progress });
}

/** Reads the settings; their secrets are masked from then on. */
async function readSettings({ timeout }: Options, secrets = secretKeeper()): Promise<Found> {
  const found = await readSmarthost(Deno.env, timeout);
  secrets.keepSettings(found.settings);
  return found;
}

async function readMessage({ mail, timeout }: Options, name = fullyQualifiedHostName(timeout)) {
  const input = await readAll((into) => Deno.stdin.read(into), LONGEST_MESSAGE);
  const context = { hostName: await name, now: new Date(), id: crypto.randomUUID() };
  return buildMessage(input, mail, context);
}

async function contextFor(
  { timeout, finalTimeout, verbose }: Options,
  output: Output,
  { redact, keep: onSecret }: SecretKeeper,
  name = fullyQualifiedHostName(timeout),
) {
  const transcript = (said: string) =>
    verbose && transcriptLines(said, redact).forEach(output.writeError);
  const [hostName, environment] = [await name, Deno.env];
  return deliveryContext({ hostName, environment, timeout, finalTimeout, transcript, onSecret });
}

/** Runs the program and ends the process with its exit status. */
function start(): void {
  const output = outputTo(Deno.stdout, Deno.stderr);
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => {});
  let status: ExitStatus | undefined;
  const onResult: Run["onResult"] = (result) => void (status = result && statusOf(result));
  watchUnhandledErrors((cause) => status === undefined ? reject(cause) : Deno.exit(status));
  main(Deno.args, { output, failed, onResult })
    .catch((error) => announceFailure(error, output))
    .then(Deno.exit);
}

start();
