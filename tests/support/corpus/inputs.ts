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
import { CALLS } from "./calls.ts";
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
  return [...originals, ...mutants(originals), ...addressed(), ...called()];
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

/** Calls with other arguments, and inputs that are neither a case nor a form of one. */
function called(): Input[] {
  return Object.entries(CALLS).map(([name, handed]) => inputOf(name, handed));
}
