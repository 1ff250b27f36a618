/**
 * Packages of Debian's laid over the host's files, in a namespace of its own: mail servers, which
 * exclude each other, run side by side like that, and the host stays as it is.
 *
 * @module
 */

import { projectFile, run, type RunningCommand, start } from "../program/command.ts";

/** Where the sets of packages are unpacked, see scripts/toolchain/roots.sh. */
const ROOTS = `${Deno.env.get("NS8_SENDMAIL_CACHE") ?? projectFile(".cache")}/roots`;

/** A namespace of its own, with all its processes gone when it ends. */
const NAMESPACE = ["--mount", "--uts", "--pid", "--fork", "--kill-child"];

/** Whether a set of packages can be used: it is unpacked, and the test runs as root. */
export function hasPackages(set: string): boolean {
  if (Deno.uid() !== 0) return false;
  try {
    return Deno.statSync(`${ROOTS}/${set}/.packages`).isFile;
  } catch {
    return false;
  }
}

/**
 * Gives the command that runs a shell script where a set of packages is installed. The network and
 * the folders outside /usr, /etc, /var and /run are the host's. Whoever ends the command ends
 * everything that the script has started.
 */
export function withPackages(set: string, script: string, ...args: string[]): string[] {
  const lay = projectFile("tests/support/hosts/package_root.sh");
  return ["/usr/bin/unshare", ...NAMESPACE, "/bin/sh", lay, `${ROOTS}/${set}`, script, ...args];
}

/** Gives the command that installs packages for Red Hat, uses them and erases them, see rpm_root.sh. */
export function rpmLife(...packages: string[]): string[] {
  const script = projectFile("tests/support/hosts/rpm_root.sh");
  const namespace = ["--mount", "--pid", "--fork", "--kill-child"];
  return ["/usr/bin/unshare", ...namespace, "/bin/sh", script, `${ROOTS}/debian`, ...packages];
}

/**
 * Boots a real systemd inside a whole Debian without a mailer, with the units in the folder's `units`,
 * the files in its `etc`, and, if there is one, an executable as its sendmail. The folder is at
 * /outside there, and the network is the host's. Its disposal ends all of it.
 */
export function bootSystemd(folder: string, executable?: string): RunningCommand {
  const script = projectFile("tests/support/hosts/systemd_root.sh");
  const namespace = ["--mount", "--uts", "--ipc", "--pid", "--cgroup", "--fork"];
  const command = ["/bin/sh", script, `${ROOTS}/debian`, folder];
  if (executable !== undefined) command.push(executable);
  const running = start(["/usr/bin/unshare", ...namespace, ...command]);
  return {
    ...running,
    async [Symbol.asyncDispose]() {
      // systemd outlives whoever started it, and all of the namespace ends with systemd.
      // Deno itself may read that only with every permission that there is.
      const list = `/proc/${running.pid}/task/${running.pid}/children`;
      const { stdout } = await run(["/bin/cat", list]);
      for (const pid of stdout.trim().split(" ").filter(Boolean)) {
        await run(["/usr/bin/kill", "-9", pid]);
      }
      await running[Symbol.asyncDispose]();
    },
  };
}
