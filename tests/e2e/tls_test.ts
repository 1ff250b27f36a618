/** The contract's chapter "The connection", where encryption is demanded. */

import assert from "node:assert/strict";
import { assertFailure, assertSilentSuccess } from "../support/program/assertions.ts";
import {
  type Authority,
  type Certificate,
  certificateAuthority,
  type CertificateOptions,
  selfSigned,
} from "../support/servers/certificates.ts";
import { type Folder, temporaryFolder } from "../support/hosts/folder.ts";
import { type Action, hangUp, inTurn, pause, raw, reply } from "../support/servers/peer.ts";
import { type Circumstances, type Run, sendmail } from "../support/program/program.ts";
import { redisServer, type SmarthostHash, smarthostHash } from "../support/servers/redis.ts";
import { sandbox } from "../support/hosts/sandbox.ts";
import type { Script } from "../support/servers/smtp_conversation.ts";
import { type ScriptedSmtp, scriptedSmtp } from "../support/servers/smtp_scripted.ts";
import { LOGIN } from "../support/servers/smtp_login.ts";

const SYSTEM_STORE = "/etc/ssl/certs/ca-certificates.crt";

type Encrypted = "starttls" | "tls";
const ENCRYPTED: Encrypted[] = ["starttls", "tls"];

/** Sends a message to `localhost`, or where the hash says, with a login, if it comes to that. */
async function send(
  server: ScriptedSmtp,
  given: SmarthostHash,
  circumstances: Circumstances = {},
): Promise<Run> {
  const hash = smarthostHash(server, { host: "localhost", ...LOGIN, ...given });
  await using redis = await redisServer(hash);
  const args = ["-f", "from@mail.test", "to@mail.test"];
  const run = await sendmail(args, { redis, stdin: "Hello", ...circumstances });
  await server.settled();
  return run;
}

/** The verbs of all commands that the server has heard. */
function verbs(server: ScriptedSmtp): (string | undefined)[] {
  return server.commands().map((line) => line.split(" ")[0]);
}

/**
 * Asserts that the server has heard nothing but what may be said in the clear, on each connection:
 * a second one may have looked at its certificate.
 */
function assertNothingSaid(server: ScriptedSmtp, encryption: Encrypted): void {
  const clear = encryption === "starttls" ? ["EHLO", "STARTTLS"] : [];
  for (const { commands } of server.conversations) {
    assert.deepEqual(commands.map((line) => line.split(" ")[0]), clear);
  }
  assert.deepEqual(server.messages(), []);
}

type Refused = {
  what: string;
  make: (authority: Authority, folder: Folder) => Promise<Certificate>;
  reason: RegExp;
};

const made = (options: CertificateOptions) => (authority: Authority) => authority.issue(options);

const REFUSED: Refused[] = [
  { what: "has expired", make: made({ valid: [-10, -1] }), reason: /expired/ },
  { what: "is not valid yet", make: made({ valid: [1, 10] }), reason: /not (yet valid|valid yet)/ },
  {
    what: "is for another name",
    make: made({ names: ["DNS:other.test"] }),
    reason: /localhost.*other\.test/,
  },
  {
    what: "is for an IP address alone",
    make: made({ names: ["IP:127.0.0.1"] }),
    reason: /localhost/,
  },
  { what: "is for a client", make: made({ purpose: "clientAuth" }), reason: /server|purpose/ },
  {
    what: "is from an authority that nobody knows",
    async make() {
      await using unknown = await certificateAuthority();
      return await unknown.issue();
    },
    reason: /authority/,
  },
  {
    what: "is from an impostor of the authority",
    async make({ name }) {
      await using impostor = await certificateAuthority(name);
      return await impostor.issue();
    },
    reason: /sign|authority/,
  },
  {
    what: "has signed itself",
    make: (_authority, folder) => selfSigned(folder),
    reason: /self-signed|authority/,
  },
];

for (const { what, make, reason } of REFUSED) {
  for (const encryption of ENCRYPTED) {
    Deno.test(`a certificate that ${what} is 77 with the reason: ${encryption}`, async () => {
      await using authority = await certificateAuthority();
      await using folder = await temporaryFolder();
      const certificate = await make(authority, folder);
      await using server = await scriptedSmtp({}, { encryption, certificate, login: LOGIN });
      const env = { SSL_CERT_FILE: authority.certificateFile };
      const run = await send(server, { encrypt_smtp: encryption }, { env });
      assertFailure(run, 77, `localhost:${server.port}`, reason);
      assertNothingSaid(server, encryption);
    });

    Deno.test(`without verification a certificate that ${what} will do: ${encryption}`, async () => {
      await using authority = await certificateAuthority();
      await using folder = await temporaryFolder();
      const certificate = await make(authority, folder);
      await using server = await scriptedSmtp({}, { encryption, certificate, login: LOGIN });
      const run = await send(server, { encrypt_smtp: encryption, tls_verify: "0" });
      assertSilentSuccess(run);
      assert.equal(server.conversations[0]?.encrypted, true);
      assert.equal(server.messages().length, 1);
    });
  }
}

/** A folder of authorities as OpenSSL looks them up, by the hash of their names. */
async function certificateDirectory({ certificate }: Authority): Promise<Folder> {
  const folder = await temporaryFolder();
  await folder.write("authority.pem", certificate);
  await new Deno.Command("openssl", { args: ["rehash", folder.path] }).output();
  return folder;
}

for (const encryption of ENCRYPTED) {
  Deno.test(`a smarthost given by its IP address needs that in its certificate: ${encryption}`, async () => {
    await using authority = await certificateAuthority();
    const env = { SSL_CERT_FILE: authority.certificateFile };
    for (const [names, status] of [[["IP:127.0.0.1"], 0], [["DNS:localhost"], 77]] as const) {
      const certificate = await authority.issue({ names: [...names] });
      await using server = await scriptedSmtp({}, { encryption, certificate, login: LOGIN });
      const run = await send(server, { host: "127.0.0.1", encrypt_smtp: encryption }, { env });
      assert.equal(run.status, status, run.stderr);
      assert.equal(server.messages().length, status === 0 ? 1 : 0);
    }
  });

  Deno.test(`SSL_CERT_FILE alone turns the system's store off: ${encryption}`, async () => {
    await using authority = await certificateAuthority();
    await using other = await certificateAuthority();
    const certificate = await authority.issue();
    await using server = await scriptedSmtp({}, { encryption, certificate, login: LOGIN });
    const under = sandbox({ replaced: { [SYSTEM_STORE]: authority.certificateFile } });
    const env = { SSL_CERT_FILE: other.certificateFile };
    assertFailure(
      await send(server, { encrypt_smtp: encryption }, { env, under }),
      77,
      /authority/,
    );
    assertNothingSaid(server, encryption);
  });

  Deno.test(`SSL_CERT_DIR alone turns the system's store off: ${encryption}`, async () => {
    await using authority = await certificateAuthority();
    await using other = await certificateAuthority();
    await using directory = await certificateDirectory(other);
    const certificate = await authority.issue();
    await using server = await scriptedSmtp({}, { encryption, certificate, login: LOGIN });
    const under = sandbox({ replaced: { [SYSTEM_STORE]: authority.certificateFile } });
    const env = { SSL_CERT_DIR: directory.path };
    assertFailure(
      await send(server, { encrypt_smtp: encryption }, { env, under }),
      77,
      /authority/,
    );
    assertNothingSaid(server, encryption);
  });

  Deno.test(`the authorities in SSL_CERT_DIR are trusted: ${encryption}`, async () => {
    await using authority = await certificateAuthority();
    await using directory = await certificateDirectory(authority);
    const certificate = await authority.issue();
    await using server = await scriptedSmtp({}, { encryption, certificate, login: LOGIN });
    const env = { SSL_CERT_DIR: directory.path };
    assertSilentSuccess(await send(server, { encrypt_smtp: encryption }, { env }));
  });

  Deno.test(`an SSL_CERT_FILE that is not there is named, and nothing is said: ${encryption}`, async () => {
    await using authority = await certificateAuthority();
    const certificate = await authority.issue();
    await using server = await scriptedSmtp({}, { encryption, certificate, login: LOGIN });
    const env = { SSL_CERT_FILE: "/nowhere/ca.pem" };
    const run = await send(server, { encrypt_smtp: encryption }, { env });
    assertFailure(run, 77, "SSL_CERT_FILE", "/nowhere/ca.pem");
    assert.deepEqual(verbs(server), []);
  });

  Deno.test(`an SSL_CERT_DIR without authorities is named, and nothing is said: ${encryption}`, async () => {
    await using authority = await certificateAuthority();
    await using empty = await temporaryFolder();
    const certificate = await authority.issue();
    await using server = await scriptedSmtp({}, { encryption, certificate, login: LOGIN });
    const env = { SSL_CERT_DIR: empty.path };
    const run = await send(server, { encrypt_smtp: encryption }, { env });
    assertFailure(run, 77, "SSL_CERT_DIR", empty.path);
    assert.deepEqual(verbs(server), []);
  });
}

Deno.test("STARTTLS that is not offered is 76, and the server sees neither login nor sender", async () => {
  await using server = await scriptedSmtp({}, { encryption: "none", login: LOGIN });
  const run = await send(server, { encrypt_smtp: "starttls" });
  assertFailure(run, 76, `localhost:${server.port}`, "STARTTLS");
  assert.deepEqual(verbs(server), ["EHLO"]);
  assert.match(server.conversations[0]?.saidText() ?? "", /^EHLO \S+\r\n$/);
});

Deno.test("STARTTLS is not said to a server that knows HELO alone: 76", async () => {
  const script: Script = { ehlo: reply("502 5.5.1 What?") };
  await using server = await scriptedSmtp(script, { login: LOGIN });
  assertFailure(await send(server, { encrypt_smtp: "starttls" }), 76, "STARTTLS");
  assert.deepEqual(verbs(server), ["EHLO", "HELO"]);
});

/** What STARTTLS is answered, the status, and the last command: QUIT where the server may listen. */
const ANSWERS: [answer: string, status: number, last: string][] = [
  ["454 4.7.0 TLS not available", 75, "QUIT"],
  ["421 4.3.2 Shutting down", 75, "STARTTLS"],
  ["500 5.5.1 Unknown command", 76, "QUIT"],
  ["554 5.7.0 No", 76, "QUIT"],
  ["250 2.0.0 Ok", 76, "STARTTLS"],
];

for (const [answer, status, last] of ANSWERS) {
  Deno.test(`STARTTLS answered "${answer}" is ${status}, and no more is said than ${last}`, async () => {
    await using authority = await certificateAuthority();
    const certificate = await authority.issue();
    const script: Script = { starttls: reply(answer) };
    const options = { encryption: "starttls", certificate, login: LOGIN } as const;
    await using server = await scriptedSmtp(script, options);
    const run = await send(server, { encrypt_smtp: "starttls", tls_verify: "0" });
    assertFailure(run, status, answer);
    const [ehlo, ...rest] = server.conversations[0]?.saidText().split("\r\n") ?? [];
    assert.match(ehlo ?? "", /^EHLO \S+$/);
    assert.deepEqual(rest, [...new Set(["STARTTLS", last]), ""]);
  });
}

const INJECTED = "250-scripted.test\r\n250 AUTH PLAIN LOGIN\r\n";

const INJECTIONS: [how: string, starttls: Action, handshake: Action][] = [
  ["in the segment of the 220", raw(`220 Go ahead\r\n${INJECTED}`), hangUp()],
  ["as an unfinished line", raw("220 Go ahead\r\n250-scripted"), hangUp()],
  ["in a later segment", reply("220 Go ahead"), raw(INJECTED)],
  ["in a segment well behind", reply("220 Go ahead"), inTurn(pause(20), raw(INJECTED))],
];

for (const [how, starttls, handshake] of INJECTIONS) {
  Deno.test(`replies injected before the handshake are 76: ${how}`, async () => {
    await using authority = await certificateAuthority();
    const certificate = await authority.issue();
    const options = { encryption: "starttls", certificate, login: LOGIN } as const;
    await using server = await scriptedSmtp({ starttls, handshake }, options);
    assertFailure(await send(server, { encrypt_smtp: "starttls", tls_verify: "0" }), 76);
    assert.deepEqual(verbs(server).slice(0, 2), ["EHLO", "STARTTLS"]);
    const said = server.conversations[0]?.saidText() ?? "";
    assert.doesNotMatch(said, /AUTH|MAIL|from@|to@|Hello/);
  });
}

Deno.test("a server that speaks in the clear on the port of TLS is 76", async () => {
  await using server = await scriptedSmtp({}, { login: LOGIN });
  const run = await send(server, { encrypt_smtp: "tls", tls_verify: "0" });
  assertFailure(run, 76, `localhost:${server.port}`);
  assert.doesNotMatch(server.conversations[0]?.saidText() ?? "", /EHLO|AUTH|MAIL/);
});
