/** The contract's chapters "Settings" and "Exit status": a Redis that misbehaves. */

import assert from "node:assert/strict";
import {
  assertEnding,
  attempts,
  type Ending,
  failedAt,
  failedLike,
  sent,
} from "../support/servers/ending.ts";
import { temporaryFolder } from "../support/hosts/folder.ts";
import { logSocket } from "../support/servers/log_socket.ts";
import { sideBySide } from "../support/program/parallel.ts";
import {
  type Action,
  drip,
  dripForEver,
  endless,
  garbage,
  hangUp,
  inTurn,
  pause,
  raw,
  reset,
  silence,
} from "../support/servers/peer.ts";
import { sendmail } from "../support/program/program.ts";
import {
  type RedisLike,
  redisServer,
  type SmarthostHash,
  smarthostHash,
} from "../support/servers/redis.ts";
import { encodeMap, type RedisScript, scriptedRedis } from "../support/servers/redis_scripted.ts";
import { sandbox, silentNameService } from "../support/hosts/sandbox.ts";
import { scriptedSmtp } from "../support/servers/smtp_scripted.ts";
import { closedPort, LOOPBACK } from "../support/servers/tcp.ts";

/** A wait in which whatever comes has come, in seconds. */
const SHORT = 1;

const SILENT = "Redis does not answer";
const LATE = failedAt(75, SILENT, `timed out after ${SHORT} s`);
const HUNG_UP = failedAt(75, SILENT, "connection closed by the server");
const RESET = failedAt(75, SILENT, "connection reset by the server");
const UNFIT = failedLike(75, "Redis gives no proper answer", "");
const TOO_MUCH = failedAt(
  75,
  "Redis gives no proper answer",
  "an answer of more than 1048576 bytes",
);

const HASH = smarthostHash({ host: "192.0.2.1", port: 25 }, { password: "correct horse" });
const ANSWER = encodeMap(HASH, 2);
const HALF = ANSWER.slice(0, ANSWER.length / 2);

/** Redis answers with this error, whatever it is asked. */
const says = (words: string): RedisScript => ({
  AUTH: raw(`-${words}\r\n`),
  HGETALL: raw(`-${words}\r\n`),
});

/** What Redis says, and the failure: its own words behind ours. */
const ERRORS: [words: string, status: number, what: string][] = [
  ["NOAUTH Authentication required.", 77, "Redis refused the login"],
  ["WRONGPASS invalid username-password pair or user is disabled.", 77, "Redis refused the login"],
  [
    "NOPERM this user has no permissions to run 'hgetall'",
    77,
    "Redis refused to show the settings",
  ],
  [
    "WRONGTYPE Operation against a key holding the wrong kind of value",
    78,
    "The key cluster/smarthost in Redis is not a hash",
  ],
  ["LOADING Redis is loading the dataset in memory", 75, "Redis answers with an error"],
  ["MASTERDOWN Link with MASTER is down", 75, "Redis answers with an error"],
  ["MOVED 4711 192.0.2.7:6379", 75, "Redis answers with an error"],
  ["ASK 4711 192.0.2.7:6379", 75, "Redis answers with an error"],
  ["CLUSTERDOWN Hash slot not served", 75, "Redis answers with an error"],
  ["DENIED Redis is running in protected mode", 75, "Redis answers with an error"],
  ["ERR max number of clients reached", 75, "Redis answers with an error"],
  ["BUSY Redis is busy running a script", 75, "Redis answers with an error"],
  ["", 75, "Redis answers with an error"],
];

type Row = { name: string; script: RedisScript; ending: Ending };

const AT_HGETALL: [what: string, action: Action, ending: Ending][] = [
  ["is silent", silence(), LATE],
  ["is silent after half the hash", inTurn(raw(HALF), silence()), LATE],
  ["drips the hash", inTurn(drip(ANSWER.slice(0, 20), 100), silence()), LATE],
  ["drips a string without end", inTurn(raw("*14\r\n$999999\r\n"), dripForEver("x", 40)), LATE],
  ["hangs up", hangUp(), HUNG_UP],
  ["hangs up after half the hash", inTurn(raw(HALF), hangUp()), HUNG_UP],
  ["hangs up after half a line", inTurn(raw("*1"), hangUp()), HUNG_UP],
  ["breaks off", inTurn(pause(50), reset()), RESET],
  ["breaks off after half the hash", inTurn(raw(HALF), pause(50), reset()), RESET],
  ["says garbage", garbage(), UNFIT],
  ["speaks HTTP", raw("HTTP/1.1 400 Bad Request\r\n\r\n"), UNFIT],
  ["speaks the third version", raw(encodeMap(HASH, 3)), UNFIT],
  [
    "gives a string without end",
    inTurn(raw("*2\r\n$9999999\r\n"), endless("x".repeat(65536))),
    TOO_MUCH,
  ],
  [
    "gives strings without end",
    inTurn(raw("*9999999\r\n"), endless("$1\r\nx\r\n".repeat(999))),
    TOO_MUCH,
  ],
  ["announces more than there is memory", raw("*2\r\n$4\r\nport\r\n$99999999999\r\n"), UNFIT],
  ["announces more strings than there is memory", raw("*99999999999\r\n"), UNFIT],
  ["never ends a line", endless("+".repeat(65536)), UNFIT],
  ["gives a list that is no hash", raw("*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n"), UNFIT],
  ["gives a string", raw("$4\r\nport\r\n"), UNFIT],
  ["gives a number", raw(":4711\r\n"), UNFIT],
  ["gives a status", raw("+OK\r\n"), UNFIT],
  ["gives nothing", raw("$-1\r\n"), UNFIT],
  ["gives a list that is nothing", raw("*-1\r\n"), UNFIT],
  ["gives a list in the list", raw("*2\r\n$4\r\nport\r\n*0\r\n"), UNFIT],
  ["gives the hash twice", raw(ANSWER + ANSWER), UNFIT],
  ["says more than it is asked", inTurn(raw("+PONG\r\n"), raw(ANSWER)), UNFIT],
];

const ROWS: Row[] = [
  ...ERRORS.map(([words, status, what]) => ({
    name: `says ${words || "an error without words"}`,
    script: says(words),
    ending: words === "" ? failedLike(status, what, "") : failedAt(status, what, words),
  })),
  ...AT_HGETALL.map(([name, HGETALL, ending]) => ({ name, script: { HGETALL }, ending })),
  { name: "is silent from the start", script: { AUTH: silence() }, ending: LATE },
  { name: "hangs up at once", script: { connect: hangUp() }, ending: HUNG_UP },
  { name: "hangs up at the login", script: { AUTH: hangUp() }, ending: HUNG_UP },
  { name: "breaks off at the login", script: { AUTH: inTurn(pause(50), reset()) }, ending: RESET },
  {
    name: "is a mail server",
    script: { connect: raw("220 mail.test ESMTP\r\n"), AUTH: raw("500 5.5.1 What?\r\n") },
    ending: UNFIT,
  },
  {
    name: "is silent behind the hash",
    script: { HGETALL: raw(ANSWER), QUIT: silence() },
    ending: LATE,
  },
  {
    name: "has words of control characters",
    script: says("ERR \x1b[2J\x07"),
    ending: failedAt(75, "Redis answers with an error", "ERR \\x1b[2J\\x07"),
  },
];

const isLate = (ending: Ending) => /timed out/.test(String(ending.error));

Deno.test("what a Redis may do wrong", async (test) => {
  await using log = await logSocket();
  const attempt = attempts(log);
  await sideBySide(test, ROWS, async ({ script, ending }) => {
    await using redis = await scriptedRedis(script, HASH);
    const timeout = isLate(ending) ? SHORT : 10;
    const made = await attempt({ redis }, { timeout });
    assertEnding(made, ending, redis.address, "-");
    const settings = await sendmail(["--settings", "--timeout", `${timeout}`], { redis });
    assert.deepEqual([settings.status, settings.stdout], [ending.status, ""]);
  });
});
console.log(`The table of the faults of Redis has ${ROWS.length} rows.`);

/** What a real Redis is told by its administrator, and what becomes of an attempt then. */
const REAL: [
  what: string,
  command: string[],
  status: number,
  says: string | RegExp,
  words: RegExp,
][] = [
  [
    "wants another password",
    ["ACL", "SETUSER", "default", "resetpass", ">other"],
    77,
    "Redis refused the login",
    /WRONGPASS /,
  ],
  [
    "has turned the user off",
    ["ACL", "SETUSER", "default", "off"],
    77,
    "Redis refused the login",
    /WRONGPASS /,
  ],
  [
    "lets the user do nothing",
    ["ACL", "SETUSER", "default", "-@all"],
    77,
    "Redis refused to show the settings",
    /NOPERM /,
  ],
  [
    "hides the key from the user",
    ["ACL", "SETUSER", "default", "resetkeys", "~module/*"],
    77,
    "Redis refused to show the settings",
    /NOPERM /,
  ],
  [
    "holds a string there",
    ["SET", "cluster/smarthost", "x"],
    78,
    "The key cluster/smarthost in Redis is not a hash",
    /WRONGTYPE /,
  ],
  [
    "takes no more clients",
    ["CONFIG", "SET", "maxclients", "1"],
    75,
    /Redis .*/,
    /.*max number of clients/,
  ],
];

for (const [what, [command = "", ...args], status, sentence, words] of REAL) {
  Deno.test(`a real Redis that ${what} is ${status}, in its own words`, async () => {
    await using log = await logSocket();
    await using redis = await redisServer(HASH);
    await redis.command(command, ...args);
    const made = await attempts(log)({ redis });
    assertEnding(made, failedLike(status, sentence, words), redis.address, "-");
  });
}

Deno.test("a user who may say nothing but HGETALL of this key reads the settings", async () => {
  await using redis = await redisServer(HASH);
  await redis.command(
    "ACL",
    "SETUSER",
    "default",
    "-@all",
    "+hgetall",
    "resetkeys",
    "%R~cluster/smarthost",
  );
  const run = await sendmail(["--settings"], { redis });
  assert.deepEqual([run.status, run.stderr], [0, ""]);
});

/** Redis at an address, with what the tests know of it. */
const at = (address: string): RedisLike => ({ address, passwords: ["correct horse"] });

async function tryAt(address: string, ending: Ending, timeout = 10): Promise<void> {
  await using log = await logSocket();
  assertEnding(await attempts(log)({ redis: at(address) }, { timeout }), ending, address, "-");
}

Deno.test("a Redis that is down is 75", () =>
  tryAt(`${LOOPBACK}:${closedPort()}`, failedAt(75, SILENT, "connection refused")));

Deno.test("a Redis whose name is unknown is 75", () =>
  tryAt(
    "no-such.invalid:6379",
    failedLike(75, SILENT, /(?:name not found|the name service does not answer)/),
  ));

Deno.test("a Redis whose name is never resolved is waited for no longer than --timeout: 75", async () => {
  await using log = await logSocket();
  await using folder = await temporaryFolder();
  const replaced = await silentNameService(folder);
  const under = sandbox({ log, hostName: "node.example.org", replaced });
  const made = await attempts(log)({ redis: at("redis.test:6379"), under }, { timeout: SHORT });
  assertEnding(made, LATE, "redis.test:6379", "-");
});

Deno.test("a Redis that is reached by IPv6 is named in brackets, and answers", async () => {
  await tryAt(
    `[::1]:${closedPort()}`,
    failedLike(75, SILENT, /(?:connection refused|address not available)/),
  );
  await using redis = await redisServer(HASH);
  const listener = listenOnIPv6();
  if (listener === undefined) return;
  using _listener = listener;
  const run = sendmail(["--settings"], { redis: at(`[::1]:${listener.addr.port}`) });
  await relay(await listener.accept(), redis.port);
  assert.deepEqual([(await run).status, (await run).stderr], [0, ""]);
});

/** A listener, where the host knows IPv6 at all. */
function listenOnIPv6(): Deno.TcpListener | undefined {
  try {
    return Deno.listen({ hostname: "::1", port: 0 });
  } catch (error) {
    if (error instanceof Deno.errors.AddrNotAvailable) return undefined;
    throw error;
  }
}

async function relay(client: Deno.TcpConn, port: number): Promise<void> {
  const server = await Deno.connect({ hostname: LOOPBACK, port });
  await Promise.all([
    client.readable.pipeTo(server.writable),
    server.readable.pipeTo(client.writable),
  ]).catch((error) => {
    // The program closes as soon as it has its answer.
    if (!(error instanceof Deno.errors.Interrupted)) throw error;
  });
}

/** What a replica may do so that the leader is asked in its place. */
const DEAD_REPLICAS: [what: string, script: RedisScript][] = [
  ["hangs up", { AUTH: hangUp() }],
  ["is loading", says("LOADING Redis is loading the dataset in memory")],
  ["has lost its leader", says("MASTERDOWN Link with MASTER is down")],
  ["says garbage", { HGETALL: garbage() }],
  ["is silent", { HGETALL: silence() }],
  ["never ends", { HGETALL: endless("$1\r\nx\r\n".repeat(999)) }],
];

Deno.test("where the replica is of no use, the leader's settings count", async (test) => {
  await using log = await logSocket();
  await using server = await scriptedSmtp();
  const attempt = attempts(log);
  const rows = DEAD_REPLICAS.map(([name, script]) => ({ name, script }));
  await sideBySide(test, rows, async ({ name, script }) => {
    await using replica = await scriptedRedis(script);
    await using leader = await scriptedRedis({}, smarthostHash(server));
    const env = { REDIS_REPLICA_ADDRESS: replica.address };
    const timeout = name === "is silent" ? SHORT : 10;
    assertEnding(await attempt({ redis: leader, env }, { timeout }), sent(), server.address);
  });
});

/** What a replica may say that is an answer: the leader is not asked. */
const DECISIVE: [words: string, status: number, what: string][] = [
  ["NOPERM no", 77, "Redis refused to show the settings"],
  ["WRONGTYPE no", 78, "The key cluster/smarthost in Redis is not a hash"],
];

for (const [words, status, what] of DECISIVE) {
  Deno.test(`where the replica says ${words}, the leader is left alone`, async () => {
    await using log = await logSocket();
    await using replica = await scriptedRedis(says(words));
    await using leader = await scriptedRedis({}, HASH);
    const env = { REDIS_REPLICA_ADDRESS: replica.address };
    const made = await attempts(log)({ redis: leader, env });
    assertEnding(made, failedAt(status, what, words), replica.address, "-");
    await leader.settled();
    assert.deepEqual(leader.commands, []);
  });
}

Deno.test("where neither answers, the error is the leader's, and names the replica's", async () => {
  await using log = await logSocket();
  const [replica, leader] = [`${LOOPBACK}:${closedPort()}`, `${LOOPBACK}:${closedPort()}`];
  const env = { REDIS_REPLICA_ADDRESS: replica };
  const made = await attempts(log)({ redis: at(leader), env });
  const why = `connection refused; before that ${replica}: connection refused`;
  assertEnding(made, failedAt(75, SILENT, why), leader, "-");
});

const WRONG = "The smarthost settings are wrong";

/** A field of the hash that is not as it should be, and what is said of it. */
const FIELDS: [field: string, value: string | undefined, why: string][] = [
  ...Object.keys(HASH).map((field): [string, undefined, string] => [
    field,
    undefined,
    "the field is missing",
  ]),
  ...["", "0", "65536", "smtp", "1e2"].map((port): [string, string, string] => [
    "port",
    port,
    `"${port}" is not a number from 1 to 65535`,
  ]),
  ["enabled", "yes", `"yes" is neither "0" nor "1"`],
  ["enabled", "", `"" is neither "0" nor "1"`],
  ["tls_verify", "2", `"2" is neither "0" nor "1"`],
  ["encrypt_smtp", "ssl", `"ssl" is not "none", "starttls" or "tls"`],
  ["encrypt_smtp", "x\ny", `"x\\ny" is not "none", "starttls" or "tls"`],
];

Deno.test("a hash with a wrong field is 78, names the field, and leaves a record", async (test) => {
  await using log = await logSocket();
  const attempt = attempts(log);
  const rows = FIELDS.map(([field, value, why]) => ({
    name: `${field}: ${why}`,
    field,
    value,
    why,
  }));
  await sideBySide(test, rows, async ({ field, value, why }) => {
    const hash: SmarthostHash = { ...HASH };
    delete hash[field];
    if (value !== undefined) hash[field] = value;
    await using redis = await scriptedRedis({}, hash);
    const secrets = ["correct horse"];
    const { error, log } = failedAt(78, WRONG, why);
    const ending = { status: 78, error: error ?? "", log: escapeQuotes(String(log)) };
    assertEnding(await attempt({ redis, secrets }), ending, field, "-");
  });
});

/** Inside the quotes of the log's message, quotes and backslashes are escaped. */
function escapeQuotes(log: string): string {
  const [, head, message] = /^(code=-1 message=")(.*)"$/.exec(log) ?? [];
  return `${head}${message?.replace(/["\\]/g, "\\$&")}"`;
}

/** Settings that are right and nothing to send with. */
const USELESS: [given: SmarthostHash, ending: Ending][] = [
  [{ enabled: "0" }, {
    status: 78,
    error: "Smarthost is not enabled.",
    log: 'code=-1 message="Smarthost is not enabled."',
  }],
  [{ host: "" }, {
    status: 78,
    error: "Smarthost is not configured: its host is empty",
    log: 'code=-1 message="Smarthost is not configured: its host is empty"',
  }],
];

for (const [given, ending] of USELESS) {
  Deno.test(`a smarthost with ${JSON.stringify(given)} is 78, and leaves a record`, async () => {
    await using log = await logSocket();
    await using redis = await scriptedRedis({}, { ...HASH, ...given });
    assertEnding(await attempts(log)({ redis }), ending, "", /^\S+$/);
  });
}
