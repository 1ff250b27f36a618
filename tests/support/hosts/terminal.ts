/**
 * Interactive shells on a terminal of a test's own: what they make of a line when somebody presses
 * the tabulator key.
 *
 * @module
 */

import { type Folder, temporaryFolder } from "./folder.ts";
import { type PythonHelper, startPython } from "../program/python.ts";

/** A shell that waits for keys. */
export type Shell = AsyncDisposable & {
  /** Types on an empty line, presses Tab, and gives what is on the line then. */
  complete(text: string): Promise<string>;
  /** The same, twice, and gives what has been shown meanwhile. */
  list(text: string): Promise<string>;
};

/** The shells that the program has completions for. */
export type ShellName = "bash" | "zsh";

/** Shows the line between two marks, and empties it. */
const SHOW = "\x18s";
const MARKS = /<<<(.*?)>>>/s;

/** How a shell is started, and told where its completions are. */
const SHELLS: Record<ShellName, { command: string[]; setup: (folder: string) => string[] }> = {
  bash: {
    command: ["/usr/bin/bash", "--noprofile", "--norc", "-i"],
    setup: (folder) => [
      "unset HISTFILE",
      "bind 'set enable-bracketed-paste off'",
      "bind 'set bell-style none'",
      // The marks are not in one piece here: what is typed is shown, too.
      `show() { printf '<<''<%s>>''>\\n' "$READLINE_LINE"; READLINE_LINE=; READLINE_POINT=0; }`,
      `bind -x '"\\C-xs": show'`,
      `source ${folder}/ns8-sendmail.bash`,
    ],
  },
  zsh: {
    command: ["/usr/bin/zsh", "-f", "-i"],
    setup: (folder) => [
      "unset zle_bracketed_paste",
      "unsetopt beep list_beep auto_menu",
      `fpath=(${folder} $fpath)`,
      "autoload -Uz compinit && compinit -u -D",
      `show() { zle -I; print -r -- '<<''<'"$BUFFER"'>>''>'; BUFFER=; }`,
      "zle -N show && bindkey '^Xs' show",
    ],
  },
};

/** Starts a shell that knows the completions in these files, by name, and no others. */
export async function interactiveShell(
  name: ShellName,
  files: Readonly<Record<string, string>>,
): Promise<Shell> {
  const folder = await temporaryFolder();
  for (const [file, content] of Object.entries(files)) await folder.write(file, content);
  const { command, setup } = SHELLS[name];
  const environment = ["HOME", "ZDOTDIR"].map((variable) => `${variable}=${folder.path}`)
    .concat("PATH=/usr/bin:/bin", "TERM=dumb", "INPUTRC=/dev/null", "LC_ALL=C.UTF-8", "PS1=$ ");
  const args = ["/usr/bin/env", "-i", ...environment, ...command];
  const terminal = await startPython("hosts/terminal.py", args, "pty");
  for (const line of setup(folder.path)) await type(terminal, `${line}; echo do''ne\n`, "done");
  return shellOn(terminal, folder);
}

/** A program on a terminal, which is its standard output and standard error. */
export type Shown = AsyncDisposable & {
  /** Waits for a text, and gives all that has been shown since the last time, up to it. */
  shows(text: string): Promise<string>;
};

/** Starts a command line of the shell on a terminal, with this environment and no other. */
export async function onTerminal(
  commandLine: string,
  environment: Readonly<Record<string, string>>,
): Promise<Shown> {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const args = ["/usr/bin/env", "-i", "PATH=/usr/bin:/bin", ...variables];
  const shell = ["/bin/sh", "-c", commandLine];
  const terminal = await startPython("hosts/terminal.py", [...args, ...shell], "pty");
  return {
    shows: (text) => type(terminal, "", text),
    [Symbol.asyncDispose]: () => terminal[Symbol.asyncDispose](),
  };
}

function shellOn(terminal: PythonHelper, folder: Folder): Shell {
  return {
    async complete(text) {
      const shown = await type(terminal, `${text}\t${SHOW}`, ">>>");
      return MARKS.exec(shown)?.[1] ?? "";
    },
    list: (text) => type(terminal, `${text}\t\t${SHOW}`, ">>>"),
    async [Symbol.asyncDispose]() {
      await terminal[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Types keys, and gives what is shown up to a text; throws where that never comes. */
async function type(terminal: PythonHelper, keys: string, text: string): Promise<string> {
  const shown: string = JSON.parse(await terminal.ask(JSON.stringify([keys, text])));
  if (!shown.includes(text)) throw new Error(`The shell never showed "${text}":\n${shown}`);
  return shown;
}
