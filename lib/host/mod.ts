/**
 * The host on which the program runs.
 *
 * Its fully qualified name (`name.ts`), standard input as bytes (`input.ts`), standard output and
 * standard error (`output.ts`), records for the system log (`syslog.ts`), and the events of the process:
 * signals, unhandled errors, timers (`process.ts`). The streams themselves are parameters.
 *
 * A new source of the host's name, or a new way in which a stream or the log may fail, belongs here.
 *
 * @module
 */

export { LONGEST_MESSAGE, readAll } from "./input.ts";
export { fullyQualifiedHostName } from "./name.ts";
export { outputTo } from "./output.ts";
export { later, watchSignals, watchUnhandledErrors } from "./process.ts";
export { type SystemLog, systemLog } from "./syslog.ts";
