/**
 * Mailboxes: read from the command line and from header fields, written to envelopes and headers.
 *
 * The reader is the grammar of RFC 5322, 3.4, and nothing looser. A parser that makes the best of
 * whatever it finds (nodemailer's addressparser does) turns a slip of the pen, or an attack, into a
 * recipient that nobody typed; here it is refused.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { addressLiteral, asciiDomain } from "./domain.ts";
import { peek, readDomain, readWords, refusal, type Scanner, type Word } from "./tokens.ts";
import { encodeWords, holdsEncodedWord, isPlain } from "./encoded_words.ts";

/** One mailbox. */
export type Mailbox = {
  /** The display name, not encoded; empty where there is none. */
  name: string;
  /** The local part without the quoting of its syntax. Its case matters (RFC 5321, 2.4). */
  local: string;
  /** In ASCII and lower case, or an address literal in brackets; empty for a bare local name. */
  domain: string;
};

/** The longest path is 256 octets with its angle brackets (RFC 5321, 4.5.3.1.3). */
const LONGEST_ADDRESS = 254;

/**
 * Reads a list of mailboxes, separated by commas. Groups give their members, comments are passed
 * over, empty places in the list too.
 *
 * @param text An argument, or the unfolded value of a header field.
 * @param what Where the text stands, for the error: `--from`, `the To header`.
 * @throws {Failure} `usage` for anything that is not such a list, a line break or a NUL above all.
 */
export function parseMailboxes(text: string, what: string): Mailbox[] {
  const plain = plainAddress(text);
  if (plain !== undefined) return [plain];
  const scanner: Scanner = { text, what, at: 0, comment: "" };
  if (/[\r\n\0]/.test(text)) throw refusal(scanner, "it holds a line break or NUL");
  return readList(scanner, false);
}

/** What most arguments are, one address without anything else, takes a tenth of the time like this. */
function plainAddress(text: string): Mailbox | undefined {
  const [, local, domain] = /^([\w+-]+(?:\.[\w+-]+)*)@([a-z\d.-]+)$/.exec(text) ?? [];
  if (local === undefined || domain === undefined || text.length > LONGEST_ADDRESS) {
    return undefined;
  }
  return asciiDomain(domain) === domain ? { name: "", local, domain } : undefined;
}

/** Gives the address as it stands between the angle brackets of SMTP (RFC 5321, 4.1.2). */
export function addressOf(mailbox: Mailbox, hostName: string): string {
  const local = isDotAtom(mailbox.local) ? mailbox.local : quote(mailbox.local);
  return `${local}@${mailbox.domain || hostName}`;
}

/**
 * Gives the mailbox as it stands in a header field (RFC 5322, 3.4), its name encoded where need be,
 * in one line that can be folded at its spaces. A local part outside ASCII has no encoded form; it
 * stays UTF-8 (RFC 6532, 3.2), and such a message only goes to servers that take it.
 */
export function formatMailbox(mailbox: Mailbox, hostName: string): string {
  const address = addressOf(mailbox, hostName);
  const { name } = mailbox;
  if (name === "") return address;
  return `${formatPhrase(name)} <${address}>`;
}

/**
 * Writes a display name (RFC 5322, 3.2.5). An encoded word that the name brings along is passed on
 * only where nothing but atoms stands in it, as RFC 2047, 5 (3) demands.
 */
function formatPhrase(name: string): string {
  const plain = isPlain(name);
  if (plain && /^[\w !#$%&'*+\-/=?^`{|}~]+$/.test(name)) return name;
  return plain && !name.includes("=?") ? quote(name) : encodeWords(name);
}

/** Says whether a text is all ASCII; an address that is not needs SMTPUTF8 (RFC 6531). */
export function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text);
}

function readList(scanner: Scanner, inGroup: boolean): Mailbox[] {
  const found: Mailbox[] = [];
  for (;;) {
    scanner.comment = "";
    const next = peek(scanner);
    if (next === "" || (inGroup && next === ";")) return found;
    if (next === ",") {
      scanner.at++;
      continue;
    }
    for (const mailbox of readAddress(scanner, inGroup)) found.push(mailbox);
    if (!["", ",", inGroup ? ";" : ","].includes(peek(scanner))) {
      throw refusal(scanner, "text behind an address");
    }
  }
}

/** Reads one mailbox, or the members of one group. */
function readAddress(scanner: Scanner, inGroup: boolean): Mailbox[] {
  const words = readWords(scanner);
  const next = peek(scanner);
  if (next === ":" && words.length > 0 && !inGroup) return readGroup(scanner);
  if (next === "<") {
    const name = words.map((word) => word.text).join(" ");
    const mailbox = readAngle(scanner);
    peek(scanner);
    return [{ ...mailbox, name: name || scanner.comment }];
  }
  const mailbox = readAddrSpec(scanner, words);
  if (peek(scanner) !== "<") return [{ ...mailbox, name: scanner.comment }];
  // "u@x <u@x>" is no RFC 5322, but many programs write it; two addresses that differ are refused.
  const angle = readAngle(scanner);
  if (angle.local !== mailbox.local || angle.domain !== mailbox.domain) {
    throw refusal(scanner, "two addresses in one");
  }
  return [angle];
}

/** A group that is never closed is let pass where it is empty: "Undisclosed recipients:". */
function readGroup(scanner: Scanner): Mailbox[] {
  scanner.at++;
  const members = readList(scanner, true);
  if (peek(scanner) === ";") scanner.at++;
  else if (members.length > 0) throw refusal(scanner, "a group without an end");
  return members;
}

function readAngle(scanner: Scanner): Mailbox {
  scanner.at++;
  const mailbox = readAddrSpec(scanner, readWords(scanner));
  if (peek(scanner) !== ">") throw refusal(scanner, "no '>' where it should be");
  scanner.at++;
  return mailbox;
}

/** Reads the rest of an address whose local part, or bare local name, has been read as words. */
function readAddrSpec(scanner: Scanner, words: Word[]): Mailbox {
  const [word, ...more] = words;
  if (word === undefined) throw refusal(scanner, "no local part");
  if (more.length > 0) throw refusal(scanner, "more than one word before '@'");
  const bare = peek(scanner) !== "@";
  const allowed = word.quoted && !bare ? isQuotable(word.text) : isDotAtom(word.text);
  if (!allowed || (bare && word.quoted)) throw refusal(scanner, "a bad local part");
  const domain = bare ? "" : readAscii(scanner);
  if (Buffer.byteLength(`${word.text}@${domain}`) > LONGEST_ADDRESS) {
    throw refusal(scanner, `longer than ${LONGEST_ADDRESS} octets`);
  }
  return { name: "", local: word.text, domain };
}

/** Reads the domain behind the `@` reached. */
function readAscii(scanner: Scanner): string {
  scanner.at++;
  const text = readDomain(scanner);
  const domain = text.startsWith("[") ? addressLiteral(text) : asciiDomain(text);
  if (domain === undefined) throw refusal(scanner, "a bad domain");
  return domain;
}

function isDotAtom(local: string): boolean {
  if (/^[\w+-]+(?:\.[\w+-]+)*$/.test(local)) return true;
  return isQuotable(local) && !/[ ()[\]:;@\\,"]/.test(local) && !local.split(".").includes("");
}

/**
 * Says whether SMTP carries the local part in quotes: printable (RFC 5321, 4.1.2; RFC 6531, 3.3), no
 * replacement character, which stands for something else that was typed, no angle bracket, which too
 * many readers take for the end of the address, and no encoded word: RFC 2047, 5 (3) forbids one
 * there, and a server that decodes it all the same would find another address in it.
 */
function isQuotable(local: string): boolean {
  if (local === "" || holdsEncodedWord(local)) return false;
  // Classes of Unicode take their time to set up, which most addresses need not spend.
  if (/^[ -~]*$/.test(local)) return !/[<>]/.test(local);
  return !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}<>\ufffd]|(?! )\p{Zs}/u.test(local);
}

function quote(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}
