/**
 * The smarthost settings of the cluster: the Redis hash, typed values, and the JSON of `--settings`.
 *
 * @module
 */

import { readHash, redisAddresses } from "./redis.ts";
import { formatJson } from "../text/mod.ts";
import { ExitStatus, Failure } from "../outcome.ts";

/** The Redis key of the hash that the cluster keeps its settings in. */
export const SMARTHOST_KEY = "cluster/smarthost";

/** The settings; names and order are those of the hash and of the cluster's Python library. */
export type SmarthostSettings = {
  port: number;
  host: string;
  username: string;
  password: string;
  enabled: boolean;
  encrypt_smtp: "none" | "starttls" | "tls";
  tls_verify: boolean;
};

/** The settings of a cluster that has none yet. */
const DEFAULTS: SmarthostSettings = {
  port: 587,
  host: "",
  username: "",
  password: "",
  enabled: false,
  encrypt_smtp: "starttls",
  tls_verify: true,
};

type Field = keyof SmarthostSettings;

/**
 * The settings in a hash as Redis gives it, all strings; an empty hash gives the defaults, unknown
 * fields are ignored. Throws a Failure 78 that names the field, and its value unless that is the
 * password.
 */
export function parseSettings(hash: Readonly<Record<string, string>>): SmarthostSettings {
  if (Object.keys(hash).length === 0) return { ...DEFAULTS };
  return {
    port: portOf(hash),
    host: textOf(hash, "host"),
    username: textOf(hash, "username"),
    password: textOf(hash, "password"),
    enabled: flagOf(hash, "enabled"),
    encrypt_smtp: encryptionOf(hash),
    tls_verify: flagOf(hash, "tls_verify"),
  };
}

/** One line of JSON, byte for byte what Python's `json.dump` makes of the settings. */
export function formatSettings(settings: SmarthostSettings): string {
  const { port, host, username, password, enabled, encrypt_smtp, tls_verify } = settings;
  return formatJson({ port, host, username, password, enabled, encrypt_smtp, tls_verify });
}

function textOf(hash: Readonly<Record<string, string>>, field: Field): string {
  const value = Object.hasOwn(hash, field) ? hash[field] : undefined;
  if (value === undefined) throw wrong(field, "the field is missing");
  // What decoding leaves of bytes that are not UTF-8: a password would have changed unseen.
  if (value.includes("\ufffd")) throw wrong(field, "not valid UTF-8");
  return value;
}

function portOf(hash: Readonly<Record<string, string>>): number {
  const value = textOf(hash, "port");
  const port = /^[1-9][0-9]{0,4}$/.test(value) ? Number(value) : 0;
  if (port < 1 || port > 65535) {
    throw wrong("port", `${JSON.stringify(value)} is not a number from 1 to 65535`);
  }
  return port;
}

function flagOf(hash: Readonly<Record<string, string>>, field: "enabled" | "tls_verify"): boolean {
  const value = textOf(hash, field);
  if (value !== "0" && value !== "1") {
    throw wrong(field, `${JSON.stringify(value)} is neither "0" nor "1"`);
  }
  return value === "1";
}

function encryptionOf(hash: Readonly<Record<string, string>>): "none" | "starttls" | "tls" {
  const value = textOf(hash, "encrypt_smtp");
  if (value !== "none" && value !== "starttls" && value !== "tls") {
    throw wrong("encrypt_smtp", `${JSON.stringify(value)} is not "none", "starttls" or "tls"`);
  }
  return value;
}

function wrong(field: Field, why: string): Failure {
  const what = "The smarthost settings are wrong";
  return new Failure({ status: ExitStatus.configuration, what, where: field, why });
}

/** The settings, and the `host:port` of the Redis that had them. */
export type Found = { settings: SmarthostSettings; from: string };

/**
 * Reads the settings from the Redis that `REDIS_REPLICA_ADDRESS` and `REDIS_ADDRESS` name in the
 * environment; `timeout` is the longest wait for each of them, in milliseconds. Throws a Failure:
 * 75 and 77 for Redis, 78 for a wrong address or wrong settings.
 */
export async function readSmarthost(
  environment: { get(name: string): string | undefined },
  timeout: number,
): Promise<Found> {
  const replica = environment.get("REDIS_REPLICA_ADDRESS");
  const leader = environment.get("REDIS_ADDRESS");
  const { hash, from } = await readHash(
    redisAddresses({ replica, leader }),
    SMARTHOST_KEY,
    timeout,
  );
  return { settings: parseSettings(hash), from };
}
