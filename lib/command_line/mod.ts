/**
 * The command line.
 *
 * One table of options (`usage.ts`) makes the parser, the text of `--help`, the manual page and the
 * completion. The arguments are split into options and operands (`scan.ts`), and these become what is
 * asked for (`options.ts`): a mode, how to report, how long to wait, and what is asked of the mail,
 * which is a type of the message.
 *
 * A new option is a row of the table, and a line in `options.ts` that reads its value.
 *
 * @module
 */

export { type Options, type OtherMode, parseOptions } from "./options.ts";
export { ACCEPTED, BESIDE, information, type Option, OPTIONS } from "./usage.ts";
