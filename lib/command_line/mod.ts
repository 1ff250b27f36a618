/**
 * The command line.
 *
 * One table of options (`usage.ts`) is used for parsing, `--help`, the manual page and the completion.
 * The arguments are split into options and operands (`scan.ts`). These become a mode, the kind of
 * output, time limits, and a request for a mail (`options.ts`), which is a type of `message`.
 *
 * A new option is a row of the table, and a line in `options.ts` that reads its value.
 *
 * @module
 */

export { type Options, type OtherMode, parseOptions } from "./options.ts";
export { IGNORED_BESIDE, information, type Option, OPTIONS } from "./usage.ts";
