/**
 * The same inputs through msmtp, which does the same job, against the same recording server. Where
 * the two differ, the difference is in the list below, with its reason.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { goldenMessages } from "../support/mail/golden.ts";
import { msmtp } from "../support/mail/msmtp.ts";
import { HOST_NAME, smarthost } from "../support/servers/smarthost.ts";
import type { ScriptedSmtp } from "../support/servers/smtp_scripted.ts";

/** What a server has seen of a run, in comparable form; strings have one character a byte. */
type Sight = {
  status: number;
  sender: string;
  recipients: string[];
  /** What stands behind the sender in MAIL. */
  parameters: string[];
  /** Fields with their folds; none where no empty line ends the header. */
  fields: string[];
  body: string;
};

function sightOf(status: number, server: ScriptedSmtp): Sight {
  const [message] = server.messages();
  const mail = server.commands().find((line) => line.startsWith("MAIL")) ?? "";
  const text = Buffer.from(message?.content ?? []).toString("latin1");
  const end = text.indexOf("\r\n\r\n");
  return {
    status,
    sender: message?.sender ?? "",
    recipients: message?.recipients ?? [],
    parameters: mail.split("> ")[1]?.split(" ") ?? [],
    fields: end < 0 ? [] : text.slice(0, end).split(/\r\n(?![ \t])/),
    body: end < 0 ? text : text.slice(end + 4),
  };
}

type What = "status" | "sender" | "recipient" | "parameter" | "field" | "place" | "body";

/** One thing that the two did otherwise, or that only one of them did; then the other is missing. */
type Difference = { what: What; ours?: string; theirs?: string };

/** Pairs the items that only one of two lists has, by what they are called. */
function onlyInOne(what: What, ours: string[], theirs: string[], nameOf: (item: string) => string) {
  const mine = ours.filter((item, at) => !theirs.includes(item) || ours.indexOf(item) !== at);
  const others = theirs.filter((item, at) => !ours.includes(item) || theirs.indexOf(item) !== at);
  const found: Difference[] = [];
  for (const item of mine) {
    const at = others.findIndex((other) => nameOf(other) === nameOf(item));
    const theirs = at < 0 ? undefined : others.splice(at, 1)[0];
    found.push({ what, ours: item, ...(theirs !== undefined && { theirs }) });
  }
  return found.concat(others.map((theirs) => ({ what, theirs })));
}

const fieldName = (field: string) => field.split(":", 1)[0] ?? "";

function differences(ours: Sight, theirs: Sight): Difference[] {
  // Of two runs that end differently, one has sent nothing.
  if (ours.status !== theirs.status) {
    return [{ what: "status", ours: `${ours.status}`, theirs: `${theirs.status}` }];
  }
  const found: Difference[] = [];
  for (const what of ["sender", "body"] as const) {
    if (ours[what] !== theirs[what]) {
      found.push({ what, ours: ours[what], theirs: theirs[what] });
    }
  }
  const isBoth = ours.fields.length > 0 && theirs.fields.length > 0;
  found.push(
    ...onlyInOne("recipient", ours.recipients, theirs.recipients, localPart),
    ...onlyInOne("parameter", ours.parameters, theirs.parameters, (word) => word),
    ...(isBoth ? onlyInOne("field", ours.fields, theirs.fields, fieldName) : []),
  );
  const order = (all: string[], other: string[]) =>
    all.map(fieldName).filter((name) => other.map(fieldName).includes(name));
  const [mine, others] = [order(ours.fields, theirs.fields), order(theirs.fields, ours.fields)];
  if (mine.join() !== others.join()) {
    found.push({ what: "place", ours: mine.join(), theirs: others.join() });
  }
  return found;
}

const localPart = (address: string) => address.replace(/@.*/, "");

/** The fields that both add where they are missing. */
const MADE = ["From", "Date", "Message-ID"];

type Reason = {
  reason: string;
  what: What;
  holds: (difference: Difference) => boolean;
};

/** Every difference that there is, with its reason. */
const REASONS: Reason[] = [
  {
    reason: "the size is told, so that a server refuses before a message is sent",
    what: "parameter",
    holds: ({ ours, theirs }) => /^SIZE=\d+$/.test(ours ?? "") && theirs === undefined,
  },
  {
    reason: "8-bit data is declared, whatever the command line says of it",
    what: "parameter",
    holds: ({ ours, theirs }) => ours === "BODY=8BITMIME" && theirs === undefined,
  },
  {
    reason: "an address outside ASCII is declared; msmtp sends it undeclared",
    what: "parameter",
    holds: ({ ours, theirs }) => ours === "SMTPUTF8" && theirs === undefined,
  },
  {
    reason: "a domain is sent in its ASCII form; msmtp sends it in UTF-8",
    what: "recipient",
    holds: ({ ours, theirs }) => /@xn--/.test(ours ?? "") && /@.*[\x80-\xff]/.test(theirs ?? ""),
  },
  {
    reason: "a recipient without a domain is one of this host; msmtp leaves that to the server",
    what: "recipient",
    holds: ({ ours, theirs }) => ours === `${theirs}@${HOST_NAME}`,
  },
  {
    reason: "a sender without a domain is one of this host; msmtp leaves that to the server",
    what: "sender",
    holds: ({ ours, theirs }) => ours === `${theirs}@${HOST_NAME}`,
  },
  {
    reason: "a message's Sender goes before its From; msmtp does not look at it",
    what: "sender",
    holds: ({ ours, theirs }) => ours === "calendar@example.org" && theirs === "jane@example.org",
  },
  {
    reason: "whoever sends a message on goes before its author; msmtp does not look at Resent-From",
    what: "sender",
    holds: ({ ours, theirs }) => ours === "jane@example.org" && theirs === "bob@example.net",
  },
  {
    reason: "everybody gets a message once; msmtp sends it as often as somebody is named",
    what: "recipient",
    holds: ({ ours, theirs }) => ours === undefined && theirs === "twice@example.org",
  },
  {
    reason: "-f may have a name, as a recipient may",
    what: "sender",
    holds: ({ ours, theirs }) => theirs === `Ops <${ours}>`,
  },
  {
    reason: "what is made anew is never the same twice",
    what: "field",
    holds: ({ ours, theirs }) =>
      [ours, theirs].every((field) => /^(Date|Message-ID): /.test(field ?? "")),
  },
  {
    reason: "a field that is missing is added, so that every reader understands the message",
    what: "field",
    holds: ({ ours, theirs }) =>
      /^(MIME-Version|To|Subject|Content-Type|Content-Transfer-Encoding): /.test(ours ?? "") &&
      theirs === undefined,
  },
  {
    reason: "an address without a domain is one of this host; msmtp leaves that to the reader",
    what: "field",
    holds: ({ ours = "", theirs }) => ours.replaceAll(`@${HOST_NAME}`, "") === theirs,
  },
  {
    reason: "Return-Path is written where mail arrives; msmtp sends that of another message",
    what: "field",
    holds: ({ ours, theirs }) => ours === undefined && /^Return-Path: /.test(theirs ?? ""),
  },
  {
    reason: "a name outside ASCII is encoded, and an address stays one; msmtp writes both as given",
    what: "field",
    holds: ({ ours, theirs }) =>
      /^From: =\?UTF-8\?.* <[^<>]+>$/.test(ours ?? "") && /^From: .*<.*<.*>>$/.test(theirs ?? ""),
  },
  {
    reason: "nobody sees a hidden recipient, nor whom a message was sent on to; msmtp shows those",
    what: "field",
    holds: ({ ours, theirs }) => ours === undefined && /^Resent-Bcc: /.test(theirs ?? ""),
  },
  {
    reason: "an mbox line is no part of a message; msmtp sends it as if it were a field",
    what: "field",
    holds: ({ ours, theirs }) => ours === undefined && /^From [^:]*( \d\d){2}/.test(theirs ?? ""),
  },
  {
    reason: "fields are added behind the message's own, as a signature may count on their place",
    what: "place",
    holds: ({ ours = "", theirs = "" }) => {
      const without = (names: string) =>
        names.split(",").filter((name) => !MADE.includes(name)).join();
      return without(ours) === without(theirs);
    },
  },
  {
    reason:
      "a lone CR is a line end, and NUL is kept; msmtp drops the one, and a line behind the other",
    what: "body",
    holds: ({ ours = "", theirs = "" }) => /\0|cr\r\n/.test(ours) && ours.length > theirs.length,
  },
  {
    reason:
      "a text becomes a message; msmtp sends it behind fields of its own, without a blank line",
    what: "body",
    holds: ({ ours = "", theirs = "" }) =>
      /^From: .*\r\nDate: /.test(theirs) && !/^From/.test(ours),
  },
  {
    reason: "what can be read as two addresses is no recipient; msmtp makes a third one of them",
    what: "status",
    holds: ({ ours, theirs }) => ours === "67" && theirs === "0",
  },
  {
    reason: "-N and -R have no effect; msmtp sends nothing where the server knows no DSN",
    what: "status",
    holds: ({ ours, theirs }) => ours === "0" && theirs === "69",
  },
];

type Input = { name: string; arguments: string[]; input: Uint8Array };

const own = (name: string, args: string[], text: string): Input => ({
  name,
  arguments: args,
  input: new TextEncoder().encode(text),
});

const MESSAGE = "From: a@x.org\nTo: b@x.org\nSubject: s\nDate: Sat, 22 Nov 2025 11:00:00 +0100\n" +
  "Message-ID: <a@x.org>\nMIME-Version: 1.0\n\nbody\n";

const OWN: Input[] = [
  own("nothing special", ["u@x.org"], MESSAGE),
  own("dots", ["u@x.org"], `${MESSAGE}.\n..\n...x\n\n.`),
  own("a recipient named twice", ["twice@example.org", "twice@example.org"], MESSAGE),
  own(
    "a recipient named in two fields",
    ["-t"],
    `Cc: twice@example.org\nBcc: (x) twice@example.org\n${MESSAGE}`,
  ),
  own("an IDN domain", ["u@exämple.org"], MESSAGE),
  own("a local part outside ASCII", ["jörg@x.org"], MESSAGE),
  own(
    "groups, comments and quotes",
    ["-t"],
    `Cc: g: "Doe, J." <j@x.org>, k@x.org (K);\n${MESSAGE}`,
  ),
  own("Bcc in many forms", ["-t"], `BCC: c@x.org,\n\td@x.org\nbcc:e@x.org\n${MESSAGE}`),
  own("Resent-To", ["-t"], `Resent-To: r@x.org\n${MESSAGE}`),
  own("a comment within an address", ["-t"], `Cc: u@good.org(x)evil.org\n${MESSAGE}`),
  own("a text", ["u@x.org"], "Hello\n"),
  own("nothing", ["u@x.org"], ""),
];

/** Options that msmtp has, or takes as sendmail does. */
const isKnown = (arg: string) => /^(-[fFtioBNR-]|[^-])/.test(arg) && !/^--./.test(arg);

const isHeader = ({ input }: Input) => /^[!-9;-~]+:|^From /.test(new TextDecoder().decode(input));

const GOLDEN = goldenMessages().filter((golden) =>
  golden.arguments.every(isKnown) && !golden.arguments.includes("-s") && isHeader(golden)
);

/** msmtp has no default sender. */
function senderFor({ arguments: args, input }: Input): string[] {
  if (args.some((arg) => arg.startsWith("-f"))) return [];
  const [header = ""] = new TextDecoder().decode(input).split(/\r?\n\r?\n/);
  return /^From:/m.test(header) ? ["--read-envelope-from"] : ["-f", `no-reply@${HOST_NAME}`];
}

const used = new Set<Reason>();

for (const each of [...OWN, ...GOLDEN]) {
  Deno.test(`msmtp does the same, or there is a reason: ${each.name}`, async () => {
    await using host = await smarthost();
    const run = await host.submit(each.arguments, each.input);
    const { ended, server } = await msmtp([...senderFor(each), ...each.arguments], each.input);
    await using _server = server;
    const ours = sightOf(run.status, host.server);
    const theirs = sightOf(ended.status, server);
    for (const difference of differences(ours, theirs)) {
      const reason = REASONS.find(({ what, holds }) =>
        what === difference.what && holds(difference)
      );
      assert.ok(reason, `no reason for ${JSON.stringify(difference)}\n${run.stderr}`);
      used.add(reason);
    }
  });
}

Deno.test("no reason is given that nothing needs", () => {
  assert.deepEqual(REASONS.filter((reason) => !used.has(reason)).map(({ reason }) => reason), []);
});
