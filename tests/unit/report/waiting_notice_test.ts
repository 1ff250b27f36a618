import assert from "node:assert/strict";
import { waitingNotice } from "../../../lib/report/waiting_notice.ts";

/** A clock that a test moves. */
function testClock() {
  let now = 0;
  let due: { at: number; callback: () => void } | undefined;
  return {
    isWaiting: () => due !== undefined,
    later(milliseconds: number, callback: () => void) {
      const own = { at: now + milliseconds, callback };
      due = own;
      return () => {
        if (due === own) due = undefined;
      };
    },
    pass(milliseconds: number) {
      const end = now + milliseconds;
      while (due !== undefined && due.at <= end) {
        const { at, callback } = due;
        now = at;
        due = undefined;
        callback();
      }
      now = end;
    },
  };
}

/** A send at a terminal, and what it has said. */
function send() {
  const clock = testClock();
  const said: string[] = [];
  return { clock, said, life: waitingNotice((line) => said.push(line), clock.later) };
}

Deno.test("a delivery of two seconds shows nothing", () => {
  const { clock, said, life } = send();
  life.begin();
  life.waitForSmarthost({ host: "mail.test", port: 25 });
  clock.pass(1999);
  life.end();
  clock.pass(100_000);
  assert.deepEqual(said, []);
  assert.equal(clock.isWaiting(), false);
});

Deno.test("a delivery of more than two seconds shows what it waits for, at growing intervals", () => {
  const { clock, said, life } = send();
  life.begin();
  life.waitForSmarthost({ host: "mail.test", port: 25 });
  clock.pass(2000);
  assert.deepEqual(said, ["* Waiting for the smarthost at mail.test:25 ..."]);
  life.sent(500, 2000);
  clock.pass(4000);
  life.sent(2000, 2000);
  clock.pass(8000);
  assert.deepEqual(said.slice(1), [
    "* Sending the message, 25 % of 2000 bytes are sent ...",
    "* The message is sent; waiting for the smarthost's answer ...",
  ]);
  clock.pass(16_000 + 32_000 + 32_000);
  assert.equal(said.length, 6);
});

Deno.test("a pause before another attempt is shown too", () => {
  const { clock, said, life } = send();
  life.begin();
  life.waitForRetry();
  clock.pass(2000);
  assert.deepEqual(said, ["* Waiting to try again ..."]);
});

Deno.test("the timer starts once, when the input has been read", () => {
  const { clock, said, life } = send();
  life.waitForRedis();
  clock.pass(60_000);
  assert.deepEqual(said, []);
  life.begin();
  clock.pass(1000);
  life.begin();
  clock.pass(1000);
  assert.deepEqual(said, ["* Waiting for the settings from Redis ..."]);
});

Deno.test("a waiting notice is one line of bounded length, without control characters", () => {
  const { clock, said, life } = send();
  life.begin();
  life.waitForSmarthost({ host: `\x1b[2J${"long.".repeat(10_000)}`, port: 25 });
  clock.pass(2000);
  assert.ok(said.length === 1 && (said[0]?.length ?? 0) < 500);
  assert.doesNotMatch(said[0] ?? "", /\x1b/);
});

Deno.test("without a terminal nothing is shown, and no timer runs", () => {
  const clock = testClock();
  const life = waitingNotice(undefined, clock.later);
  life.begin();
  life.waitForRedis();
  life.sent(1, 2);
  assert.equal(clock.isWaiting(), false);
  life.end();
});
