/**
 * JSON: written as Python writes it, and read from servers.
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

/**
 * Gives the members of a JSON object; nothing if the text is not one. The parser's own error is not
 * passed on: it shows what was read, which may be a secret.
 */
export function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null
      ? Object.fromEntries(Object.entries(value))
      : undefined;
  } catch {
    return undefined;
  }
}
