/**
 * The same inputs through Postfix's `sendmail`, sendmail 8 and msmtp, against servers that record all
 * they hear: who gets it, from whom, with which subject and body. What our program does otherwise
 * stands in one list, with its reason: tests/support/corpus/reasons.ts.
 */

import assert from "node:assert/strict";
import { corpus } from "../support/corpus/inputs.ts";
import { type Found, reasonFor, REASONS } from "../support/corpus/reasons.ts";
import { compareAll, type Compared, OTHERS } from "../support/corpus/runs.ts";
import { differences, personOf } from "../support/corpus/sight.ts";
import { canRunMailers } from "../support/mailers/mailers.ts";

const INPUTS = corpus();

/** All that our program did otherwise with an input. */
function foundIn(compared: Compared): Found[] {
  return OTHERS.flatMap((other) => {
    const sight = compared.theirs[other];
    return differences(compared.ours, sight).map((each) => ({ ...each, compared, other, sight }));
  });
}

/** What a person has to see of a difference. */
function shown({ what, ours, theirs, other, compared, sight }: Found): string {
  const { input, ours: { status, stderr } } = compared;
  const statuses = `${status} and ${sight.status}`;
  const said = [input.arguments, { what, ours, theirs, statuses, stderr }];
  return `${input.name}, ${other}: ${JSON.stringify(said)}`;
}

/** The people whom both Postfix and sendmail 8 serve, and our program does not. */
function leftOut(compared: Compared): Found[] {
  const served = (name: "postfix" | "sendmail") => compared.theirs[name].recipients.map(personOf);
  const both = new Set(served("postfix")).intersection(new Set(served("sendmail")));
  return foundIn(compared).filter(({ what, theirs, other }) =>
    what === "left out" && other !== "msmtp" && both.has(personOf(theirs ?? ""))
  );
}

Deno.test("the corpus has at least 400 inputs, no two of which have the same name", () => {
  assert.ok(INPUTS.length >= 400, `${INPUTS.length} inputs`);
  assert.equal(new Set(INPUTS.map(({ name }) => name)).size, INPUTS.length);
});

Deno.test({
  name: "what Postfix, sendmail 8 and msmtp deliver is delivered, or there is a reason",
  ignore: !canRunMailers(),
  async fn(test) {
    const all = await compareAll(INPUTS);
    const found = all.flatMap(foundIn);
    await test.step("nearly everything is delivered by each of them", () => {
      for (const other of OTHERS) {
        const served = all.filter(({ theirs }) => theirs[other].recipients.length > 0).length;
        assert.ok(served > INPUTS.length * 0.8, `${other} has served ${served}`);
      }
    });
    await test.step("each difference has a reason", () => {
      const unexplained = found.filter((each) => reasonFor(each) === undefined);
      assert.deepEqual(unexplained.map(shown), []);
    });
    await test.step("nobody whom both Postfix and sendmail 8 serve is left out, but for the listed exceptions", () => {
      const missed = all.flatMap(leftOut).filter((each) => !reasonFor(each)?.isException);
      assert.deepEqual(missed.map(shown), []);
    });
    await test.step("no reason is given that nothing needs", () => {
      const used = new Set(found.map(reasonFor));
      const needless = REASONS.filter((reason) => !used.has(reason));
      assert.deepEqual(needless.map(({ reason }) => reason), []);
    });
  },
});
