import assert from "node:assert/strict";
import { isKnownField } from "../../../lib/message/known_fields.ts";

const KNOWN = [
  // The fields of RFC 5322, and of MIME.
  "date from sender reply-to to cc bcc message-id in-reply-to references subject comments keywords",
  "resent-date resent-from resent-sender resent-to resent-cc resent-bcc resent-message-id",
  "return-path received mime-version content-type content-transfer-encoding content-id",
  "content-description content-disposition content-language content-length content-class",
  // What programs write: cron, vacation, mailing lists, filters, signers, mail programs.
  "auto-submitted precedence x-cron-env x-mailer x-priority x-php-originating-script x-loop",
  "list-id list-unsubscribe list-unsubscribe-post errors-to mailing-list archived-at approved",
  "delivered-to envelope-to delivery-date status x-status lines x-spam-status received-spf",
  "dkim-signature domainkey-signature arc-seal arc-message-signature arc-authentication-results",
  "authentication-results importance priority sensitivity thread-topic thread-index user-agent",
  "mail-followup-to mail-reply-to mail-copies-to return-receipt-to disposition-notification-to",
  "organization organisation face autocrypt msip_labels acceptlanguage apparently-to via",
  // Netnews, and X.400.
  "newsgroups path followup-to expires control distribution summary supersedes xref",
  "x400-originator mmhs-primary-precedence downgraded-from",
].flatMap((names) => names.split(" "));

for (const name of KNOWN) {
  Deno.test(`${name} is a field of mail`, () => assert.equal(isKnownField(name), true));
}

const UNKNOWN = [
  "",
  "x",
  "note",
  "error",
  "warning",
  "host",
  "server",
  "time",
  "score",
  "sent",
  "http",
  "https",
  "10",
  "subjects",
  "ubject",
  "content",
  "resent",
  "list",
  "accept",
  "cookie",
  "set-cookie",
  "constructor",
  "subject to",
  "cc bcc",
];

for (const name of UNKNOWN) {
  Deno.test(`"${name}" is no field of mail`, () => assert.equal(isKnownField(name), false));
}
