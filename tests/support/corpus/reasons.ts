/**
 * The one list of what our program does otherwise than Postfix's `sendmail`, sendmail 8 and msmtp,
 * each with its reason. What is in no row is a fault.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { HOST_NAME } from "../servers/smarthost.ts";
import type { Compared, Other } from "./runs.ts";
import { type Difference, personOf, type Sight, type What } from "./sight.ts";

/** A difference, and all that is known of the input. */
export type Found = Difference & {
  compared: Compared;
  other: Other;
  /** What the other program did. */
  sight: Sight;
};

/** A row of the list. */
export type Reason = {
  reason: string;
  what: What | readonly What[];
  /** The programs that it is true of, where not of all. */
  of?: readonly Other[];
  /** The ways to write recipients that it is true of. */
  addresses?: readonly string[];
  /**
   * Whether somebody whom both Postfix and sendmail 8 serve may be left out for this reason: what
   * they read in one way, and the contract refuses because another reader may read it otherwise.
   */
  isException?: boolean;
  holds?: (found: Found) => boolean;
};

/** Finds the reason of a difference. */
export function reasonFor(found: Found): Reason | undefined {
  const { what, other, compared: { input: { address } } } = found;
  return REASONS.find((reason) =>
    [reason.what].flat().includes(what) &&
    (reason.of ?? [other]).includes(other) &&
    (reason.addresses === undefined || reason.addresses.includes(address ?? "")) &&
    (reason.holds?.(found) ?? true)
  );
}

const OTHER_THAN_MSMTP = ["postfix", "sendmail"] as const;

const text = ({ compared }: Pick<Found, "compared">) =>
  Buffer.from(compared.input.input).toString("latin1");
const has = ({ compared }: Found, arg: string) => compared.input.arguments.includes(arg);
const ours = ({ compared }: Found) => compared.ours;

/** Whether an address is the caller's own, which Postfix and sendmail take from the system. */
const isCaller = (address: string | undefined) =>
  new RegExp(`^caller\\d+@${RegExp.escape(HOST_NAME)}$`).test(address ?? "");

/** Whether a text begins with a field. */
const isHeaded = (octets: string) =>
  /^(?:\xef\xbb\xbf)?(?:>?From .*\n)?[!-9;-~]+[ \t]*:/.test(octets);

/** Whether the other program gave up, and served nobody. */
const gaveUp = ({ sight }: Found) => sight.recipients.length === 0;

/** The rows for whom a program serves. */
const RECIPIENTS: readonly Reason[] = [
  {
    reason: "two addresses need a separator: nobody knows which of them is meant",
    what: "left out",
    addresses: [
      "ann@example.org bob@example.org",
      "ann@example.org ann@example.org",
      "Ann <ann@example.org>\tbob@example.org",
      '"ann@example.org" evil@example.net',
      "ann@example.org(x)evil.example",
      "ann@example.org@example.net",
    ],
    isException: true,
  },
  {
    reason: "an entry has one <address>: of two, one was smuggled in or a comma is missing",
    what: "left out",
    addresses: [
      "Ann <ann@example.org> Bob <bob@example.org>",
      "<ann@example.org><evil@example.net>",
    ],
    isException: true,
  },
  {
    reason: "a word behind an <address> may be one more recipient without its comma",
    what: "left out",
    addresses: ["<ann@example.org> Ann", "ann@example.org <evil@example.net> x"],
    isException: true,
  },
  {
    reason: "quotes, comments and angle brackets have two ends",
    what: "left out",
    addresses: [
      '"ann@example.org',
      "ann@example.org (unfinished",
      "<ann@example.org",
      "ann@example.org>",
      "Ann <ann@example.org",
    ],
    isException: true,
  },
  {
    reason: "a name of more than one word, or with brackets or odd dots, is no local user",
    what: "left out",
    addresses: ["Ann Smith", '"Ann Smith"', "Ann [IT]", "etc..."],
    isException: true,
  },
  {
    reason: "outside quotes a backslash makes no @ and no blank part of an address",
    what: "left out",
    addresses: ["Abc\\@def@example.org", "Fred\\ Bloggs@example.org", "Joe.\\\\Blow@example.org"],
    isException: true,
  },
  {
    reason: "an address has a local part and a domain",
    what: "left out",
    addresses: [
      '""@example.org',
      "Ann <@example.org>",
      "@example.org",
      "Ann <ann@>",
      "ann@",
      "@",
      "ann@example..org",
      "ann@.example.org",
      "'ann@example.org'",
    ],
    isException: true,
  },
  {
    reason: "on the command line one bad address is 64, and nothing is sent",
    what: "left out",
    addresses: [
      "ann@example.org, nobody at all, bob@example.org",
      "ann@example.org, bob@, carl@example.org",
    ],
    isException: true,
    holds: (found) => !has(found, "-t") && ours(found).status === 64,
  },
  {
    reason: "what is no address in a header is named, and makes 67",
    what: "left out",
    holds: ({ theirs = "", compared }) =>
      compared.input.arguments.includes("-t") && compared.ours.status === 67 &&
      /^(?:"Last<first"@|First@|first@example\.org,_bob@|(?:nobody|at|all|nobody\.at\.all)(?:@node|$)|bob@$)/
        .test(theirs),
  },
  {
    reason: "an encoded word is no address: a server that decodes it would find another one",
    what: "left out",
    addresses: ["=?utf-8?q?root?="],
    isException: true,
  },
  {
    reason: "a comma inside an encoded word separates nobody",
    what: "left out",
    holds: ({ theirs = "" }) => /^=\?utf-8\?Q\?/i.test(theirs),
    isException: true,
  },
  {
    reason: "with -t there has to be a header: a text that is sent with it is 65",
    what: "left out",
    holds: (found) => has(found, "-t") && ours(found).status === 65 && !isHeaded(text(found)),
    isException: true,
  },
  {
    reason: "recipients are those of To, Cc and Bcc; sendmail reads Apparently-To, too",
    what: "left out",
    of: ["sendmail"],
    holds: (found) => /^Apparently-To:/m.test(text(found)),
  },
  {
    reason: "nobody is nobody: Postfix sends it to its postmaster",
    what: "left out",
    of: ["postfix"],
    holds: ({ theirs }) => theirs === `MAILER-DAEMON@${HOST_NAME}`,
  },
  {
    reason: "what stands in front of <address>, or of the colon of a group, is a name",
    what: ["left out", "served too"],
    of: ["postfix"],
    addresses: ["Ann: the one <ann@example.org>", "team: ann@example.org, bob@example.org"],
  },
  {
    reason: "localhost stays as it is written; sendmail takes it for its own name",
    what: ["left out", "served too"],
    of: ["sendmail"],
    holds: ({ compared: { ours }, ...one }) => {
      const [local] = (one.ours ?? one.theirs ?? "").split("@");
      return ours.recipients.includes(`${local}@localhost`);
    },
  },
  {
    reason: "blanks around the @ are no part of an address, and separate nothing",
    what: ["left out", "served too"],
    of: ["sendmail", "msmtp"],
    addresses: [
      "ann @ example.org",
      "ann (nested (comment) here) @ example.org",
      "< ann@example.org >",
    ],
  },
  {
    reason:
      "msmtp does not read quoted local parts, routes, IPv6 and addresses outside the old grammar",
    what: ["left out", "served too"],
    of: ["msmtp"],
    holds: ({ compared: { input: { address = "" } } }) =>
      /^[^<]*"[^"]*"[^<]*@|^[^<]*<@|^"[^"]*"$|IPv6/.test(address),
  },
];

/** The rows for who is served by our program alone. */
const MORE: readonly Reason[] = [
  {
    reason: "one recipient that cannot be read does not keep the others from their mail",
    what: "served too",
    holds: (found) => ours(found).status === 67,
  },
  {
    reason:
      "a semicolon separates recipients, or ends a group; sendmail refuses all, or loses some",
    what: "served too",
    of: ["sendmail"],
    holds: (found) =>
      found.compared.input.arguments.join().includes(";") || /^(?:To|Cc):[^]*;/im.test(text(found)),
  },
  {
    reason: "-U and -G have no effect; sendmail refuses them",
    what: "served too",
    of: ["sendmail"],
    holds: (found) => gaveUp(found) && has(found, "-G"),
  },
  {
    reason: "-n has no effect; Postfix refuses it",
    what: "served too",
    of: ["postfix"],
    holds: (found) => gaveUp(found) && has(found, "-n"),
  },
  {
    reason: "of several -f the last counts; sendmail sends nothing",
    what: "served too",
    of: ["sendmail"],
    holds: ({ compared: { input } }) => input.arguments.filter((arg) => arg === "-f").length > 1,
  },
  {
    reason: "a byte order mark is no part of the header; the others find no recipient behind it",
    what: "served too",
    holds: (found) => text(found).startsWith("\xef\xbb\xbf"),
  },
  {
    reason: "an mbox line is no part of the header; the others find no recipient behind >From",
    what: "served too",
    holds: (found) => /^>From /.test(text(found)),
  },
  {
    reason: "addresses and names may be outside ASCII; sendmail refuses them",
    what: "served too",
    of: ["sendmail"],
    holds: (found) =>
      gaveUp(found) && /[^\0-\x7f]/.test(text(found) + found.compared.call.arguments.join()),
  },
  {
    reason: "msmtp ends where it does not know an option, or finds no sender",
    what: "served too",
    of: ["msmtp"],
    holds: (found) => gaveUp(found) && [64, 65, 69, 78].includes(found.sight.status),
  },
  {
    reason:
      "a header without an empty line, or with a blank before a colon, is read; msmtp reads none",
    what: "served too",
    of: ["msmtp"],
    holds: (found) => /^\w+[ \t]+:/m.test(text(found)),
  },
  {
    reason: "blanks in an argument separate plain addresses; msmtp sends to the last of them",
    what: "served too",
    of: ["msmtp"],
    holds: ({ compared }) => compared.input.arguments.some((arg) => /^\S+@\S+ \S+@\S+$/.test(arg)),
  },
];

/** The rows for how a person is written, and who sends. */
const ADDRESSES: readonly Reason[] = [
  {
    reason: "a name without a domain is one of this host; msmtp leaves that to the server",
    what: ["spelling", "sender"],
    of: ["msmtp"],
    holds: ({ ours, theirs }) => ours === `${theirs}@${HOST_NAME}`,
  },
  {
    reason: "everybody gets a message once, however often and in whichever case he is written",
    what: "spelling",
    of: ["msmtp"],
    holds: ({ ours = "", theirs = "" }) =>
      ours !== theirs && ours.toLowerCase() === theirs.toLowerCase(),
  },
  {
    reason: "a domain goes out in small letters, in ASCII and without a dot at its end",
    what: ["spelling", "sender"],
    holds: ({ ours = "", theirs = "" }) =>
      ours.replace(/@.*/, "") === theirs.replace(/@.*/, "") && personOf(ours) === personOf(theirs),
  },
  {
    reason: "a local part goes out with the quotes that RFC 5321 wants, and no others",
    what: ["spelling", "sender"],
    holds: ({ ours = "", theirs = "" }) => personOf(ours) === personOf(theirs),
  },
  {
    reason:
      "without -f the message's own author is the sender, and not the user who runs the program",
    what: "sender",
    of: OTHER_THAN_MSMTP,
    holds: ({ ours, theirs, compared }) =>
      isCaller(theirs) && !compared.input.arguments.some((arg) => /^-[fr]/.test(arg)) &&
      text({ compared }).includes(`${ours?.split("@", 1)}`),
  },
  {
    reason: "without an author the sender is no-reply, and not the user who runs the program",
    what: "sender",
    of: OTHER_THAN_MSMTP,
    holds: ({ ours, theirs }) => isCaller(theirs) && ours === `no-reply@${HOST_NAME}`,
  },
];

/** The rows for who sends, where msmtp reads the header. */
const SENDERS: readonly Reason[] = [
  {
    reason: "a message's Resent-From, Resent-Sender and Sender go before its From",
    what: "sender",
    of: ["msmtp"],
    holds: (found) => /^(?:Resent-From|Resent-Sender|Sender):/im.test(text(found)),
  },
  {
    reason: "-f may have a name, brackets or a comment, as a recipient may",
    what: "sender",
    of: ["msmtp"],
    holds: ({ ours, theirs = "" }) =>
      theirs.endsWith(`<${ours}>`) || theirs.startsWith(`${ours} (`),
  },
  {
    reason: "a From that is no address is no sender; msmtp takes its last word",
    what: "sender",
    of: ["msmtp"],
    holds: ({ ours, theirs }) => ours === `no-reply@${HOST_NAME}` && theirs === "System",
  },
];

/** The rows for the subject. */
const SUBJECTS: readonly Reason[] = [
  {
    reason: "every message has a subject, if an empty one",
    what: "subject",
    holds: ({ ours, theirs }) => ours === "" && theirs === undefined,
  },
  {
    reason: "a line of blanks ends the header, and is no fold of the last field",
    what: "subject",
    holds: ({ ours, theirs }) => ours !== undefined && ours === theirs?.trimEnd(),
  },
  {
    reason:
      "a blank before the colon is taken out; msmtp passes it on, and readers find no subject",
    what: "subject",
    of: ["msmtp"],
    holds: (found) => found.theirs === undefined && /^Subject[ \t]+:/im.test(text(found)),
  },
];

/** Whether the whole input is the text of the message that our program sends. */
const isText = (found: Found) => lines(ours(found).content) === lines(text(found));

/** A text whose line ends count as LF, without those at its end. */
const lines = (octets: string) => octets.replace(/\r\r?\n/g, "\n").replace(/\n*$/, "");

/** The same without any white space, for programs that change line ends and fold lines. */
const squeezed = (octets: string) => octets.replace(/[\r\n ]+/g, "");

/** Two bodies, as readers see them. */
const bodies = (found: Found) => ({ mine: ours(found).content, other: found.sight.content });

/** The rows for what is a header, and what is a text. */
const INPUTS: readonly Reason[] = [
  {
    reason: "a multipart whose body does not hold its boundary is a text",
    what: ["subject", "body"],
    holds: (found) => /^Content-Type: multipart/im.test(text(found)) && isText(found),
  },
  {
    reason: "lines that are no fields of mail are a text; the others take them for fields",
    what: ["subject", "body"],
    holds: (found) =>
      !/^(?:From|To|Subject):/i.test(text(found)) && isText(found) &&
      lines(bodies(found).mine).endsWith(lines(bodies(found).other)),
  },
  {
    reason:
      "without an empty line the body begins with the first line that is no field; msmtp goes on to the first empty line",
    what: "body",
    of: ["msmtp"],
    holds: ({ ours = "", theirs = "" }) => lines(ours).endsWith(lines(theirs)),
  },
  {
    reason: "an mbox line in front is dropped; to sendmail >From ends the header",
    what: ["subject", "body"],
    of: ["sendmail"],
    holds: (found) => /^>From /.test(text(found)) && found.sight.body.startsWith(">From "),
  },
  {
    reason:
      "with -s a MIME message is passed on, with that subject; the others would send it as a text",
    what: ["sender", "body"],
    holds: (found) =>
      has(found, "-s") && /^MIME-Version:/im.test(text(found)) &&
      found.sight.body.endsWith(ours(found).body),
  },
  {
    reason: "the last line counts without a line end; sendmail loses it where it is in the header",
    what: ["subject", "body"],
    of: ["sendmail"],
    holds: (found) => !text(found).endsWith("\n") && !found.sight.body.includes("\n"),
  },
];

/** The rows for the body. */
const BODIES: readonly Reason[] = [
  {
    reason: "what lines of SMTP cannot carry as it is, is encoded; a reader sees the same",
    what: "body",
    holds: (found) => {
      const { mine, other } = bodies(found);
      return ours(found).content !== ours(found).body && lines(mine) === lines(other);
    },
  },
  {
    reason:
      "UTF-16 and UTF-32 are sent as the same text in UTF-8; the others send something unreadable",
    what: "body",
    holds: (found) =>
      text(found).startsWith("\xff\xfe") &&
      lines(Buffer.from(ours(found).content, "latin1").toString()) ===
        lines(new TextDecoder("utf-16le").decode(found.compared.input.input)),
  },
  {
    reason: "a line with one dot is a line of the text, with or without -i",
    what: "body",
    of: OTHER_THAN_MSMTP,
    holds: (found) =>
      /^\.\r?$/m.test(text(found)) &&
      squeezed(bodies(found).mine).startsWith(squeezed(bodies(found).other)),
  },
  {
    reason: "CR CR LF and a lone CR are line ends, too; the others send a CR, or a blank",
    what: "body",
    holds: (found) =>
      /\r(?!\n)/.test(text(found)) &&
      squeezed(bodies(found).mine) === squeezed(bodies(found).other),
  },
  {
    reason: "a line stays one line, if encoded; Postfix breaks it after 998 octets",
    what: "body",
    of: ["postfix"],
    holds: (found) =>
      /[^\n]{999}/.test(text(found)) &&
      squeezed(bodies(found).mine) === squeezed(bodies(found).other),
  },
  {
    reason: "the body is not touched; sendmail adds an end of its own to a multipart",
    what: "body",
    of: ["sendmail"],
    holds: ({ ours = "", theirs = "" }) =>
      /^--.*--\n$/.test(lines(theirs).slice(lines(ours).length + 1) + "\n") &&
      lines(theirs).startsWith(lines(ours)),
  },
];

/** The list. */
export const REASONS: readonly Reason[] = [
  ...RECIPIENTS,
  ...MORE,
  ...ADDRESSES,
  ...SENDERS,
  ...SUBJECTS,
  ...INPUTS,
  ...BODIES,
];
