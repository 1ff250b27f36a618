/**
 * The settings of systemd's units: a message gets through under each under which a mail client in C
 * gets it through. systemd itself need not run: what it would do is done by bwrap, setpriv, prlimit
 * and unit.py.
 */

import assert from "node:assert/strict";
import { projectCache } from "../support/hosts/checkout.ts";
import { sandbox } from "../support/hosts/sandbox.ts";
import { assertSilentSuccess } from "../support/program/assertions.ts";
import { projectFile, run } from "../support/program/command.ts";
import { EXECUTABLE, sendmail, startSendmail } from "../support/program/program.ts";
import { type LogSocket, logSocket } from "../support/servers/log_socket.ts";
import { type Action, inTurn, reply, silence } from "../support/servers/peer.ts";
import { smarthostHash } from "../support/servers/redis.ts";
import { scriptedRedis } from "../support/servers/redis_scripted.ts";
import { HOST_NAME } from "../support/servers/smarthost.ts";
import { scriptedSmtp } from "../support/servers/smtp_scripted.ts";

/** What a setting of a unit does, by its parts; they are put together in this order. */
type Setting = {
  /** Options of bwrap, which makes the file system. */
  files?: string[];
  /** A line of shell, as root, in that file system. */
  shell?: string;
  /** Options of setpriv. */
  privileges?: string[];
  /** Options of prlimit. */
  limits?: string[];
  /** Names of unit.py. */
  kernel?: string[];
};

/** Folders that a unit hides, and that may hold what the tests need. */
const HIDDEN = ["/tmp", "/var/tmp", "/root", "/home"];
/** The current Deno may lie outside the project; the program runs under it in the second run. */
const NEEDED = [projectFile(""), projectCache(), folderOf(EXECUTABLE), folderOf(Deno.execPath())]
  .map((path) => path.replace(/\/$/, ""));

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

/** Empty folders in the place of these; what the tests need is there nonetheless, for everybody. */
function emptied(...folders: string[]): string[] {
  return folders.flatMap((folder) => {
    const kept = NEEDED.filter((path) => path.startsWith(`${folder}/`)).flatMap((path) => [
      // bwrap would make the folders around it for root alone.
      ...[...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index))
        .filter((parent) => parent.length > folder.length)
        .flatMap((parent) => ["--perms", "0755", "--dir", parent]),
      ...["--ro-bind", path, path],
    ]);
    return ["--perms", folder.endsWith("tmp") ? "1777" : "0755", "--tmpfs", folder, ...kept];
  });
}

const PRIVATE_TMP = emptied("/tmp", "/var/tmp");
const NO_HOME = emptied("/root", "/home");
/** Another user may not get to the tests where they are. */
const READABLE = HIDDEN.filter((folder) => NEEDED.some((path) => path.startsWith(`${folder}/`)))
  .flatMap((folder) => emptied(folder));
const STRICT = ["--remount-ro", "/"];
/** A user without an entry in /etc/passwd, as systemd gives one for the time of a service. */
const DYNAMIC_USER = ["--reuid=61184", "--regid=61184", "--clear-groups"];
const NO_NEW_PRIVILEGES = ["--no-new-privs"];
const HIDDEN_PROC = "mount -t proc -o hidepid=invisible,subset=pid proc /proc";

const SETTINGS: Record<string, Setting> = {
  "MemoryDenyWriteExecute=yes": { kernel: ["MemoryDenyWriteExecute"] },
  "ProtectSystem=strict, PrivateTmp=yes": { files: [...PRIVATE_TMP, ...STRICT] },
  "ProtectHome=yes": { files: NO_HOME },
  "PrivateTmp=yes": { files: PRIVATE_TMP },
  "DynamicUser=yes": {
    files: [...PRIVATE_TMP, ...NO_HOME, ...STRICT],
    privileges: [...DYNAMIC_USER, ...NO_NEW_PRIVILEGES],
  },
  "NoNewPrivileges=yes": { privileges: NO_NEW_PRIVILEGES },
  "PrivateDevices=yes": { files: ["--dev", "/dev"] },
  "PrivateUsers=yes": { files: ["--unshare-user"] },
  "ProtectKernelTunables=yes": { files: ["--ro-bind", "/proc/sys", "/proc/sys"] },
  "ProtectProc=invisible, ProcSubset=pid": { files: ["--cap-add", "ALL"], shell: HIDDEN_PROC },
  "CapabilityBoundingSet=": { privileges: ["--inh-caps=-all", "--bounding-set=-all"] },
  "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6": { kernel: ["RestrictAddressFamilies"] },
  "RestrictNamespaces=yes": { kernel: ["RestrictNamespaces"] },
  "RestrictRealtime=yes": { kernel: ["RestrictRealtime"] },
  "LockPersonality=yes": { kernel: ["LockPersonality"] },
  "SystemCallFilter=@system-service @pkey": { kernel: ["SystemCallFilter=@system-service,@pkey"] },
  "SystemCallFilter=@system-service, SystemCallErrorNumber=EPERM": {
    kernel: ["SystemCallFilter=@system-service,SystemCallErrorNumber=EPERM"],
  },
  "LimitNPROC=32": { files: READABLE, privileges: DYNAMIC_USER, limits: ["--nproc=32"] },
  "LimitNOFILE=32": { limits: ["--nofile=32"] },
  // msmtp writes the message to a file.
  "LimitFSIZE=1M, LimitCORE=0, LimitMEMLOCK=0": {
    limits: ["--fsize=1048576", "--core=0", "--memlock=0"],
  },
  "UMask=0777, WorkingDirectory=/": { shell: "umask 0777; cd /" },
};

/** Several settings in one unit. */
function together(...names: string[]): Setting {
  const settings = names.map((name) => SETTINGS[name] ?? assert.fail(name));
  return {
    files: settings.flatMap(({ files = [] }) => files),
    shell: settings.flatMap(({ shell = [] }) => shell).join("; "),
    privileges: [...new Set(settings.flatMap(({ privileges = [] }) => privileges))],
    limits: settings.flatMap(({ limits = [] }) => limits),
    kernel: settings.flatMap(({ kernel = [] }) => kernel),
  };
}

const UNITS: Record<string, Setting> = {
  ...SETTINGS,
  "what Debian's logrotate.service sets": together(
    "LockPersonality=yes",
    "MemoryDenyWriteExecute=yes",
    "NoNewPrivileges=yes",
    "PrivateDevices=yes",
    "PrivateTmp=yes",
    "ProtectKernelTunables=yes",
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
  ),
  "all of them in one unit": {
    ...together(
      "ProtectHome=yes",
      "ProtectKernelTunables=yes",
      "ProtectSystem=strict, PrivateTmp=yes",
      "PrivateDevices=yes",
      "ProtectProc=invisible, ProcSubset=pid",
      "UMask=0777, WorkingDirectory=/",
      "CapabilityBoundingSet=",
      "DynamicUser=yes",
      "LimitNPROC=32",
      "LimitNOFILE=32",
      "LimitFSIZE=1M, LimitCORE=0, LimitMEMLOCK=0",
      "MemoryDenyWriteExecute=yes",
      "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6",
      "RestrictNamespaces=yes",
      "RestrictRealtime=yes",
      "LockPersonality=yes",
    ),
  },
};

/** The command that runs another one under these settings. */
function inUnit({ files = [], shell, privileges, limits, kernel }: Setting, log: LogSocket) {
  const unit = new URL("../support/hosts/unit.py", import.meta.url).pathname;
  const given = (command: string[], list: string[] = [], end: string[] = []) =>
    list.length > 0 ? [...command, ...list, ...end] : [];
  const names = kernel && kernel.length > 0 ? [kernel.join(" ")] : [];
  const others = sandbox({ hostName: HOST_NAME }).slice(0, -1);
  return [
    ...[...others, ...files, "--bind", log.path, "/dev/log", "--"],
    ...(shell ? ["/bin/sh", "-c", `${shell} && exec "$@"`, "sh"] : []),
    ...given(["/usr/bin/setpriv"], privileges, ["--"]),
    ...given(["/usr/bin/prlimit"], limits, ["--"]),
    ...given(["/usr/bin/python3", "-B", unit], names),
  ];
}

const MESSAGE = "MIME-Version: 1.0\nSubject: Unit\n\nThe disk is full.\n.\nHello\n";

for (const [name, setting] of Object.entries(UNITS)) {
  Deno.test({
    name: `the same message gets through as by a program in C: ${name}`,
    ignore: Deno.uid() !== 0, // only root may set all of this
    async fn() {
      await using log = await logSocket();
      await using server = await scriptedSmtp();
      await using redis = await scriptedRedis({}, smarthostHash(server));
      const under = inUnit(setting, log);
      const sent = await sendmail(["-f", "a@x.org", "u@x.org"], {
        redis,
        log,
        under,
        stdin: MESSAGE,
      });
      assertSilentSuccess(sent);
      assert.match(sent.records.map(({ text }) => text).join(), /^status=sent from=a@x\.org /);
      const account = ["--file=/dev/null", `--host=${server.host}`, `--port=${server.port}`];
      const options = ["--tls=off", "--auth=off", "--from=a@x.org", "--", "u@x.org"];
      const other = await run([...under, "/usr/bin/msmtp", ...account, ...options], {
        stdin: MESSAGE,
      });
      assert.deepEqual(other, { status: 0, stdout: "", stderr: "" });
      await server.settled();
      const arrived = server.messages().map(({ sender, recipients, content }) => {
        const text = new TextDecoder().decode(content);
        return {
          sender,
          recipients,
          subject: /^Subject: .*$/m.exec(text)?.[0],
          body: bodyOf(text),
        };
      });
      assert.equal(arrived.length, 2);
      assert.deepEqual(arrived[0], arrived[1]);
    },
  });
}

function bodyOf(message: string): string {
  return message.slice(message.indexOf("\r\n\r\n") + 4);
}

Deno.test("no memory of the process is both writable and executable, even in mid-message", async () => {
  const reached = Promise.withResolvers<void>();
  const looked = Promise.withResolvers<void>();
  const wait: Action = async (peer) => {
    reached.resolve();
    await Promise.race([looked.promise, silence()(peer)]);
  };
  await using server = await scriptedSmtp({ dot: inTurn(wait, reply("250 2.0.0 Ok")) });
  await using redis = await scriptedRedis({}, smarthostHash(server));
  const program = startSendmail(["u@x.org"], {
    redis,
    stdin: "Hello\n".repeat(200_000),
    under: [],
  });
  await Promise.race([reached.promise, program.ended]);
  // Deno itself may read that only with every permission that there is.
  const seen = await run(["/bin/cat", `/proc/${program.pid}/maps`]);
  const maps = seen.stdout.trimEnd().split("\n");
  looked.resolve();
  assertSilentSuccess(await program.ended);
  assert.ok(maps.length > 10);
  assert.deepEqual(maps.filter((line) => /^\S+ .wx/.test(line)), []);
});
