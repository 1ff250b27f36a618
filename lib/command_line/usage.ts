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
  /** True if the value may be missing: programs write the option with it and without. */
  mayLackValue?: true;
  /** What the value of the letter is called beside other arguments, where it has no effect. */
  besideValue?: string;
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
    help: "sender; default no-reply@HOST; '' or '<>' is empty",
  },
  { short: "F", value: "NAME", kind: "once", help: "name in a From line that this program writes" },
  { long: "cc", value: "ADDRESS", kind: "list", help: "one more recipient; may be repeated" },
  {
    long: "bcc",
    value: "ADDRESS",
    kind: "list",
    help: "one more recipient, never shown; may be repeated",
  },
  {
    short: "t",
    long: "read-recipients",
    kind: "once",
    help: "take recipients from the message's To, Cc, Bcc too",
  },
  { long: "html", kind: "once", help: "the body is HTML, whatever it looks like" },
  { long: "settings", kind: "once", help: "print the smarthost settings as JSON, send nothing" },
  { long: "check", kind: "once", help: "test the smarthost step by step, send nothing" },
  { long: "json", kind: "once", help: "print the outcome as one JSON object" },
  { long: "dry-run", kind: "once", help: "print the finished message, send nothing" },
  {
    long: "timeout",
    value: "SECONDS",
    kind: "once",
    help: "longest wait for an answer; default 30, last one 600",
  },
  {
    long: "retry",
    value: "SECONDS",
    kind: "once",
    help: "try again for this long when the status would be 75",
  },
  { short: "v", long: "verbose", kind: "once", help: "show the SMTP conversation on stderr" },
  { short: "h", long: "help", kind: "once", besideValue: "HOPS", help: "print this text" },
  { short: "V", long: "version", kind: "once", besideValue: "ID", help: "print the version" },
  { short: "i", kind: "ignored", help: "a dot alone on a line never ends the message" },
  { short: "n", kind: "ignored", help: "no aliases" },
  { short: "m", kind: "ignored", help: "the sender is a recipient too, if it is one" },
  { short: "G", kind: "ignored", help: "the message comes from a gateway" },
  { short: "U", kind: "ignored", help: "the message comes from a user" },
  { short: "b", value: "m", kind: "ignored", help: "the mode: send mail" },
  { short: "o", value: "OPT", kind: "ignored", help: "an option of sendmail (-oi, -oem, -odb)" },
  { short: "O", value: "OPT", kind: "ignored", help: "an option of sendmail by its long name" },
  { short: "B", value: "TYPE", kind: "ignored", help: "the type of the body" },
  { short: "N", value: "WHEN", kind: "ignored", help: "when to notify of the delivery" },
  { short: "R", value: "PART", kind: "ignored", help: "what a notification returns" },
  { short: "L", value: "TAG", kind: "ignored", help: "the name in the log" },
  { short: "e", value: "MODE", kind: "ignored", help: "how errors are reported (-em, -ep)" },
  { short: "A", value: "c|m", kind: "ignored", help: "the configuration to use" },
  {
    short: "p",
    value: "PROTOCOL",
    mayLackValue: true,
    kind: "ignored",
    help: "how the message came in",
  },
  {
    short: "X",
    value: "FILE",
    kind: "ignored",
    help: "a log of the conversation; none is written",
  },
  { short: "q", kind: "refused", help: "there is no queue" },
  { short: "I", kind: "refused", help: "there are no aliases" },
];

/** Why a mode of sendmail, the letter behind -b, does not exist here; "" is any other. */
export const MODES: Readonly<Record<string, string>> = {
  a: "there is no ARPANET mode",
  d: "there is no daemon",
  D: "there is no daemon",
  h: "there is no status of hosts",
  H: "there is no status of hosts",
  i: "there are no aliases",
  p: "there is no queue",
  P: "there is no queue",
  s: "there is no SMTP on standard input",
  t: "there are no rules for addresses to test",
  v: "the smarthost alone knows which addresses exist",
  "": "this program only sends mail",
};

/** The width of the usage text, and of its left column. */
const WIDTH = 80;
const INDENT = 27;

const EXAMPLE = `echo "Disk full" | ns8-sendmail -s "Alarm" root admin@example.org`;

const NOTES =
  "A recipient is user@host, 'Name <user@host>' or a local user. -- ends the options. Status 0: " +
  "the smarthost took it for everybody; else see sysexits.h.";

/** Gives the text for a mode that only prints a text. */
export function information(
  mode: "help" | "version" | "mailq" | "newaliases",
  version: string,
): string {
  switch (mode) {
    case "help":
      return usage();
    case "version":
      return `ns8-sendmail ${version}`;
    case "mailq":
      return "There is no queue: ns8-sendmail hands each message to the smarthost at once.";
    case "newaliases":
      return "There are no aliases: the smarthost alone knows who gets mail for whom.";
  }
}

/** Gives the text of `--help`, without a line end at its end. */
export function usage(): string {
  const ignored = OPTIONS.filter(({ kind }) => kind === "ignored").map(synopsis).join(", ");
  return [
    "Usage: ns8-sendmail [OPTION]... RECIPIENT... < MESSAGE",
    "Sends the message on stdin through the smarthost of the NethServer 8 cluster.",
    `Example: ${EXAMPLE}`,
    ...OPTIONS.filter(({ kind }) => kind === "once" || kind === "list").map(usageRow),
    ...wrap(`Ignored: ${ignored} (beside others: ${IGNORED_BESIDE}).`, WIDTH),
    ...wrap(NOTES, WIDTH),
  ].join("\n");
}

/** The options that have another meaning, and no effect, beside other arguments. */
export const IGNORED_BESIDE = OPTIONS.flatMap(({ short, besideValue }) =>
  besideValue === undefined ? [] : `-${short} ${besideValue}`
).join(", ");

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
