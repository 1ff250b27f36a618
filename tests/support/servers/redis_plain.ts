/**
 * A Redis without users and settings, on a port of the test's choice: one that is ended and
 * started again.
 *
 * @module
 */

import { Redis } from "ioredis";
import { Buffer } from "node:buffer";
import { start } from "../program/command.ts";
import { temporaryFolder } from "../hosts/folder.ts";
import { freePort, LOOPBACK } from "./tcp.ts";

/** A running redis-server, ended by its disposal. */
export type PlainRedis = AsyncDisposable & {
  readonly port: number;
  /** `host:port`. */
  readonly address: string;
  /** Publishes, and tells how many were listening. */
  publish(channel: string, payload: string | Uint8Array): Promise<number>;
};

/** Starts a Redis and waits until it is ready. */
export async function plainRedis(port = freePort()): Promise<PlainRedis> {
  const folder = await temporaryFolder();
  const server = start([
    ...["redis-server", "--port", `${port}`, "--bind", LOOPBACK],
    ...["--save", "", "--appendonly", "no", "--dir", folder.path],
  ]);
  await server.said("Ready to accept connections");
  const client = new Redis({ host: LOOPBACK, port, disableClientInfo: true });
  return {
    port,
    address: `${LOOPBACK}:${port}`,
    publish: (channel, payload) => client.publish(channel, Buffer.from(payload)),
    async [Symbol.asyncDispose]() {
      client.disconnect();
      await server[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
