/**
 * Finds the queue id in a server's reply to the final dot.
 *
 * @module
 */

/** A word with a digit, which no common word has. */
const WORD = String.raw`((?=[\w-]*\d)[\w-]*\w)`;

/** An enhanced status code at the beginning (RFC 2034). */
const CODE = String.raw`^(?:2\.\d\.\d )?`;

/** The forms that servers use. If two patterns match, they find the same id. */
const PATTERNS: readonly RegExp[] = [
  // Postfix, SendGrid and others: "2.0.0 Ok: queued as 4F1". Brevo: "queued as <4F1@host>".
  /\bqueued as (?:<([^<>\s]+)>|([\w.-]*\w))/i,
  // Yandex: "2.0.0 Ok: queued on host as 1700000000-4F1".
  /\bqueued on [\w.-]+ as ([\w-]*\w)/i,
  // Haraka: "Message Queued (4F1.1)". Stalwart: "Message queued with id 4f1".
  /\bMessage queued (?:\(|with id )([\w.-]*\w)/i,
  // qpsmtpd: "Queued! <id@host> (Queue-Id: 4F1)", "Queued! 1700000000 qp 4711 <id@host>",
  // or "Queued! <id@host>" alone.
  /^Queued! .*\(Queue-Id: (\w+)\)/,
  /^Queued! \d+ qp (\d+)/,
  /^Queued! <([^<>\s]+)>$/,
  // Exchange: "2.6.0 <id@host> [InternalId=4, Hostname=host] Queued mail for delivery".
  /\[InternalId=(\d+)/,
  // Microsoft 365: "2.0.0 OK <id@host.prod.outlook.com> [Hostname=host.prod.outlook.com]".
  /^2\.0\.0 OK <([^<>\s]+)> \[Hostname=/i,
  // Exim: "OK id=1qABcd-0001Ab-2C". IONOS, GMX: "Requested mail action okay, completed: id=1MR-1r-0".
  new RegExp(`${CODE}OK id=([\\w-]*\\w)`, "i"),
  /^Requested mail action okay, completed: id=([\w-]*\w)/i,
  // Sendmail, OpenSMTPD, Kerio, Proofpoint, FortiMail: "2.0.0 4F1-2 Message accepted for delivery".
  // Cloudmark: "2.0.0 4F1 mail accepted for delivery".
  new RegExp(`${CODE}${WORD} (?:Message|mail) accepted for delivery`, "i"),
  // qmail: "ok 1700000000 qp 4711".
  /^ok \d+ qp (\d+)/i,
  // Gmail: "2.0.0 OK  1700000000 a1b2-20020a.4 - gsmtp".
  /^(?:2\.\d\.\d )?OK\s+\d+ ([\w.-]+) - gsmtp/,
  // Amazon SES: "Ok 0102018f5c3f1b2a-1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d-000000".
  /^Ok ([0-9a-f]{16}(?:-[0-9a-f]+){6})$/i,
  // Momentum, SparkPost: "2.0.0 OK 4C/12-34567-89ABCDEF".
  new RegExp(`${CODE}OK ([0-9A-F]{2}/[0-9A-F]{2}-\\d+-[0-9A-F]+)$`, "i"),
  // Courier: "Ok. 000000006B071D01.00003FBA".
  /^Ok\. ([0-9A-F]{8,16}(?:\.[0-9A-F]{8,16}){1,2})$/i,
  // Mimecast: "SmtpThread-1-2@host Received OK [4F1.uk22]".
  /\bReceived OK \[([\w.-]*\w)\]/i,
  // MDaemon: "Ok, message saved <Message-ID: id@host>".
  /\bmessage saved <Message-ID: <?([^<>\s]+)>/i,
  // Cisco ESA: "ok:  Message 4711 accepted".
  /^ok:\s{1,4}Message (\d+) accepted/i,
  // Oracle, iCloud: "2.5.0 Ok, envelope id 0P41@host".
  /^2\.5\.0 Ok, envelope id ([^\s;,]+)/i,
];

/** The longest part of a reply that is searched. */
const LONGEST = 1000;

/** Gives the queue id in the text of a reply; nothing if its form is not known. */
export function queueIdOf(reply: string): string | undefined {
  const words = reply.slice(0, LONGEST).trim();
  for (const pattern of PATTERNS) {
    const match = pattern.exec(words);
    if (match) return match[1] ?? match[2];
  }
  return undefined;
}
