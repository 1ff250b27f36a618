/**
 * Calls as programs and people make them: options of sendmail, senders, and inputs that are hardly
 * messages.
 *
 * @module
 */

import type { Handed } from "./mutations.ts";

const MESSAGE = "Subject: x\n\nhello\n";

const FULL = "From: ops@example.org\nTo: ann@example.org\nSubject: x\n\nhello\n";

/** A short message with these arguments, and somebody who gets it. */
const called = (...args: string[]): Handed => ({
  arguments: [...args, "ann@example.org"],
  text: MESSAGE,
});

/** The recipients out of a header with these fields. */
const asked = (fields: string, ...args: string[]): Handed => ({
  arguments: ["-t", ...args],
  text: `From: ops@example.org\nSubject: x\n${fields}\n\nhello\n`,
});

/** An input, for somebody who gets it. */
const given = (text: string): Handed => ({ arguments: ["ann@example.org"], text });

/** By what is special about each. */
export const CALLS: Readonly<Record<string, Handed>> = {
  // Inputs.
  "nothing": given(""),
  "nothing, with -t": { arguments: ["-t"], text: "" },
  "an empty line": given("\n"),
  "one line without an end": given("hello"),
  "two paragraphs": given("hello\n\nhello\n"),
  "a text with a colon": given("Note: the disk is full\n"),
  "a text whose lines all have colons": given("Host: node\nDisk: full\n\nlook\n"),
  "a text with -t": { arguments: ["-t", "ann@example.org"], text: "hello\n" },
  "a header of blanks": given("  \n\nhello\n"),
  "a field without a value": given("Subject:\n\nhello\n"),
  "a field with a tab behind the colon": given("Subject:\tx\n\nhello\n"),
  "a long subject": given(`Subject: ${"long ".repeat(100)}\n\nhello\n`),
  "a subject of one long word": given(`Subject: ${"x".repeat(500)}\n\nhello\n`),
  "a long field, folded": given(
    `Subject: x\nReferences: ${"<id@example.org>\n ".repeat(60)}<a@b>\n\nhello\n`,
  ),
  "a Date of its own": given("Date: Sat, 22 Nov 2025 11:00:00 +0100\nSubject: x\n\nhello\n"),
  "an empty Date": given("Date:\nSubject: x\n\nhello\n"),
  "a Message-ID of its own": given("Message-ID: <own@example.org>\nSubject: x\n\nhello\n"),
  "Received fields": given(`Received: from a by b; Sat, 22 Nov 2025 11:00:00 +0100\n${MESSAGE}`),
  "X fields first": given(`X-Mailer: cron\nX-Priority: 1\n${MESSAGE}`),
  "Content-Length": given(`Content-Length: 3\n${MESSAGE}`),
  "Reply-To": given(`Reply-To: back@example.org\n${MESSAGE}`),
  "Errors-To": given(`Errors-To: back@example.org\n${MESSAGE}`),
  "fields for auto-responders": given(
    `Auto-Submitted: auto-generated\nPrecedence: bulk\n${MESSAGE}`,
  ),
  "a list's fields": given(
    `List-Id: <list.example.org>\nList-Unsubscribe: <mailto:u@example.org>\n${MESSAGE}`,
  ),
  "a body of empty lines": given("Subject: x\n\n\n\n\n"),
  "a body that begins with blanks": given("Subject: x\n\n   indented\n"),
  "a body with trailing blanks": given("Subject: x\n\nblanks   \ntab\t\n"),
  "a body with a NUL": given("Subject: x\n\na\0b\n"),
  "a body with a form feed": given("Subject: x\n\na\fb\x1b[1mbold\x1b[0m\n"),
  "a body in UTF-8 without MIME": given("Subject: x\n\nGr\xc3\xbc\xc3\x9fe\n"),
  "a body in Latin 1 without MIME": given("Subject: x\n\nGr\xfc\xdfe\n"),
  "a long line": given(`Subject: x\n\n${"word ".repeat(300)}\n`),
  "base64": given(
    "Subject: x\nMIME-Version: 1.0\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\naGVsbG8K\n",
  ),
  "quoted-printable": given(
    "Subject: x\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n" +
      "Content-Transfer-Encoding: quoted-printable\n\nGr=C3=BC=C3=9Fe\n",
  ),
  // Options.
  "nobody": { arguments: [], text: MESSAGE },
  "options of sendmail": called("-oi", "-oem", "-odi", "-B8BITMIME", "-n"),
  "options that need rights": called("-U", "-G"),
  "-bm": called("-bm"),
  "-i, apart and twice": called("-i", "-i"),
  "-v": called("-v"),
  "-m and -n": called("-m", "-n"),
  "-O with a value": called("-O", "DeliveryMode=i"),
  "-L with a value": called("-L", "tag"),
  "-N and -R": called("-N", "never", "-R", "hdrs"),
  "-V beside a recipient": called("-V", "envelope-1"),
  "-h beside a recipient": called("-h", "5"),
  "-B with a value": called("-B", "7BIT"),
  "-em": called("-em"),
  "-oee": called("-oee"),
  "--": called("--"),
  "-i --": called("-i", "--"),
  // Senders.
  "-f, plain": called("-f", "ops@example.org"),
  "-f, glued": called("-fops@example.org"),
  "-f, in brackets": called("-f", "<ops@example.org>"),
  "-f, with a name": called("-f", "Ops <ops@example.org>"),
  "-f, with a comment": called("-f", "ops@example.org (Ops)"),
  "-f, without a domain": called("-f", "www-data"),
  "-f, empty": called("-f", ""),
  "-f, empty brackets": called("-f", "<>"),
  "-f, with a plus": called("-f", "bounces+ann=example.org@example.net"),
  "-f, quoted": called("-f", '"ops team"@example.org'),
  "-f, in capitals": called("-f", "Ops@EXAMPLE.org"),
  "-f twice": called("-f", "first@example.org", "-f", "second@example.org"),
  "-r": called("-r", "ops@example.org"),
  "-F, plain": called("-F", "The Robot"),
  "-F, with a comma": called("-F", "Robot, The"),
  "-F, with quotes": called("-F", 'The "Robot"'),
  "-F, outside ASCII": called("-F", "Jörg"),
  "-F, empty": called("-F", ""),
  "-f and From": { arguments: ["-f", "bounces@example.net", "ann@example.org"], text: FULL },
  "a From in brackets": {
    arguments: ["ann@example.org"],
    text: FULL.replace("ops@example.org", "Ops <ops@example.org>"),
  },
  "a From without a domain": {
    arguments: ["ann@example.org"],
    text: FULL.replace("ops@example.org", "ops (Ops)"),
  },
  "a From in two lines": {
    arguments: ["ann@example.org"],
    text: FULL.replace("From: ", "From:\n "),
  },
  "a From of two": {
    arguments: ["ann@example.org"],
    text: FULL.replace("ops@example.org", "ops@example.org, dev@example.org"),
  },
  // Recipients.
  "a person twice": called("ann@example.org"),
  "a person twice, in other letters": called("ann@EXAMPLE.ORG"),
  "a hundred people": {
    arguments: Array.from({ length: 100 }, (_, at) => `r${at}@example.org`),
    text: MESSAGE,
  },
  "a hundred people in a header": asked(
    `To: ${Array.from({ length: 100 }, (_, at) => `r${at}@example.org`).join(",\n ")}`,
  ),
  "a person as argument and in the header": {
    arguments: ["-t", "ann@example.org"],
    text: "To: Ann <ann@example.org>, bob@example.org\nSubject: x\n\nhello\n",
  },
  "-t, Bcc alone": asked("Bcc: ann@example.org"),
  "-t, Cc alone": asked("Cc: ann@example.org"),
  "-t, two To fields": asked("To: ann@example.org\nTo: bob@example.org"),
  "-t, an empty To and a Cc": asked("To:\nCc: ann@example.org"),
  "-t, a To of commas": asked("To: ,,\nCc: ann@example.org"),
  "-t, a To of a comment": asked("To: (nobody)\nCc: ann@example.org"),
  "-t, a folded To": asked("To: ann@example.org,\n\tbob@example.org,\n  carl@example.org"),
  "-t, a fold inside a name": asked('To: "Smith,\n Ann" <ann@example.org>'),
  "-t, a fold before the address": asked("To: Ann Smith\n <ann@example.org>"),
  "-t, Apparently-To": asked("Apparently-To: bob@example.org\nTo: ann@example.org"),
  "-t, Resent-To": asked(
    "To: old@example.org\nResent-From: me@example.org\nResent-To: new@example.org",
  ),
  "-t, Resent-Cc and Resent-Bcc": asked(
    "To: old@example.org\nResent-From: me@example.org\nResent-Cc: new@example.org\nResent-Bcc: more@example.org",
  ),
  "-t, Delivered-To": asked("Delivered-To: bob@example.org\nTo: ann@example.org"),
  "-t, Reply-To": asked("Reply-To: bob@example.org\nTo: ann@example.org"),
  "-t, and -f": asked("To: ann@example.org", "-f", "bounces@example.net"),
  "-t, glued to -i": asked("To: ann@example.org", "-oi"),
  "-ti": { arguments: ["-ti"], text: FULL },
};
