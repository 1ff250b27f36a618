import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { probeServer } from "../../../lib/tls/hello.ts";
import {
  type Action,
  drip,
  endless,
  garbage,
  hangUp,
  inTurn,
  peerOf,
  raw,
  silence,
} from "../../support/servers/peer.ts";
import { listen } from "../../support/servers/tcp.ts";

const record = (type: number, ...content: number[]) =>
  Uint8Array.of(type, 3, 3, content.length >> 8, content.length & 0xff, ...content);

/** A ServerHello of TLS 1.2 with this suite. */
const HELLO = [2, 0, 0, 38, 3, 3, ...Array(32).fill(7), 0, 0xc0, 0x2f, 0];
const CERTIFICATE = [11, 0, 0, 9, 0, 0, 6, 0, 0, 3, 1, 2, 3];
const REQUEST = [13, 0, 0, 0];
const DONE = [14, 0, 0, 0];
const FLIGHT = [...HELLO, ...CERTIFICATE, ...REQUEST, ...DONE];
const SAID = {
  ...{ isTls: true, version: 0x0303, suite: 0xc02f, asksForCertificate: true },
  certificates: [[1, 2, 3]],
};
const NOTHING = { certificates: [], asksForCertificate: false };

/** What a server does, and what is known then. */
const SERVERS: [what: string, action: Action, expected: Record<string, unknown>][] = [
  ["answers in one record", raw(record(22, ...FLIGHT)), SAID],
  ["answers octet by octet", drip(record(22, ...FLIGHT), 0), SAID],
  ["answers in many records", inTurn(...FLIGHT.map((octet) => raw(record(22, octet)))), SAID],
  [
    "warns before it answers",
    raw(Uint8Array.of(...record(21, 1, 112), ...record(22, ...FLIGHT))),
    SAID,
  ],
  ["breaks off", raw(record(21, 2, 40)), { ...NOTHING, isTls: true, alert: 40 }],
  ["speaks SMTP", raw("220 mail.test ESMTP\r\n"), { ...NOTHING, isTls: false }],
  ["speaks HTTP", raw("HTTP/1.1 400 Bad Request\r\n\r\n"), { ...NOTHING, isTls: false }],
  ["says garbage", garbage(), { ...NOTHING, isTls: false }],
  ["hangs up", hangUp(), NOTHING],
  ["is silent", silence(), NOTHING],
  ["never ends", endless(record(22, 99, 0, 255, 255, ...Array(1000).fill(0))), {
    ...NOTHING,
    isTls: true,
  }],
];

for (const [what, action, expected] of SERVERS) {
  Deno.test(`a server that ${what} is asked what it would use`, async () => {
    await using server = await listen(async (socket) => {
      await once(socket, "data");
      await action(peerOf(socket));
    });
    const socket = connect(server.port, server.host);
    await once(socket, "connect");
    const { certificates, ...flight } = await probeServer(
      socket,
      "mail.test",
      what === "is silent" ? 100 : 30_000,
    );
    const shown = { ...flight, certificates: certificates.map((each) => [...each]) };
    assert.deepEqual(shown, expected);
  });
}
