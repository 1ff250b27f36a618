/** The contract's chapter "The connection": what a certificate, a server or a host's store may lack. */

import assert from "node:assert/strict";
import {
  type Authority,
  type Certificate,
  certificateAuthority,
  type CertificateOptions,
  selfSigned,
} from "../support/servers/certificates.ts";
import { dateAfter } from "../support/servers/dates.ts";
import {
  assertEnding,
  attempts,
  type Ending,
  failed,
  failedLike,
  sent,
} from "../support/servers/ending.ts";
import { type Folder, temporaryFolder } from "../support/hosts/folder.ts";
import { logSocket } from "../support/servers/log_socket.ts";
import { sideBySide } from "../support/program/parallel.ts";
import { startPython } from "../support/program/python.ts";
import { sendmail } from "../support/program/program.ts";
import { smarthostHash } from "../support/servers/redis.ts";
import { scriptedRedis } from "../support/servers/redis_scripted.ts";
import { sandbox, unprivileged } from "../support/hosts/sandbox.ts";
import { scriptedSmtp } from "../support/servers/smtp_scripted.ts";
import { LOGIN } from "../support/servers/smtp_login.ts";

const ENCRYPTED = ["starttls", "tls"] as const;

function refused(why: string): Ending {
  return failed(77, "Certificate of the smarthost is not valid", why);
}

/** Of an authority whose name chance has made. */
const UNTRUSTED = failedLike(
  77,
  "Certificate of the smarthost is not valid",
  /issued by an authority that this host does not trust \(Private authority \S+\), unless the server leaves out a certificate in between(?:"|$)/,
);

const NO_LIST = refused(
  "issued by an authority that this host does not trust: it has no list of authorities " +
    "(install ca-certificates)",
);

type Make = (authority: Authority, folder: Folder) => Promise<Certificate>;
const made = (options: CertificateOptions): Make => (authority) => authority.issue(options);

/** A certificate, the host that it is shown for, and what is said of it: to the letter. */
const CERTIFICATES: [what: string, host: string, make: Make, ending: Ending][] = [
  ["for this name", "localhost", made({}), sent()],
  ["for this name in capitals", "LOCALHOST", made({}), sent()],
  ["for this address", "127.0.0.1", made({ names: ["IP:127.0.0.1"] }), sent()],
  ["without a subject", "localhost", made({ subject: "/" }), sent()],
  [
    "that has expired",
    "localhost",
    made({ valid: [-10, -1] }),
    refused(`expired on ${dateAfter(-1)}`),
  ],
  [
    "that has expired, by address",
    "127.0.0.1",
    made({ valid: [-10, -1] }),
    refused(`expired on ${dateAfter(-1)}`),
  ],
  [
    "that is not valid yet",
    "localhost",
    made({ valid: [1, 10] }),
    refused(`not valid yet, only from ${dateAfter(1)} on (this host's clock: TODAY)`),
  ],
  [
    "for another name",
    "localhost",
    made({ names: ["DNS:other.test", "DNS:third.test"] }),
    refused("not made for localhost, only for other.test or third.test"),
  ],
  [
    "for a name where the host is an address",
    "127.0.0.1",
    made({ names: ["DNS:localhost"] }),
    refused("not made for 127.0.0.1, only for localhost"),
  ],
  [
    "for another address",
    "127.0.0.1",
    made({ names: ["IP:192.0.2.1"] }),
    refused("not made for 127.0.0.1, only for 192.0.2.1"),
  ],
  [
    "for an address where the host is a name",
    "localhost",
    made({ names: ["IP:127.0.0.1"] }),
    refused("not made for localhost, only for 127.0.0.1"),
  ],
  [
    "for names below this one",
    "localhost",
    made({ names: ["DNS:*.localhost"] }),
    refused("not made for localhost, only for *.localhost"),
  ],
  ["for a client", "localhost", made({ purpose: "clientAuth" }), refused("not made for a server")],
  [
    "for signing code",
    "localhost",
    made({ purpose: "codeSigning" }),
    refused("not made for a server"),
  ],
  [
    "of an authority that nobody knows",
    "localhost",
    async () => {
      await using unknown = await certificateAuthority();
      return await unknown.issue();
    },
    UNTRUSTED,
  ],
  [
    "that has signed itself",
    "localhost",
    (_authority, folder) => selfSigned(folder),
    refused("self-signed, and not trusted by this host"),
  ],
];

for (const encryption of ENCRYPTED) {
  Deno.test(`why a certificate is not valid is said in words: ${encryption}`, async (test) => {
    await using log = await logSocket();
    await using authority = await certificateAuthority();
    await using folder = await temporaryFolder();
    const attempt = attempts(log);
    const rows = [];
    // One after the other: they are entered into one book.
    for (const [name, host, make, ending] of CERTIFICATES) {
      rows.push({ name, host, certificate: await make(authority, folder), ending });
    }
    await sideBySide(test, rows, async ({ host, certificate, ending }) => {
      await using server = await scriptedSmtp({}, { encryption, certificate, login: LOGIN });
      const hash = smarthostHash(server, { host, encrypt_smtp: encryption, ...LOGIN });
      await using redis = await scriptedRedis({}, hash);
      const env = { SSL_CERT_FILE: authority.certificateFile };
      const place = `${host}:${server.port}`;
      assertEnding(await attempt({ redis, env }), ending, place);
      await server.settled();
      const clear = encryption === "starttls" ? ["EHLO", "STARTTLS"] : [];
      if (ending.status === 0) return;
      for (const { commands } of server.conversations) {
        assert.deepEqual(commands.map((line) => line.split(" ")[0]), clear);
      }
    });
  });
}

const noName = (host: string) => refused(`${host} is no name that a certificate can be made for`);

/** Names that resolve, whatever they are, and what becomes of an attempt that verifies. */
const NAMES: [host: string, ending: Ending][] = [
  ["mail.test", sent()],
  ["under_score.test", sent()],
  ["müller.test", sent()],
  ["MÜLLER.TEST", sent()],
  ["xn--mller-kva.test", sent()],
  ["-dash.test", noName("-dash.test")],
  ["127.1", noName("127.1")],
  ["2130706433", noName("2130706433")],
];

for (const encryption of ENCRYPTED) {
  Deno.test(`a name that no certificate can have is refused, not waited for: ${encryption}`, async (test) => {
    await using log = await logSocket();
    await using folder = await temporaryFolder();
    await using authority = await certificateAuthority();
    const known = ["mail.test", "under_score.test", "xn--mller-kva.test"];
    const certificate = await authority.issue({ names: known.map((name) => `DNS:${name}`) });
    const hosts = await folder.write("hosts", `127.0.0.1 ${known.join(" ")} -dash.test\n`);
    const replaced = { "/etc/hosts": hosts };
    const under = sandbox({ log, hostName: "node.example.org", replaced });
    const env = { SSL_CERT_FILE: authority.certificateFile };
    const attempt = attempts(log);
    const rows = NAMES.flatMap(([host, ending]) => [
      { name: host, host, tls_verify: "1", ending },
      { name: `${host}, not verified`, host, tls_verify: "0", ending: sent() },
    ]);
    await sideBySide(test, rows, async ({ host, tls_verify, ending }) => {
      await using server = await scriptedSmtp({}, { encryption, certificate });
      const hash = smarthostHash(server, { host, encrypt_smtp: encryption, tls_verify });
      await using redis = await scriptedRedis({}, hash);
      assertEnding(await attempt({ redis, env, under }), ending, `${host}:${server.port}`);
      assert.equal(server.messages().length, ending.status === 0 ? 1 : 0);
    });
  });
}

const NO_TLS = "TLS handshake failed";
const NEEDED = "TLS 1.2 with ECDHE and AES-GCM or ChaCha20, or TLS 1.3";
const CLIENT_CERTIFICATE = failed(
  77,
  NO_TLS,
  "the server demands a certificate of this host, which this program does not have",
);

const BROKEN_OFF = "the server broke off TLS: bad record mac";

type TlsOptions = {
  /** The oldest and the newest version, as Python names them. */
  versions: ["TLSv1" | "TLSv1_2" | "TLSv1_3", "TLSv1_1" | "TLSv1_2" | "TLSv1_3"];
  /** What OpenSSL is told of ciphers. */
  ciphers?: string;
  clientCertificate?: boolean;
  /** Whether it breaks the connection off in place of its last part of the handshake. */
  isReset?: boolean;
  /** The command that it answers with a fatal alert, or the final dot. */
  alertAt?: string;
};

/** A server's TLS, and what becomes of an attempt. */
const SERVERS: [what: string, tls: TlsOptions, ending: Ending][] = [
  [
    "TLS 1.1 at most",
    { versions: ["TLSv1", "TLSv1_1"], ciphers: "ALL:@SECLEVEL=0" },
    failed(76, NO_TLS, `the server speaks TLS 1.1 at most; it needs ${NEEDED}`),
  ],
  [
    "ciphers that nobody should use",
    { versions: ["TLSv1_2", "TLSv1_2"], ciphers: "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0" },
    failed(
      76,
      NO_TLS,
      `the server offers only cipher suites without AES-GCM or ChaCha20; it needs ${NEEDED}`,
    ),
  ],
  [
    "a certificate wanted of the client, in TLS 1.2",
    { versions: ["TLSv1_2", "TLSv1_2"], clientCertificate: true },
    CLIENT_CERTIFICATE,
  ],
  [
    "a certificate wanted of the client, in TLS 1.3",
    { versions: ["TLSv1_3", "TLSv1_3"], clientCertificate: true },
    // In TLS 1.3 the client has finished before the server says no (RFC 8446, 2).
    CLIENT_CERTIFICATE,
  ],
  [
    "a certificate wanted of the client, and a connection that is lost before an alert is read",
    { versions: ["TLSv1_2", "TLSv1_2"], clientCertificate: true, isReset: true },
    CLIENT_CERTIFICATE,
  ],
  [
    "a handshake that is broken off",
    { versions: ["TLSv1_2", "TLSv1_2"], isReset: true },
    failedLike(
      75,
      NO_TLS,
      /connection (?:reset by the server|closed by the server|broken off)|.*closed the connection/,
    ),
  ],
  ...(["TLSv1_2", "TLSv1_3"] as const).flatMap((version): typeof SERVERS => [
    [
      `an alert in place of the answer to MAIL, in ${version}`,
      { versions: [version, version], alertAt: "MAIL" },
      failed(75, "Connection lost while waiting for the answer to MAIL", BROKEN_OFF),
    ],
    [
      `an alert in place of the answer to the final dot, in ${version}`,
      { versions: [version, version], alertAt: "." },
      failed(
        75,
        "Connection lost while waiting for the answer to the message",
        `${BROKEN_OFF}; the server may have the message`,
      ),
    ],
  ]),
];

for (const encryption of ENCRYPTED) {
  Deno.test(`a server's TLS is new and safe, or it is not used: ${encryption}`, async (test) => {
    await using log = await logSocket();
    await using authority = await certificateAuthority();
    const { chainFile, keyFile } = await authority.issue();
    const env = { SSL_CERT_FILE: authority.certificateFile };
    const attempt = attempts(log);
    const rows = SERVERS.map(([name, tls, ending]) => ({ name, tls, ending }));
    await sideBySide(test, rows, async ({ tls, ending }) => {
      const settings = JSON.stringify({ encryption, chainFile, keyFile, ...tls });
      await using refuser = await startPython("servers/tls_refuser.py", [settings]);
      const place = { host: "localhost", port: Number(refuser.greeting) };
      await using redis = await scriptedRedis(
        {},
        smarthostHash(place, { encrypt_smtp: encryption }),
      );
      assertEnding(await attempt({ redis, env }), ending, `${place.host}:${place.port}`);
    });
  });
}

const NO_AUTHORITY = "No certificate authority to check the smarthost's certificate with";

/** A certificate of the server's authority under the name by which OpenSSL looks it up. */
async function hashed(certificateFile: string, number = 0): Promise<string> {
  const args = ["x509", "-noout", "-subject_hash", "-in", certificateFile];
  const { stdout } = await new Deno.Command("openssl", { args }).output();
  return `${new TextDecoder().decode(stdout).trim()}.${number}`;
}

type Store = {
  /** The server's authority, and its certificate in a file. */
  right: Authority;
  /** Another one. */
  wrong: Authority;
  folder: Folder;
};

/** What the two variables are set to, with the files made, and what becomes of an attempt. */
const STORES: [
  what: string,
  make: (store: Store) => Promise<Record<string, string>>,
  passes: boolean | string,
][] = [
  ["SSL_CERT_FILE", ({ right }) => file(right.certificateFile), true],
  ["SSL_CERT_FILE of another authority", ({ wrong }) => file(wrong.certificateFile), false],
  [
    "SSL_CERT_FILE of several authorities, with words between",
    ({ right, wrong, folder }) =>
      write(folder, `# one\n${wrong.certificate}\n# two\n${right.certificate}`),
    true,
  ],
  [
    "SSL_CERT_FILE with a certificate that is broken before the right one",
    ({ right, folder }) => write(folder, `${BROKEN}\n${right.certificate}`),
    true,
  ],
  [
    "SSL_CERT_FILE in CRLF",
    ({ right, folder }) => write(folder, right.certificate.replaceAll("\n", "\r\n")),
    true,
  ],
  [
    "SSL_CERT_FILE that holds no certificate",
    ({ folder }) => write(folder, "nothing here"),
    "(SSL_CERT_FILE): FOLDER/ca.pem: holds no certificate",
  ],
  [
    "SSL_CERT_FILE that is not there",
    ({ folder }) => file(folder.file("nowhere.pem")),
    "(SSL_CERT_FILE): FOLDER/nowhere.pem: no such file or directory",
  ],
  [
    "SSL_CERT_FILE that is a directory",
    ({ folder }) => file(folder.path),
    "(SSL_CERT_FILE): FOLDER: is a directory",
  ],
  [
    "SSL_CERT_FILE that nobody may read",
    async ({ right, folder }) => {
      const written = await write(folder, right.certificate);
      await Deno.chmod(folder.file("ca.pem"), 0o000);
      return written;
    },
    "(SSL_CERT_FILE): FOLDER/ca.pem: permission denied",
  ],
  ["SSL_CERT_DIR with hashed names", ({ right, folder }) => directory(folder, [right]), true],
  ["SSL_CERT_DIR of another authority", ({ wrong, folder }) => directory(folder, [wrong]), false],
  [
    "SSL_CERT_DIR of several",
    ({ right, wrong, folder }) => directory(folder, [wrong, right]),
    true,
  ],
  [
    "SSL_CERT_DIR with names that are not hashed",
    async ({ right, folder }) => {
      await folder.write("ca.pem", right.certificate);
      return { SSL_CERT_DIR: folder.path };
    },
    "(SSL_CERT_DIR): FOLDER: holds no hashed certificates",
  ],
  [
    "SSL_CERT_DIR of several directories, one of which is not there",
    async ({ right, folder }) => {
      const { SSL_CERT_DIR } = await directory(folder, [right]);
      return { SSL_CERT_DIR: `/nowhere/certs::${SSL_CERT_DIR}:/nowhere/else` };
    },
    true,
  ],
  [
    "SSL_CERT_DIR that is not there",
    () => Promise.resolve({ SSL_CERT_DIR: "/nowhere/certs" }),
    "(SSL_CERT_DIR): /nowhere/certs: no such file or directory",
  ],
  [
    "SSL_CERT_DIR that is a file",
    ({ right }) => Promise.resolve({ SSL_CERT_DIR: right.certificateFile }),
    "(SSL_CERT_DIR): AUTHORITY: not a directory",
  ],
  [
    "both, the file of another authority",
    async ({ right, wrong, folder }) => ({
      ...await file(wrong.certificateFile),
      ...await directory(folder, [right]),
    }),
    true,
  ],
  [
    "both, the directory not there",
    async ({ right }) => ({ ...await file(right.certificateFile), SSL_CERT_DIR: "/nowhere/certs" }),
    true,
  ],
  [
    "both, neither there",
    () => Promise.resolve({ SSL_CERT_FILE: "/nowhere/ca.pem", SSL_CERT_DIR: "/nowhere/certs" }),
    "(SSL_CERT_FILE, SSL_CERT_DIR): /nowhere/ca.pem: no such file or directory; " +
    "/nowhere/certs: no such file or directory",
  ],
  ["neither, or empty", () => Promise.resolve({ SSL_CERT_FILE: "", SSL_CERT_DIR: "" }), false],
];

const BROKEN = "-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----";

const file = (path: string) => Promise.resolve({ SSL_CERT_FILE: path });

async function write(folder: Folder, content: string) {
  return { SSL_CERT_FILE: await folder.write("ca.pem", content) };
}

async function directory(folder: Folder, authorities: Authority[]) {
  for (const { certificate, certificateFile } of authorities) {
    await folder.write(await hashed(certificateFile), certificate);
  }
  return { SSL_CERT_DIR: folder.path };
}

for (const encryption of ENCRYPTED) {
  Deno.test(`whom the environment says to trust, and nobody else: ${encryption}`, async (test) => {
    await using log = await logSocket();
    await using right = await certificateAuthority();
    await using wrong = await certificateAuthority();
    const certificate = await right.issue();
    const attempt = attempts(log);
    const under = [...sandbox({ log, hostName: "node.example.org" }), ...unprivileged()];
    const rows = STORES.map(([name, make, passes]) => ({ name, make, passes }));
    await sideBySide(test, rows, async ({ make, passes }) => {
      await using folder = await temporaryFolder();
      await using server = await scriptedSmtp({}, { encryption, certificate });
      const hash = smarthostHash(server, { host: "localhost", encrypt_smtp: encryption });
      await using redis = await scriptedRedis({}, hash);
      const env = await make({ right, wrong, folder });
      const made = await attempt({ redis, env, under });
      await server.settled();
      if (typeof passes === "boolean") {
        return assertEnding(made, passes ? sent() : UNTRUSTED, `localhost:${server.port}`);
      }
      const why = passes.replaceAll("FOLDER", folder.path).replace(
        "AUTHORITY",
        right.certificateFile,
      );
      const ending = { status: 77, error: `${NO_AUTHORITY} ${why}`, log: /^code=-1 message="No / };
      assertEnding(made, ending, "", `localhost:${server.port}`);
      assert.deepEqual(server.messages(), []);
    });
  });

  for (const env of [{ SSL_CERT_FILE: "/nowhere/ca.pem" }, { SSL_CERT_DIR: "/nowhere/certs" }]) {
    const [variable] = Object.keys(env);
    Deno.test(`who verifies nothing needs no ${variable}: ${encryption}`, async () => {
      await using authority = await certificateAuthority();
      const certificate = await authority.issue();
      await using server = await scriptedSmtp({}, { encryption, certificate });
      const hash = smarthostHash(server, { encrypt_smtp: encryption, tls_verify: "0" });
      await using redis = await scriptedRedis({}, hash);
      const run = await sendmail(["to@to.test", "--timeout", "2"], { redis, env });
      assert.deepEqual([run.status, run.stderr], [0, ""]);
    });
  }
}

const SYSTEM_STORE = "/etc/ssl/certs/ca-certificates.crt";

/** How a host's own store may be, and what becomes of an attempt. */
const SYSTEM: [what: string, content: string, ending: Ending][] = [
  ["is empty", "", NO_LIST],
  ["holds no certificate", "nothing here\n", NO_LIST],
];

for (const encryption of ENCRYPTED) {
  for (const [what, content, ending] of SYSTEM) {
    Deno.test(`a host whose store ${what} trusts nobody: ${encryption}`, async () => {
      await using log = await logSocket();
      await using folder = await temporaryFolder();
      await using authority = await certificateAuthority();
      const certificate = await authority.issue();
      await using server = await scriptedSmtp({}, { encryption, certificate });
      await using redis = await scriptedRedis(
        {},
        smarthostHash(server, { encrypt_smtp: encryption }),
      );
      const replaced = { [SYSTEM_STORE]: await folder.write("store", content) };
      const under = sandbox({ log, hostName: "node.example.org", replaced });
      assertEnding(await attempts(log)({ redis, under }), ending, server.address);
    });
  }

  Deno.test(`a host whose store may not be read says so: 77, ${encryption}`, async () => {
    await using log = await logSocket();
    await using folder = await temporaryFolder();
    await using authority = await certificateAuthority();
    const certificate = await authority.issue();
    await using server = await scriptedSmtp({}, { encryption, certificate });
    await using redis = await scriptedRedis(
      {},
      smarthostHash(server, { encrypt_smtp: encryption }),
    );
    const store = await folder.write("store", authority.certificate);
    await Deno.chmod(store, 0o000);
    const under = sandbox({
      log,
      hostName: "node.example.org",
      replaced: { [SYSTEM_STORE]: store },
    });
    const made = await attempts(log)({ redis, under: [...under, ...unprivileged()] });
    const error = `${NO_AUTHORITY} (${SYSTEM_STORE}): permission denied`;
    const ending = { status: 77, error, log: `code=-1 message="${error}"` };
    assertEnding(made, ending, "", server.address);
    assert.deepEqual(server.conversations, []);
  });

  Deno.test(`the host's store counts, whatever DENO_TLS_CA_STORE says: ${encryption}`, async () => {
    await using authority = await certificateAuthority();
    const certificate = await authority.issue();
    await using server = await scriptedSmtp({}, { encryption, certificate });
    await using redis = await scriptedRedis(
      {},
      smarthostHash(server, { encrypt_smtp: encryption }),
    );
    const under = sandbox({ replaced: { [SYSTEM_STORE]: authority.certificateFile } });
    for (const DENO_TLS_CA_STORE of ["", "mozilla", "nonsense"]) {
      const run = await sendmail(["to@to.test"], { redis, under, env: { DENO_TLS_CA_STORE } });
      assert.deepEqual([run.status, run.stderr], [0, ""]);
    }
  });
}
