/**
 * The texts of the manual page: exit statuses, options, variables, files, JSON keys and examples.
 *
 * @module
 */

import type { ExitStatus } from "../../lib/outcome.ts";

/** When the program ends with a status, in the words of the README. */
export const STATUSES: Readonly<Record<keyof typeof ExitStatus, string>> = {
  ok: "the smarthost has taken the message for every recipient",
  usage:
    "the command line is wrong: no recipient, an unknown option, a bad address, a line break that is not allowed",
  data:
    "the message is larger than the server takes, or than the 256 MiB that the program holds; with -t, no header",
  noUser:
    "the server refused a recipient permanently, or a header names one that is no address; the others got the message",
  noHost: "the smarthost's name does not resolve",
  unavailable: "the server refused the sender or the message permanently",
  internal: "a fault of this program",
  io: "standard input cannot be read, or standard output not be written",
  tryAgain:
    "try again: Redis or the smarthost cannot be reached, timed out, hung up, or answered 4xx",
  protocol: "the server does not speak SMTP, or does not offer STARTTLS where it is demanded",
  notAllowed: "Redis or the server refused the login, or the certificate is not valid",
  configuration: "the smarthost is not enabled or not configured, or its settings are wrong",
};

/** What each option does, in whole sentences, by its long name or else its letter. */
export const OPTION_SENTENCES: Readonly<Record<string, string>> = {
  subject:
    "The subject. Line breaks at its end are dropped. With it, only a MIME message on standard input is taken for a message; anything else is the text.",
  from:
    "The envelope sender, and the From line of a message that has none. The default is no-reply@HOST, where HOST is the fully qualified name of the host. '' or '<>' is the empty sender, to which nobody returns an error.",
  F: "The display name of a From line that this program writes.",
  cc: "One more recipient, shown in the Cc line of a text. It may be repeated.",
  bcc: "One more recipient, who is never shown in the message. It may be repeated.",
  "read-recipients":
    "Takes recipients from the To, Cc and Bcc lines of the message too. Standard input must then start with a header. A recipient that cannot be read is named, and the others get the message.",
  html: "The text is HTML, whatever it looks like. It has no effect on a message with a header.",
  settings:
    "Prints the settings of the smarthost as one line of JSON, the password too, and sends nothing.",
  check:
    "Reads the settings, connects, encrypts and logs in, says after each step whether it works, and sends nothing.",
  json:
    "Prints the outcome as one JSON object on standard output, whether the message was sent or not. The error line stays on standard error.",
  "dry-run":
    "Writes the finished message to standard output and sends nothing. It needs neither Redis nor a smarthost.",
  timeout:
    "The longest wait for any one whole answer of Redis or the smarthost. The default is 30, and 600 for the answer to the message itself, since a scanner may take that long. A value that is given holds for all answers.",
  retry:
    "Tries again for this long when the status would be 75: after 5 seconds, then after pauses that grow to 60 seconds, and only for recipients who have not got the message. The message stays in memory.",
  verbose:
    "Shows the SMTP conversation on standard error, with secrets masked, and with it the address that was connected to, the version of TLS and the certificate, and how much of a long message has gone. Without it a send that takes more than two seconds says what it waits for, if standard error is a terminal.",
  help: "Prints a short help text. It must be the only argument.",
  version: "Prints the version. It must be the only argument.",
};

/** What the program reads of the environment. */
export const VARIABLES: readonly [names: string[], meaning: string][] = [
  [["REDIS_REPLICA_ADDRESS"], "The host's own Redis, as host:port or [IPv6]:port; asked first."],
  [
    ["REDIS_ADDRESS"],
    "The leader's Redis, asked where the replica does not answer or has no settings; without either, 127.0.0.1:6379.",
  ],
  [
    ["SSL_CERT_FILE", "SSL_CERT_DIR"],
    "Certificate authorities that are trusted in place of the system's.",
  ],
];

/** The files that matter on a host. */
export const FILES: readonly [names: string[], meaning: string][] = [
  [
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"],
    "The certificate authorities that the host trusts, on Debian and on Red Hat.",
  ],
  [["/etc/hosts"], "The fully qualified name of the host, as hostname -f finds it."],
  [
    ["/usr/bin/logger"],
    "Writes the record to the system log. Without it the record is lost, and the message is not.",
  ],
  [
    ["/usr/share/ns8-sendmail/10handler"],
    "The handler for changes of the settings, in the packages.",
  ],
];

/** What the runtime cannot do, and the status that it then ends with. */
export const LIMITS: readonly [status: number, when: string][] = [
  [
    1,
    "TMPDIR is empty, relative, or has .. in it; there is no /proc; the current folder has been deleted",
  ],
  [
    101,
    "an argument, or the path of the executable, is not UTF-8; LimitNOFILE= is under 14",
  ],
  [133, "LimitAS= (ulimit -v) is too small: 8G is, 40G is enough"],
  [134, "LimitNPROC= is under 4; LimitSTACK= is 64K"],
  [
    159,
    "SystemCallFilter=@system-service without @pkey",
  ],
];

/** The keys of the JSON of a send, and of a check. */
export const KEYS: readonly [name: string, meaning: string][] = [
  ["status", "The exit status."],
  ["server", "The smarthost, host:port."],
  ["reply", "The smarthost's answer to the message."],
  ["queueId", "The name of the message in the smarthost's queue, where its answer has one."],
  [
    "recipients",
    "Everybody in the envelope: address, accepted, reply, and transaction where there were several.",
  ],
  [
    "transactions",
    "Where the message was handed over several times, to some recipients each: reply and queueId of each.",
  ],
  ["error", "The error line without the word Error."],
];

export const CHECK_KEYS: readonly [name: string, meaning: string][] = [
  ["status", "The exit status that sending would end with."],
  ["server", "The smarthost, host:port."],
  [
    "steps",
    "Each step that was taken: name (settings, resolve, connect, encrypt, hello, token, login), ok, detail.",
  ],
  ["warnings", "What works and should not stay as it is."],
  ["error", "The error line without the word Error."],
];

/** Examples: what each does, and the command. */
export const EXAMPLES: readonly [what: string, command: string][] = [
  [
    "Send a text:",
    `echo "Hello, world!" | ns8-sendmail -s "My test mail" -f "no-reply@nethserver.org" user@test.org`,
  ],
  ["Send a message that names its recipients itself:", "ns8-sendmail -t < message.eml"],
  [
    "Send a header and a text, as scripts write it for sendmail:",
    `printf 'Subject: Disk full\\n\\n/var is at 91 percent\\n' | ns8-sendmail root`,
  ],
  ["Send HTML:", "ns8-sendmail --html -s Report admin@example.org < report.html"],
  [
    "Send an attachment, with s-nail as the program that writes the message:",
    `echo "See the log" | s-nail -S mta=/usr/local/bin/ns8-sendmail -s Log -a /var/log/dpkg.log admin@example.org`,
  ],
  ["See whether mail works, and if not why:", "ns8-sendmail --check"],
  [
    "Wait up to an hour for a smarthost that is down:",
    "ns8-sendmail --retry 3600 -s Backup root < backup.log",
  ],
  [
    "Try again later only where that may help:",
    "ns8-sendmail -s Backup root < backup.log || [ $? -ne 75 ] || at -f retry.sh now + 10 minutes",
  ],
  [
    "Let cron send its mail, where the package ns8-sendmail-mta is not installed:",
    "ln -s /usr/local/bin/ns8-sendmail /usr/sbin/sendmail",
  ],
  [
    "Let PHP send its mail, in php.ini:",
    `sendmail_path = "/usr/local/bin/ns8-sendmail -t -i"`,
  ],
  [
    "Monitor the smarthost:",
    `ns8-sendmail --check --json | jq -r '.error // "mail works"'`,
  ],
];
