/**
 * JSON as Python writes it.
 *
 * @module
 */

/** A value that JSON can hold; a member that is `undefined` is left out. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue | undefined };

/**
 * One line of JSON as Python's `json.dump` writes it: a space behind `:` and `,`, and everything
 * outside printable ASCII as `\uXXXX`, which is also safe to show on any terminal.
 */
export function formatJson(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(formatJson).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).flatMap(([name, member]) =>
      member === undefined ? [] : [`${formatJson(name)}: ${formatJson(member)}`]
    );
    return `{${members.join(", ")}}`;
  }
  return JSON.stringify(value).replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
