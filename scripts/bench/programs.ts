/**
 * The programs that the benchmark compares: how each is told to send the message of a case.
 *
 * @module
 */

import type { Folder } from "../../tests/support/hosts/folder.ts";
import { type Case, type Inputs, recipientsOf, SENDER, SUBJECT } from "./cases.ts";

/** The servers of a case. */
export type Target = {
  host: string;
  port: number;
  /** The certificate authority of the server, in PEM. */
  authorityFile: string;
  /** The Redis that knows the server as the smarthost, as `host:port`. */
  redisAddress: string;
  inputs: Inputs;
  /** A folder for programs that read their settings from a file. */
  folder: Folder;
};

/** A process to start. */
export type Command = {
  /** The paths of the program, of which each run takes the next. */
  copies: string[];
  args: string[];
  env: Record<string, string>;
  /** The file on its stdin. */
  input: string;
};

/** A program; it has no command for a case that it cannot do. */
export type Program = {
  name: string;
  /** True if it sends the message; false if it only shows the least time. */
  sends: boolean;
  /** The number of its recipients, if it is not that of the case. */
  recipients?: number;
  command(test: Case, target: Target): Promise<Command | undefined> | Command | undefined;
};

const PATH = "/usr/bin:/bin";

/** A program that sends nothing; it runs beside every case. */
export function floor(name: string, copies: string[]): Program {
  return {
    name,
    sends: false,
    command: (_, { host, port, inputs }) => ({
      copies,
      args: [host, `${port}`],
      env: {},
      input: inputs.line.message,
    }),
  };
}

/** ns8-sendmail, or another program that is called as it is. */
export function sendmail(name: string, copies: string[]): Program {
  return {
    name,
    sends: true,
    command: (test, { redisAddress, authorityFile, inputs }) => ({
      copies,
      args: ["-s", SUBJECT, "-f", SENDER, "--", ...recipientsOf(test)],
      env: { PATH, REDIS_ADDRESS: redisAddress, SSL_CERT_FILE: authorityFile },
      input: inputs[test.content].body ?? inputs[test.content].message,
    }),
  };
}

/** The program with one recipient, beside itself with many. */
export function toOne(program: Program): Program {
  return {
    ...program,
    recipients: 1,
    command: (test, target) =>
      test.recipients > 1 ? program.command({ ...test, recipients: 1 }, target) : undefined,
  };
}

/** The other programs that this host has. */
export async function peers(): Promise<Program[]> {
  const all = [msmtp, curl, swaks, sNail];
  const installed = await Promise.all(all.map(({ name }) => isFile(`/usr/bin/${name}`)));
  return all.filter((_, index) => installed[index]);
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const msmtp: Program = {
  name: "msmtp",
  sends: true,
  async command(test, { host, port, authorityFile, inputs, folder }) {
    const settings = [
      "account default",
      `host ${host}`,
      `port ${port}`,
      `from ${SENDER}`,
      `tls ${test.encryption === "none" ? "off" : "on"}`,
      `tls_starttls ${test.encryption === "starttls" ? "on" : "off"}`,
      `tls_trust_file ${authorityFile}`,
      "syslog LOG_MAIL",
    ];
    const file = await folder.write(`msmtp-${port}.conf`, settings.join("\n") + "\n");
    await Deno.chmod(file, 0o600);
    return {
      copies: ["/usr/bin/msmtp"],
      args: ["-C", file, "--", ...recipientsOf(test)],
      env: { PATH },
      input: inputs[test.content].message,
    };
  },
};

const curl: Program = {
  name: "curl",
  sends: true,
  command(test, { host, port, authorityFile, inputs }) {
    const scheme = test.encryption === "tls" ? "smtps" : "smtp";
    return {
      copies: ["/usr/bin/curl"],
      args: [
        ...["--silent", "--show-error", "--disable", "--cacert", authorityFile],
        ...(test.encryption === "starttls" ? ["--ssl-reqd"] : []),
        ...["--url", `${scheme}://${host}:${port}`, "--mail-from", SENDER],
        ...recipientsOf(test).flatMap((recipient) => ["--mail-rcpt", recipient]),
        ...["--upload-file", "-"],
      ],
      env: { PATH },
      input: inputs[test.content].message,
    };
  },
};

const swaks: Program = {
  name: "swaks",
  sends: true,
  command(test, { host, port, authorityFile, inputs }) {
    const tls = { none: [], starttls: ["--tls"], tls: ["--tls-on-connect"] }[test.encryption];
    return {
      copies: ["/usr/bin/swaks"],
      args: [
        ...["--silent", "3", "--server", host, "--port", `${port}`],
        ...["--from", SENDER, "--to", recipientsOf(test).join(","), "--data", "-"],
        ...tls,
        ...(tls.length > 0 ? ["--tls-verify", "--tls-ca-path", authorityFile] : []),
      ],
      env: { PATH },
      input: inputs[test.content].message,
    };
  },
};

const sNail: Program = {
  name: "s-nail",
  sends: true,
  command(test, { host, port, authorityFile, inputs }) {
    // It makes its messages itself.
    const { body } = inputs[test.content];
    if (body === undefined) return undefined;
    const scheme = test.encryption === "tls" ? "smtps" : "smtp";
    const settings = [
      ...["v15-compat", `mta=${scheme}://${host}:${port}`, "smtp-auth=none", "sendwait"],
      ...["tls-verify=strict", "tls-ca-no-defaults", `tls-ca-file=${authorityFile}`],
      ...(test.encryption === "starttls" ? ["smtp-use-starttls"] : []),
    ];
    return {
      copies: ["/usr/bin/s-nail"],
      args: [
        ...["-:/", ...settings.flatMap((setting) => ["-S", setting])],
        ...["-s", SUBJECT, "-r", SENDER, ...recipientsOf(test)],
      ],
      env: { PATH, HOME: "/nonexistent", MAILRC: "/dev/null", LC_ALL: "C.UTF-8" },
      input: body,
    };
  },
};
