/**
 * Other forms of a message that callers write: other line ends, fields, recipients. Each takes the
 * text with one character an octet, and gives it otherwise.
 *
 * @module
 */

/** What a mutation works on and gives. */
export type Handed = { arguments: readonly string[]; text: string };

/** Gives the changed input; nothing where the form makes no sense for it. */
export type Mutation = (handed: Handed) => Handed | undefined;

const changed = (change: (text: string, all: Handed) => string): Mutation => (handed) => {
  const text = change(handed.text, handed);
  return text === handed.text ? undefined : { ...handed, text };
};

/** Puts fields in front of what stands there. */
const headed = (fields: string): Mutation =>
  changed((text) => isHeaded(text) && !isMbox(text) ? `${fields}\n${text}` : text);

/** Asks for the recipients of the header, in the place of those among the arguments. */
const asked = (change: (text: string) => string): Mutation => ({ text, arguments: args }) => {
  if (!isHeaded(text) || isMbox(text) || args.includes("-s")) return undefined;
  const kept = args.filter((arg, at) =>
    !/^[^-].*@|^root$/.test(arg) || /^-[fr]$/.test(args[at - 1] ?? "")
  );
  const isAsked = kept.includes("-t");
  return {
    arguments: isAsked ? kept : ["-t", ...kept.filter((arg) => arg !== "--")],
    text: change(text),
  };
};

const isHeaded = (text: string) => /^(?:[!-9;-~]+[ \t]*:|>?From )/.test(text);

const isMbox = (text: string) => /^>?From /.test(text);

const headerOf = (text: string) => /^[^]*?\r?\n(?=\r?\n|$)/.exec(text)?.[0] ?? text;

/** Changes the header block, and leaves the body. */
const header = (change: (header: string) => string): Mutation =>
  changed((text) => {
    if (!isHeaded(text)) return text;
    const before = headerOf(text);
    return change(before) + text.slice(before.length);
  });

/** The mutations by name. */
export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  "CRLF": changed((text) => text.replace(/\r?\n/g, "\r\n")),
  "CR CR LF": changed((text) => text.replace(/\r?\n/g, "\r\r\n")),
  "a byte order mark": changed((text) => `\xef\xbb\xbf${text}`),
  "an mbox line": changed((text) =>
    isMbox(text) ? text : `From ann@example.org Sat Nov 22 11:00:00 2025\n${text}`
  ),
  "a quoted mbox line": changed((text) =>
    isMbox(text) ? text : `>From ann@example.org Sat Nov 22 11:00:00 2025\n${text}`
  ),
  "a blank before the colon": header((text) => text.replace(/^(Subject|To):/gim, "$1 :")),
  "no blank behind the colon": header((text) => text.replace(/^([!-9;-~]+):[ \t]+/gm, "$1:")),
  "names in capitals": header((text) =>
    text.replace(/^[!-9;-~]+(?=:)/gm, (name) => name.toUpperCase())
  ),
  "names in small letters": header((text) =>
    text.replace(/^[!-9;-~]+(?=:)/gm, (name) => name.toLowerCase())
  ),
  "fields in the other order": header((text) => {
    const end = text.endsWith("\r\n") ? "\r\n" : "\n";
    const fields = text.slice(0, -end.length).split(/\r?\n(?![ \t])/);
    return /^From /m.test(text) ? text : fields.toReversed().join(end) + end;
  }),
  "folded after the colon": header((text) => text.replace(/^(Subject|To|Cc): /gim, "$1:\n ")),
  "folded by tabs": header((text) => text.replace(/, /g, ",\n\t")),
  "unfolded": header((text) => text.replace(/\r?\n(?=[ \t])/g, "")),
  "no empty line": changed((text) => {
    const before = headerOf(text);
    return isHeaded(text) ? before + text.slice(before.length).replace(/^\r?\n/, "") : text;
  }),
  "a line of blanks": changed((text) => text.replace(/\n\r?\n/, "\n \t\n")),
  "header only": changed((text) => isHeaded(text) ? headerOf(text) : text),
  "header without a last line end": changed((text) =>
    isHeaded(text) ? headerOf(text).replace(/\r?\n$/, "") : text
  ),
  "no last line end": changed((text) => text.replace(/\r?\n$/, "")),
  "two empty lines at the end": changed((text) => `${text}\n\n`),
  "an empty line in front": changed((text) => `\n${text}`),
  "dots": changed((text) => `${text}.\n..\n.x\n`),
  "a From line in the body": changed((text) => `${text}From here on\n>From there\n`),
  "8-bit text": changed((text) => `${text}Gr\xc3\xbc\xc3\x9fe\n`),
  "8-bit subject": header((text) => text.replace(/^Subject: */im, "Subject: \xc3\xbcber ")),
  "Windows-1252 subject": header((text) => text.replace(/^Subject: */im, "Subject: \xfcber ")),
  "encoded subject": header((text) =>
    text.replace(/^Subject: */im, "Subject: =?UTF-8?Q?=C3=BCber?= ")
  ),
  "no subject": header((text) => text.replace(/^Subject:.*\r?\n(?:[ \t].*\r?\n)*/im, "")),
  "an empty subject": header((text) =>
    text.replace(/^Subject:.*\r?\n(?:[ \t].*\r?\n)*/im, "Subject:\n")
  ),
  "two subjects": headed("Subject: first"),
  "no From": header((text) => text.replace(/^From:.*\r?\n(?:[ \t].*\r?\n)*/im, "")),
  "an empty From": header((text) => text.replace(/^From:.*\r?\n(?:[ \t].*\r?\n)*/im, "From:\n")),
  "a From that is no address": header((text) =>
    text.replace(/^From:.*/im, "From: The Backup System")
  ),
  "a Sender": headed("Sender: calendar@example.org"),
  "Return-Path": headed("Return-Path: <returned@example.org>"),
  "Bcc beside a recipient": headed("Bcc: hidden@example.net"),
  "-t, with Bcc": asked((text) => `Bcc: hidden@example.net\n${text}`),
  "-t, with a Bcc of many shapes": asked((text) =>
    `BCC : hidden@example.net,\n\tother@example.net\nbcc:third@example.net\n${text}`
  ),
  "-t, with an empty Bcc": asked((text) => `Bcc:\nTo: ann@example.org\n${text}`),
  "-t, with another To": asked((text) => `To: second@example.net\n${text}`),
  "-t, with a To of a name and a comment": asked((text) =>
    `To: "Smith, Ann" <ann@example.org> (work), bob@example.org (Bob, the other)\n${text}`
  ),
  "-t, with semicolons": asked((text) => `To: ann@example.org; bob@example.org;\n${text}`),
  "-t, with a group": asked((text) => `To: team: ann@example.org, bob@example.org;\n${text}`),
  "-t, with a Cc in 8 bits": asked((text) => `Cc: J\xf6rg <joerg@example.org>\n${text}`),
  "-t, with an encoded Cc": asked((text) =>
    `Cc: =?UTF-8?Q?M=C3=BCller=2C_J=C3=B6rg?= <joerg@example.org>\n${text}`
  ),
  "-t, with Resent-To": asked((text) =>
    `Resent-From: again@example.org\nResent-To: resent@example.net\nResent-Bcc: deep@example.net\n${text}`
  ),
  "-t, beside an argument": asked((text) => `To: ann@example.org\n${text}`),
  "-t, and nobody": asked((text) => text.replace(/^(?:To|Cc|Bcc):.*\r?\n(?:[ \t].*\r?\n)*/gim, "")),
  "-t, with undisclosed recipients": asked((text) =>
    `To: undisclosed-recipients:;\nBcc: hidden@example.net\n${
      text.replace(/^To:.*\r?\n(?:[ \t].*\r?\n)*/im, "")
    }`
  ),
  "-t, with one that is no address": asked((text) =>
    `Cc: ann@example.org, bob@, carl@example.org\n${text}`
  ),
  "-i": ({ arguments: args, text }) => ({
    arguments: ["-oi", "-oem", ...args],
    text: `${text}.\nbehind the dot\n`,
  }),
  "-f and -F": ({ arguments: args, text }) =>
    args.some((arg) => /^-[fFr]/.test(arg))
      ? undefined
      : { arguments: ["-f", "bounces@example.com", "-F", "The Robot", ...args], text },
  "-s": ({ arguments: args, text }) =>
    args.some((arg) => /^-[st]/.test(arg))
      ? undefined
      : { arguments: ["-s", "asked for", ...args], text },
};
