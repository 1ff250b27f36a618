import assert from "node:assert/strict";
import fc from "fast-check";
import { type Options, parseOptions } from "../../../lib/command_line/options.ts";
import type { Mail } from "../../../lib/message/mail.ts";
import { ExitStatus, Failure } from "../../../lib/outcome.ts";
import { SEED } from "../../support/program/property.ts";

/** Options with what is asked of the mail among them. */
type Flat = Omit<Options, "mail"> & Mail;

function flat(args: readonly string[]): Flat {
  const { mail, badAddress, ...options } = parseOptions(args);
  if (badAddress !== undefined) throw badAddress.failure;
  return { ...options, ...mail };
}

const NOTHING: Flat = {
  mode: "send",
  to: [],
  cc: [],
  bcc: [],
  readRecipients: false,
  html: false,
  json: false,
  verbose: false,
  timeout: 30_000,
  finalTimeout: 600_000,
  retry: 0,
};

const ROOT = { name: "", local: "root", domain: "" };
const A = { name: "", local: "a", domain: "x.org" };
const B = { name: "", local: "b", domain: "x.org" };
const TO_ROOT: Flat = { ...NOTHING, to: [ROOT] };

/** A title, the arguments, and what is read of them beside the defaults. */
const READ: [title: string, args: string[], expected: Partial<Flat>][] = [
  ["a recipient", ["a@x.org"], { to: [A] }],
  ["several recipients", ["a@x.org", "b@x.org"], { to: [A, B] }],
  ["several recipients in one argument", ["a@x.org, B <b@x.org>"], {
    to: [A, { ...B, name: "B" }],
  }],
  ["a bare local name", ["root"], { to: [ROOT] }],
  ["a recipient that begins with a dash, behind --", ["--", "-a@x.org"], {
    to: [{ ...A, local: "-a" }],
  }],
  ["a recipient behind --, after options", ["-v", "--", "root"], { to: [ROOT], verbose: true }],

  ["a short option", ["-s", "Text", "root"], { to: [ROOT], subject: "Text" }],
  ["a long option", ["--subject", "Text", "root"], { to: [ROOT], subject: "Text" }],
  ["a glued short option", ["-sText", "root"], { to: [ROOT], subject: "Text" }],
  ["a glued long option", ["--subject=Text", "root"], { to: [ROOT], subject: "Text" }],
  ["options behind recipients", ["root", "-s", "Text"], { to: [ROOT], subject: "Text" }],
  ["the last of two subjects", ["-s", "a", "--subject=b", "root"], { to: [ROOT], subject: "b" }],
  ["the last of two subjects, empty", ["-s", "a", "-s", "", "root"], { to: [ROOT], subject: "" }],
  ["a value that begins with a dash", ["-s", "-- disk full --", "root"], {
    to: [ROOT],
    subject: "-- disk full --",
  }],
  ["a value that looks like an option", ["-s", "--help", "root"], {
    to: [ROOT],
    subject: "--help",
  }],
  ["a value that looks like a glued option", ["-s", "--from=b@x.org", "root"], {
    to: [ROOT],
    subject: "--from=b@x.org",
  }],
  ["a value that is --", ["-s", "--", "root"], { to: [ROOT], subject: "--" }],
  ["a glued value with =", ["--subject==a=b", "root"], { to: [ROOT], subject: "=a=b" }],
  ["a short glued value with =, as getopt", ["-s=a", "root"], { to: [ROOT], subject: "=a" }],
  ["an empty glued value", ["--subject=", "root"], { to: [ROOT], subject: "" }],
  ["an empty value", ["-s", "", "root"], { to: [ROOT], subject: "" }],
  ["a value that is a number", ["-s", "007", "root"], { to: [ROOT], subject: "007" }],
  ["a value that is a truth", ["-s", "true", "--html", "root"], {
    to: [ROOT],
    subject: "true",
    html: true,
  }],
  ["a recipient that is a truth, behind a flag", ["--html", "true"], {
    to: [{ ...ROOT, local: "true" }],
    html: true,
  }],
  ["a recipient that is a number", ["42"], { to: [{ ...ROOT, local: "42" }] }],
  ["a subject without its line breaks at the end", ["-s", "a b\r\n\n", "root"], {
    to: [ROOT],
    subject: "a b",
  }],
  ["a subject that is all line breaks", ["-s", "\n", "root"], { to: [ROOT], subject: "" }],

  ["a sender", ["-f", "a@x.org", "root"], { to: [ROOT], from: A }],
  ["a glued sender", ["-fa@x.org", "root"], { to: [ROOT], from: A }],
  ["a sender with a name", ["--from", "Ann <a@x.org>", "root"], {
    to: [ROOT],
    from: { ...A, name: "Ann" },
  }],
  ["a sender as -r", ["-r", "a@x.org", "root"], { to: [ROOT], from: A }],
  ["the last of -f and -r", ["-f", "b@x.org", "-ra@x.org", "root"], { to: [ROOT], from: A }],
  ["a bare sender", ["-f", "root", "root"], { to: [ROOT], from: ROOT }],
  ["the empty sender", ["-f", "", "root"], { to: [ROOT], from: null }],
  ["the empty sender, glued", ["--from=", "root"], { to: [ROOT], from: null }],
  ["the empty sender in brackets", ["-f", "<>", "root"], { to: [ROOT], from: null }],
  ["the empty sender in brackets, glued", ["-f<>", "root"], { to: [ROOT], from: null }],
  ["a sender's name", ["-F", "Cron Daemon", "root"], { to: [ROOT], fromName: "Cron Daemon" }],
  ["a sender's name, glued", ["-FCronDaemon", "root"], { to: [ROOT], fromName: "CronDaemon" }],
  ["a sender's name that is empty, as none", ["-F", "", "root"], { to: [ROOT] }],

  ["a Cc as the only recipient", ["--cc", "a@x.org"], { cc: [A] }],
  ["a Bcc as the only recipient", ["--bcc=a@x.org"], { bcc: [A] }],
  ["several Cc and Bcc", [
    ...["--cc", "a@x.org", "--bcc", "b@x.org, a@x.org", "--cc", "b@x.org", "root"],
  ], { to: [ROOT], cc: [A, B], bcc: [B, A] }],
  ["recipients in the message", ["-t"], { readRecipients: true }],
  ["recipients in the message, long", ["--read-recipients"], { readRecipients: true }],
  ["flags", ["--html", "--json", "-v", "root"], {
    to: [ROOT],
    html: true,
    json: true,
    verbose: true,
  }],
  ["a cluster", ["-tiv"], { readRecipients: true, verbose: true }],
  ["a cluster with a value at its end", ["-tvsText"], {
    readRecipients: true,
    verbose: true,
    subject: "Text",
  }],
  ["a cluster with its value apart", ["-ts", "Text"], { readRecipients: true, subject: "Text" }],
  ["a time limit", ["--timeout", "5", "root"], {
    to: [ROOT],
    timeout: 5000,
    finalTimeout: 5000,
  }],
  ["a time limit with a fraction", ["--timeout=0.25", "root"], {
    to: [ROOT],
    timeout: 250,
    finalTimeout: 250,
  }],
  ["the longest time limit", ["--timeout=86400", "root"], {
    to: [ROOT],
    timeout: 86_400_000,
    finalTimeout: 86_400_000,
  }],
  ["a time limit that is the default, for the final dot too", ["--timeout=30", "root"], {
    to: [ROOT],
    finalTimeout: 30_000,
  }],
  ["how long to try again", ["--retry", "3600", "root"], { to: [ROOT], retry: 3_600_000 }],
  ["how long to try again, with a fraction", ["--retry=0.5", "root"], { to: [ROOT], retry: 500 }],
  ["no second try", ["--retry", "0", "root"], { to: [ROOT] }],
  ["the last of two time limits", ["--timeout=x", "--timeout=1", "root"], {
    to: [ROOT],
    timeout: 1000,
    finalTimeout: 1000,
  }],

  ["--settings without a recipient", ["--settings"], { mode: "settings" }],
  ["--check without a recipient", ["--check", "--json"], { mode: "check", json: true }],
  ["--check in front of a whole command line", ["--check", "-s", "a", "root"], {
    mode: "check",
    to: [ROOT],
    subject: "a",
  }],
  ["--dry-run", ["--dry-run", "root"], { mode: "dry-run", to: [ROOT] }],
  ["--dry-run twice", ["--dry-run", "--dry-run", "root"], { mode: "dry-run", to: [ROOT] }],
  ["--help", ["--help"], { mode: "help" }],
  ["-h", ["-h"], { mode: "help" }],
  ["--version", ["--version"], { mode: "version" }],
  ["-V", ["-V"], { mode: "version" }],
  ["--help before all else", ["--settings", "--check", "--timeout=x", "a@@", "-f", "@", "--help"], {
    mode: "help",
  }],
  ["--help before --version", ["--version", "--help"], { mode: "help" }],
  ["--version before all else", ["--dry-run", "--version"], { mode: "version" }],

  ["what Debian's cron passes", ["-i", "-FCronDaemon", "-B8BITMIME", "-oem", "root"], {
    to: [ROOT],
    fromName: "CronDaemon",
  }],
  ["what cronie passes", ["-FCronDaemon", "-i", "-odi", "-oem", "-oi", "-t", "-f", "root"], {
    fromName: "CronDaemon",
    readRecipients: true,
    from: ROOT,
  }],
  ["what PHP passes", ["-t", "-i"], { readRecipients: true }],
  ["what PHP passes with a sender", ["-t", "-i", "-fa@x.org"], { readRecipients: true, from: A }],
  ["what fail2ban passes", ["-t", "-f", "a@x.org"], { readRecipients: true, from: A }],
  ["what mdadm and logwatch pass", ["-t", "-oi"], { readRecipients: true }],
  ["sendmail's flags", ["-i", "-n", "-m", "-G", "-U", "-bm", "root"], { to: [ROOT] }],
  ["sendmail's options beside -h and -V", [
    ...["-em", "-e", "p", "-Ac", "-A", "m", "-p", "-X", "log", "-Xlog", "-h", "3", "-V", "id"],
    ...["-h3", "-Vid", "-pSMTP:host", "-p", "ESMTP", "-p", "-i", "root"],
  ], { to: [ROOT] }],
  ["a hop count behind a recipient", ["root", "-h", "3"], { to: [ROOT] }],
  ["-p in front of a recipient", ["-p", "a@x.org"], { to: [A] }],
  ["a long option cut short", ["--sub=a", "--dry", "root"], {
    to: [ROOT],
    subject: "a",
    mode: "dry-run",
  }],
  ["a long option that another begins with", ["--cc", "a@x.org"], { cc: [A] }],
  ["empty arguments", ["", "--cc", "", "--bcc=", "a@x.org"], { to: [A] }],
  ["line breaks at the end of values", [
    ...["a@x.org\n", "--cc", "b@x.org\r\n", "-f", "a@x.org\n", "-F", "A\n", "--timeout", "30\n"],
  ], { to: [A], cc: [B], from: A, fromName: "A", finalTimeout: 30_000 }],
  ["recipients with blanks or semicolons between them", ["a@x.org b@x.org", "root; a@x.org"], {
    to: [A, B, ROOT, A],
  }],
  ["sendmail's flags in a cluster", ["-inmG", "root"], { to: [ROOT] }],
  ["sendmail's mode, apart", ["-b", "m", "root"], { to: [ROOT] }],
  ["sendmail's mode at the end of a cluster", ["-tibm"], { readRecipients: true }],
  ["sendmail's options with values, glued", [
    ...["-B8BITMIME", "-Nfailure,delay", "-Rhdrs", "-Ltag", "-OTimeout=1h", "root"],
  ], { to: [ROOT] }],
  ["sendmail's options with values, apart", [
    ...["-B", "7BIT", "-N", "never", "-R", "full", "-L", "-tag", "-O", "a=b", "-o", "i", "root"],
  ], { to: [ROOT] }],
];

for (const [title, args, expected] of READ) {
  Deno.test(`the command line may hold ${title}`, () => {
    assert.deepEqual(flat(args), { ...NOTHING, ...expected });
  });
}

/** A title, the arguments, and what the error has to say. */
const REFUSED: [title: string, args: string[], what: string, why?: string][] = [
  ["no recipient", [], "At least one recipient is required."],
  ["no recipient but options", ["-s", "a", "-f", "b"], "At least one recipient is required."],
  ["no recipient behind --", ["--"], "At least one recipient is required."],
  ["no recipient of a dry run", ["--dry-run"], "At least one recipient is required."],
  ["an empty recipient alone", [""], "At least one recipient is required."],
  ["a recipient of spaces and commas", [" , "], "At least one recipient is required."],
  ["a recipient that is a dash", ["-"], "No address in the recipients", '"-"'],
  ["an empty group as sender", ["-f", "x:;", "root"], "No address in -f", '"x:;"'],
  [
    "two senders in one",
    ["-f", "a@x.org,b@x.org", "root"],
    "--from takes one address",
    [
      '"a@x.org,b@x.org"',
    ].join(),
  ],
  [
    "an unknown long option",
    ["--bogus", "root"],
    "Unknown option --bogus",
    "see ns8-sendmail --help",
  ],
  [
    "an unknown long option with a value",
    ["--bogus=secret", "root"],
    "Unknown option --bogus",
    "see ns8-sendmail --help",
  ],
  ["an option without a name", ["--=a", "root"], "Unknown option --", "see ns8-sendmail --help"],
  [
    "an option negated",
    ["--no-html", "root"],
    "Unknown option --no-html",
    "see ns8-sendmail --help",
  ],
  [
    "what every object has",
    ["--constructor", "root"],
    "Unknown option --constructor",
    "see ns8-sendmail --help",
  ],
  [
    "an option that is no name here",
    ["--undefined", "root"],
    "Unknown option --undefined",
    "see ns8-sendmail --help",
  ],
  ["an unknown short option", ["-x", "root"], "Unknown option -x", "see ns8-sendmail --help"],
  ["an unknown short option in a cluster", ["-tx"], "Unknown option -x", "see ns8-sendmail --help"],
  [
    "a short option outside ASCII",
    ["-\u{1f600}", "root"],
    "Unknown option -\u{1f600}",
    "see ns8-sendmail --help",
  ],
  [
    "an unknown option before --help",
    ["-x", "--help"],
    "Unknown option -x",
    "see ns8-sendmail --help",
  ],
  ["a long option without its value", ["root", "--subject"], "--subject needs a value", "TEXT"],
  ["a short option without its value", ["root", "-f"], "-f needs a value", "ADDRESS"],
  ["an ignored option without its value", ["root", "-N"], "-N needs a value", "WHEN"],
  ["a hop count without its value", ["root", "-h"], "-h needs a value", "HOPS"],
  ["an envelope id without its value", ["-tV"], "-V needs a value", "ID"],
  [
    "nothing but a hop count",
    ["-h", "root"],
    "At least one recipient is required.",
  ],
  [
    "an option that is nearly another",
    ["--subjet=a", "root"],
    "Unknown option --subjet",
    "did you mean --subject? see ns8-sendmail --help",
  ],
  [
    "an option that is nearly another, with letters changed",
    ["--dryrum", "root"],
    "Unknown option --dryrum",
    "did you mean --dry-run? see ns8-sendmail --help",
  ],
  [
    "an option in capitals",
    ["--HTML", "root"],
    "Unknown option --HTML",
    "did you mean --html? see ns8-sendmail --help",
  ],
  [
    "a Cc of the mail command",
    ["-c", "ann", "root"],
    "Unknown option -c",
    "did you mean --cc? see ns8-sendmail --help",
  ],
  [
    "a Cc with one dash",
    ["-cc", "ann", "root"],
    "Unknown option -c",
    "did you mean --cc? see ns8-sendmail --help",
  ],
  [
    "a long option with one dash",
    ["-dry-run", "root"],
    "Unknown option -d",
    "did you mean --dry-run? see ns8-sendmail --help",
  ],
  [
    "a Bcc of the mail command",
    ["-b", "ann@x.org", "root"],
    "Unknown option -b",
    "did you mean --bcc? see ns8-sendmail --help",
  ],
  [
    "a Bcc with one dash",
    ["-bcc", "ann", "root"],
    "Unknown option -b",
    "did you mean --bcc? see ns8-sendmail --help",
  ],
  [
    "a letter in the other case",
    ["-T"],
    "Unknown option -T",
    "did you mean -t? see ns8-sendmail --help",
  ],
  [
    "an option cut too short",
    ["--se", "--ver", "root"],
    "Option --ver is ambiguous",
    "--verbose, --version; see ns8-sendmail --help",
  ],
  [
    "a very long option",
    [`--${"x".repeat(100_000)}`],
    `Unknown option --${"x".repeat(38)}…`,
    "see ns8-sendmail --help",
  ],
  ["a flag with a value", ["--html=yes", "root"], "--html takes no value", '"yes"'],
  ["a flag with an empty value", ["--html=", "root"], "--html takes no value", '""'],
  ["SMTP on stdin", ["-bs"], "-bs is not supported", "there is no SMTP on standard input"],
  ["the queue listed", ["-bp"], "-bp is not supported", "there is no queue"],
  ["a mode apart", ["-b", "d"], "-bd is not supported", "there is no daemon"],
  ["the aliases built", ["-bi"], "-bi is not supported", "there are no aliases"],
  ["the aliases built, as -I", ["-I"], "-I is not supported", "there are no aliases"],
  [
    "addresses verified",
    ["-bv"],
    "-bv is not supported",
    "the smarthost alone knows which addresses exist",
  ],
  ["a mode that nobody has", ["-bx"], "-bx is not supported", "this program only sends mail"],
  ["the queue run", ["-q"], "-q is not supported", "there is no queue"],
  ["the queue run each hour", ["-q1h"], "-q is not supported", "there is no queue"],
  ["two modes", ["--check", "--settings"], "--settings and --check cannot be used together"],
  ["JSON of a dry run", [
    ...["--dry-run", "--json", "root"],
  ], "--dry-run and --json cannot be used together"],
  ...["0", "0.0001", "-1", "1e3", "x", "", " 5", "5s", "86401", "Infinity", "0x10", "1,5"].map((
    value,
  ): [string, string[], string, string] => [
    `a time limit of "${value}"`,
    ["--timeout", value, "root"],
    "--timeout takes a number of seconds, more than 0, at most 86400",
    JSON.stringify(value),
  ]),
  ...["-1", "1e3", "x", "", " 5", "5m", "86401", "Infinity", "0x10", "1,5"].map((
    value,
  ): [string, string[], string, string] => [
    `a time to try again of "${value}"`,
    ["--retry", value, "root"],
    "--retry takes a number of seconds, at most 86400",
    JSON.stringify(value),
  ]),
  ...["-s", "--subject", "-f", "-F", "--cc", "--bcc", "--timeout", "-O"].flatMap((name) =>
    ["a\nb", "a\rb", "a\0b"].map((value): [string, string[], string, string] => [
      `${JSON.stringify(value)} in ${name}`,
      [name, value, "root"],
      `${name} must not hold a line break or NUL`,
      JSON.stringify(value),
    ])
  ),
  [
    "a line break in a recipient",
    ["a@x.org\r\nRCPT TO:<b@x.org>"],
    "Bad address in the recipients",
    'a line break or NUL: "a@x.org\\r\\nRCPT TO:<b@x.org>"',
  ],
  [
    "a bad address with --check",
    ["--check", "a@"],
    "Bad address in the recipients",
    'nothing after @: "a@"',
  ],
];

for (const [title, args, what, why] of REFUSED) {
  Deno.test(`the command line is refused with 64 for ${title}`, () => {
    assert.throws(() => flat(args), (error) => {
      assert(error instanceof Failure);
      assert.deepEqual(error.details, {
        status: ExitStatus.usage,
        what,
        ...(why !== undefined && { why }),
      });
      return true;
    });
  });
}

Deno.test("a bad address is told apart from any other wrong command line, for the log", () => {
  const rows: [args: string[], text: string, role: string, to: unknown[]][] = [
    [["root", "a@", "b@"], "a@", "recipient", [ROOT]],
    [["--cc", "a\nb", "root"], "a\nb", "recipient", [ROOT]],
    [["-f", "a b", "root"], "a b", "sender", [ROOT]],
    [["-f", "a@x.org, b@x.org", "root"], "a@x.org, b@x.org", "sender", [ROOT]],
    [["-"], "-", "recipient", []],
  ];
  for (const [args, text, role, to] of rows) {
    const { badAddress, mail } = parseOptions(args);
    assert.deepEqual([badAddress?.text, badAddress?.role, mail.to], [text, role, to]);
    assert.equal(badAddress?.failure.details.status, ExitStatus.usage);
  }
  for (const mode of ["--check", "--settings", "--dry-run"]) {
    assert.throws(() => parseOptions([mode, "a@"]), Failure);
  }
});

Deno.test("called as mailq or newaliases the program is asked for neither", () => {
  assert.equal(parseOptions([], "/usr/bin/mailq").mode, "mailq");
  assert.equal(parseOptions(["-v"], "newaliases").mode, "newaliases");
  assert.equal(parseOptions(["root"], "/usr/sbin/sendmail").mode, "send");
});

Deno.test("arguments without number are read: letters of a cluster, operands, options, line breaks", () => {
  assert.equal(parseOptions([`-${"i".repeat(2 ** 20)}`, "root"]).mail.to.length, 1);
  assert.equal(parseOptions([`-${"v".repeat(2 ** 20)}`, "root"]).verbose, true);
  const many = Array.from({ length: 200_000 }, () => "root");
  assert.equal(parseOptions(["--", ...many]).mail.to.length, 200_000);
  assert.equal(parseOptions(many).mail.to.length, 200_000);
  const options = Array.from({ length: 200_000 }, () => "--cc=root");
  assert.equal(parseOptions(options).mail.cc.length, 200_000);
  assert.throws(() => parseOptions(["-s", `${"\n".repeat(2 ** 20)}x`, "root"]), Failure);
});

const value = fc.string({ unit: "binary" }).filter((text) => !/[\r\n\0]/.test(text));

Deno.test("any value comes through unchanged, glued or apart", () => {
  fc.assert(
    fc.property(value, (text) => {
      const ways = [["-s", text], ["--subject", text], [`--subject=${text}`]];
      if (text !== "") ways.push([`-s${text}`], [`-ts${text}`]);
      for (const way of ways) {
        const { subject, readRecipients: _, ...rest } = flat([...way, "root"]);
        assert.equal(subject, text);
        assert.deepEqual({ ...rest, readRecipients: false }, TO_ROOT);
      }
    }),
    { seed: SEED },
  );
});

Deno.test("any command line is read or refused with 64", () => {
  const word = fc.oneof(value, value.map((text) => `-${text}`), value.map((text) => `--${text}`));
  fc.assert(
    fc.property(fc.array(word), (args) => {
      try {
        parseOptions(args);
      } catch (error) {
        assert(error instanceof Failure);
        assert.equal(error.details.status, ExitStatus.usage);
      }
    }),
    { seed: SEED },
  );
});
