/**
 * Why a server's certificate is not valid, in words for an administrator.
 *
 * The runtime has refused the certificate already, and nothing here can change that. It only says
 * so in its own way, which differs from one version to the next; here the certificates themselves
 * tell why.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { isIP } from "node:net";
import { type Certificate, isSelfSigned, isSignedBy, parseCertificate } from "./certificate.ts";
import { isNamed, nameFaults, shown } from "./certificate_name.ts";
import { latin1 } from "../text/mod.ts";

/** What a verdict is made from. */
export type Evidence = {
  /** The host as the settings have it. */
  host: string;
  /** The host as a certificate has to name it. */
  name: string;
  /** The certificates that the server has shown, in DER, its own first. */
  chain: readonly Uint8Array[];
  /** All certificates that this host trusts, in DER, expired ones too. */
  trusted: readonly Uint8Array[];
  now: Date;
  /** Whether the runtime takes for a server neither an authority, nor X.509 v1, nor a common name. */
  isStrict: boolean;
};

/** What is known of the server's certificate. */
export type Verdict = {
  /** What is wrong with it; empty where nothing is found. */
  faults: string[];
  /** Whether this host's store holds the certificate itself. */
  isInStore: boolean;
};

/** The shortest RSA key, in bits. */
const SHORTEST_KEY = 2048;

/** The most certificates between a server's and an authority in the store. */
const LONGEST_CHAIN = 6;

/** Judges the first certificate of a chain; nothing where it cannot be read. */
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
  // What only some runtimes refuse is said where nothing else is wrong.
  return { faults: formFaults(path, isInStore, evidence), isInStore };
}

/** What a client that verifies nothing may still refuse in a chain. */
export function unusableIn(chain: readonly Uint8Array[]): string[] {
  const [leaf] = readable(chain);
  if (leaf === undefined) return [];
  return [...keyFaults([leaf]), ...(leaf.hasUnknownExtension ? [UNKNOWN_EXTENSION] : [])];
}

const AUTHORITYS = "it is an authority's (CA:TRUE), which cannot be a server's";

/** For an extension that may not be passed over. */
export const UNKNOWN_EXTENSION = "it has a critical extension that this program does not know";

/** The first certificates of a chain; nobody needs more. */
function readable(chain: readonly Uint8Array[]): Certificate[] {
  return chain.slice(0, LONGEST_CHAIN + 4).flatMap((der) => parseCertificate(der) ?? []);
}

function isAmong(trusted: readonly Uint8Array[], { der }: Certificate): boolean {
  return trusted.some((other) => other.length === der.length && Buffer.compare(other, der) === 0);
}

/** From a server's certificate up to one in the store, or as far as there are issuers. */
function pathOf(
  leaf: Certificate,
  others: readonly Certificate[],
  { trusted, now }: Evidence,
): Certificate[] {
  const path = [leaf];
  if (isSelfSigned(leaf)) return path;
  for (let last = leaf; path.length <= LONGEST_CHAIN + 2;) {
    const name = latin1(Buffer.from(last.issuer, "hex"));
    // To read all of a store would take longer.
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

/** Of those with the issuer's name the one that has signed and is valid, else the next best. */
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
    : `the certificate of its authority ${shown(subjectName)} `;
  const is = whose && `${whose}is `;
  if (validTo < now) return [`${whose}expired on ${day(validTo)}`];
  if (validFrom <= now) return [];
  return [`${is}not valid yet, only from ${day(validFrom)} on (this host's clock: ${day(now)})`];
}

/** What is wrong between the server's certificate and an authority in the store. */
function trustFaults(path: readonly Certificate[], evidence: Evidence): string[] {
  const forged = path.some((each, depth) => {
    const issuer = path[depth + 1];
    return issuer !== undefined && !isUnchecked(each, issuer) && !isSignedBy(each, issuer);
  });
  if (forged) return ["not signed by the authority that it names"];
  const top = path.at(-1);
  if (top === undefined || !isAmong(evidence.trusted, top)) return [unknownIssuer(path, evidence)];
  const authorities = path.slice(1);
  const impostor = authorities.find((each) =>
    each.isAuthority === false || (each !== top && each.isAuthority === undefined) ||
    !each.maySignCertificates
  );
  if (impostor !== undefined) {
    return [`issued by ${shown(impostor.subjectName)}, which is no authority`];
  }
  const strict = authorities.find(({ pathLength }, below) =>
    pathLength !== undefined && below > pathLength
  );
  if (strict !== undefined) {
    return [`its authority ${shown(strict.subjectName)} does not allow so long a chain`];
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
  return `${unknown} (${shown(top.issuerName)})${missing}`;
}

/** Signatures that one of the runtimes cannot check. */
function isUnchecked(certificate: Certificate, issuer: Certificate): boolean {
  return isLongDigest(certificate, issuer) || certificate.signedWith === "RSA-PSS";
}

/** ECDSA with SHA-512 by a key that is shorter. */
function isLongDigest({ signedWith }: Certificate, { keyKind }: Certificate): boolean {
  return signedWith === "ECDSA with SHA-512" && (keyKind === "P-256" || keyKind === "P-384");
}

/** Keys and digests that nobody takes. */
function keyFaults(path: readonly Certificate[]): string[] {
  const whose = (at: number, name: string) => at === 0 ? "" : ` of its authority ${shown(name)}`;
  return path.flatMap(({ keyBits, keyKind, subjectName, subject, issuer, signedWith }, at) => {
    if (keyBits !== undefined && keyBits < SHORTEST_KEY) {
      const bits = `${keyKind} with ${keyBits} bits, and ${SHORTEST_KEY} are needed`;
      return [`the key${whose(at, subjectName)} is too short: ${bits}`];
    }
    const digest = /MD5|SHA-1$/.exec(signedWith)?.[0];
    // How an authority in the store has signed itself does not matter.
    if (digest === undefined || subject === issuer) return [];
    return [`signed with ${digest}, which is not safe`];
  });
}

/** What a certificate is that one runtime takes and the other does not. */
function formFaults(path: readonly Certificate[], isInStore: boolean, evidence: Evidence) {
  const { host, name, isStrict } = evidence;
  const [leaf, issuer] = path;
  if (leaf === undefined) return [];
  const faults: string[] = [];
  if (path.some(({ hasUnknownExtension }) => hasUnknownExtension)) faults.push(UNKNOWN_EXTENSION);
  // One runtime takes an authority's certificate for a server's where it is in the store itself.
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
    return [`this host trusts it, but not its authority ${shown(leaf.issuerName)}`];
  }
  const limited = path.find(({ hasNameConstraints }) => hasNameConstraints);
  if (limited === undefined) return [];
  return [`its authority ${shown(limited.subjectName)} may not issue a certificate for ${host}`];
}

/** How to make a certificate that every runtime takes; the name may come from the settings. */
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
