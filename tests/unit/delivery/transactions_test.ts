import assert from "node:assert/strict";
import { sendToAll } from "../../../lib/delivery/transactions.ts";
import { Failure, type RecipientOutcome } from "../../../lib/outcome.ts";
import { NO_CAPABILITIES } from "../../../lib/smtp/reply.ts";
import type { Session, Transaction } from "../../../lib/smtp/session.ts";

const OK = { code: 250, text: "2.1.5 Ok" };

/** What a server says to a recipient who is the nth of a transaction. */
type Verdict = (address: string, nth: number) => RecipientOutcome["reply"];

/** A session in which each recipient gets this verdict; notes the recipients of each transaction. */
function sessionWith(verdict: Verdict, given: { recipientLimit?: number; failsAt?: number } = {}) {
  const sent: (readonly string[])[] = [];
  const session: Session = {
    capabilities: {
      ...NO_CAPABILITIES,
      ...(given.recipientLimit && { recipientLimit: given.recipientLimit }),
    },
    login: () => assert.fail(),
    send({ recipients }) {
      sent.push(recipients);
      const number = sent.length;
      let taken = 0;
      const outcomes = recipients.map((address): RecipientOutcome => {
        const reply = verdict(address, taken + 1) ?? OK;
        const accepted = reply.code < 300;
        if (accepted) taken++;
        return { address, accepted, reply };
      });
      if (number === given.failsAt) {
        const [status, what] = [75, "Connection lost"] as const;
        return Promise.reject(new Failure({ status, what, recipients: outcomes }));
      }
      const reply = { code: 250, text: `queued as ${number}` };
      return Promise.resolve({ recipients: outcomes, ...(taken > 0 && { reply }) });
    },
    hasLostPipeline: () => false,
    quit: () => Promise.resolve(),
    close: () => {},
  };
  return { session, sent };
}

function transactionTo(count: number): Transaction {
  const recipients = Array.from({ length: count }, (_, i) => `r${i}@to.test`);
  return { sender: "s@from.test", recipients, content: [], total: 0, eightBit: true };
}

/** A server that takes so many in one transaction, and says this to the others. */
const atMost = (most: number, code: number, text: string): Verdict => (_, nth) =>
  nth > most ? { code, text } : undefined;

// [what the server says to one recipient too many]
const TOO_MANY: [number, string][] = [
  [452, "4.5.3 Error: too many recipients"],
  [452, "too many recipients"],
  [452, ""],
  [552, "5.5.3 Maximum limit of 2 recipients reached"],
  [552, "Too many recipients"],
  [451, "4.5.3 Too many recipients"],
];
for (const [code, text] of TOO_MANY) {
  Deno.test(`recipients refused with ${code} ${text} are served by further transactions`, async () => {
    const { session, sent } = sessionWith(atMost(2, code, text));
    const { recipients, transactions } = await sendToAll(session, transactionTo(5));
    assert.deepEqual(recipients.map(({ transaction }) => transaction), [1, 1, 2, 2, 3]);
    assert.deepEqual(recipients.map(({ address }) => address), transactionTo(5).recipients);
    assert.equal(transactions.length, 3);
    // The server has said how many it takes.
    assert.deepEqual(sent.map(({ length }) => length), [5, 2, 1]);
  });
}

for (const text of ["5.2.2 Mailbox full", "Quota exceeded", "5.3.4 Message too big"]) {
  Deno.test(`552 ${text} is not about the number of recipients`, async () => {
    const { session, sent } = sessionWith(atMost(2, 552, text));
    const { recipients } = await sendToAll(session, transactionTo(3));
    assert.deepEqual(recipients.map(({ accepted }) => accepted), [true, true, false]);
    assert.equal(sent.length, 1);
  });
}

Deno.test("a transaction that takes nobody is the last", async () => {
  const full = { code: 452, text: "4.2.2 Over quota" };
  const { session, sent } = sessionWith((address) => address === "r1@to.test" ? full : undefined);
  const { recipients } = await sendToAll(session, transactionTo(3));
  assert.deepEqual(sent.map(({ length }) => length), [3, 1]);
  assert.deepEqual(recipients.map(({ transaction }) => transaction), [1, undefined, 1]);
  assert.deepEqual(recipients[1]?.reply, full);
  const nobody = sessionWith(() => full);
  await sendToAll(nobody.session, transactionTo(3));
  assert.equal(nobody.sent.length, 1);
});

Deno.test("no transaction has more recipients than the server's limit, also after one that takes nobody", async () => {
  const unknown = { code: 550, text: "5.1.1 Unknown" };
  const verdict: Verdict = (address) => /r[01]@/.test(address) ? unknown : undefined;
  const { session, sent } = sessionWith(verdict, { recipientLimit: 2 });
  const { recipients, transactions } = await sendToAll(session, transactionTo(5));
  assert.deepEqual(sent.map(({ length }) => length), [2, 2, 1]);
  assert.deepEqual(recipients.map(({ accepted }) => accepted), [false, false, true, true, true]);
  assert.equal(transactions.length, 2);
});

Deno.test("a later transaction that fails names who got the message before", async () => {
  const { session } = sessionWith(atMost(2, 452, "4.5.3 Too many"), { failsAt: 2 });
  await assert.rejects(sendToAll(session, transactionTo(5)), (error) => {
    assert.ok(error instanceof Failure);
    const { status, recipients = [], transactions } = error.details;
    assert.equal(status, 75);
    assert.deepEqual(recipients.map(({ transaction }) => transaction), [
      ...[1, 1],
      ...[undefined, undefined, undefined],
    ]);
    assert.equal(transactions?.length, 1);
    return true;
  });
});

Deno.test("all transactions together take time that grows with the recipients alone", async () => {
  const { session, sent } = sessionWith(() => undefined, { recipientLimit: 1 });
  const { recipients } = await sendToAll(session, transactionTo(20_000));
  assert.equal(sent.length, 20_000);
  assert.equal(recipients.at(-1)?.transaction, 20_000);
});

Deno.test("more than ten thousand recipients are served in several transactions", async () => {
  const { session, sent } = sessionWith(() => undefined);
  const { recipients } = await sendToAll(session, transactionTo(25_000));
  assert.deepEqual(sent.map(({ length }) => length), [10_000, 10_000, 5_000]);
  assert.equal(recipients.filter(({ accepted }) => accepted).length, 25_000);
});
