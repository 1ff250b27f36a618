/**
 * The corpus: what callers hand in, from public reports, from golden messages, in other forms of
 * both, and with recipients written in many ways.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { cases } from "../mail/cases.ts";
import { goldenMessages } from "../mail/golden.ts";
import type { Call } from "../mailers/mailers.ts";
import { ADDRESSES } from "./addresses.ts";
import { type Handed, MUTATIONS } from "./mutations.ts";

/** One of the corpus: how our program is called. */
export type Input = Call & {
  name: string;
  /** The recipients as written, where the input is there for them. */
  address?: string;
};

/** How many other forms each mutation makes. */
const FORMS = 5;

/** Longer inputs are left as they are: the other forms of short ones show as much. */
const LONGEST = 2000;

/** Gives all inputs; their names are unique. */
export function corpus(): Input[] {
  const originals = [...cases(), ...goldenMessages()].map((
    { name, arguments: args, input },
  ): Input => ({ name, arguments: args, input }));
  return [...originals, ...mutants(originals), ...addressed(), ...special()];
}

/** Makes several forms with each mutation, each out of another of the originals. */
function mutants(originals: Input[]): Input[] {
  const short = originals.filter(({ input, arguments: args }) =>
    input.length < LONGEST && args.length < 20
  );
  return Object.entries(MUTATIONS).flatMap(([title, mutation], at) => {
    const from = (at * 17) % short.length;
    const turned = [...short.slice(from), ...short.slice(0, from)];
    const made = turned.flatMap(({ name, arguments: args, input }) => {
      const text = Buffer.from(input).toString("latin1");
      const mutant = mutation({ arguments: args, text });
      return mutant === undefined ? [] : [inputOf(`${name}, ${title}`, mutant)];
    });
    return made.slice(0, FORMS);
  });
}

/** Every way to write recipients, as an argument and as a field beside another recipient. */
function addressed(): Input[] {
  return ADDRESSES.flatMap((address) => {
    const text = Buffer.from(address).toString("latin1");
    const field = text.replace(/\n(?=.)/g, "\n ").replace(/\n$/, "");
    const message = "From: ops@example.org\nSubject: an address\n";
    return [
      inputOf(`argument ${JSON.stringify(address)}`, {
        arguments: ["-f", "ops@example.org", address],
        text: `${message}\nbody\n`,
      }),
      inputOf(`To: ${JSON.stringify(address)}`, {
        arguments: ["-t"],
        text: `${message}To: ${field}\nCc: witness@example.net\n\nbody\n`,
      }),
    ].map((input) => ({ ...input, address }));
  });
}

function inputOf(name: string, { arguments: args, text }: Handed): Input {
  return { name, arguments: args, input: Buffer.from(text, "latin1") };
}

/** What is none of the above. */
function special(): Input[] {
  const inputs: Record<string, Handed> = {
    "nothing": { arguments: ["ann@example.org"], text: "" },
    "nothing, with -t": { arguments: ["-t"], text: "" },
    "an empty line": { arguments: ["ann@example.org"], text: "\n" },
    "one line without an end": { arguments: ["ann@example.org"], text: "hello" },
    "two texts that look like nothing": {
      arguments: ["ann@example.org"],
      text: "hello\n\nhello\n",
    },
    "a text with a colon": { arguments: ["ann@example.org"], text: "Note: the disk is full\n" },
    "a text with -t": { arguments: ["-t", "ann@example.org"], text: "hello\n" },
    "a header of blanks": { arguments: ["ann@example.org"], text: "  \n\nhello\n" },
    "nobody": { arguments: [], text: "hello\n" },
    "a person twice": {
      arguments: ["ann@example.org", "ann@example.org"],
      text: "Subject: x\n\nhello\n",
    },
    "a person as argument and in the header": {
      arguments: ["-t", "ann@example.org"],
      text: "To: Ann <ann@example.org>, bob@example.org\nSubject: x\n\nhello\n",
    },
    "options of sendmail": {
      arguments: [
        "-oi",
        "-oem",
        "-odb",
        "-oQ/tmp",
        "-B8BITMIME",
        "-n",
        "-U",
        "-G",
        "ann@example.org",
      ],
      text: "Subject: x\n\nhello\n",
    },
    "-v": { arguments: ["-v", "ann@example.org"], text: "Subject: x\n\nhello\n" },
    "-O with a value": {
      arguments: ["-O", "DeliveryMode=i", "ann@example.org"],
      text: "Subject: x\n\nhello\n",
    },
  };
  return Object.entries(inputs).map(([name, handed]) => inputOf(name, handed));
}
