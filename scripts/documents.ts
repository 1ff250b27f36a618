/**
 * Writes the manual page and the completions, which all come from the table of options.
 *
 * Usage: documents.ts FOLDER
 *
 * @module
 */

import manifest from "../deno.json" with { type: "json" };
import { OPTIONS } from "../lib/command_line/mod.ts";
import { bashCompletion, zshCompletion } from "./documents/completion.ts";
import { manualPage } from "./documents/manual.ts";

/** Gives the date of a version, from its heading in the changelog; "" if it has none yet. */
function dateOf(version: string): string {
  const changelog = Deno.readTextFileSync(new URL("../CHANGELOG.md", import.meta.url));
  return new RegExp(`^## \\[${version}\\] - (\\d{4}-\\d\\d-\\d\\d)`, "m").exec(changelog)?.[1] ??
    "";
}

/** The documents by their file names, which man, bash and zsh expect. */
export const DOCUMENTS: Readonly<Record<string, string>> = {
  "ns8-sendmail.1": manualPage(OPTIONS, manifest.version, dateOf(manifest.version)),
  "ns8-sendmail.bash": bashCompletion(OPTIONS),
  "_ns8-sendmail": zshCompletion(OPTIONS),
};

if (import.meta.main) {
  const [folder = "dist"] = Deno.args;
  await Deno.mkdir(folder, { recursive: true });
  for (const [name, content] of Object.entries(DOCUMENTS)) {
    await Deno.writeTextFile(`${folder}/${name}`, content);
  }
}
