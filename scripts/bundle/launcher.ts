/**
 * What the executable runs: the program, with the bytecode made by warmup.ts.
 *
 * @module
 */

import { loadProgram } from "./program.ts";

// compile.sh puts the imports of both in front of the bundle. A file that is imported needs no
// permission to be read, and can be found whatever TMPDIR says.
declare const SCRIPT: string;
declare const BYTECODE: Uint8Array;

// With NODE_DEBUG set, the runtime's copies of Node's modules print what goes through them, the
// password among it. They print through this console, and the program never does.
const silent = Object.keys(console).map((name) => [name, () => {}]);
Object.assign(console, Object.fromEntries(silent));
// Nobody sees a stack trace here, and each socket of Deno makes one.
Error.stackTraceLimit = 0;
loadProgram(SCRIPT, BYTECODE).run();
