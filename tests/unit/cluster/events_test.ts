/** Listening for changes, where only the library can be seen at it. */

import assert from "node:assert/strict";
import {
  type ClusterEvent,
  SMARTHOST_CHANGED,
  smarthostChanges,
} from "../../../lib/cluster/events.ts";
import { type RedisAddresses, redisAddresses } from "../../../lib/cluster/addresses.ts";
import { endless, garbage, hangUp, inTurn, raw, silence } from "../../support/servers/peer.ts";
import { plainRedis } from "../../support/servers/redis_plain.ts";
import { type RedisScript, scriptedRedis } from "../../support/servers/redis_scripted.ts";

const TIMEOUT = 300;

/** Redis's answer to a subscription, in version 2 of its protocol. */
const SUBSCRIBED = raw(
  `*3\r\n$9\r\nsubscribe\r\n$${SMARTHOST_CHANGED.length}\r\n${SMARTHOST_CHANGED}\r\n:1\r\n`,
);

function addressesOf({ address }: { address: string }): RedisAddresses {
  return redisAddresses({ leader: address });
}

/** Collects notices, and lets a test wait for one. */
function notices() {
  const lines: string[] = [];
  const waiting: { pattern: RegExp; resolve: () => void }[] = [];
  return {
    lines,
    notice(line: string) {
      lines.push(line);
      for (const { pattern, resolve } of waiting) if (pattern.test(line)) resolve();
    },
    said(pattern: RegExp): Promise<void> {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push({ pattern, resolve });
      return promise;
    },
  };
}

function textOf({ payload }: ClusterEvent): string {
  return new TextDecoder().decode(payload);
}

Deno.test("an event has its source, its name, and its payload to the byte", async () => {
  await using redis = await plainRedis();
  const { notice, said } = notices();
  const listening = said(/^Listening/);
  const changes = smarthostChanges(addressesOf(redis), { timeout: TIMEOUT, notice });
  await listening;
  const payload = Uint8Array.of(0x7b, 0xff, 0x00, 0x0a, 0x7d);
  await redis.publish(SMARTHOST_CHANGED, payload);
  for await (const event of changes) {
    assert.deepEqual(event, { source: "cluster", name: "smarthost-changed", payload });
    break;
  }
});

Deno.test("events on other channels are ignored", async () => {
  await using redis = await plainRedis();
  const { notice, said } = notices();
  const listening = said(/^Listening/);
  const changes = smarthostChanges(addressesOf(redis), { timeout: TIMEOUT, notice });
  await listening;
  for (const channel of ["cluster/event/fqdn-changed", "node/1/event/smarthost-changed"]) {
    assert.equal(await redis.publish(channel, "other"), 0);
  }
  assert.equal(await redis.publish(SMARTHOST_CHANGED, "this"), 1);
  const reader = changes.getReader();
  const { value } = await reader.read();
  assert.ok(value);
  assert.equal(textOf(value), "this");
  await reader.cancel();
});

Deno.test("at most 32 events wait, further ones are dropped with a notice", async () => {
  await using redis = await plainRedis();
  const { notice, said, lines } = notices();
  const listening = said(/^Listening/);
  const dropped = said(/^32 events are waiting/);
  const controller = new AbortController();
  const { signal } = controller;
  const changes = smarthostChanges(addressesOf(redis), { timeout: TIMEOUT, notice, signal });
  await listening;
  for (let i = 1; i <= 33; i++) await redis.publish(SMARTHOST_CHANGED, `${i}`);
  await dropped;
  controller.abort();
  const seen: string[] = [];
  for await (const event of changes) seen.push(textOf(event));
  assert.deepEqual(seen, Array.from({ length: 32 }, (_, i) => `${i + 1}`));
  assert.equal(lines.filter((line) => line.includes("dropped")).length, 1);
});

Deno.test("leaving the loop hangs up, and the signal ends a loop that waits", async () => {
  await using redis = await plainRedis();
  const { notice, said } = notices();
  const listening = said(/^Listening/);
  const controller = new AbortController();
  const { signal } = controller;
  const changes = smarthostChanges(addressesOf(redis), { timeout: TIMEOUT, notice, signal });
  await listening;
  controller.abort();
  assert.deepEqual(await Array.fromAsync(changes), []);
  assert.equal(await redis.publish(SMARTHOST_CHANGED, "late"), 0);
});

/** What a replica does; its leader is as it should be. */
const FAULTS: [what: string, script: RedisScript, told: RegExp][] = [
  ["falls silent", { SUBSCRIBE: SUBSCRIBED, PING: silence() }, /timed out/i],
  ["never answers", { HELLO: silence() }, /timed out/i],
  ["never subscribes", { SUBSCRIBE: silence() }, /timed out/i],
  ["hangs up at once", { connect: hangUp() }, /connection closed by the server/],
  ["hangs up on a listener", {
    SUBSCRIBE: inTurn(SUBSCRIBED, hangUp()),
  }, /connection closed by the server/],
  ["refuses the login", { HELLO: raw("-WRONGPASS no\r\n") }, /WRONGPASS no/],
  ["refuses the channel", { SUBSCRIBE: raw("-NOPERM no channel\r\n") }, /NOPERM no channel/],
  ["is busy loading", { HELLO: raw("-LOADING wait\r\n") }, /LOADING wait/],
  ["talks nonsense", { HELLO: garbage() }, /./],
  ["never stops talking", { HELLO: endless("$99999999\r\nxxxxxxxxxxxxxxxxxxxx") }, /timed out/i],
];

for (const [what, script, told] of FAULTS) {
  Deno.test(`listening goes on when a Redis ${what}`, async () => {
    await using redis = await scriptedRedis(script);
    await using sound = await plainRedis();
    const { notice, said, lines } = notices();
    const listening = said(new RegExp(`^Listening to Redis at ${sound.address}`));
    const addresses = redisAddresses({ replica: redis.address, leader: sound.address });
    const changes = smarthostChanges(addresses, { timeout: TIMEOUT, notice });
    await listening;
    await sound.publish(SMARTHOST_CHANGED, "heard");
    for await (const event of changes) {
      assert.equal(textOf(event), "heard");
      break;
    }
    const about = lines.find((line) => line.startsWith(`Redis at ${redis.address}: `));
    assert.match(about ?? "", told);
  });
}
