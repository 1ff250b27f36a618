import assert from "node:assert/strict";
import { ExitStatus, Failure } from "../../../lib/outcome.ts";
import {
  type RedisAddress,
  redisAddresses,
  type RedisEnvironment,
} from "../../../lib/cluster/addresses.ts";
import { readHash } from "../../../lib/cluster/redis.ts";
import { SMARTHOST_KEY } from "../../../lib/cluster/settings.ts";
import {
  type Action,
  dripForEver,
  endless,
  garbage,
  hangUp,
  inTurn,
} from "../../support/servers/peer.ts";
import { raw, reset, silence } from "../../support/servers/peer.ts";
import { redisServer } from "../../support/servers/redis.ts";
import {
  encodeMap,
  type RedisScript,
  scriptedRedis,
} from "../../support/servers/redis_scripted.ts";
import { closedPort, LOOPBACK } from "../../support/servers/tcp.ts";

/** Long enough for every answer that comes, on a busy machine too. */
const PATIENT = 30_000;
/** For servers of which no answer comes. */
const IMPATIENT = 300;

const LOCAL: RedisAddress = { host: "127.0.0.1", port: 6379 };

const ADDRESSES: [title: string, environment: RedisEnvironment, ...expected: RedisAddress[]][] = [
  ["the default where nothing is set", {}, LOCAL],
  ["the default where empty values are set", { replica: "", leader: "" }, LOCAL],
  ["the leader", { leader: "cluster-leader:6380" }, { host: "cluster-leader", port: 6380 }],
  ["the replica alone", { replica: "10.5.4.2:6379" }, { host: "10.5.4.2", port: 6379 }],
  [
    "the replica, then the leader",
    { replica: "127.0.0.1:6379", leader: "cluster-leader:6379" },
    LOCAL,
    { host: "cluster-leader", port: 6379 },
  ],
  ["the replica that is the leader once", { replica: "a:1", leader: "a:1" }, {
    host: "a",
    port: 1,
  }],
  ["IPv6", { leader: "[2001:db8::1]:65535" }, { host: "2001:db8::1", port: 65535 }],
  ["IPv6 with its zone", { leader: "[fe80::1%eth0]:6379" }, { host: "fe80::1%eth0", port: 6379 }],
  ["a name with an underscore", { leader: "redis_1.local:6379" }, {
    host: "redis_1.local",
    port: 6379,
  }],
];

for (const [title, environment, ...expected] of ADDRESSES) {
  Deno.test(`Redis is asked at ${title}`, () => {
    assert.deepEqual(redisAddresses(environment), expected);
  });
}

const NO_ADDRESSES = [
  ..."host|host:|:6379|host:0|host:65536|host:123456|host:6379x|host:6379 | host:6379".split("|"),
  ..."ho st:6379|::1:6379|[::1]|[::1]6379|[host]:6379|[]:6379|[127.0.0.1]:6379|a:1:2".split("|"),
  ..."redis://host:6379|/run/redis.sock|h\u00f6st:6379|host:\u0661|host:6379\n|a\0b:1".split("|"),
  `${"x".repeat(256)}:1`,
];

for (const value of NO_ADDRESSES) {
  for (
    const [name, variable] of [["replica", "REDIS_REPLICA_ADDRESS"], ["leader", "REDIS_ADDRESS"]]
  ) {
    Deno.test(`${variable}=${JSON.stringify(value)} is refused with 78`, () => {
      assert.throws(() => redisAddresses({ leader: "right:1", [name ?? ""]: value }), (error) => {
        assert(error instanceof Failure);
        assert.deepEqual(error.details, {
          status: ExitStatus.configuration,
          what: "The address of Redis is wrong",
          where: variable,
          why: `${JSON.stringify(value)} is not host:port or [IPv6]:port`,
        });
        return true;
      });
    });
  }
}

Deno.test("a password in the address of Redis is not shown", () => {
  assert.throws(() => redisAddresses({ leader: "redis://:s3cret@host:6379" }), (error) => {
    assert(error instanceof Failure);
    assert.equal(error.details.why, "it is not host:port or [IPv6]:port");
    return true;
  });
});

const HASH = {
  port: "587",
  host: "mail.example",
  username: "user",
  password: 'Gr\u00fcn "$ec\\ret"\r\n\u{1f600}',
  enabled: "1",
  encrypt_smtp: "starttls",
  tls_verify: "1",
  __proto: "x",
};

const at = (address: string) => redisAddresses({ leader: address });

Deno.test("the hash of a real Redis is read as it is, by one connection", async () => {
  await using redis = await redisServer(HASH);
  const before = await accepted(redis);
  assert.deepEqual(await readHash(at(redis.address), SMARTHOST_KEY, PATIENT), {
    hash: HASH,
    from: redis.address,
  });
  assert.equal(await accepted(redis) - before, 1);
});

async function accepted(redis: { command(...args: [string, string]): Promise<unknown> }) {
  const info = `${await redis.command("INFO", "stats")}`;
  return Number(/total_connections_received:(\d+)/.exec(info)?.[1]);
}

Deno.test("a hash that is not there is empty", async () => {
  await using redis = await redisServer();
  assert.deepEqual((await readHash(at(redis.address), SMARTHOST_KEY, PATIENT)).hash, {});
});

Deno.test("a hash may have fields that every object has", async () => {
  await using redis = await redisServer();
  await redis.command("HSET", SMARTHOST_KEY, "__proto__", "a", "constructor", "b");
  const { hash } = await readHash(at(redis.address), SMARTHOST_KEY, PATIENT);
  assert.deepEqual(Object.entries(hash), [["__proto__", "a"], ["constructor", "b"]]);
});

Deno.test("bytes in a hash that are not UTF-8 can be told from text", async () => {
  await using redis = await scriptedRedis({
    HGETALL: inTurn(raw("*2\r\n$4\r\nport\r\n$2\r\n"), raw(Uint8Array.of(0xe9, 0x31)), raw("\r\n")),
  });
  const { hash } = await readHash(at(redis.address), SMARTHOST_KEY, PATIENT);
  assert.deepEqual(hash, { port: "\ufffd1" });
});

Deno.test("reading needs no more than the right to read", async () => {
  await using redis = await redisServer(HASH);
  await redis.command("ACL", "SETUSER", "default", "-@all", "+hgetall");
  assert.deepEqual((await readHash(at(redis.address), SMARTHOST_KEY, PATIENT)).hash, HASH);
});

Deno.test("all questions go out in one round trip", async () => {
  const answers = inTurn(
    raw("+OK\r\n"),
    raw(encodeMap(HASH, 2)),
    raw("+OK\r\n"),
    hangUp(),
  );
  // Nothing is answered before the last question.
  await using redis = await scriptedRedis({
    AUTH: () => {},
    HGETALL: () => {},
    QUIT: answers,
  });
  assert.deepEqual((await readHash(at(redis.address), SMARTHOST_KEY, PATIENT)).hash, HASH);
  assert.deepEqual(redis.commands, [
    ["AUTH", "default", "nopass"],
    ["HGETALL", SMARTHOST_KEY],
    ["QUIT"],
  ]);
});

Deno.test("an answer may come in any pieces", async () => {
  const map = new TextEncoder().encode(encodeMap(HASH, 2));
  const single = Array.from(map, (byte) => raw(Uint8Array.of(byte)));
  await using redis = await scriptedRedis({ HGETALL: inTurn(...single) });
  assert.deepEqual((await readHash(at(redis.address), SMARTHOST_KEY, PATIENT)).hash, HASH);
});

const AUTH_NOT_NEEDED: [title: string, words: string][] = [
  ["knows no users", "ERR wrong number of arguments for 'auth' command"],
  ["has no password", "ERR AUTH <password> called without any password configured"],
];

for (const [title, words] of AUTH_NOT_NEEDED) {
  Deno.test(`a Redis that ${title} is read all the same`, async () => {
    await using redis = await scriptedRedis({ AUTH: raw(`-${words}\r\n`) }, HASH);
    assert.deepEqual((await readHash(at(redis.address), SMARTHOST_KEY, PATIENT)).hash, HASH);
  });
}

for (
  const [title, goodbye] of Object.entries({
    "refuses to say goodbye": raw("-ERR unknown command 'QUIT'\r\n"),
    "hangs up instead of saying goodbye": hangUp(),
  })
) {
  Deno.test(`a Redis that ${title} has answered`, async () => {
    await using redis = await scriptedRedis({ QUIT: goodbye }, HASH);
    assert.deepEqual((await readHash(at(redis.address), SMARTHOST_KEY, PATIENT)).hash, HASH);
  });
}

const { tryAgain, notAllowed, configuration } = ExitStatus;
const SILENT = "Redis does not answer";
const UNFIT = "Redis gives no proper answer";
const HUNG_UP = "connection closed by the server";
const FOREIGN = /^not the protocol of Redis: /;
const NO_ANSWER = "not an answer to the question";
/** Depends on the pieces in which it comes. */
const TOO_MUCH = /^(?:more answers than questions|not an answer to the question)$/;

const TIMED_OUT = "timed out after 0.3 s";

const error = (words: string): Action => raw(`-${words}\r\n`);

/** A title, what Redis does, and the failure. */
const FAULTS: [
  title: string,
  script: RedisScript,
  ExitStatus,
  what: string,
  why: string | RegExp,
][] = [
  ["closes at once", { connect: hangUp() }, tryAgain, SILENT, HUNG_UP],
  ["resets at the login", { AUTH: reset() }, tryAgain, SILENT, "connection reset by the server"],
  ["closes at the login", { AUTH: hangUp() }, tryAgain, SILENT, HUNG_UP],
  ["closes at the hash", { HGETALL: hangUp() }, tryAgain, SILENT, HUNG_UP],
  [
    "closes in the middle of the hash",
    {
      HGETALL: inTurn(raw("*14\r\n$4\r\nport\r\n$3"), hangUp()),
    },
    tryAgain,
    SILENT,
    HUNG_UP,
  ],
  ["is silent from the start", { AUTH: silence() }, tryAgain, SILENT, TIMED_OUT],
  ["is silent at the hash", { HGETALL: silence() }, tryAgain, SILENT, TIMED_OUT],
  [
    "is silent in the middle",
    { HGETALL: inTurn(raw("*2\r\n$4\r\np"), silence()) },
    tryAgain,
    SILENT,
    TIMED_OUT,
  ],
  [
    "drips",
    {
      HGETALL: inTurn(raw("*14\r\n$99999\r\n"), dripForEver("x", 20)),
    },
    tryAgain,
    SILENT,
    TIMED_OUT,
  ],
  [
    "never ends a string",
    {
      HGETALL: inTurn(raw("*2\r\n$9999999\r\n"), endless("x".repeat(65536))),
    },
    tryAgain,
    UNFIT,
    "an answer of more than 1048576 bytes",
  ],
  [
    "never ends an array",
    {
      HGETALL: inTurn(raw("*9999999\r\n"), endless("$1\r\nx\r\n".repeat(9999))),
    },
    tryAgain,
    UNFIT,
    "an answer of more than 1048576 bytes",
  ],
  ["never ends a line", { HGETALL: endless("+".repeat(65536)) }, tryAgain, UNFIT, FOREIGN],
  ["says garbage", { HGETALL: garbage() }, tryAgain, UNFIT, FOREIGN],
  [
    "is a mail server",
    { connect: raw("220 mail.example ESMTP\r\n") },
    tryAgain,
    UNFIT,
    /^(?:it speaks unasked|not the protocol of Redis): 220 mail\.example ESMTP$/,
  ],
  [
    "greets with what may be an answer",
    {
      connect: raw("+OK\r\n"),
    },
    tryAgain,
    UNFIT,
    /^(?:it speaks unasked: \+OK|more answers than questions|not an answer to the question)$/,
  ],
  ["is a mail server that is late", { AUTH: raw("500 5.5.2 Error\r\n") }, tryAgain, UNFIT, FOREIGN],
  ["pushes what would end the process", { AUTH: raw(">1\r\n_\r\n") }, tryAgain, UNFIT, FOREIGN],
  [
    "answers with nulls that nobody asked for",
    {
      AUTH: raw("$-1\r\n".repeat(9)),
    },
    tryAgain,
    UNFIT,
    "more answers than questions",
  ],
  [
    "answers once too often, before the hash",
    {
      AUTH: raw("+PONG\r\n+OK\r\n"),
    },
    tryAgain,
    UNFIT,
    TOO_MUCH,
  ],
  [
    "answers with another hash too, before the right one",
    {
      AUTH: raw("+OK\r\n*2\r\n$6\r\nserver\r\n$5\r\nredis\r\n"),
    },
    tryAgain,
    UNFIT,
    TOO_MUCH,
  ],
  [
    "answers with a list that is no hash",
    {
      HGETALL: raw("*1\r\n$1\r\na\r\n"),
    },
    tryAgain,
    UNFIT,
    NO_ANSWER,
  ],
  [
    "answers with a status",
    { HGETALL: raw("+OK\r\n") },
    tryAgain,
    UNFIT,
    NO_ANSWER,
  ],
  [
    "answers with a null",
    { HGETALL: raw("$-1\r\n") },
    tryAgain,
    UNFIT,
    NO_ANSWER,
  ],
  [
    "answers with a null in the hash",
    {
      HGETALL: raw("*2\r\n$1\r\na\r\n$-1\r\n"),
    },
    tryAgain,
    UNFIT,
    NO_ANSWER,
  ],
  [
    "is loading",
    {
      AUTH: error("LOADING Redis is loading the dataset in memory"),
      HGETALL: error("LOADING Redis is loading the dataset in memory"),
    },
    tryAgain,
    "Redis answers with an error",
    "LOADING Redis is loading the dataset in memory",
  ],
  [
    "has lost its leader",
    {
      HGETALL: error("MASTERDOWN Link with MASTER is down"),
    },
    tryAgain,
    "Redis answers with an error",
    "MASTERDOWN Link with MASTER is down",
  ],
  [
    "points elsewhere",
    {
      HGETALL: error("MOVED 3999 127.0.0.1:6381"),
    },
    tryAgain,
    "Redis answers with an error",
    "MOVED 3999 127.0.0.1:6381",
  ],
  [
    "gives an error that every object has",
    {
      HGETALL: error("constructor"),
    },
    tryAgain,
    "Redis answers with an error",
    "constructor",
  ],
  [
    "wants another password",
    {
      AUTH: error("WRONGPASS invalid username-password pair or user is disabled."),
      HGETALL: error("NOAUTH Authentication required."),
    },
    notAllowed,
    "Redis refused the login",
    "WRONGPASS invalid username-password pair or user is disabled.",
  ],
  [
    "refuses the login but not the hash",
    {
      AUTH: error("WRONGPASS no"),
    },
    notAllowed,
    "Redis refused the login",
    "WRONGPASS no",
  ],
  [
    "wants a login",
    {
      HGETALL: error("NOAUTH Authentication required."),
    },
    notAllowed,
    "Redis refused the login",
    "NOAUTH Authentication required.",
  ],
  [
    "does not let the user read",
    {
      HGETALL: error("NOPERM this user has no permissions"),
    },
    notAllowed,
    "Redis refused to show the settings",
    "NOPERM this user has no permissions",
  ],
  [
    "holds something else under the key",
    {
      HGETALL: error("WRONGTYPE Operation against a key"),
    },
    configuration,
    "The key cluster/smarthost in Redis is not a hash",
    "WRONGTYPE Operation against a key",
  ],
];

for (const [title, script, status, what, why] of FAULTS) {
  Deno.test(`a Redis that ${title} is a ${status}`, async () => {
    await using redis = await scriptedRedis(script, HASH);
    const timeout = why === TIMED_OUT ? IMPATIENT : PATIENT;
    const failure = await failureOf(readHash(at(redis.address), SMARTHOST_KEY, timeout));
    if (typeof why === "string") assert.equal(failure.why, why);
    else assert.match(failure.why ?? "", why);
    assert.deepEqual({ ...failure, why }, { status, what, where: redis.address, why });
  });
}

async function failureOf(promise: Promise<unknown>) {
  const failure = await promise.then(() => undefined, (error: unknown) => error);
  assert(failure instanceof Failure, `${failure}`);
  const { cause: _, ...details } = failure.details;
  return details;
}

/** What a real Redis is told, and the failure that follows. */
const REAL: [
  title: string,
  command: [string, ...string[]],
  ExitStatus,
  what: string,
  why: RegExp,
][] = [
  [
    "wants another password",
    [
      ...["ACL", "SETUSER", "default", "resetpass", ">other"] as const,
    ],
    notAllowed,
    "Redis refused the login",
    /^WRONGPASS /,
  ],
  [
    "has the user turned off",
    [
      ...["ACL", "SETUSER", "default", "off"] as const,
    ],
    notAllowed,
    "Redis refused the login",
    /^WRONGPASS /,
  ],
  [
    "does not let the user read",
    [
      ...["ACL", "SETUSER", "default", "-@all", "+ping"] as const,
    ],
    notAllowed,
    "Redis refused to show the settings",
    /^NOPERM /,
  ],
  [
    "does not let the user read this key",
    [
      ...["ACL", "SETUSER", "default", "resetkeys", "~other"] as const,
    ],
    notAllowed,
    "Redis refused to show the settings",
    /^NOPERM /,
  ],
  [
    "holds something else under the key",
    [
      ...["SET", SMARTHOST_KEY, "text"] as const,
    ],
    configuration,
    "The key cluster/smarthost in Redis is not a hash",
    /^WRONGTYPE /,
  ],
];

for (const [title, command, status, what, why] of REAL) {
  Deno.test(`a real Redis that ${title} is a ${status}`, async () => {
    await using redis = await redisServer(HASH);
    await redis.command(...command);
    const failure = await failureOf(readHash(at(redis.address), SMARTHOST_KEY, PATIENT));
    assert.match(failure.why ?? "", why);
    assert.deepEqual({ ...failure, why: "" }, { status, what, where: redis.address, why: "" });
  });
}

Deno.test("a real Redis that has too many clients is a 75, in its own words", async () => {
  await using redis = await redisServer(HASH);
  await redis.command("CONFIG", "SET", "maxclients", "1");
  const failure = await failureOf(readHash(at(redis.address), SMARTHOST_KEY, PATIENT));
  assert.match(failure.why ?? "", /ERR max number of clients reached$/);
  assert.equal(failure.status, tryAgain);
});

Deno.test("a Redis that is down is a 75", async () => {
  const address = `${LOOPBACK}:${closedPort()}`;
  assert.deepEqual(await failureOf(readHash(at(address), SMARTHOST_KEY, PATIENT)), {
    status: tryAgain,
    what: SILENT,
    where: address,
    why: "connection refused",
  });
});

Deno.test("a Redis whose name is unknown is a 75", async () => {
  const failure = await failureOf(readHash(at("no-such.invalid:6379"), SMARTHOST_KEY, PATIENT));
  assert.match(failure.why ?? "", /^(?:name not found|the name service does not answer)$/);
  assert.deepEqual({ ...failure, why: "" }, {
    status: tryAgain,
    what: SILENT,
    where: "no-such.invalid:6379",
    why: "",
  });
});

/** What a replica may do so that the leader is asked. */
const DEAF: Record<string, RedisScript> = {
  "hangs up": { AUTH: hangUp() },
  "is loading": { AUTH: error("LOADING x"), HGETALL: error("LOADING x") },
  "says garbage": { HGETALL: garbage() },
  "is silent": { HGETALL: silence() },
  "has no settings yet": {},
};

for (const [title, script] of Object.entries(DEAF)) {
  Deno.test(`where the replica ${title}, the leader is asked`, async () => {
    await using replica = await scriptedRedis(script);
    await using leader = await scriptedRedis({}, HASH);
    const addresses = redisAddresses({ replica: replica.address, leader: leader.address });
    assert.deepEqual(
      await readHash(addresses, SMARTHOST_KEY, title === "is silent" ? IMPATIENT : PATIENT),
      { hash: HASH, from: leader.address },
    );
  });
}

Deno.test("if the replica is down, the leader is asked", async () => {
  await using leader = await redisServer(HASH);
  const replica = `${LOOPBACK}:${closedPort()}`;
  const addresses = redisAddresses({ replica, leader: leader.address });
  const { hash, from } = await readHash(addresses, SMARTHOST_KEY, PATIENT);
  assert.deepEqual({ hash, from }, { hash: HASH, from: leader.address });
});

Deno.test("if neither replica nor leader has settings, there are no settings", async () => {
  await using replica = await scriptedRedis();
  await using leader = await scriptedRedis();
  const addresses = redisAddresses({ replica: replica.address, leader: leader.address });
  const found = await readHash(addresses, SMARTHOST_KEY, PATIENT);
  assert.deepEqual(found, { hash: {}, from: leader.address });
});

Deno.test("if the replica has no settings and the leader does not answer, it is an error", async () => {
  await using replica = await scriptedRedis();
  const leader = `${LOOPBACK}:${closedPort()}`;
  const addresses = redisAddresses({ replica: replica.address, leader });
  const failure = await failureOf(readHash(addresses, SMARTHOST_KEY, PATIENT));
  assert.deepEqual([failure.status, failure.why], [
    tryAgain,
    `connection refused; before that ${replica.address} had no settings`,
  ]);
});

Deno.test("if the replica answers, the leader is not asked", async () => {
  await using replica = await scriptedRedis({}, HASH);
  await using leader = await scriptedRedis();
  const addresses = redisAddresses({ replica: replica.address, leader: leader.address });
  assert.equal((await readHash(addresses, SMARTHOST_KEY, PATIENT)).from, replica.address);
  await leader.settled();
  assert.deepEqual(leader.commands, []);
});

Deno.test("if the replica refuses, the leader is not asked", async () => {
  await using replica = await scriptedRedis({ HGETALL: error("NOPERM no") });
  await using leader = await scriptedRedis({}, HASH);
  const addresses = redisAddresses({ replica: replica.address, leader: leader.address });
  const failure = await failureOf(readHash(addresses, SMARTHOST_KEY, PATIENT));
  assert.equal(failure.status, notAllowed);
  await leader.settled();
  assert.deepEqual(leader.commands, []);
});

Deno.test("if neither replica nor leader answers, the error names both", async () => {
  await using leader = await scriptedRedis({ HGETALL: error("NOPERM no") });
  const replica = `${LOOPBACK}:${closedPort()}`;
  const addresses = redisAddresses({ replica, leader: leader.address });
  assert.deepEqual(await failureOf(readHash(addresses, SMARTHOST_KEY, PATIENT)), {
    status: notAllowed,
    what: "Redis refused to show the settings",
    where: leader.address,
    why: `NOPERM no; before that ${replica}: connection refused`,
  });
});

Deno.test("no connection stays open, whatever Redis does", async () => {
  for (const script of [{}, { HGETALL: silence() }, { HGETALL: error("ERR no") }]) {
    await using redis = await scriptedRedis(script, HASH);
    await readHash(at(redis.address), SMARTHOST_KEY, IMPATIENT).catch(() => {});
    await redis.settled();
  }
});
