/**
 * What no run may ever say: passwords in any form, and the insides of the program.
 *
 * @module
 */

import { Buffer } from "node:buffer";

/** A shorter password would be found in innocent text. */
const SHORTEST = 6;

/**
 * Gives the texts by which a password can be recognised: itself, escaped as JSON and in an address
 * of the web, in hexadecimal, and in base64 at any place of a longer text, as SASL has it.
 */
export function tracesOf(password: string): string[] {
  if (password.length < SHORTEST) throw new Error(`Not a password to search for: "${password}"`);
  const bytes = Buffer.from(password);
  const escaped = JSON.stringify(password).slice(1, -1);
  const inBase64 = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64url");
    // The characters at both ends depend on the neighbours, too.
    return text.slice(Math.ceil(offset * 4 / 3), (offset + bytes.length) % 3 ? -1 : undefined);
  });
  const standard = inBase64.map((text) => text.replaceAll("-", "+").replaceAll("_", "/"));
  const forms = [password, escaped, encodeURIComponent(password), bytes.toString("hex")];
  return [...new Set([...forms, bytes.toString("latin1"), ...inBase64, ...standard])];
}

/** What gives a stack trace, or a source file of the program, away. */
const INSIDES = [/^\s+at \S/m, /file:\/\//, /\.m?[jt]s:\d/, /error: Uncaught/, /panicked at/];

/** Throws where a text holds a trace of one of the passwords. */
export function assertNoSecrets(where: string, text: string, passwords: readonly string[]): void {
  for (const password of passwords.filter((word) => word !== "")) {
    const trace = tracesOf(password).find((form) => text.includes(form));
    if (trace !== undefined) throw new Error(`${where} gives the password away: ${trace}\n${text}`);
  }
}

/** Throws where a text shows the insides of the program. */
export function assertNoInsides(where: string, text: string): void {
  const pattern = INSIDES.find((each) => each.test(text));
  if (pattern) throw new Error(`${where} shows the insides of the program (${pattern}):\n${text}`);
}
