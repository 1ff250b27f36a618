/**
 * Prints, as a table in Markdown, what the program says of each typical slip of an administrator, and
 * what msmtp, swaks, s-nail and curl say of the same slip. A program that is not installed has an
 * empty column.
 *
 * Usage: deno task slips
 *
 * @module
 */

import { startSendmail } from "../tests/support/program/program.ts";
import { prepareSlips, type Slip } from "../tests/support/servers/slips.ts";
import type { SmarthostHash } from "../tests/support/servers/redis.ts";

/** The task of another program: the same settings, one recipient, a file of authorities. */
type Task = { hash: SmarthostHash; recipient: string; authorityFile: string };

/** The command line of a program for a task; its input is the message. */
type CommandLine = (task: Task) => string[];

const SENDER = "alerts@mail.test";

/** The longest wait of the other programs, in seconds. */
const PATIENCE = 6;

/** The value of a setting, which every hash of the table has. */
const of = (hash: SmarthostHash, field: string) => hash[field] ?? "";

const OTHERS: Readonly<Record<string, CommandLine>> = {
  msmtp: ({ hash, recipient, authorityFile }) => {
    const encryption = of(hash, "encrypt_smtp");
    return [
      ...["msmtp", `--host=${of(hash, "host")}`, `--port=${of(hash, "port")}`],
      `--tls=${encryption === "none" ? "off" : "on"}`,
      ...(encryption === "none" ? [] : [`--tls-trust-file=${authorityFile}`]),
      ...(encryption === "starttls" ? ["--tls-starttls=on"] : ["--tls-starttls=off"]),
      ...(of(hash, "username") === "" ? [] : [
        ...["--auth=on", `--user=${of(hash, "username")}`],
        `--passwordeval=echo ${of(hash, "password")}`,
      ]),
      ...[`--timeout=${PATIENCE - 1}`, `--from=${SENDER}`, "--", recipient],
    ];
  },
  swaks: ({ hash, recipient, authorityFile }) => {
    const encryption = of(hash, "encrypt_smtp");
    return [
      ...["swaks", "--silent", "2", "--timeout", `${PATIENCE - 1}`],
      ...["--server", of(hash, "host"), "--port", of(hash, "port")],
      ...(encryption === "none" ? [] : [encryption === "tls" ? "--tls-on-connect" : "--tls"]),
      ...(encryption === "none" ? [] : ["--tls-verify", "--tls-ca-path", authorityFile]),
      ...(of(hash, "username") === "" ? [] : [
        ...["--auth", "--auth-user", of(hash, "username")],
        ...["--auth-password", of(hash, "password")],
      ]),
      ...["--from", SENDER, "--to", recipient, "--body", "-"],
    ];
  },
  "s-nail": ({ hash, recipient, authorityFile }) => {
    const encryption = of(hash, "encrypt_smtp");
    const login = of(hash, "username") === ""
      ? ""
      : `${encodeURIComponent(of(hash, "username"))}:${encodeURIComponent(of(hash, "password"))}@`;
    const scheme = encryption === "tls" ? "smtps" : "smtp";
    const settings = [
      "v15-compat",
      `mta=${scheme}://${login}${of(hash, "host")}:${of(hash, "port")}`,
      ...(encryption === "starttls" ? ["smtp-use-starttls"] : []),
      `smtp-auth=${login === "" ? "none" : "plain"}`,
      ...[
        "tls-verify=strict",
        `tls-ca-file=${authorityFile}`,
        "tls-ca-no-defaults",
        "sendwait",
        "DEAD=/dev/null",
      ],
      `from=${SENDER}`,
    ];
    const options = settings.flatMap((setting) => ["-S", setting]);
    return ["s-nail", "-:/", ...options, "-s", "Alarm", recipient];
  },
  curl: ({ hash, recipient, authorityFile }) => {
    const encryption = of(hash, "encrypt_smtp");
    const scheme = encryption === "tls" ? "smtps" : "smtp";
    return [
      ...["curl", "--silent", "--show-error", "--max-time", `${PATIENCE - 1}`],
      ...["--cacert", authorityFile],
      ...(encryption === "starttls" ? ["--ssl-reqd"] : []),
      ...(of(hash, "username") === ""
        ? []
        : ["--user", `${of(hash, "username")}:${of(hash, "password")}`]),
      ...["--mail-from", SENDER, "--mail-rcpt", recipient, "--upload-file", "-"],
      `${scheme}://${of(hash, "host")}:${of(hash, "port")}`,
    ];
  },
};

/** Gives the result of a run, for one cell of the table. */
function cell(status: number, output: string): string {
  const lines = output.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  // A program may print the password; the table must not.
  const text = lines.join(" / ").replaceAll(/correct horse bat+ery/g, "***");
  const escaped = text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
  return `${status}${escaped === "" ? ", says nothing" : `: ${escaped}`}`;
}

/** Gives what another program says of a slip; empty if it is not installed. */
async function say(command: readonly string[], { circumstances }: Slip): Promise<string> {
  const under = circumstances.under ?? [];
  const limited = ["/usr/bin/timeout", `${PATIENCE}`, ...command];
  const [program = "", ...args] = [...under, ...limited];
  const child = new Deno.Command(program, {
    args,
    clearEnv: true,
    env: { PATH: "/usr/bin:/bin:/usr/sbin", LC_ALL: "C.UTF-8", HOME: "/nonexistent" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const input = circumstances.stdin;
  const body = typeof input === "string" ? input : "";
  const writer = child.stdin.getWriter();
  // A program may close its input before it has read everything.
  await writer.write(new TextEncoder().encode(`Subject: Alarm\n\n${body}`)).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stderr, stdout } = await child.output();
  const text = [stderr, stdout].map((bytes) => new TextDecoder().decode(bytes)).join("\n");
  return code === 127 ? "" : cell(code, text);
}

/** Says when a program waited until its time was over. */
function withPatience(words: string): string {
  return words.startsWith("124") ? `hangs for ${PATIENCE} s and more` : words;
}

await using prepared = await prepareSlips();
const { slips, authorityFile } = prepared;
const names = Object.keys(OTHERS);
console.log(`| slip | ns8-sendmail | ${names.join(" | ")} |`);
console.log(`| --- | --- | ${names.map(() => "---").join(" | ")} |`);
for (const slip of slips) {
  const { args, circumstances, hash, recipient, name } = slip;
  const own = await startSendmail(args, circumstances).ended;
  const cells = [name, cell(own.status, own.stderr)];
  for (const commandLine of Object.values(OTHERS)) {
    const isAlike = hash !== undefined && recipient !== undefined;
    const task = isAlike ? { hash, recipient, authorityFile } : undefined;
    cells.push(task ? withPatience(await say(commandLine(task), slip)) : "-");
  }
  console.log(`| ${cells.join(" | ")} |`);
}
