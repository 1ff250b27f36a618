import assert from "node:assert/strict";
import { connect } from "node:net";
import { encrypt, type Encrypted, seedRandomness } from "../../../lib/tls/encryption.ts";
import { certificateAuthority } from "../../support/servers/certificates.ts";

Deno.test("seedRandomness asks for random numbers once, does not wait, and ignores an error", async () => {
  const { subtle } = crypto;
  const { promise: refused, reject: refuse } = Promise.withResolvers<never>();
  let asked = 0;
  const generateKey = () => {
    asked++;
    return refused;
  };
  Object.defineProperty(subtle, "generateKey", { value: generateKey, configurable: true });
  try {
    assert.equal(seedRandomness(), undefined);
  } finally {
    Reflect.deleteProperty(subtle, "generateKey");
  }
  assert.equal(asked, 1);
  // Nobody else takes this rejection: one that is not taken fails the test.
  refuse(new Error("No random numbers"));
  await Promise.resolve();
});

Deno.test("an error of the socket is known before its listeners hear of it", async () => {
  await using authority = await certificateAuthority();
  const { key, chain: cert } = await authority.issue();
  using listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, key, cert });
  const accepted = listener.accept();
  const { promise: open, resolve, reject } = Promise.withResolvers<Encrypted>();
  const settings = { host: "localhost", verify: true, authorities: [authority.certificate] };
  const client = connect(listener.addr.port, "127.0.0.1", () => {
    encrypt(client, settings, "localhost:465", 5000).then(resolve, reject);
  });
  using server = await accepted;
  await server.handshake();
  const { socket, tlsError } = await open;
  assert.ok(!tlsError());
  const alert = new Error("received fatal alert: CertificateRequired");
  socket.destroy(alert);
  assert.equal(tlsError(), alert);
  await new Promise((resolve) => socket.once("close", resolve));
  assert.equal(tlsError(), alert);
});
