/**
 * The smarthost settings of the cluster: the Redis hash, typed values, and the JSON of `--settings`.
 *
 * @module
 */

import { redisAddresses } from "./addresses.ts";
import { readHash } from "./redis.ts";
import { formatJson } from "../text/mod.ts";
import { ExitStatus, Failure } from "../outcome.ts";

/** The Redis key of the hash with the settings. */
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
 * The settings for an access token (RFC 6749), with the names of the hash. The login uses OAuth 2.0
 * if there is a token URL. The Python library does not know these fields.
 */
export type OAuth2Settings = {
  /** The token endpoint: `https:`, or `http:` on the loopback interface. */
  oauth2_token_url?: string;
  oauth2_client_id?: string;
  oauth2_client_secret?: string;
  oauth2_scope?: string;
  /** With it the grant is `refresh_token`, without it `client_credentials`. */
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
 * Reads the settings from a hash of strings, as Redis gives it. An empty hash gives the defaults;
 * unknown fields are ignored. Throws a Failure (78) that names the field, and its value if the value
 * is not secret.
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

/** Gives the OAuth 2.0 fields that are not empty; none without a token URL. */
function oauth2In(hash: Readonly<Record<string, string>>): OAuth2Settings {
  if (!hash["oauth2_token_url"]) return {};
  const set = OAUTH2_FIELDS.filter((field) => Object.hasOwn(hash, field) && hash[field] !== "");
  return Object.fromEntries(set.map((field) => [field, textOf(hash, field)]));
}

/**
 * Throws a Failure (78) that names the field if the settings ask for OAuth 2.0 and a login cannot
 * work with them.
 */
export function requireOAuth2(settings: SmarthostSettings): void {
  const url = settings.oauth2_token_url ?? "";
  if (url === "") return;
  const problem = urlProblem(url);
  if (problem !== undefined) throw wrong("oauth2_token_url", problem);
  for (const field of OAUTH2_FIELDS) {
    // RFC 6749, appendix A. A line break at the end is a common mistake, and servers reject it.
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

/** Gives what is wrong with a token URL; nothing if it can be used. */
function urlProblem(text: string): string | undefined {
  // The part before an @ or behind a question mark may be secret.
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

/** True if the host of a URL is this host itself (RFC 6761, 6.3; RFC 5735; RFC 4291, 2.5.3). */
function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d+){3}$/.test(hostname);
}

/** Gives the settings as one line of JSON, byte for byte as Python's `json.dump` writes it. */
export function formatSettings(settings: SmarthostSettings): string {
  const { port, host, username, password, enabled, encrypt_smtp, tls_verify } = settings;
  return formatJson({ port, host, username, password, enabled, encrypt_smtp, tls_verify });
}

/** What a wrong host may look like, and what is wrong with it. */
const NO_HOST: readonly [RegExp, string][] = [
  [/^[a-z][a-z\d+.-]*:\/\//i, "is a URL, and only its host belongs there"],
  [/\s/, "has blanks in it"],
  [/@/, "has an @ in it, and only what stands behind it is a host"],
  [/\//, "has a slash in it"],
  [/^(?:[^:]+|\[.*\]):\d+$/, "has a port in it, which belongs in the field port"],
  [/^\[.*\]$/, "has brackets round it, which do not belong there"],
];

/** Gives what is wrong with the host in the settings; nothing if it may be a host. */
export function hostProblem(host: string): string | undefined {
  return NO_HOST.find(([pattern]) => pattern.test(host))?.[1];
}

function textOf(hash: Readonly<Record<string, string>>, field: Field): string {
  const value = Object.hasOwn(hash, field) ? hash[field] : undefined;
  if (value === undefined) throw wrong(field, "the field is missing");
  // Decoding replaces bytes that are not UTF-8: a password would be another one.
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
