/** The contract's chapter "The connection": from the smarthost's name to a socket. */

import assert from "node:assert/strict";
import {
  assertEnding,
  attempts,
  type Ending,
  failed,
  failedLike,
  type MakeAttempt,
  sent,
} from "../support/servers/ending.ts";
import { type Folder, temporaryFolder } from "../support/hosts/folder.ts";
import { type LogSocket, logSocket } from "../support/servers/log_socket.ts";
import { sendmail } from "../support/program/program.ts";
import { sideBySide } from "../support/program/parallel.ts";
import { startPython } from "../support/program/python.ts";
import { scriptedRedis } from "../support/servers/redis_scripted.ts";
import { smarthostHash } from "../support/servers/redis.ts";
import { sandbox, silentNameService } from "../support/hosts/sandbox.ts";
import { scriptedSmtp } from "../support/servers/smtp_scripted.ts";
import { closedPort } from "../support/servers/tcp.ts";

/** A wait in which whatever comes has come, in seconds. */
const SHORT = 1;

const NOT_FOUND = /(?:name not found|the name service does not answer)/;
const UNRESOLVED = "Cannot resolve the smarthost's name";
const UNCONNECTED = "Cannot connect to the smarthost";
const LATE = `timed out after ${SHORT} s`;

/** Names that stand for nothing that can be looked up. */
const NO_NAMES = ["no-such-host.invalid", "-", "..", "é".repeat(260), "999.1.1.1", "\x1b[2J"]
  .concat(`${"long.".repeat(52)}test`);

/** What people write where a host belongs, and what is said of it. */
const NO_HOSTS: [host: string, problem: string][] = [
  ["a b", "has blanks in it"],
  [" mail.test", "has blanks in it"],
  ["mail.test\n", "has blanks in it"],
  ["mail.test\nX: y", "has blanks in it"],
  ["http://mail.test/", "is a URL, and only its host belongs there"],
  ["smtps://mail.test:465", "is a URL, and only its host belongs there"],
  ["mail.test/", "has a slash in it"],
  ["user@mail.test", "has an @ in it, and only what stands behind it is a host"],
  ["mail.test:25", "has a port in it, which belongs in the field port"],
  ["[::1]:25", "has a port in it, which belongs in the field port"],
  ["[127.0.0.1]", "has brackets round it, which do not belong there"],
  ["[::1]", "has brackets round it, which do not belong there"],
];

Deno.test("a host in the settings that cannot be one is 78, with a hint, and nothing is asked", async (test) => {
  await using log = await logSocket();
  const attempt = attempts(log);
  const rows = NO_HOSTS.map(([host, problem]) => ({ name: host, host, problem }));
  await sideBySide(test, rows, async ({ host, problem }) => {
    await using redis = await scriptedRedis({}, smarthostHash({ host, port: 25 }));
    const { run } = await attempt({ redis });
    const error = `The smarthost settings are wrong (host): ${JSON.stringify(host)} ${problem}`;
    assert.deepEqual([run.status, run.stderr], [78, `Error: ${error}\n`]);
    const check = await sendmail(["--check"], { redis });
    assert.deepEqual([check.status, check.stderr], [78, `Error: ${error}\n`]);
    const settings = await sendmail(["--settings"], { redis });
    assert.equal(settings.status, 0);
  });
});

/** What stands in the place of the host's own /etc/hosts. */
const HOSTS: [what: string, hosts: string, ending: Ending][] = [
  ["the first of two addresses refuses", "127.0.0.33 two.test\n127.0.0.1 two.test\n", sent()],
  ["one address stands there twice", "127.0.0.1 two.test\n127.0.0.1 two.test\n", sent()],
  [
    "no address of a name takes connections",
    "127.0.0.33 two.test\n127.0.0.34 two.test\n",
    failed(75, UNCONNECTED, "connection refused"),
  ],
];

type Row = {
  name: string;
  hash: { host: string; port: number };
  ending: Ending;
  timeout?: number;
  under?: string[];
};

async function play({ hash, ending, timeout, under }: Row, attempt: MakeAttempt): Promise<void> {
  await using redis = await scriptedRedis({}, smarthostHash(hash));
  const circumstances = { redis, ...(under && { under }) };
  const made = await attempt(circumstances, { ...(timeout !== undefined && { timeout }) });
  const host = hash.host === "::1" ? "[::1]" : hash.host;
  assertEnding(made, ending, `${escaped(host)}:${hash.port}`, logged(`${host}:${hash.port}`));
}

/** Names that no host has stand in an error as text that is safe to read. */
function escaped(host: string): string {
  const escape = (c: string) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`;
  return host.replace(/[\x00-\x1f]/g, escape);
}

/** In the log they are one word, and a long one is cut. */
function logged(server: string): string | RegExp {
  return server.length > 100 ? /^\S+\.\.\.$/ : escaped(server).replaceAll(" ", "\\x20");
}

function rowsOf(log: LogSocket, folder: Folder, port: number, deaf: number): Promise<Row[]> {
  const closed = closedPort();
  const row = (name: string, host: string, port: number, ending: Ending): Row => ({
    name,
    hash: { host, port },
    ending,
  });
  const hosts = HOSTS.map(async ([name, content, ending], i) => {
    const file = await folder.write(`hosts${i}`, content);
    const under = sandbox({ log, hostName: "node.example.org", replaced: { "/etc/hosts": file } });
    return { ...row(name, "two.test", port, ending), under };
  });
  const names = NO_NAMES.map((host) =>
    row(
      `a name like ${JSON.stringify(host).slice(0, 60)}`,
      host,
      25,
      failedLike(68, UNRESOLVED, NOT_FOUND),
    )
  );
  return Promise.all([
    row(
      "a port where nobody listens",
      "127.0.0.1",
      closed,
      failed(75, UNCONNECTED, "connection refused"),
    ),
    row("the same by name", "localhost", closed, failed(75, UNCONNECTED, "connection refused")),
    row(
      "an address of IPv6",
      "::1",
      closed,
      failedLike(75, UNCONNECTED, /(?:connection refused|address not available)/),
    ),
    // No route leads a connection to an address of many.
    row(
      "an address of many hosts",
      "224.0.0.1",
      25,
      failed(75, UNCONNECTED, "network is unreachable"),
    ),
    {
      ...row("a port that answers nobody", "127.0.0.1", deaf, failed(75, UNCONNECTED, LATE)),
      timeout: SHORT,
    },
    ...names,
    ...hosts,
  ]);
}

Deno.test("a smarthost that cannot be reached", async (test) => {
  await using log = await logSocket();
  await using folder = await temporaryFolder();
  await using deaf = await startPython("servers/full_backlog.py");
  await using server = await scriptedSmtp();
  const rows = await rowsOf(log, folder, server.port, Number(deaf.greeting));
  const attempt = attempts(log);
  await sideBySide(test, rows, (row) => play(row, attempt));
});

Deno.test("a name service that does not answer is waited for no longer than --timeout: 75", async () => {
  await using log = await logSocket();
  await using folder = await temporaryFolder();
  const replaced = await silentNameService(folder);
  const row = {
    name: "",
    hash: { host: "mail.test", port: 25 },
    ending: failed(75, UNRESOLVED, LATE),
    timeout: SHORT,
    under: sandbox({ log, hostName: "node.example.org", replaced }),
  };
  await play(row, attempts(log));
});

const DEAD = "the name service does not answer";

/** What stands in /etc/resolv.conf where nobody answers, and where the server in the test does. */
const NO_SERVER = "nameserver 127.0.0.66\n";
const SERVER = "nameserver 127.0.0.67\noptions timeout:1 attempts:1\n";

/** What the name server says: a failure by its number (RFC 1035, 4.1.1), or records. */
const ZONE = {
  "servfail.test": 2,
  "refused.test": 5,
  "text.test": [],
  "there.test": ["A 127.0.0.1"],
};

const NAMES: [host: string, resolv: string, ending: Ending][] = [
  ["mail.test", NO_SERVER, failed(75, UNRESOLVED, DEAD)],
  ["servfail.test", SERVER, failed(75, UNRESOLVED, DEAD)],
  ["refused.test", SERVER, failed(75, UNRESOLVED, DEAD)],
  ["missing.test", SERVER, failed(68, UNRESOLVED, "name not found")],
  ["text.test", SERVER, failed(68, UNRESOLVED, "the name has no address")],
  ["there.test", SERVER, failed(75, UNCONNECTED, "connection refused")],
];

// Port 53, where the C library looks for it, is for root.
Deno.test({
  name: "a name that does not exist is 68, a name service that does not say so is 75",
  ignore: Deno.uid() !== 0,
  async fn(test) {
    await using log = await logSocket();
    await using folder = await temporaryFolder();
    await using server = await startPython("servers/name_server.py", [JSON.stringify(ZONE)]);
    assert.equal(server.greeting, "ready");
    const attempt = attempts(log);
    const hosts = await folder.write("hosts", "127.0.0.1 localhost\n");
    const rows = await Promise.all(NAMES.map(async ([host, content, ending]) => {
      const resolv = await folder.write(`resolv-${host}`, content);
      const replaced = { "/etc/hosts": hosts, "/etc/resolv.conf": resolv };
      const under = sandbox({ log, hostName: "node.example.org", replaced });
      return { name: host, hash: { host, port: closedPort() }, ending, under };
    }));
    await sideBySide(test, rows, (row) => play(row, attempt));
  },
});

Deno.test("a name service that nobody answers for is 75 for Redis too, in the same words", async () => {
  await using folder = await temporaryFolder();
  const replaced = { "/etc/resolv.conf": await folder.write("resolv.conf", NO_SERVER) };
  const under = sandbox({ replaced });
  const env = { REDIS_ADDRESS: "redis.test:6379" };
  const run = await sendmail(["to@to.test"], { under, env });
  assert.deepEqual([run.status, run.stderr], [
    75,
    `Error: Redis does not answer (redis.test:6379): ${DEAD}\n`,
  ]);
});

Deno.test("without a network Redis is not refused but unreachable", async () => {
  const under = sandbox();
  under.splice(-1, 0, "--unshare-net");
  const run = await sendmail(["to@to.test"], { under, env: { REDIS_ADDRESS: "192.0.2.1:6379" } });
  const error = "Redis does not answer (192.0.2.1:6379): network is unreachable";
  assert.deepEqual([run.status, run.stderr], [75, `Error: ${error}\n`]);
});

Deno.test("a host that has no full name, and a name service that does not answer, still send", async () => {
  await using log = await logSocket();
  await using folder = await temporaryFolder();
  await using server = await scriptedSmtp();
  await using redis = await scriptedRedis({}, smarthostHash(server));
  const replaced = await silentNameService(folder);
  const under = sandbox({ log, hostName: "node", replaced });
  const made = await attempts(log)({ redis, under }, { timeout: SHORT });
  await server.settled();
  assertEnding(made, sent(), server.address);
  assert.equal(server.commands()[0], "EHLO [127.0.0.1]");
});
