/**
 * What a mail program did with an input, in comparable form, and what two of them did otherwise.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { domainToASCII } from "node:url";
import type { MailReader } from "../mail/mail_reader.ts";
import { HOST_NAME } from "../servers/smarthost.ts";
import type { Sent } from "../mailers/mailers.ts";
import type { SubmittedMessage } from "../servers/smtp_conversation.ts";

/** What came of an input; strings have one character an octet, lines end in LF. */
export type Sight = {
  status: number;
  stderr: string;
  /** Everybody who is served, as written on the wire. */
  recipients: string[];
  sender: string;
  /** As a reader sees it; undefined where the message has no subject. */
  subject: string | undefined;
  body: string;
  /** The body as a reader sees it, without its transfer encoding, where it has one part. */
  content: string;
};

/** What can be otherwise. */
export type What = "left out" | "served too" | "spelling" | "sender" | "subject" | "body";

/** One thing that our program did otherwise than another one. */
export type Difference = { what: What; ours: string | undefined; theirs: string | undefined };

/** Looks at what a program did. */
export async function sightOf(
  { status, stderr, messages }: Sent,
  reader: MailReader,
): Promise<Sight> {
  const recipients = [...new Set(messages.flatMap((message) => message.recipients))].toSorted();
  const [message] = messages;
  if (message === undefined) {
    return { status, stderr, recipients, sender: "", subject: undefined, body: "", content: "" };
  }
  const { header, body } = cut(message);
  const fields = header.split(/\n(?![ \t])/);
  const kept = fields.filter((field) =>
    /^(?:Subject|MIME-Version|Content-[\w-]+)[ \t]*:/i.test(field)
  );
  // Python's reader stops at addresses that no other program minds.
  const rest = [...kept, "", body].join("\n").replaceAll("\n", "\r\n");
  const read = await reader.read(Buffer.from(rest, "latin1"));
  const [part] = read.parts;
  return {
    status,
    stderr,
    recipients,
    sender: message.sender,
    subject: subjectOf(header) ?? read.subjects[0],
    body,
    content: read.multipart ? body : withoutCr(part?.content ?? new Uint8Array()),
  };
}

/** The header block without its empty line, and the body. */
function cut({ content }: SubmittedMessage): { header: string; body: string } {
  const text = withoutCr(content);
  const end = `\n${text}`.indexOf("\n\n");
  return end < 0
    ? { header: text, body: "" }
    : { header: text.slice(0, Math.max(0, end - 1)), body: text.slice(end + 1) };
}

const withoutCr = (bytes: Uint8Array) =>
  Buffer.from(bytes).toString("latin1").replaceAll("\r\n", "\n");

/** The subject where it is raw octets: no reader knows their charset. */
function subjectOf(header: string): string | undefined {
  const [, raw] = /^Subject[ \t]*:[ \t]*((?:.|\n[ \t])*)/im.exec(header) ?? [];
  if (raw === undefined || !/[\x80-\xff]/.test(raw)) return undefined;
  return new TextDecoder().decode(Buffer.from(raw.replaceAll("\n", ""), "latin1"));
}

/**
 * How two programs write the same person: without quotes, backslashes and final dot, with the host's
 * name, in ASCII, in small letters.
 */
export function personOf(address: string): string {
  const at = address.lastIndexOf("@");
  const [local, domain] = at < 0
    ? [address, HOST_NAME]
    : [address.slice(0, at), address.slice(at + 1).replace(/\.$/, "")];
  const plain = local.replaceAll('"', "").replace(/\\(.)/g, "$1");
  return `${plain}@${domainToASCII(domain) || domain}`.toLowerCase();
}

/** Compares our program with another one. */
export function differences(ours: Sight, theirs: Sight): Difference[] {
  const found = [...people(ours, theirs)];
  // What one of them did not send at all cannot be compared.
  if (ours.recipients.length === 0 || theirs.recipients.length === 0) return found;
  for (const what of ["sender", "subject", "body"] as const) {
    if (ours[what] !== theirs[what]) found.push({ what, ours: ours[what], theirs: theirs[what] });
  }
  return found;
}

function people({ recipients: ours }: Sight, { recipients: theirs }: Sight): Difference[] {
  const same = (list: string[], address: string) =>
    list.find((other) => personOf(other) === personOf(address));
  return [
    ...theirs.filter((address) => same(ours, address) === undefined)
      .map((address): Difference => ({ what: "left out", ours: undefined, theirs: address })),
    ...ours.filter((address) => same(theirs, address) === undefined)
      .map((address): Difference => ({ what: "served too", ours: address, theirs: undefined })),
    ...ours.flatMap((address): Difference[] => {
      const other = same(theirs, address);
      return other === undefined || theirs.includes(address)
        ? []
        : [{ what: "spelling", ours: address, theirs: other }];
    }),
  ];
}
