/**
 * Certificates and TLS of every kind that servers have, and what the program says of each under
 * both runtimes. scripts/other_clients.ts prints what other programs say.
 *
 * @module
 */

import type { Folder } from "../hosts/folder.ts";
import {
  brokenKey,
  FOR_AUTHORITY,
  forServer,
  type How,
  KEYS,
  type Made,
} from "./certificate_maker.ts";
import { makeCertificate } from "./certificate_maker.ts";
import { dateAfter } from "./dates.ts";

/** What the program says: nothing, or why the certificate is not valid, or why there is no TLS. */
export type Verdict = "sent" | { invalid: string } | { noTls: string; status: number };

/** One server. */
export type CertificateRow = {
  name: string;
  /** The host in the settings. */
  host: string;
  /** What the server shows, its own certificate first. */
  chain: Made[];
  key: string;
  /** What is in the host's store. */
  trusted: Made[];
  /** What else the server's TLS is like, as tls_servers.py has it. */
  tls: Record<string, unknown>;
  verify: boolean;
  older: Verdict;
  current: Verdict;
};

const LOCALHOST = forServer("DNS:localhost");
const NEEDED = "TLS 1.2 with ECDHE and AES-GCM or ChaCha20, or TLS 1.3";

const invalid = (words: string): Verdict => ({ invalid: words });
const noTls = (words: string, status = 76): Verdict => ({ noTls: words, status });

const EXPIRED = `expired on ${dateAfter(-1)}`;
const NOT_YET = `not valid yet, only from ${dateAfter(1)} on (this host's clock: TODAY)`;
const SELF_SIGNED = "self-signed, and not trusted by this host";
const UNKNOWN = "issued by an authority that this host does not trust";
const IN_BETWEEN = ", unless the server leaves out a certificate in between";
const FORGED = "not signed by the authority that it names";
const AGAIN =
  "make it again: openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=localhost " +
  "-addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE " +
  "-keyout key.pem -out cert.pem";
const CA_TRUE = "it is an authority's (CA:TRUE), which cannot be a server's";
const ONLY_CN = "it names localhost only as its common name, and not as subjectAltName";
const VERSION1 = "it is of version 1 of X.509, and not 3";
const EXTENSION = "it has a critical extension that this program does not know";

const KEYLESS = invalid(
  "the server does not prove that it has the key of the certificate that it shows",
);
const UNSEEN = invalid(
  "the server does not prove that it has the key of its certificate, or that key is too short, " +
    `or ${EXTENSION}`,
);

/** Makes all certificates in a folder, and gives the table. */
export async function certificateTable(folder: Folder): Promise<CertificateRow[]> {
  let count = 0;
  const make = (how: How = {}) => makeCertificate(folder, `c${++count}`, how);
  const authority = (name: string, how: How = {}) =>
    make({ subject: `/CN=${name}`, extensions: FOR_AUTHORITY, ...how });
  const root = await authority("Root");
  const leaf = (how: How = {}) => make({ issuer: root, ...how });
  const rows: CertificateRow[] = [];
  const add = (
    name: string,
    chain: Made[],
    trusted: Made[],
    older: Verdict,
    current: Verdict = older,
    more: Partial<CertificateRow> = {},
  ) => {
    const key = chain[0]?.key ?? "";
    rows.push({
      ...{ name, host: "localhost", chain, key, trusted, tls: {}, verify: true, older, current },
      ...more,
    });
  };
  const good = await leaf();
  await addNames(add, leaf, root);
  await addDates(add, leaf, authority, root);
  await addOwn(add, make, good);
  await addChains(add, leaf, authority, root);
  await addForms(add, leaf, make, root);
  await addStrength(add, leaf, make, authority, root);
  addOffers(add, good, root);
  for (const version of ["TLSv1_2", "TLSv1_3"]) {
    // In TLS 1.3 the current Deno shows no certificate that it refuses unverified as well.
    const current = version === "TLSv1_2" ? KEYLESS : UNSEEN;
    const keyless = async (name: string, own: Made, trusted: Made, older = KEYLESS) => {
      const more = { key: await brokenKey(folder, own), tls: { versions: [version, version] } };
      add(`${name}, without its key, in ${version}`, [own], [trusted], older, current, more);
    };
    const own = await make();
    const authoritys = await make({
      extensions: ["basicConstraints = critical, CA:TRUE", "subjectAltName = DNS:localhost"],
    });
    await keyless("of a trusted authority", good, root);
    await keyless("in the store itself", own, own);
    const older = invalid(`this host trusts it, but ${CA_TRUE}; ${AGAIN}`);
    await keyless("in the store itself with CA:TRUE", authoritys, authoritys, older);
  }
  return rows;
}

type Add = (
  name: string,
  chain: Made[],
  trusted: Made[],
  older: Verdict,
  current?: Verdict,
  more?: Partial<CertificateRow>,
) => void;
type Make = (how?: How) => Promise<Made>;
type MakeAuthority = (name: string, how?: How) => Promise<Made>;

async function addNames(add: Add, leaf: Make, root: Made): Promise<void> {
  const named = (...names: string[]) => leaf({ extensions: forServer(...names) });
  add("right", [await leaf()], [root], "sent");
  add("without a subject", [await leaf({ subject: "/" })], [root], "sent");
  add(
    "for another name",
    [await named("DNS:other.test", "DNS:third.test")],
    [root],
    invalid(
      "not made for localhost, only for other.test or third.test",
    ),
  );
  add(
    "for seven other names",
    [await named(..."abcdefg".split("").map((c) => `DNS:${c}.test`))],
    [
      root,
    ],
    invalid(
      "not made for localhost, only for a.test or b.test or c.test or d.test or e.test and 2 more",
    ),
  );
  add(
    "for an address alone",
    [await named("IP:127.0.0.1")],
    [root],
    invalid(
      "not made for localhost, only for 127.0.0.1",
    ),
    // As OpenSSL, the current Deno looks at the common name where no DNS name stands beside it.
    "sent",
  );
  add("for this address", [await named("IP:127.0.0.1")], [root], "sent", undefined, {
    host: "127.0.0.1",
  });
  add(
    "for this address as a name",
    [await named("DNS:127.0.0.1")],
    [root],
    invalid("not made for 127.0.0.1, only for 127.0.0.1 as a name"),
    undefined,
    { host: "127.0.0.1" },
  );
  add(
    "for names below",
    [await named("DNS:*.localhost")],
    [root],
    invalid(
      "not made for localhost, only for *.localhost",
    ),
  );
  add("with a common name alone", [await named()], [root], invalid(ONLY_CN), "sent");
  add("with another common name alone", [
    await leaf({ extensions: forServer(), subject: "/CN=other.test" }),
  ], [
    root,
  ], invalid("not made for localhost, only for other.test"));
  add(
    "for mail addresses beside the common name",
    [await named("email:a@x.test")],
    [root],
    invalid(ONLY_CN),
    "sent",
  );
  add(
    "without any name",
    [await leaf({ extensions: forServer(), subject: "/O=Nobody" })],
    [root],
    invalid(
      "not made for localhost: it names no host",
    ),
  );
}

async function addDates(add: Add, leaf: Make, authority: MakeAuthority, root: Made): Promise<void> {
  add("expired", [await leaf({ valid: [-10, -1] })], [root], invalid(EXPIRED));
  add("not valid yet", [await leaf({ valid: [1, 10] })], [root], invalid(NOT_YET));
  add(
    "expired, and for another name",
    [
      await leaf({ valid: [-10, -1], extensions: forServer("DNS:other.test") }),
    ],
    [root],
    invalid(`${EXPIRED}; not made for localhost, only for other.test`),
  );
  const old = await authority("Old one", { issuer: root, valid: [-10, -1] });
  add(
    "with an expired authority in between",
    [await leaf({ issuer: old }), old],
    [root],
    invalid(
      `the certificate of its authority Old one ${EXPIRED}`,
    ),
  );
  const future = await authority("New one", { issuer: root, valid: [1, 10] });
  add(
    "with an authority in between that is not valid yet",
    [await leaf({ issuer: future }), future],
    [root],
    invalid(
      `the certificate of its authority New one is ${NOT_YET}`,
    ),
  );
  const ended = await authority("Ended root", { valid: [-10, -1] });
  add(
    "of an expired authority in the store",
    [await leaf({ issuer: ended })],
    [ended, root],
    invalid(
      `the certificate of its authority Ended root ${EXPIRED}`,
    ),
  );
}

async function addOwn(add: Add, make: Make, good: Made): Promise<void> {
  const self = (how: How = {}) => make({ extensions: LOCALHOST, ...how });
  const caTrue = ["basicConstraints = critical, CA:TRUE", "subjectAltName = DNS:localhost"];
  const other = await make({ subject: "/CN=Other" });
  const own = await self();
  add("self-signed", [own], [other], invalid(SELF_SIGNED));
  add("self-signed, and in the store", [own], [own], "sent");
  const authoritys = await self({ extensions: caTrue });
  add("self-signed with CA:TRUE", [authoritys], [other], invalid(SELF_SIGNED));
  add(
    "self-signed with CA:TRUE, and in the store",
    [authoritys],
    [authoritys],
    invalid(
      `this host trusts it, but ${CA_TRUE}; ${AGAIN}`,
    ),
    "sent",
  );
  const plain = await self({ extensions: ["basicConstraints = critical, CA:TRUE"] });
  add(
    "as openssl req -x509 makes it, and in the store",
    [plain],
    [plain],
    invalid(
      `this host trusts it, but ${CA_TRUE}, and ${ONLY_CN}; ${AGAIN}`,
    ),
    "sent",
  );
  const cn = await self({ extensions: forServer() });
  add(
    "self-signed with a common name alone, and in the store",
    [cn],
    [cn],
    invalid(
      `this host trusts it, but ${ONLY_CN}; ${AGAIN}`,
    ),
    "sent",
  );
  const first = await self({ extensions: [] });
  add(
    "self-signed of X.509 v1, and in the store",
    [first],
    [first],
    invalid(
      `this host trusts it, but ${VERSION1}; ${AGAIN}`,
    ),
    "sent",
  );
  const ended = await self({ valid: [-10, -1] });
  add("expired, and in the store", [ended], [ended, other], invalid(EXPIRED));
  const elsewhere = await self({ extensions: forServer("DNS:other.test") });
  add(
    "for another name, and in the store",
    [elsewhere],
    [elsewhere],
    invalid(
      "not made for localhost, only for other.test",
    ),
  );
  const twin = await self();
  add(
    "self-signed, and another of its name in the store",
    [twin],
    [own],
    invalid(`${SELF_SIGNED}, which trusts another certificate of this name`),
  );
  add(
    "in the store, but not its authority",
    [good],
    [good],
    invalid(
      "this host trusts it, but not its authority Root",
    ),
  );
}

async function addChains(
  add: Add,
  leaf: Make,
  authority: MakeAuthority,
  root: Made,
): Promise<void> {
  const stranger = await authority("Stranger");
  add(
    "of an unknown authority",
    [await leaf({ issuer: stranger })],
    [root],
    invalid(
      `${UNKNOWN} (Stranger)${IN_BETWEEN}`,
    ),
  );
  add(
    "of an unknown authority that is sent along",
    [await leaf({ issuer: stranger }), stranger],
    [root],
    invalid(
      `${UNKNOWN} (Stranger)`,
    ),
  );
  const impostor = await authority("Root");
  add("of an impostor", [await leaf({ issuer: impostor })], [root], invalid(FORGED));
  const middle = await authority("Middle", { issuer: root });
  add("with an authority in between", [await leaf({ issuer: middle }), middle], [root], "sent");
  add(
    "without the authority in between",
    [await leaf({ issuer: middle })],
    [root],
    invalid(
      `${UNKNOWN} (Middle)${IN_BETWEEN}`,
    ),
  );
  const none = await leaf({ subject: "/CN=No authority" });
  add(
    "of a server's certificate",
    [await leaf({ issuer: none }), none],
    [root],
    invalid(
      "issued by No authority, which is no authority",
    ),
  );
  const mute = await authority("Mute", {
    issuer: root,
    extensions: ["basicConstraints = critical, CA:TRUE", "keyUsage = critical, cRLSign"],
  });
  add(
    "of an authority that may not sign",
    [await leaf({ issuer: mute }), mute],
    [root],
    // OpenSSL and curl refuse it; neither runtime looks at that bit.
    "sent",
  );
  const narrow = await authority("Narrow", {
    issuer: root,
    extensions: ["basicConstraints = critical, CA:TRUE, pathlen:0", "keyUsage = keyCertSign"],
  });
  const below = await authority("Below", { issuer: narrow });
  add(
    "of a chain that is longer than allowed",
    [await leaf({ issuer: below }), below, narrow],
    [root],
    invalid(
      "its authority Narrow does not allow so long a chain",
    ),
  );
  const limited = await authority("Limited", {
    issuer: root,
    extensions: [...FOR_AUTHORITY, "nameConstraints = critical, permitted;DNS:only.test"],
  });
  add(
    "of an authority for other names",
    [await leaf({ issuer: limited }), limited],
    [root],
    invalid(
      "its authority Limited may not issue a certificate for localhost",
    ),
  );
}

async function addForms(add: Add, leaf: Make, make: Make, root: Made): Promise<void> {
  add(
    "for a client",
    [
      await leaf({
        extensions: ["extendedKeyUsage = clientAuth", "subjectAltName = DNS:localhost"],
      }),
    ],
    [root],
    invalid("not made for a server"),
  );
  add(
    "for signing code",
    [
      await leaf({
        extensions: ["extendedKeyUsage = codeSigning", "subjectAltName = DNS:localhost"],
      }),
    ],
    [root],
    invalid("not made for a server"),
  );
  add(
    "without extensions for its use",
    [await leaf({ extensions: ["subjectAltName = DNS:localhost"] })],
    [root],
    "sent",
  );
  add(
    "an authority's, issued by a trusted one",
    [
      await leaf({
        extensions: ["basicConstraints = critical, CA:TRUE", "subjectAltName = DNS:localhost"],
      }),
    ],
    [root],
    invalid(CA_TRUE),
  );
  add(
    "of X.509 v1, issued by a trusted authority",
    [await leaf({ extensions: [] })],
    [root],
    invalid(VERSION1),
    "sent",
  );
  add(
    "with an unknown critical extension",
    [
      await leaf({ extensions: [...LOCALHOST, "1.2.3.4 = critical, DER:0500"] }),
    ],
    [root],
    invalid(EXTENSION),
  );
  const odd = await make({ extensions: [...LOCALHOST, "1.2.3.4 = critical, DER:0500"] });
  add(
    "with an unknown critical extension, not verified",
    [odd],
    [root],
    "sent",
    invalid(EXTENSION),
    {
      verify: false,
    },
  );
}

async function addStrength(
  add: Add,
  leaf: Make,
  make: Make,
  authority: MakeAuthority,
  root: Made,
): Promise<void> {
  const short = "is too short: RSA with 1024 bits, and 2048 are needed";
  add(
    "with an RSA key of 1024 bits",
    [await leaf({ key: [...KEYS.rsa1024] })],
    [root],
    invalid(`the key ${short}`),
  );
  const own = await make({ key: [...KEYS.rsa1024] });
  add(
    "with an RSA key of 1024 bits, not verified",
    [own],
    [root],
    "sent",
    invalid(`the key ${short}`),
    {
      verify: false,
    },
  );
  const weak = await authority("Weak", { issuer: root, key: [...KEYS.rsa1024] });
  add(
    "of an authority with an RSA key of 1024 bits",
    [await leaf({ issuer: weak }), weak],
    [root],
    invalid(
      `the key of its authority Weak ${short}`,
    ),
  );
  const rsa = await authority("RSA root", { key: [...KEYS.rsa2048] });
  add(
    "signed with SHA-1",
    [await leaf({ issuer: rsa, digest: "sha1" })],
    [rsa],
    invalid(
      "signed with SHA-1, which is not safe",
    ),
  );
  add(
    "signed with RSA and SHA-512",
    [await leaf({ issuer: rsa, digest: "sha512" })],
    [rsa],
    "sent",
  );
  add(
    "signed with RSA-PSS",
    [
      await leaf({
        issuer: rsa,
        options: ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"],
      }),
    ],
    [rsa],
    "sent",
  );
  add(
    "signed with SHA-512 by a key on P-256",
    [await leaf({ digest: "sha512" })],
    [root],
    invalid(
      "it is signed with SHA-512 by a key of P-256, and not with SHA-256",
    ),
    "sent",
  );
  for (
    const [name, key] of [["P-384", KEYS.p384], ["P-521", KEYS.p521], [
      "Ed25519",
      KEYS.ed25519,
    ]] as const
  ) {
    add(`with a key of ${name}`, [await leaf({ key: [...key] })], [root], "sent");
  }
  for (
    const [name, key] of [["Ed448", KEYS.ed448], ["RSA-PSS", KEYS.rsaPss], [
      "secp256k1",
      KEYS.secp256k1,
    ]] as const
  ) {
    add(
      `with a key of ${name}`,
      [await leaf({ key: [...key] })],
      [root],
      noTls(
        `the key of the server's certificate is of the kind ${name}; it needs one of RSA, P-256, P-384, P-521 or Ed25519`,
      ),
    );
  }
}

function addOffers(add: Add, good: Made, root: Made): void {
  const offer = (name: string, tls: Record<string, unknown>, verdict: Verdict) => {
    add(name, [good], [root], verdict, undefined, { tls });
    add(`${name}, not verified`, [good], [], verdict, undefined, { tls, verify: false });
  };
  const only = (version: string) => [version, version];
  offer(
    "a server of TLS 1.1",
    { versions: ["TLSv1", "TLSv1_1"] },
    noTls(
      `the server speaks TLS 1.1 at most; it needs ${NEEDED}`,
    ),
  );
  offer(
    "a server of AES-CBC alone",
    { versions: only("TLSv1_2"), ciphers: "ECDHE-ECDSA-AES128-SHA256" },
    noTls(
      `the server offers only cipher suites without AES-GCM or ChaCha20; it needs ${NEEDED}`,
    ),
  );
  offer(
    "a server of AES-CCM alone",
    { versions: only("TLSv1_2"), ciphers: "ECDHE-ECDSA-AES128-CCM" },
    noTls(
      `the server offers only cipher suites without AES-GCM or ChaCha20; it needs ${NEEDED}`,
    ),
  );
  offer(
    "a server of the curve P-521 alone",
    { versions: only("TLSv1_2"), curve: "secp521r1" },
    noTls(
      "the server offers only the curve P-521 for the key exchange; it needs X25519, P-256 or P-384",
    ),
  );
  for (const version of ["TLSv1_2", "TLSv1_3"]) {
    offer(
      `a server that demands a certificate, in ${version}`,
      { versions: only(version), clientCertificate: true },
      noTls(
        "the server demands a certificate of this host, which this program does not have",
        77,
      ),
    );
  }
  for (const [name, tls] of [["1.2", only("TLSv1_2")], ["1.3", only("TLSv1_3")]] as const) {
    offer(`a server of TLS ${name}`, { versions: tls }, "sent");
  }
}
