#!/usr/bin/env -S deno run --allow-env --allow-net --allow-read --allow-sys=hostname
/**
 * Sets the smarthost as the cluster's own action does: stores the settings in Redis and publishes
 * the event smarthost-changed, in one transaction. For test clusters; a real one has its user
 * interface. `--help` shows how it is used.
 *
 * Reads the settings as the JSON object that `ns8-sendmail --settings` prints and that the cluster's
 * action takes, so that the password is in no argument. Settings that `ns8-sendmail` could not use
 * are not stored.
 *
 * The object may also hold fields of OAuth 2.0, which `--settings` does not print. A field that is
 * null or empty is removed, and one that is not there stays as it is.
 *
 * @module
 */

import { OAUTH2_FIELDS, parseSettings, redisAddresses } from "../lib/cluster/mod.ts";
import type { SmarthostSettings } from "../lib/cluster/mod.ts";
import { check, deliveryContext, requireSmarthost } from "../lib/delivery/mod.ts";
import { fullyQualifiedHostName, outputTo } from "../lib/host/mod.ts";
import { DEFAULT_TIMEOUTS, ExitStatus, Failure, formatAddress } from "../lib/outcome.ts";
import { announceReport, errorLines, secretKeeper } from "../lib/report/mod.ts";
import { formatJson } from "../lib/text/mod.ts";
import { changedSettings, changeIn, MASK, readInput, SECRETS } from "./smarthost/input.ts";
import { apply, storedHash, withRedis } from "./smarthost/redis.ts";

const HELP = `Usage: set-smarthost [OPTION]... < SETTINGS
Stores smarthost settings in the Redis of a test cluster and tells all listeners.
SETTINGS is the JSON object that ns8-sendmail --settings prints.

Example:
  ns8-sendmail --settings | jq '.enabled = true | .host = "mail.example.org"' |
    REDIS_USER=cluster REDIS_PASSWORD=... deno task set-smarthost --check

  --check          connect, encrypt and log in first; store only settings that work
  -v, --verbose    say where Redis is
  --show           print what is stored, with secrets masked
  --remove-oauth2  remove all fields of OAuth 2.0
  -h, --help       print this text

REDIS_ADDRESS says where Redis is (default 127.0.0.1:6379), REDIS_USER and REDIS_PASSWORD who writes.`;

/** What to do, and how. */
type Options = { action: "store" | "show" | "remove" | "help"; check: boolean; verbose: boolean };

const ACTIONS: Readonly<Record<string, Options["action"]>> = {
  "--show": "show",
  "--remove-oauth2": "remove",
  "--help": "help",
  "-h": "help",
};

/** Reads the arguments. Throws a Failure (64) for an option that is unknown or does not go with another. */
function optionsIn(args: readonly string[]): Options {
  const options: Options = { action: "store", check: false, verbose: false };
  for (const arg of args) {
    const action = Object.hasOwn(ACTIONS, arg) ? ACTIONS[arg] : undefined;
    if (arg === "--check" && !options.check) options.check = true;
    else if (arg === "-v" || arg === "--verbose") options.verbose = true;
    else if (action !== undefined && options.action === "store") options.action = action;
    else throw usage(action ? `${arg} cannot be used with ${args[0]}` : `Unknown argument ${arg}`);
  }
  if (options.check && options.action !== "store") throw usage("--check is for new settings only");
  return options;
}

function usage(what: string): Failure {
  return new Failure({ status: ExitStatus.usage, what, why: "see set-smarthost --help" });
}

/** Gives a variable of the environment. Throws a Failure (78) if it is not set. */
function variable(name: string): string {
  const value = Deno.env.get(name);
  if (value) return value;
  throw new Failure({ status: ExitStatus.configuration, what: `${name} is not set` });
}

/** Gives all stored fields as JSON, with secrets masked. */
function masked(hash: Readonly<Record<string, string>>): string {
  const fields = Object.entries(parseSettings(hash)).map(([field, value]) =>
    [field, SECRETS.includes(field) && value !== "" ? MASK : value] as const
  );
  return formatJson(Object.fromEntries(fields));
}

/**
 * Tries the settings step by step, as the cluster's own action does, and prints each step. Throws a
 * Failure if they do not work; it says that nothing was stored.
 */
async function tryOut(settings: SmarthostSettings): Promise<void> {
  const output = outputTo(Deno.stdout, Deno.stderr);
  const secrets = secretKeeper();
  secrets.keepSettings(settings);
  const { answer: timeout } = DEFAULT_TIMEOUTS;
  const hostName = await fullyQualifiedHostName(timeout);
  const context = deliveryContext({
    ...{ timeout, finalTimeout: timeout, hostName, environment: Deno.env },
    onSecret: secrets.keep,
  });
  const report = await check(() => Promise.resolve({ settings, from: "" }), context, new Date());
  // The first step names the Redis of the settings, and these are not stored yet.
  const steps = report.steps.slice(1);
  const { failure, ...found } = { ...report, steps };
  await announceReport(found, false, { ...output, redact: secrets.redact });
  if (failure === undefined) return;
  const { why, reply } = failure.details;
  throw new Failure({
    ...failure.details,
    ...(why !== undefined && { why: secrets.redact(why) }),
    ...(reply && { reply: { ...reply, text: secrets.redact(reply.text) } }),
    hint: "the settings are not stored",
  });
}

/** Does what the arguments ask for, and gives the text to print. */
async function main(args: readonly string[]): Promise<string> {
  const { action, check, verbose } = optionsIn(args);
  if (action === "help") return HELP;
  const [address] = redisAddresses({ leader: Deno.env.get("REDIS_ADDRESS") });
  const login = { username: variable("REDIS_USER"), password: variable("REDIS_PASSWORD") };
  const stored = (told: number) =>
    `The settings are stored${verbose ? ` in Redis at ${formatAddress(address)}` : ""}; ` +
    `${told} ${told === 1 ? "listener was" : "listeners were"} told`;
  switch (action) {
    case "show":
      return masked(await withRedis(address, login, storedHash));
    case "remove": {
      const change = { fields: {}, removed: [...OAUTH2_FIELDS] };
      return stored(await withRedis(address, login, (redis) => apply(redis, change)));
    }
    case "store": {
      const change = changeIn(await readInput());
      const settings = changedSettings(await withRedis(address, login, storedHash), change);
      if (settings.enabled) requireSmarthost(settings);
      if (check && settings.enabled) await tryOut(settings);
      return stored(await withRedis(address, login, (redis) => apply(redis, change)));
    }
  }
}

try {
  console.log(await main(Deno.args));
  Deno.exit(ExitStatus.ok);
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  for (const line of errorLines(error)) console.error(line);
  Deno.exit(error.details.status);
}
