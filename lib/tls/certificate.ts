/**
 * Reads the parts of a certificate (X.509, RFC 5280) that decide whether a server may use it.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { type Element, elementsIn, firstElement, numberOf, Tag } from "./der.ts";
import {
  ANY_PURPOSE,
  COMMON_NAME,
  ELLIPTIC_CURVE,
  EXTENSIONS,
  KEYS,
  ORGANIZATION,
  SERVER_PURPOSE,
  SIGNATURES,
} from "./oids.ts";

/** The content of a certificate; its signature is not checked. */
export type Certificate = {
  /** The certificate in DER. */
  der: Uint8Array;
  /** 1, 2 or 3. */
  version: number;
  /** Subject and issuer: in hexadecimal to compare, and as names for people. */
  subject: string;
  issuer: string;
  subjectName: string;
  issuerName: string;
  /** The common name in the subject. */
  commonName?: string;
  validFrom: Date;
  validTo: Date;
  /** The kind of the key in words, such as `RSA` or `P-256`, and its length in bits for RSA. */
  keyKind: string;
  keyBits?: number;
  /** The signature algorithm, such as `ECDSA with SHA-512`; its OID if it has no name here. */
  signedWith: string;
  /** The DNS names and addresses in subjectAltName; missing without that extension. */
  names?: string[];
  /** Whether basicConstraints has CA:TRUE; missing without that extension. */
  isAuthority?: boolean;
  /** The path length of basicConstraints: how many authorities may follow. */
  pathLength?: number;
  /** Whether its extended key usage allows servers; true without that extension. */
  isForServers: boolean;
  /** Whether its key usage allows to sign certificates; true without that extension. */
  maySignCertificates: boolean;
  hasNameConstraints: boolean;
  /** Whether it has a critical extension that this program does not know. */
  hasUnknownExtension: boolean;
};

/** Reads a certificate in DER; gives nothing if it is not valid. */
export function parseCertificate(der: Uint8Array): Certificate | undefined {
  try {
    return certificateIn(der);
  } catch {
    return undefined;
  }
}

/** True if `certificate` is signed with the key of `issuer`; false if that cannot be checked. */
export function isSignedBy(certificate: Certificate, issuer: Certificate): boolean {
  try {
    const { publicKey } = new X509Certificate(issuer.der);
    return new X509Certificate(certificate.der).verify(publicKey);
  } catch {
    return false;
  }
}

/** True if a certificate is signed with its own key. */
export function isSelfSigned(certificate: Certificate): boolean {
  return certificate.subject === certificate.issuer && isSignedBy(certificate, certificate);
}

/** Writes a certificate in PEM, with the base64 on one line. */
export function pemOf(der: Uint8Array): string {
  const base64 = Buffer.from(der).toString("base64");
  return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
}

function certificateIn(der: Uint8Array): Certificate {
  const outer = firstElement(der);
  const [signed, algorithm] = elementsIn(outer.content);
  const fields = elementsIn(contentOf(signed));
  // The version is the first field, and missing for version 1 (RFC 5280, 4.1.2.1).
  const version = fields[0]?.tag === 0xa0 ? numberOf(contentOf(fields.shift(), 0)) + 1 : 1;
  const [, , issuer, validity, subject, key, ...optional] = fields;
  const [validFrom, validTo] = elementsIn(contentOf(validity)).map(dateIn);
  if (validFrom === undefined || validTo === undefined) throw new RangeError("no dates");
  const [extensions] = optional.filter(({ tag }) => tag === 0xa3);
  const commonName = nameIn(subject, COMMON_NAME);
  const signature = hexOf(elementsIn(contentOf(algorithm))[0]);
  return {
    der: outer.whole,
    version,
    subject: hexOf(subject),
    issuer: hexOf(issuer),
    subjectName: displayName(subject),
    issuerName: displayName(issuer),
    ...(commonName !== undefined && { commonName }),
    validFrom,
    validTo,
    ...keyIn(key),
    signedWith: SIGNATURES.get(signature) ?? signature,
    ...extensionsIn(extensions),
  };
}

/** Gives the content of an element, or of the nth element inside it. Throws a RangeError if it is missing. */
function contentOf(element: Element | undefined, inside?: number): Uint8Array {
  if (element === undefined) throw new RangeError("cut off");
  if (inside === undefined) return element.content;
  return contentOf(elementsIn(element.content)[inside]);
}

function hexOf(element: Element | undefined): string {
  return Buffer.from(contentOf(element)).toString("hex");
}

function textOf(element: Element | undefined): string {
  // A BMPString is UTF-16; all other kinds are read as UTF-8 (X.680, 41).
  const encoding = element?.tag === 0x1e ? "utf-16be" : "utf-8";
  return new TextDecoder(encoding).decode(contentOf(element));
}

/** Gives the last attribute of this kind in a distinguished name. */
function nameIn(name: Element | undefined, kind: string): string | undefined {
  const attributes = elementsIn(contentOf(name)).flatMap(({ content }) => elementsIn(content));
  const found = attributes.map(({ content }) => elementsIn(content))
    .findLast(([oid]) => hexOf(oid) === kind);
  return found === undefined ? undefined : textOf(found[1]);
}

function displayName(name: Element | undefined): string {
  return nameIn(name, COMMON_NAME) ?? nameIn(name, ORGANIZATION) ?? "no name";
}

/** Reads a date. UTCTime has two digits for the years 1950 to 2049 (RFC 5280, 4.1.2.5). */
function dateIn(element: Element): Date {
  const text = textOf(element);
  const short = element.tag === Tag.utcTime;
  const digits = short ? `${Number(text.slice(0, 2)) < 50 ? 20 : 19}${text}` : text;
  const iso = digits.replace(
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d).*$/,
    "$1-$2-$3T$4:$5:$6Z",
  );
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) throw new RangeError("no date");
  return date;
}

function keyIn(info: Element | undefined): Pick<Certificate, "keyKind" | "keyBits"> {
  const [algorithm, key] = elementsIn(contentOf(info));
  const [oid, parameters] = elementsIn(contentOf(algorithm));
  const isElliptic = hexOf(oid) === ELLIPTIC_CURVE;
  const id = isElliptic ? hexOf(parameters) : hexOf(oid);
  const keyKind = KEYS.get(id) ?? (isElliptic ? "another curve" : "another kind");
  if (keyKind !== "RSA") return { keyKind };
  // Behind the number of unused bits stand modulus and exponent (RFC 8017, A.1.1).
  const modulus = contentOf(firstElement(contentOf(key).subarray(1)), 0);
  return { keyKind, keyBits: (modulus[0] === 0 ? modulus.length - 1 : modulus.length) * 8 };
}

type Extensions = Pick<
  Certificate,
  | "names"
  | "isAuthority"
  | "pathLength"
  | "isForServers"
  | "maySignCertificates"
  | "hasNameConstraints"
  | "hasUnknownExtension"
>;

function extensionsIn(element: Element | undefined): Extensions {
  const list = element === undefined ? [] : elementsIn(contentOf(element, 0)).map(extensionIn);
  const valueOf = (id: string) => list.find((each) => each.id === id)?.value;
  const known: string[] = Object.values(EXTENSIONS);
  const names = valueOf(EXTENSIONS.subjectAltName);
  const constraints = valueOf(EXTENSIONS.basicConstraints);
  const usage = valueOf(EXTENSIONS.keyUsage);
  const purposes = valueOf(EXTENSIONS.extendedKeyUsage);
  return {
    ...(names && { names: namesIn(names) }),
    ...(constraints && constraintsIn(constraints)),
    isForServers: purposes === undefined ||
      elementsIn(purposes.content).some((each) =>
        [SERVER_PURPOSE, ANY_PURPOSE].includes(hexOf(each))
      ),
    // Bit 5 of the bit string (RFC 5280, 4.2.1.3), behind the number of unused bits.
    maySignCertificates: usage === undefined || ((usage.content[1] ?? 0) & 0x04) !== 0,
    hasNameConstraints: valueOf(EXTENSIONS.nameConstraints) !== undefined,
    hasUnknownExtension: list.some(({ id, isCritical }) => isCritical && !known.includes(id)),
  };
}

/** Reads basicConstraints (RFC 5280, 4.2.1.9). */
function constraintsIn({ content }: Element): Pick<Certificate, "isAuthority" | "pathLength"> {
  const parts = elementsIn(content);
  const length = parts.find(({ tag }) => tag === Tag.integer);
  return {
    isAuthority: parts.some(({ tag, content }) => tag === Tag.boolean && content[0] !== 0),
    ...(length && { pathLength: numberOf(length.content.subarray(0, 4)) }),
  };
}

function extensionIn({ content }: Element): { id: string; isCritical: boolean; value: Element } {
  const parts = elementsIn(content);
  const value = firstElement(contentOf(parts.at(-1)));
  return { id: hexOf(parts[0]), isCritical: parts.length === 3, value };
}

/** Reads the DNS names (tag 2) and addresses (tag 7) of subjectAltName (RFC 5280, 4.2.1.6). */
function namesIn({ content }: Element): string[] {
  return elementsIn(content).flatMap((element) => {
    if (element.tag === 0x82) return [dnsName(textOf(element))];
    if (element.tag === 0x87) return [addressIn(element.content)];
    return [];
  });
}

/** An IP address written as a DNS name does not match any host; it is marked as such. */
function dnsName(text: string): string {
  return isIP(text) === 0 ? text : `${text} as a name`;
}

function addressIn(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join(".");
  const groups = Buffer.from(octets).toString("hex").match(/.{4}/g) ?? [];
  return groups.map((group) => group.replace(/^0+(?=.)/, "")).join(":");
}
