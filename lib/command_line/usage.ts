/**
 * The options of the command line, as one table that makes the parser, the usage text, the manual
 * page and the completion.
 *
 * @module
 */

/** One row of the table of options. */
export type Option = {
  /** The letter behind one dash. */
  short?: string;
  /** Another letter for the same. */
  also?: string;
  /** The name behind two dashes. */
  long?: string;
  /** What its value is called; an option without one takes none. */
  value?: string;
  /**
   * `once`: the last one counts. `list`: all of them count. `ignored`: accepted because programs
   * pass it that call sendmail. `refused`: a mode of sendmail that does not exist here.
   */
  kind: "once" | "list" | "ignored" | "refused";
  /** What it does, for people. */
  help: string;
};

/** Every option, in the order in which people read about them. */
export const OPTIONS: readonly Option[] = [
  { short: "s", long: "subject", value: "TEXT", kind: "once", help: "the subject" },
  {
    short: "f",
    also: "r",
    long: "from",
    value: "ADDRESS",
    kind: "once",
    help: "envelope sender, and From: of a message that has none; default no-reply@HOST; " +
      "'' or '<>' is the empty sender",
  },
  { short: "F", value: "NAME", kind: "once", help: "display name of a From: that is written here" },
  { long: "cc", value: "ADDRESS", kind: "list", help: "one more recipient; may be repeated" },
  {
    long: "bcc",
    value: "ADDRESS",
    kind: "list",
    help: "one more recipient, never shown in the message; may be repeated",
  },
  {
    short: "t",
    long: "read-recipients",
    kind: "once",
    help: "take recipients from the message's own To, Cc and Bcc too",
  },
  { long: "html", kind: "once", help: "the body is HTML, whatever it looks like" },
  { long: "settings", kind: "once", help: "print the smarthost settings as JSON, send nothing" },
  {
    long: "check",
    kind: "once",
    help: "connect, encrypt and log in, say step by step what works, send nothing",
  },
  { long: "json", kind: "once", help: "print the outcome as one JSON object" },
  { long: "dry-run", kind: "once", help: "print the finished message, send nothing" },
  {
    long: "timeout",
    value: "SECONDS",
    kind: "once",
    help: "longest wait for any one answer of a server; default 30",
  },
  {
    long: "retry",
    value: "SECONDS",
    kind: "once",
    help: "try again for this long when the status would be 75",
  },
  { short: "v", long: "verbose", kind: "once", help: "show the SMTP conversation on stderr" },
  { short: "h", long: "help", kind: "once", help: "print this text" },
  { short: "V", long: "version", kind: "once", help: "print the version" },
  { short: "i", kind: "ignored", help: "a dot alone on a line never ends the message" },
  { short: "n", kind: "ignored", help: "no aliases" },
  { short: "m", kind: "ignored", help: "the sender is a recipient too, if it is one" },
  { short: "G", kind: "ignored", help: "the message comes from a gateway" },
  { short: "U", kind: "ignored", help: "the message comes from a user" },
  { short: "b", value: "m", kind: "ignored", help: "m (send mail) is the only one" },
  { short: "o", value: "OPTION", kind: "ignored", help: "an option of sendmail (-oi, -oem, -odb)" },
  { short: "O", value: "OPTION", kind: "ignored", help: "an option of sendmail by its long name" },
  { short: "B", value: "TYPE", kind: "ignored", help: "the type of the body" },
  { short: "N", value: "WHEN", kind: "ignored", help: "when to notify of the delivery" },
  { short: "R", value: "PART", kind: "ignored", help: "what a notification returns" },
  { short: "L", value: "TAG", kind: "ignored", help: "the name in the log" },
  { short: "q", kind: "refused", help: "there is no queue" },
];

/** The width of the usage text, and of its left column. */
const WIDTH = 80;
const INDENT = 27;

const NOTES =
  "A recipient is user@host, 'Name <user@host>', or the name of a local user; one argument may " +
  "hold several, separated by commas. -- ends the options. The exit status is 0 when the smarthost " +
  "has taken the message for every recipient, else one of sysexits.h.";

/** Gives the text of `--help`, without a line end at its end. */
export function usage(): string {
  const ignored = OPTIONS.filter(({ kind }) => kind === "ignored").map(synopsis);
  return [
    "Usage: ns8-sendmail [OPTION]... RECIPIENT... < MESSAGE",
    "",
    "Sends the message on stdin through the smarthost of the NethServer 8 cluster.",
    "",
    ...OPTIONS.filter(({ kind }) => kind === "once" || kind === "list").map(usageRow),
    "",
    "Accepted because programs pass it that call sendmail, and without effect:",
    ...wrap(ignored.join(", "), WIDTH - 2).map((line) => `  ${line}`),
    "",
    ...wrap(NOTES, WIDTH),
  ].join("\n");
}

/** The names of an option with its value: `-s, --subject TEXT`. */
function synopsis({ short, also, long, value }: Option): string {
  const names = [short && `-${short}`, also && `-${also}`, long && `--${long}`].filter(Boolean);
  return names.join(", ") + (value === undefined ? "" : ` ${value}`);
}

function usageRow(option: Option): string {
  const left = (option.short === undefined ? "      " : "  ") + synopsis(option);
  const [first = "", ...more] = wrap(option.help, WIDTH - INDENT);
  const indent = " ".repeat(INDENT);
  const lines = left.length < INDENT - 1 ? [left.padEnd(INDENT) + first] : [left, indent + first];
  return [...lines, ...more.map((line) => indent + line)].join("\n");
}

/** The text in lines of at most `width` characters, broken at spaces. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${line} ${word}`;
    } else lines.push(word);
  }
  return lines;
}
