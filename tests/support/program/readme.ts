/**
 * The README as its readers use it: block by block.
 *
 * @module
 */

import { projectFile } from "./command.ts";

/** The whole page. */
export const README = await Deno.readTextFile(projectFile("README.md"));

/** Gives the indented block that begins so, without its indentation; throws if there is none. */
export function readmeBlock(beginning: string): string {
  const blocks = README.split(/\n(?! {4}|\n)/).flatMap((part) => part.split(/\n\n/));
  const found = blocks.find((part) => part.startsWith(`    ${beginning}`));
  if (found === undefined) throw new Error(`README.md has no block that begins with ${beginning}`);
  return found.replace(/^ {4}/gm, "").trim();
}
