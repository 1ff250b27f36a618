/**
 * The host on which the program runs.
 *
 * Its fully qualified name (`name.ts`), standard input as bytes (`input.ts`), standard output and
 * standard error (`output.ts`), and one record in the system log (`syslog.ts`). The streams
 * themselves come from `main.ts`.
 *
 * @module
 */

export { LONGEST_MESSAGE, readAll } from "./input.ts";
export { fullyQualifiedHostName } from "./name.ts";
export { type Output, outputTo } from "./output.ts";
export { type SystemLog, systemLog } from "./syslog.ts";
