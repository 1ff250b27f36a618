/**
 * The smarthost settings of the cluster: the Redis hash, typed values, and the JSON of `--settings`.
 *
 * @module
 */

import { redisAddresses } from "./addresses.ts";
import { readHash } from "./redis.ts";
import { formatJson } from "../text/mod.ts";
import { ExitStatus, Failure } from "../outcome.ts";

/** The Redis key of the hash that the cluster keeps its settings in. */
export const SMARTHOST_KEY = "cluster/smarthost";

/** The settings; names and order are those of the hash and of the cluster's Python library. */
export type SmarthostSettings = OAuth2Settings & {
  port: number;
  host: string;
  username: string;
  password: string;
  enabled: boolean;
  encrypt_smtp: "none" | "starttls" | "tls";
  tls_verify: boolean;
};

/**
 * How to get an access token for the login (RFC 6749), with the names of the hash. The login is by
 * OAuth 2.0 where there is a token URL. The Python library does not know these fields.
 */
export type OAuth2Settings = {
  /** The token endpoint: `https:`, or `http:` on the loopback interface. */
  oauth2_token_url?: string;
  oauth2_client_id?: string;
  oauth2_client_secret?: string;
  oauth2_scope?: string;
  /** Where it is there, the grant is `refresh_token`, else `client_credentials`. */
  oauth2_refresh_token?: string;
};

/** The fields of {@linkcode OAuth2Settings}. */
export const OAUTH2_FIELDS = [
  "oauth2_token_url",
  "oauth2_client_id",
  "oauth2_client_secret",
  "oauth2_scope",
  "oauth2_refresh_token",
] as const;

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
  const settings: SmarthostSettings = {
    port: portOf(hash),
    host: textOf(hash, "host"),
    username: textOf(hash, "username"),
    password: textOf(hash, "password"),
    enabled: flagOf(hash, "enabled"),
    encrypt_smtp: encryptionOf(hash),
    tls_verify: flagOf(hash, "tls_verify"),
    ...oauth2In(hash),
  };
  requireOAuth2(settings);
  return settings;
}

/** The fields of OAuth 2.0 that are not empty; none without a token URL. */
function oauth2In(hash: Readonly<Record<string, string>>): OAuth2Settings {
  if (!hash["oauth2_token_url"]) return {};
  const set = OAUTH2_FIELDS.filter((field) => Object.hasOwn(hash, field) && hash[field] !== "");
  return Object.fromEntries(set.map((field) => [field, textOf(hash, field)]));
}

/**
 * Throws a Failure 78 that names the field where the settings ask for OAuth 2.0, and the login could
 * never work with them.
 */
export function requireOAuth2(settings: SmarthostSettings): void {
  const url = settings.oauth2_token_url ?? "";
  if (url === "") return;
  const problem = urlProblem(url);
  if (problem !== undefined) throw wrong("oauth2_token_url", problem);
  for (const field of OAUTH2_FIELDS) {
    // RFC 6749, appendix A. A line break at the end is a common slip, and no server forgives it.
    if (/[^ -~]/.test(settings[field] ?? "")) {
      throw wrong(field, "only printable ASCII characters are allowed");
    }
  }
  const { oauth2_client_id: id, oauth2_client_secret: secret, oauth2_refresh_token: refresh } =
    settings;
  if (!id) throw wrong("oauth2_client_id", "OAuth 2.0 needs it, and it is missing or empty");
  if (!secret && !refresh) {
    const why = "OAuth 2.0 needs it where there is no refresh token, and it is missing or empty";
    throw wrong("oauth2_client_secret", why);
  }
  if (!/^[^\p{Cc}]+$/u.test(settings.username)) {
    throw wrong("username", "OAuth 2.0 needs the name of the mailbox, without control characters");
  }
  if (settings.encrypt_smtp !== "none") return;
  throw wrong("encrypt_smtp", 'OAuth 2.0 needs "starttls" or "tls", and it is "none"');
}

/** What is wrong with a token URL; nothing where it can be used. */
function urlProblem(text: string): string | undefined {
  // What stands in front of an @ or behind a question mark may be a secret.
  const shown = JSON.stringify(
    text.replace(/^[^/]*\/\/[^/]*@/, "***@").replace(/[?#].*$/s, "?***"),
  );
  if (!/^[!-~]+$/.test(text)) return `${shown} has characters that a URL cannot have`;
  const url = URL.parse(text);
  if (url === null) return `${shown} is not a URL`;
  if (url.username !== "" || url.password !== "") return "a URL with a user name is not allowed";
  if (text.includes("#")) return "a URL with a fragment is not allowed";
  if (url.protocol === "https:") return undefined;
  if (url.protocol === "http:" && isLoopback(url.hostname)) return undefined;
  return `${shown} does not begin with "https://"`;
}

/** Whether the host of a URL is this host itself (RFC 6761, 6.3; RFC 5735; RFC 4291, 2.5.3). */
function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d+){3}$/.test(hostname);
}

/** One line of JSON, byte for byte what Python's `json.dump` makes of the settings. */
export function formatSettings(settings: SmarthostSettings): string {
  const { port, host, username, password, enabled, encrypt_smtp, tls_verify } = settings;
  return formatJson({ port, host, username, password, enabled, encrypt_smtp, tls_verify });
}

/** What a host has that no host name has, and where it belongs, in words. */
const NO_HOST: readonly [RegExp, string][] = [
  [/^[a-z][a-z\d+.-]*:\/\//i, "is a URL, and only its host belongs there"],
  [/\s/, "has blanks in it"],
  [/@/, "has an @ in it, and only what stands behind it is a host"],
  [/\//, "has a slash in it"],
  [/^(?:[^:]+|\[.*\]):\d+$/, "has a port in it, which belongs in the field port"],
  [/^\[.*\]$/, "has brackets round it, which do not belong there"],
];

/** What is wrong with the host in the settings, in words; nothing where it may be a host. */
export function hostProblem(host: string): string | undefined {
  return NO_HOST.find(([pattern]) => pattern.test(host))?.[1];
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
