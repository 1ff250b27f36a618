/**
 * The names of the header fields of mail. A block with other names is a text with colons.
 *
 * @module
 */

/** Fields of mail, netnews and MIME in IANA's registry "Message Headers" (RFC 3864, 4.2). */
const REGISTERED = " accept-language alternate-recipient also-control apparently-to " +
  "arc-authentication-results arc-message-signature arc-seal archive archived-at article-names " +
  "article-updates authentication-results author auto-submitted autoforwarded autosubmitted base " +
  "bcc body cancel-key cancel-lock cc cfbl-address cfbl-feedback-id comments control conversion " +
  "conversion-with-loss date date-received deferred-delivery delivered-to delivery-date " +
  "discarded-x400-ipms-extensions discarded-x400-mts-extensions disclose-recipients " +
  "disposition-notification-options disposition-notification-to distribution dkim-signature " +
  "dl-expansion-history ediint-features eesst-version encoding encrypted errors-to expires " +
  "expiry-date followup-to form-sub from generate-delivery-report hp-outer importance " +
  "in-reply-to incomplete-copy injection-date injection-info jabber-id keywords language " +
  "latest-delivery-time lines message-context message-id message-type mime-version mt-priority " +
  "newsgroups nntp-posting-date nntp-posting-host obsoletes organization " +
  "original-encoded-information-types original-from original-message-id original-recipient " +
  "original-sender original-subject originator-return-address path pics-label posting-version " +
  "prevent-nondelivery-report priority privicon received received-spf references relay-version " +
  "reply-by reply-to require-recipient-valid-since return-path see-also sender sensitivity " +
  "sio-label sio-label-history solicitation subject summary supersedes tls-report-domain " +
  "tls-report-submitter tls-required to user-agent vbr-info xref ";

/** Fields that mail programs write although they are not registered. */
const IN_USE =
  // Mail transfer and delivery: sendmail, Postfix, Exim, qmail, procmail, the mbox format.
  " bounces-to comment content-length delivery-agent domainkey-signature domainkey-status dkim-filter " +
  "envelope-from envelope-recipient envelope-sender envelope-to full-name mail-from old-bcc " +
  "old-date old-from old-message-id old-return-path old-subject old-to originator posted-date " +
  "precedence return-receipt-requested return-receipt-to status via warnings-to " +
  // Mailing lists: Mailman, Majordomo, ezmlm, Sympa, LISTSERV, and services for bulk mail.
  "approve approved feedback-id mailing-list unsubscribe urgent " +
  // Mail programs: mutt, s-nail, Gnus, MH, Outlook, Exchange, Notes, Thunderbird.
  "acceptlanguage authentication-results-original autocrypt autocrypt-gossip confirm-reading-to " +
  "dcc delivered-date face fcc gcc generate-receipt mail-copies-to " +
  "mail-followup-to mail-reply-to mime-autoconverted msip_labels newsgroup openpgp " +
  "organisation openpgp-key read-receipt-to registered-mail-reply-requested-by reply-cc " +
  "return-receipt thread-index thread-topic " +
  // Scripts that write the charset in a field of its own.
  "charset ";

/** The beginnings of further names; MIME reserves "content-" (RFC 2045, 9). */
const FAMILIES = /^(?:x|content|resent|list|downgraded|mmhs|x400|arc|bimi|original|debbugs)-/;

/** True if a name, in lower case, is the name of a field of mail. */
export function isKnownField(name: string): boolean {
  const listed = ` ${name} `;
  return REGISTERED.includes(listed) || IN_USE.includes(listed) || FAMILIES.test(name);
}
