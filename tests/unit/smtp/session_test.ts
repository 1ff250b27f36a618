/** A session over a connection that is gone before anybody listens to it. */

import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { setImmediate } from "node:timers/promises";
import { ExitStatus, Failure } from "../../../lib/outcome.ts";
import { openSession } from "../../../lib/smtp/session.ts";
import { hangUp, peerOf } from "../../support/servers/peer.ts";
import { closeOf, listen } from "../../support/servers/tcp.ts";

/** A server that takes a connection and hangs up at once. */
function hangingUp() {
  return listen(async (socket) => await hangUp()(peerOf(socket)));
}

/** How many turns of the event loop lie between the end of the connection and the session. */
for (const turns of [0, 1, 2, undefined]) {
  const when = turns === undefined ? "while the session begins" : `${turns} turns before`;
  Deno.test(`a connection that ends ${when} is a failure with 75, and no wait without end`, async () => {
    await using server = await hangingUp();
    const socket = net.connect(server.port, server.host);
    await once(socket, "connect");
    if (turns !== undefined) {
      socket.resume();
      await closeOf(socket);
      for (let turn = 0; turn < turns; turn++) await setImmediate();
    }
    const greeting = { code: 220, text: "fuzz.test ESMTP" };
    const opening = openSession(
      { socket, server: server.address, greeting, clientName: "node.test" },
      { timeout: 1000, finalTimeout: 1000, transcript: () => {} },
    );
    await assert.rejects(opening, (error) => {
      assert.ok(error instanceof Failure);
      assert.equal(error.details.status, ExitStatus.tryAgain);
      return true;
    });
    socket.destroy();
  });
}
