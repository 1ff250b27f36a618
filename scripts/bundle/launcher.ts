/** What the executable runs: the program, with the bytecode made by warmup.ts. */

import { loadProgram, readEmbedded } from "./program.ts";

// Nobody sees a stack here, and Deno's sockets ask for one each.
Error.stackTraceLimit = 0;
const source = new TextDecoder().decode(readEmbedded("program.script"));
loadProgram(source, readEmbedded("program.bytecode")).run();
