/** What the executable runs: the program, with the bytecode made by warmup.ts. */

import { loadProgram, readEmbedded } from "./program.ts";

const source = new TextDecoder().decode(readEmbedded("program.script"));
loadProgram(source, readEmbedded("program.bytecode")).run();
