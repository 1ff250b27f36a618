/**
 * A real Redis, set up like the replica on an agent host of a cluster.
 *
 * @module
 */

import { Redis } from "ioredis";
import { type Folder, temporaryFolder } from "../hosts/folder.ts";
import { readLines } from "../mail/lines.ts";
import { freePort, LOOPBACK } from "./tcp.ts";

/** The hash `cluster/smarthost` as Redis holds it: all fields are strings. */
export type SmarthostHash = Record<string, string>;

/** What `program.ts` must know of a Redis, real or scripted. */
export type RedisLike = {
  /** `host:port`. */
  readonly address: string;
  /** Every password that was ever stored in the smarthost's hash. */
  readonly passwords: readonly string[];
};

/** A running redis-server, ended by its disposal. */
export type RedisServer = AsyncDisposable & RedisLike & {
  readonly port: number;
  /** Stores the whole hash anew, in place of what was there. */
  store(hash: SmarthostHash): Promise<void>;
  /** Publishes, and tells how many were listening. */
  publish(channel: string, payload: string): Promise<number>;
  /** Does any other command as the administrator. */
  command(name: string, ...args: string[]): Promise<unknown>;
};

/** How Redis's own client logs in as the one who may do everything. */
const ADMINISTRATOR = { username: "cluster-admin", password: "administrators-word" };

/** The users of a cluster's Redis: agents read as `default`, with any password, `nopass` too. */
const USERS = [
  `user ${ADMINISTRATOR.username} on >${ADMINISTRATOR.password} ~* &* +@all`,
  "user default on nopass ~* &* -@all +@read +@connection +@pubsub +info",
];

const READY = "Ready to accept connections";

/**
 * The settings as the cluster stores them for a smarthost in the clear, without a login; what is
 * given replaces these.
 */
export function smarthostHash(
  server: { host: string; port: number },
  given: SmarthostHash = {},
): SmarthostHash {
  return {
    port: `${server.port}`,
    host: server.host,
    username: "",
    password: "",
    enabled: "1",
    encrypt_smtp: "none",
    tls_verify: "1",
    ...given,
  };
}

/** Everything in a hash that must never be seen. */
export function secretsIn(hash: SmarthostHash): string[] {
  return ["password", "oauth2_client_secret", "oauth2_refresh_token"].flatMap((field) =>
    hash[field] ?? []
  );
}

/** Starts a Redis on a free port; without a hash there are no settings in it. */
export async function redisServer(hash?: SmarthostHash): Promise<RedisServer> {
  const folder = await temporaryFolder();
  const users = await folder.write("users.acl", USERS.join("\n") + "\n");
  const { process, port } = await startServer(folder, users);
  const client = new Redis({ host: LOOPBACK, port, ...ADMINISTRATOR, disableClientInfo: true });
  const passwords: string[] = [];
  const server: RedisServer = {
    address: `${LOOPBACK}:${port}`,
    port,
    passwords,
    async store(hash) {
      passwords.push(...secretsIn(hash));
      await client.multi().del("cluster/smarthost").hset("cluster/smarthost", hash).exec();
    },
    publish: (channel, payload) => client.publish(channel, payload),
    command: (name, ...args) => client.call(name, ...args),
    async [Symbol.asyncDispose]() {
      client.disconnect();
      process.kill("SIGKILL");
      await process.status;
      await folder[Symbol.asyncDispose]();
    },
  };
  if (hash) await server.store(hash);
  return server;
}

/** Starts redis-server and waits until it is ready; another port where the first was taken. */
async function startServer(folder: Folder, users: string) {
  while (true) {
    const port = freePort();
    const process = new Deno.Command("redis-server", {
      args: ["--port", `${port}`, "--bind", LOOPBACK, "--save", "", "--appendonly", "no"]
        .concat("--dir", folder.path, "--aclfile", users),
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    let said = "";
    for await (const line of readLines(process.stdout)) {
      said += `${line}\n`;
      if (line.includes(READY)) return { process, port };
    }
    await process.status;
    if (!said.includes("Address already in use")) throw new Error(`redis-server ended:\n${said}`);
  }
}
