/**
 * Completion for bash and zsh, made from the table of options.
 *
 * @module
 */

import type { Option } from "../../lib/command_line/mod.ts";

/** Values of this kind complete to the names of local users, who are recipients too. */
const ADDRESS = "ADDRESS";

/** Gives the completion for bash; it needs nothing but bash. */
export function bashCompletion(options: readonly Option[]): string {
  const shown = options.filter(isShown);
  const names = (wanted: (option: Option) => boolean) =>
    options.filter(wanted).flatMap(namesOf).join("|");
  return `# Completion of ns8-sendmail for bash, made by scripts/documents.ts
_ns8_sendmail() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} offer=options i
  # To bash, --option=value are three words.
  if [[ $before == = ]]; then before=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  if [[ $word == = ]]; then word=; fi
  case $before in
    ${names(({ value }) => value === ADDRESS)}) offer=users ;;
    ${names(({ value }) => value !== undefined && value !== ADDRESS)}) offer=nothing ;;
  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    if [[ \${COMP_WORDS[i]} == -- ]]; then offer=users; fi
  done
  if [[ $offer == options && $word != -* ]]; then offer=users; fi
  COMPREPLY=()
  case $offer in
    options) mapfile -t COMPREPLY < <(compgen -W '${
    shown.flatMap(namesOf).join(" ")
  }' -- "$word") ;;
    users) mapfile -t COMPREPLY < <(compgen -u -- "$word") ;;
  esac
}
complete -F _ns8_sendmail ns8-sendmail
`;
}

/** Gives the completion for zsh; the name of its file has to be `_ns8-sendmail`. */
export function zshCompletion(options: readonly Option[]): string {
  const specs = options.filter(({ kind }) => kind !== "refused").map(zshSpec);
  return `#compdef ns8-sendmail
# Completion of ns8-sendmail for zsh, made by scripts/documents.ts
_arguments -s -S \\
${specs.map((spec) => `  ${spec} \\\n`).join("")}  '*:recipient:_users'
`;
}

/** One option in the syntax of `_arguments`, see zshcompsys(1). */
function zshSpec(option: Option): string {
  const { value, kind, help } = option;
  const names = namesOf(option);
  // A value may follow in the same word or in the next, a long option has a "=" before it.
  const marked = names.map((name) =>
    value === undefined ? name : name.startsWith("--") ? `${name}=` : `${name}+`
  );
  const takes = value === undefined ? "" : `:${value}:${value === ADDRESS ? "_users" : " "}`;
  // Known to zsh, so that it completes what follows, but never offered.
  if (kind === "ignored") return marked.map((name) => quote(`!${name}${takes}`)).join(" ");
  const explained = `[${help.replace(/[\\\]]/g, "\\$&")}]${takes}`;
  if (kind === "list") return marked.map((name) => quote(`*${name}${explained}`)).join(" ");
  const [only] = marked;
  if (marked.length === 1) return quote(`${only}${explained}`);
  return `${quote(`(${names.join(" ")})`)}{${marked.join(",")}}${quote(explained)}`;
}

function isShown({ kind }: Option): boolean {
  return kind === "once" || kind === "list";
}

function namesOf({ short, also, long }: Option): string[] {
  return [short && `-${short}`, also && `-${also}`, long && `--${long}`]
    .filter((name) => name !== undefined);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
