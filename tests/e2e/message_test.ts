/** The contract's chapter "The message": what comes in, and every byte that goes out. */

import assert from "node:assert/strict";
import { assertSilentSuccess } from "../support/assertions.ts";
import { assertGolden, goldenMessages, inFixedForm } from "../support/golden.ts";
import { smarthost } from "../support/smarthost.ts";

for (const golden of goldenMessages()) {
  const { name, arguments: args, input } = golden;
  Deno.test(`to the last byte, the server hears what tests/fixtures says: ${name}`, async () => {
    await using host = await smarthost();
    const start = Date.now();
    const run = await host.submit(args, input);
    assertSilentSuccess(run);
    const [conversation, ...others] = host.server.conversations;
    assert.deepEqual(others, []);
    assertGolden(golden, inFixedForm(conversation?.saidText() ?? "", start));
  });
}
