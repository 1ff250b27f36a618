/**
 * The listener, and the handlers that it runs.
 *
 * @module
 */

import {
  denoEnvironment,
  denoScript,
  projectFile,
  type RunningCommand,
  start,
} from "../program/command.ts";
import { type Folder, temporaryFolder } from "./folder.ts";
import { EXECUTABLE } from "../program/program.ts";

/** What is published when the settings change, byte for byte as the cluster does it. */
export const CHANNEL = "cluster/event/smarthost-changed";
export const PAYLOAD = `{"key": "cluster/smarthost"}`;

/** What `AGENT_INSTALL_DIR` names: a folder with the handlers of a module. */
export type Installation = Folder & {
  /** Puts a handler there, executable unless told otherwise, and gives its path. */
  handler(name: string, content: string, mode?: number): Promise<string>;
};

/** How the listener is started. */
export type ListenerOptions = {
  /** Where Redis is. */
  redis: { readonly address: string };
  /** The environment, beside PATH, REDIS_ADDRESS and AGENT_INSTALL_DIR. */
  env?: Record<string, string>;
  /** A command that runs the listener. */
  under?: string[];
};

/** Makes a folder for handlers, in which the program is on their PATH as `bin/ns8-sendmail`. */
export async function installation(): Promise<Installation> {
  const folder = await temporaryFolder();
  const handlers = folder.file("events/smarthost-changed");
  await Deno.mkdir(handlers, { recursive: true });
  await Deno.mkdir(folder.file("bin"));
  await Deno.symlink(EXECUTABLE, folder.file("bin/ns8-sendmail"));
  return {
    ...folder,
    async handler(name, content, mode = 0o755) {
      const path = `${handlers}/${name}`;
      await Deno.writeTextFile(path, content);
      await Deno.chmod(path, mode);
      return path;
    },
  };
}

/** The project's own handler as a module gets it, with what the module puts below its last line. */
export async function shippedHandler(more = ""): Promise<string> {
  return await Deno.readTextFile(projectFile("scripts/host/10handler")) + more;
}

/** Starts the listener, which may be listening or not when this returns. */
export function startListener(
  installation: Folder,
  { redis, env = {}, under = [] }: ListenerOptions,
): RunningCommand {
  const permissions = ["--allow-env", "--allow-net", "--allow-read", "--allow-run"];
  return start([...under, ...denoScript("scripts/listen.ts", ...permissions)], {
    env: {
      ...denoEnvironment(),
      PATH: `${installation.file("bin")}:/usr/bin:/bin`,
      REDIS_ADDRESS: redis.address,
      AGENT_INSTALL_DIR: installation.path,
      ...env,
    },
  });
}

/** Starts the listener and waits until it listens. */
export async function listener(
  installation: Folder,
  options: ListenerOptions,
): Promise<RunningCommand> {
  const running = startListener(installation, options);
  try {
    await running.said("Listening to Redis");
    return running;
  } catch (error) {
    await running[Symbol.asyncDispose]();
    throw error;
  }
}
