/**
 * The command line.
 *
 * One table of options (`usage.ts`) makes the parser, the text of `--help`, the manual page and the
 * completion. The parser (`options.ts`) turns the arguments into what is asked for: a mode, how to
 * report, how long to wait, and what is asked of the mail, which is a type of the message.
 *
 * A new option is a row of the table, and a line in the parser that reads its value.
 *
 * @module
 */

export { type Options, parseOptions } from "./options.ts";
export { type Option, OPTIONS, usage } from "./usage.ts";
