import assert from "node:assert/strict";
import { connectionCause, isNameUnknown, nameCause } from "../../../lib/network/mod.ts";
import type { Connect } from "../../../lib/network/cause.ts";
import { reasonOf } from "../../../lib/text/mod.ts";

const PLACE = { host: "mail.test", port: 25 };
const PATIENT = 30_000;

const failing = (code: string) => Object.assign(new Error(`connect ${code}`), { code });
const says = (error: Error): Connect => () => Promise.reject(error);
const lookup = (words: string) => says(new Error(`failed to lookup address information: ${words}`));
const connects: Connect = () => Promise.resolve({ close() {} });
const silent: Connect = () => new Promise(() => {});

/** What Deno.connect says after a refusal, and the words for it. */
const CONNECTIONS: [says: Connect, expected: string][] = [
  [says(failing("ECONNREFUSED")), "connection refused"],
  [says(failing("ENETUNREACH")), "network is unreachable"],
  [says(failing("EHOSTUNREACH")), "no route to host"],
  [says(failing("EACCES")), "permission denied"],
  [says(failing("EPERM")), "permission denied"],
  [says(failing("EADDRNOTAVAIL")), "address not available"],
  [says(failing("EMFILE")), "too many open files"],
  [says(failing("EINVAL")), "invalid address"],
  [says(failing("ENETDOWN")), "network is down"],
  [says(new Error("No buffer space available (os error 105)")), "no buffer space available"],
  [connects, "connection refused"],
];

for (const [connect, expected] of CONNECTIONS) {
  Deno.test(`a failed connection has its true reason: ${expected}`, async () => {
    const cause = await connectionCause(failing("ECONNREFUSED"), PLACE, PATIENT, connect);
    assert.equal(reasonOf(cause), expected);
  });
}

Deno.test("a cause that is not known in time is the error itself", async () => {
  const error = failing("ECONNREFUSED");
  assert.equal(await connectionCause(error, PLACE, 1, silent), error);
});

Deno.test("an error that says what it is leads to no question", async () => {
  const error = failing("ECONNRESET");
  const connect = () => assert.fail("it was asked");
  assert.equal(await connectionCause(error, PLACE, PATIENT, connect), error);
  assert.equal(await nameCause(error, PLACE.host, PATIENT, connect), error);
});

/** What Deno.connect says of a name, the words for it, and whether the name does not exist. */
const NAMES: [says: Connect, expected: string, isUnknown: boolean][] = [
  [lookup("Name or service not known"), "name not found", true],
  [lookup("No address associated with hostname"), "the name has no address", true],
  [lookup("Temporary failure in name resolution"), "the name service does not answer", false],
  [lookup("Non-recoverable failure in name resolution"), "the name service has failed", false],
  [lookup("System error"), "the name service cannot be asked", false],
  [says(new URIError("invalid host 'a b'")), "name not found", true],
  [says(failing("ECONNREFUSED")), "the name service does not answer", false],
  [connects, "the name service does not answer", false],
];

for (const [connect, expected, isUnknown] of NAMES) {
  Deno.test(`a name that is not found: ${expected}${isUnknown ? "" : ", for now"}`, async () => {
    for (
      const look of [
        nameCause,
        (...[error, host, timeout, connect]: Parameters<typeof nameCause>) =>
          connectionCause(error, { host, port: 25 }, timeout, connect),
      ]
    ) {
      const cause = await look(failing("ENOTFOUND"), PLACE.host, PATIENT, connect);
      assert.deepEqual([reasonOf(cause), isNameUnknown(cause)], [expected, isUnknown]);
    }
  });
}

Deno.test("a name service that is silent does not answer", async () => {
  const cause = await nameCause(failing("ENOTFOUND"), PLACE.host, 1, silent);
  assert.equal(reasonOf(cause), "the name service does not answer");
});
