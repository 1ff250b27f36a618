/**
 * The manual page, made from the table of options.
 *
 * @module
 */

import { ExitStatus } from "../../lib/outcome.ts";
import { ACCEPTED, BESIDE, type Option } from "../../lib/command_line/mod.ts";

/** When the program ends with a status, in the words of the README. */
const STATUSES: Readonly<Record<keyof typeof ExitStatus, string>> = {
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

/** What the program reads of the environment. */
const VARIABLES: readonly [names: string[], meaning: string][] = [
  [["REDIS_REPLICA_ADDRESS"], "The host's own Redis, as host:port or [IPv6]:port; asked first."],
  [["REDIS_ADDRESS"], "The leader's Redis, asked next; without either, 127.0.0.1:6379."],
  [
    ["SSL_CERT_FILE", "SSL_CERT_DIR"],
    "Certificate authorities that are trusted in place of the system's.",
  ],
];

const EXAMPLES: readonly [what: string, command: string][] = [
  [
    "Send a text:",
    `echo "Hello, world!" | ns8-sendmail -s "My test mail" -f "no-reply@nethserver.org" user@test.org`,
  ],
  ["Send a message that names its recipients itself:", "ns8-sendmail -t < message.eml"],
  ["See whether mail works, and if not why:", "ns8-sendmail --check"],
];

/** Gives the source of the page for man(1), with macros that every `man` has (man(7)). */
export function manualPage(options: readonly Option[], version: string): string {
  const shown = options.filter(({ kind }) => kind === "once" || kind === "list");
  const ignored = options.filter(({ kind }) => kind === "ignored");
  return [
    `.\\" Made by scripts/documents.ts`,
    `.TH NS8\\-SENDMAIL 1 "" "ns8\\-sendmail ${text(version)}" "User Commands"`,
    // No hyphenation, no stretched lines: options and addresses stay whole.
    ".nh",
    ".ad l",
    ".SH NAME",
    "ns8\\-sendmail \\- send a message through the smarthost of a NethServer 8 cluster",
    ".SH SYNOPSIS",
    `${bold("ns8-sendmail")} [${italic("OPTION")}]... ${italic("RECIPIENT")}... < ${
      italic("MESSAGE")
    }`,
    ".SH DESCRIPTION",
    text(
      "Reads a message on standard input and the settings of the smarthost in the cluster's Redis.",
    ),
    text("A MIME message is passed on as it is, anything else is sent as plain text or HTML."),
    text(
      "Success is silent; an error is one line, and a record of each attempt is in the system log.",
    ),
    ".PP",
    text(
      "A recipient is user@host, 'Name <user@host>', or the name of a local user; one argument may",
    ),
    text(
      "hold several, separated by commas. -- ends the options. A long option may be cut short as",
    ),
    text("far as it stays certain which one it is."),
    ".PP",
    text("Called as mailq or newaliases, the program says that it has neither."),
    ".SH OPTIONS",
    ...shown.flatMap((option) => entry(synopsis(option), sentence(option.help))),
    ".PP",
    text(ACCEPTED),
    `${ignored.map(synopsis).join(",\n")}.`,
    text(`${BESIDE.charAt(0).toUpperCase()}${BESIDE.slice(1)}.`),
    ".SH EXIT STATUS",
    ...Object.entries(STATUSES).flatMap(([name, meaning]) => {
      const status = Object.entries(ExitStatus).find(([key]) => key === name)?.[1];
      return entry(bold(`${status}`), sentence(meaning));
    }),
    ".SH ENVIRONMENT",
    ...VARIABLES.flatMap(([names, meaning]) => entry(names.map(bold).join(", "), meaning)),
    ".SH EXAMPLES",
    ...EXAMPLES.flatMap((
      [what, command],
    ) => [".PP", text(what), ".PP", ".EX", `  ${text(command)}`, ".EE"]),
    ".SH SEE ALSO",
    `${bold("sendmail")}(8), ${bold("logger")}(1)`,
    "",
  ].join("\n");
}

/** The names of an option and its value. */
function synopsis({ short, also, long, value }: Option): string {
  const names = [short && `-${short}`, also && `-${also}`, long && `--${long}`];
  const bolds = names.filter((name) => name !== undefined).map(bold).join(", ");
  return value === undefined ? bolds : `${bolds} ${italic(value)}`;
}

function entry(title: string, meaning: string): string[] {
  return [".TP", title, text(meaning)];
}

/** A paragraph of a manual is a sentence, unlike the cell of a table. */
function sentence(help: string): string {
  return `${help.charAt(0).toUpperCase()}${help.slice(1)}.`;
}

function bold(word: string): string {
  return `\\fB${text(word)}\\fR`;
}

function italic(word: string): string {
  return `\\fI${text(word)}\\fR`;
}

/** Text that roff must take as it is (groff_char(7)). */
function text(plain: string): string {
  return plain
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("'", "\\(aq")
    .replaceAll("^", "\\(ha")
    .replaceAll("~", "\\(ti")
    .replaceAll("`", "\\(ga")
    .replace(/^(?=\.)/, "\\&");
}
