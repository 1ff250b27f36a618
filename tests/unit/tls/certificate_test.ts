import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { isSelfSigned, isSignedBy, parseCertificate, pemOf } from "../../../lib/tls/certificate.ts";
import { isNamed } from "../../../lib/tls/certificate_name.ts";
import { judge } from "../../../lib/tls/verdict.ts";
import { temporaryFolder } from "../../support/hosts/folder.ts";
import {
  FOR_AUTHORITY,
  forServer,
  KEYS,
  makeCertificate,
} from "../../support/servers/certificate_maker.ts";

function derOf(pem: string): Uint8Array {
  return Buffer.from(pem.replace(/-----[^-]+-----/g, ""), "base64");
}

Deno.test("a certificate is read as openssl wrote it", async () => {
  await using folder = await temporaryFolder();
  const root = await makeCertificate(folder, "root", {
    subject: "/CN=Root",
    extensions: FOR_AUTHORITY,
  });
  const leaf = await makeCertificate(folder, "leaf", {
    ...{ issuer: root, subject: "/O=House/CN=mail.test", key: [...KEYS.rsa2048] },
    extensions: forServer(
      "DNS:mail.test",
      "DNS:*.test",
      "IP:192.0.2.1",
      "IP:2001:db8::1",
      "email:a@b.test",
    ),
  });
  const certificate = parseCertificate(derOf(leaf.pem));
  const authority = parseCertificate(derOf(root.pem));
  assert(certificate && authority);
  const { der: _, subject, issuer, validFrom, validTo, ...rest } = certificate;
  assert.deepEqual(rest, {
    ...{ version: 3, subjectName: "mail.test", issuerName: "Root", commonName: "mail.test" },
    ...{ keyKind: "RSA", keyBits: 2048, signedWith: "ECDSA with SHA-256" },
    names: ["mail.test", "*.test", "192.0.2.1", "2001:db8:0:0:0:0:0:1"],
    ...{ isAuthority: false, isForServers: true, maySignCertificates: false },
    ...{ hasNameConstraints: false, hasUnknownExtension: false },
  });
  assert.notEqual(subject, issuer);
  assert.equal(issuer, authority.subject);
  assert.equal(Math.round((validTo.getTime() - validFrom.getTime()) / 86_400_000), 31);
  assert.deepEqual([isSignedBy(certificate, authority), isSignedBy(authority, certificate)], [
    true,
    false,
  ]);
  assert.deepEqual([isSelfSigned(authority), isSelfSigned(certificate)], [true, false]);
  assert.deepEqual(derOf(pemOf(certificate.der)), Buffer.from(certificate.der));
});

Deno.test("a certificate that is cut off or changed anywhere never throws", async () => {
  await using folder = await temporaryFolder();
  const made = await makeCertificate(folder, "own");
  const der = derOf(made.pem);
  const evidence = { host: "localhost", name: "localhost", now: new Date(), isStrict: true };
  for (let at = 0; at < der.length; at++) {
    assert.equal(parseCertificate(der.subarray(0, at)), undefined);
    for (const octet of [0, 0x30, 0x7f, 0x84, 0xff]) {
      const changed = Uint8Array.from(der);
      changed[at] = octet;
      judge({ ...evidence, chain: [changed, der], trusted: [changed] });
    }
  }
});

/** A name in a certificate, a host, and whether the one names the other (RFC 9525, 6.3). */
const NAMES: [pattern: string, host: string, isNamed: boolean][] = [
  ["mail.test", "MAIL.test", true],
  ["mail.test", "mail.test.org", false],
  ["*.test", "mail.test", true],
  ["*.test", "a.mail.test", false],
  ["*.test", "test", false],
  ["m*.test", "mail.test", false],
  ["*", "test", false],
  ["*.*.test", "a.b.test", false],
  ["192.0.2.1", "192.0.2.1", true],
  ["192.0.2.1 as a name", "192.0.2.1", false],
  ["2001:db8:0:0:0:0:0:1", "2001:DB8::1", true],
  ["*.0.2.1", "192.0.2.1", false],
];

for (const [pattern, host, expected] of NAMES) {
  Deno.test(`a certificate for ${pattern} is ${expected ? "" : "not "}for ${host}`, () => {
    assert.equal(isNamed(pattern, host), expected);
  });
}
