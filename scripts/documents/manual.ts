/**
 * The manual page, made from the table of options.
 *
 * @module
 */

import { ExitStatus } from "../../lib/outcome.ts";
import { IGNORED_BESIDE, type Option } from "../../lib/command_line/mod.ts";
import {
  CHECK_KEYS,
  EXAMPLES,
  FILES,
  KEYS,
  LIMITS,
  OPTION_SENTENCES,
  STATUSES,
  VARIABLES,
} from "./manual_texts.ts";

/** Options and addresses stay whole. It has to be said again after each example (.EE forgets it). */
const NO_HYPHENATION = ".nh";

/** Gives the source of the page for man(1), with macros that every `man` has (man(7)). */
export function manualPage(options: readonly Option[], version: string, date: string): string {
  const shown = options.filter(({ kind }) => kind === "once" || kind === "list");
  const ignored = options.filter(({ kind }) => kind === "ignored");
  return [
    `.\\" Made by scripts/documents.ts`,
    `.TH NS8\\-SENDMAIL 1 "${text(date)}" "ns8\\-sendmail ${text(version)}" "User Commands"`,
    NO_HYPHENATION,
    ".ad l", // no stretched lines
    ".SH NAME",
    "ns8\\-sendmail \\- send a message through the smarthost of a NethServer 8 cluster",
    ".SH SYNOPSIS",
    `${bold("ns8-sendmail")} [${italic("OPTION")}]... ${italic("RECIPIENT")}... < ${
      italic("MESSAGE")
    }`,
    ...description(),
    ".SH OPTIONS",
    ...shown.flatMap((option) => entry(synopsis(option), sentencesOf(option))),
    ".PP",
    text("Callers of sendmail pass these options. They are accepted and have no effect:"),
    `${ignored.map(synopsis).join(",\n")}.`,
    text(`Beside other arguments this also holds for ${IGNORED_BESIDE}.`),
    ".SH EXIT STATUS",
    ...Object.entries(STATUSES).flatMap(([name, meaning]) => {
      const status = Object.entries(ExitStatus).find(([key]) => key === name)?.[1];
      return entry(bold(`${status}`), sentence(meaning));
    }),
    ".SH ENVIRONMENT",
    ...VARIABLES.flatMap(([names, meaning]) => entry(names.map(bold).join(", "), meaning)),
    ".SH FILES",
    ...FILES.flatMap(([names, meaning]) => entry(names.map(italic).join(", "), meaning)),
    ...log(),
    ".SH JSON",
    text("With --json, one line on standard output. A key whose value is not known is left out."),
    ...KEYS.flatMap(([name, meaning]) => entry(bold(name), meaning)),
    ".PP",
    text("With --check --json:"),
    ...CHECK_KEYS.flatMap(([name, meaning]) => entry(bold(name), meaning)),
    ".SH LIMITS",
    text("The runtime ends before the program begins, and nothing is sent, with the status"),
    ...LIMITS.flatMap(([status, when]) => entry(bold(`${status}`), `if ${when}.`)),
    ".SH EXAMPLES",
    ...EXAMPLES.flatMap((
      [what, command],
    ) => [".PP", text(what), ".PP", ".EX", `  ${text(command)}`, ".EE", NO_HYPHENATION]),
    ".SH SEE ALSO",
    `${bold("sendmail")}(8), ${bold("logger")}(1), ${bold("systemd.exec")}(5)`,
    "",
  ].join("\n");
}

function description(): string[] {
  return [
    ".SH DESCRIPTION",
    text(
      "Reads a message on standard input and the settings of the smarthost in the cluster's Redis.",
    ),
    text(
      "A message with a header is passed on as it is, anything else is sent as plain text or HTML.",
    ),
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
    text("A message has MIME-Version in its header, or Content-Type beside From, To, Subject or"),
    text(
      "Message-ID. Without -s a header of other mail fields makes a message too. A text that may",
    ),
    text("begin like a header should be sent with -s."),
    ".PP",
    text("Called as mailq or newaliases, the program says that it has neither."),
  ];
}

function log(): string[] {
  return [
    ".SH LOG",
    text("Each attempt leaves one record in the system log, facility mail, severity info or err:"),
    ".PP",
    ".EX",
    `  ${text('status=sent from=A to=FIRST_RECIPIENT subject="S" server=HOST:PORT code=250')}`,
    `  ${text('status=error from=A to=FIRST_RECIPIENT subject="S" server=HOST:PORT code=535')}`,
    `  ${text('    message="5.7.8 ..."')}`,
    ".EE",
    NO_HYPHENATION,
    ".PP",
    text("code is -1 where the server gave none. journalctl -t ns8-sendmail shows them."),
  ];
}

/** Gives the sentences about an option; throws if there are none. */
function sentencesOf({ long, short }: Option): string {
  const sentences = OPTION_SENTENCES[long ?? short ?? ""];
  if (sentences === undefined) throw new Error(`No sentence about ${long ?? short}`);
  return sentences;
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

/** Makes a sentence of the words in a table. */
function sentence(help: string): string {
  return `${help.charAt(0).toUpperCase()}${help.slice(1)}.`;
}

function bold(word: string): string {
  return `\\fB${text(word)}\\fR`;
}

function italic(word: string): string {
  return `\\fI${text(word)}\\fR`;
}

/** Escapes text for roff (groff_char(7)). */
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
