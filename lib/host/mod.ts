/**
 * The host on which the program runs.
 *
 * Its fully qualified name (`name.ts`), standard input as bytes (`input.ts`), standard output and
 * standard error (`output.ts`), the records in the system log (`syslog.ts`), and the signals that ask
 * a process to end, with its other events (`signals.ts`). The streams themselves come from `main.ts`.
 *
 * @module
 */

export { LONGEST_MESSAGE, readAll } from "./input.ts";
export { fullyQualifiedHostName } from "./name.ts";
export { type Output, outputTo } from "./output.ts";
export { later, watchLateErrors, watchSignals } from "./signals.ts";
export { type SystemLog, systemLog } from "./syslog.ts";
