import assert from "node:assert/strict";
import { withRetries } from "../../../lib/delivery/retry.ts";
import { Failure, type Outcome, type Result, statusOf } from "../../../lib/outcome.ts";

const LATER = { code: 450, text: "4.2.0 Greylisted" };

/** The outcome for these recipients; those who begin with `no` are refused for now. */
function outcomeFor(...addresses: string[]): Outcome {
  const recipients = addresses.map((address) =>
    address.startsWith("no")
      ? { address, accepted: false, reply: LATER }
      : { address, accepted: true, transaction: 1 }
  );
  const served = recipients.some(({ accepted }) => accepted);
  const reply = { code: 250, text: `queued for ${addresses}` };
  const status = recipients.every(({ accepted }) => accepted) ? 0 : 75;
  return { status, server: "mail.test:25", ...(served && { reply }), recipients };
}

const down = (status: 75 | 78 = 75) => new Failure({ status, what: "Cannot connect" });

/** Plays these results; the clock goes on in the pauses alone, which end after `most` of them. */
async function play(duration: number, results: Result[], most = Infinity) {
  const asked: (readonly string[] | undefined)[] = [];
  const pauses: number[] = [];
  let now = 0;
  const result = await withRetries((recipients) => {
    asked.push(recipients);
    return Promise.resolve(results[asked.length - 1] ?? assert.fail("one attempt too many"));
  }, {
    duration,
    elapsed: () => now,
    pause(milliseconds) {
      pauses.push(milliseconds);
      now += milliseconds;
      return Promise.resolve(pauses.length <= most);
    },
  });
  return { result, asked, pauses };
}

Deno.test("without a time to try again there is one attempt", async () => {
  const { result, pauses } = await play(0, [down()]);
  assert.equal(statusOf(result), 75);
  assert.deepEqual(pauses, []);
});

Deno.test("the pauses grow from 5 to 60 seconds, and the last attempt is made when the time is over", async () => {
  const { pauses, asked } = await play(200_000, Array.from({ length: 8 }, () => down()));
  assert.deepEqual(pauses, [5_000, 10_000, 20_000, 40_000, 60_000, 60_000, 5_000]);
  assert.equal(asked.length, 8);
});

Deno.test("a time shorter than the first pause is one pause", async () => {
  assert.deepEqual((await play(3_000, [down(), down()])).pauses, [3_000]);
});

for (const [what, last] of [["success", outcomeFor("a@b.test")], ["78", down(78)]] as const) {
  Deno.test(`attempts end with ${what}`, async () => {
    const { result, asked } = await play(60_000, [down(), last]);
    assert.equal(result, last);
    assert.equal(asked.length, 2);
  });
}

Deno.test("only who has not been served is tried again, and all are told of at the end", async () => {
  const served = (address: string) => ({ address, accepted: true, transaction: 1 });
  const { result, asked } = await play(60_000, [
    down(),
    outcomeFor("a@b.test", "no1@b.test", "no2@b.test"),
    {
      ...outcomeFor("no1@b.test", "no2@b.test"),
      reply: { code: 250, text: "queued for no1" },
      recipients: [served("no1@b.test"), { address: "no2@b.test", accepted: false, reply: LATER }],
    },
    { ...outcomeFor("x@b.test"), recipients: [served("no2@b.test")] },
  ]);
  assert.deepEqual(asked, [
    undefined,
    undefined,
    ["no1@b.test", "no2@b.test"],
    ["no2@b.test"],
  ]);
  assert.ok(!(result instanceof Failure));
  assert.equal(result.status, 0);
  assert.deepEqual(result.recipients.map(({ address, transaction }) => [address, transaction]), [
    ["a@b.test", 1],
    ["no1@b.test", 2],
    ["no2@b.test", 3],
  ]);
  assert.equal(result.transactions?.length, 3);
  assert.match(result.reply?.text ?? "", /^queued for a@b/);
});

Deno.test("a failure at the end names who has been served before", async () => {
  const { result } = await play(5_000, [outcomeFor("a@b.test", "no@b.test"), down()]);
  assert.ok(result instanceof Failure);
  assert.deepEqual(result.details.recipients?.map(({ transaction }) => transaction), [
    1,
    undefined,
  ]);
  assert.equal(result.details.what, "Cannot connect");
});

Deno.test("a pause that is ended gives the last outcome", async () => {
  const first = down();
  const { result, asked } = await play(60_000, [first], 0);
  assert.equal(result, first);
  assert.equal(asked.length, 1);
});
