/**
 * Explains why a server's certificate is not valid, in words for an administrator.
 *
 * The runtime has refused the certificate already, and nothing here can change that. The runtime's
 * own words differ between versions, so the reason is found in the certificates themselves.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { isIP } from "node:net";
import { type Certificate, isSelfSigned, isSignedBy, parseCertificate } from "./certificate.ts";
import { clipName, isNamed, nameFaults } from "./certificate_name.ts";
import { latin1 } from "../text/mod.ts";

/** The input of a verdict. */
export type Evidence = {
  /** The host in the settings. */
  host: string;
  /** The name that the certificate must have, see certificateName. */
  name: string;
  /** The server's certificates, in DER, its own first. */
  chain: readonly Uint8Array[];
  /** All certificates that this host trusts, in DER, expired ones too. */
  trusted: readonly Uint8Array[];
  now: Date;
  /** Whether the runtime rejects CA:TRUE, X.509 v1 and a common name without subjectAltName. */
  isStrict: boolean;
};

/** The result about the server's certificate. */
export type Verdict = {
  /** What is wrong with it; empty if nothing is found. */
  faults: string[];
  /** Whether this host's store holds the certificate itself. */
  isInStore: boolean;
};

/** The shortest RSA key that is accepted, in bits. */
const SHORTEST_KEY = 2048;

/** The most certificates between the server's and an authority in the store. */
const LONGEST_CHAIN = 6;

/** Judges the first certificate of a chain; gives nothing if it cannot be read. */
export function judge(evidence: Evidence): Verdict | undefined {
  const { chain, trusted, now } = evidence;
  const [leaf, ...others] = readable(chain);
  if (leaf === undefined) return undefined;
  const isInStore = isAmong(trusted, leaf);
  const path = isInStore ? [leaf] : pathOf(leaf, others, evidence);
  const faults = [
    ...path.flatMap((certificate) => dateFault(certificate, leaf, now)),
    ...(isInStore ? [] : trustFaults(path, evidence)),
    ...nameFaults(leaf, evidence),
    ...(leaf.isForServers ? [] : ["not made for a server"]),
    ...keyFaults(path),
  ];
  if (faults.length > 0) return { faults, isInStore };
  // Reasons of single runtimes are given only if nothing else is wrong.
  return { faults: formFaults(path, isInStore, evidence), isInStore };
}

/** Gives the reasons for which a certificate is refused even without verification. */
export function unusableIn(chain: readonly Uint8Array[]): string[] {
  const [leaf] = readable(chain);
  if (leaf === undefined) return [];
  return [...keyFaults([leaf]), ...(leaf.hasUnknownExtension ? [UNKNOWN_EXTENSION] : [])];
}

const AUTHORITYS = "it is an authority's (CA:TRUE), which cannot be a server's";

/** The reason for a critical extension, which must not be ignored (RFC 5280, 4.2). */
export const UNKNOWN_EXTENSION = "it has a critical extension that this program does not know";

/** Reads the first certificates of a chain; no server needs more. */
function readable(chain: readonly Uint8Array[]): Certificate[] {
  return chain.slice(0, LONGEST_CHAIN + 4).flatMap((der) => parseCertificate(der) ?? []);
}

function isAmong(trusted: readonly Uint8Array[], { der }: Certificate): boolean {
  return trusted.some((other) => other.length === der.length && Buffer.compare(other, der) === 0);
}

/** Gives the chain from the server's certificate to one in the store, or as far as issuers are found. */
function pathOf(
  leaf: Certificate,
  others: readonly Certificate[],
  { trusted, now }: Evidence,
): Certificate[] {
  const path = [leaf];
  if (isSelfSigned(leaf)) return path;
  for (let last = leaf; path.length <= LONGEST_CHAIN + 2;) {
    const name = latin1(Buffer.from(last.issuer, "hex"));
    // Only matching certificates are parsed: parsing the whole store takes longer.
    const named = readableIssuers(trusted.filter((der) => latin1(der).includes(name)), last);
    const issuer = bestOf(last, named, now) ?? bestOf(last, readableIssuers(others, last), now);
    if (issuer === undefined || path.includes(issuer)) break;
    path.push(issuer);
    if (isAmong(trusted, issuer)) break;
    last = issuer;
  }
  return path;
}

function readableIssuers(
  list: readonly (Uint8Array | Certificate)[],
  { issuer }: Certificate,
): Certificate[] {
  const certificates = list.flatMap((each) =>
    each instanceof Uint8Array ? parseCertificate(each) ?? [] : each
  );
  return certificates.filter(({ subject }) => subject === issuer);
}

/** Gives the issuer that signed the certificate and is valid, else one that signed it, else any. */
function bestOf(
  certificate: Certificate,
  issuers: readonly Certificate[],
  now: Date,
): Certificate | undefined {
  const signers = issuers.filter((issuer) => isSignedBy(certificate, issuer));
  return signers.find(({ validTo }) => validTo > now) ?? signers[0] ?? issuers[0];
}

function dateFault(certificate: Certificate, leaf: Certificate, now: Date): string[] {
  const { validFrom, validTo, subjectName } = certificate;
  const whose = certificate === leaf
    ? ""
    : `the certificate of its authority ${clipName(subjectName)} `;
  const is = whose && `${whose}is `;
  if (validTo < now) return [`${whose}expired on ${day(validTo)}`];
  if (validFrom <= now) return [];
  return [`${is}not valid yet, only from ${day(validFrom)} on (this host's clock: ${day(now)})`];
}

/** Gives what is wrong in the chain between the server's certificate and the store. */
function trustFaults(path: readonly Certificate[], evidence: Evidence): string[] {
  const forged = path.some((each, depth) => {
    const issuer = path[depth + 1];
    return issuer !== undefined && !isUnchecked(each, issuer) && !isSignedBy(each, issuer);
  });
  if (forged) return ["not signed by the authority that it names"];
  const top = path.at(-1);
  if (top === undefined || !isAmong(evidence.trusted, top)) return [unknownIssuer(path, evidence)];
  const authorities = path.slice(1);
  const notAuthority = authorities.find((each) =>
    each.isAuthority === false || (each !== top && each.isAuthority === undefined) ||
    !each.maySignCertificates
  );
  if (notAuthority !== undefined) {
    return [`issued by ${clipName(notAuthority.subjectName)}, which is no authority`];
  }
  const tooShort = authorities.find(({ pathLength }, below) =>
    pathLength !== undefined && below > pathLength
  );
  if (tooShort !== undefined) {
    return [`its authority ${clipName(tooShort.subjectName)} does not allow so long a chain`];
  }
  return authorities.length > LONGEST_CHAIN ? ["its chain has too many authorities"] : [];
}

function unknownIssuer(path: readonly Certificate[], { chain, trusted }: Evidence): string {
  const top = path.at(-1);
  if (top === undefined) return "";
  if (path.length === 1 && isSelfSigned(top)) {
    const isKnown = readableIssuers(trusted, top).length > 0;
    const other = isKnown ? ", which trusts another certificate of this name" : "";
    return `self-signed, and not trusted by this host${other}`;
  }
  const unknown = "issued by an authority that this host does not trust";
  if (trusted.length === 0) {
    return `${unknown}: it has no list of authorities (install ca-certificates)`;
  }
  const missing = chain.length === 1 && top.subject !== top.issuer
    ? ", unless the server leaves out a certificate in between"
    : "";
  return `${unknown} (${clipName(top.issuerName)})${missing}`;
}

/** True for a signature that one of the runtimes cannot check. */
function isUnchecked(certificate: Certificate, issuer: Certificate): boolean {
  return isLongDigest(certificate, issuer) || certificate.signedWith === "RSA-PSS";
}

/** True for ECDSA with SHA-512 by a shorter key. */
function isLongDigest({ signedWith }: Certificate, { keyKind }: Certificate): boolean {
  return signedWith === "ECDSA with SHA-512" && (keyKind === "P-256" || keyKind === "P-384");
}

/** Gives the keys and digests in a chain that are too weak. */
function keyFaults(path: readonly Certificate[]): string[] {
  const whose = (at: number, name: string) => at === 0 ? "" : ` of its authority ${clipName(name)}`;
  return path.flatMap(({ keyBits, keyKind, subjectName, subject, issuer, signedWith }, at) => {
    if (keyBits !== undefined && keyBits < SHORTEST_KEY) {
      const bits = `${keyKind} with ${keyBits} bits, and ${SHORTEST_KEY} are needed`;
      return [`the key${whose(at, subjectName)} is too short: ${bits}`];
    }
    const digest = /MD5|SHA-1$/.exec(signedWith)?.[0];
    // The signature of a self-signed authority does not matter.
    if (digest === undefined || subject === issuer) return [];
    return [`signed with ${digest}, which is not safe`];
  });
}

/** Gives the forms of a certificate that only one of the runtimes accepts. */
function formFaults(path: readonly Certificate[], isInStore: boolean, evidence: Evidence) {
  const { host, name, isStrict } = evidence;
  const [leaf, issuer] = path;
  if (leaf === undefined) return [];
  const faults: string[] = [];
  if (path.some(({ hasUnknownExtension }) => hasUnknownExtension)) faults.push(UNKNOWN_EXTENSION);
  // Deno 2.9 accepts CA:TRUE for a server if the certificate itself is in the store.
  if (leaf.isAuthority && (isStrict || !isInStore)) faults.push(AUTHORITYS);
  if (isStrict) {
    if (leaf.version < 3) faults.push(`it is of version ${leaf.version} of X.509, and not 3`);
    else if (leaf.names === undefined || !leaf.names.some((each) => isNamed(each, name))) {
      faults.push(`it names ${host} only as its common name, and not as subjectAltName`);
    }
    if (issuer !== undefined && isLongDigest(leaf, issuer)) {
      faults.push(`it is signed with SHA-512 by a key of ${issuer.keyKind}, and not with SHA-256`);
    }
  }
  if (faults.length > 0) {
    return isInStore
      ? [`this host trusts it, but ${faults.join(", and ")}; ${recipe(name)}`]
      : faults;
  }
  if (isInStore && leaf.subject !== leaf.issuer) {
    return [`this host trusts it, but not its authority ${clipName(leaf.issuerName)}`];
  }
  const limited = path.find(({ hasNameConstraints }) => hasNameConstraints);
  if (limited === undefined) return [];
  return [`its authority ${clipName(limited.subjectName)} may not issue a certificate for ${host}`];
}

/** Gives the command that makes a certificate for every runtime; the name is quoted safely. */
export function recipe(name: string): string {
  const safe = /^[\w.:-]+$/.test(name) ? name : "HOST";
  const kind = isIP(safe) === 0 ? "DNS" : "IP";
  return `make it again: openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=${safe} ` +
    `-addext subjectAltName=${kind}:${safe} -addext basicConstraints=critical,CA:FALSE ` +
    "-keyout key.pem -out cert.pem";
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
