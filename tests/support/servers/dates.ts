/**
 * Dates of certificates.
 *
 * All are counted from the moment at which a test file is loaded, and not from that at which a
 * certificate is made: a test that runs over midnight still expects the date that its certificate has.
 *
 * @module
 */

const START = Date.now();
const DAY = 24 * 60 * 60 * 1000;

/** Gives the time this many days after the start, as `openssl ca` wants it: YYYYMMDDHHMMSSZ. */
export function opensslTime(days: number): string {
  return timeAfter(days).replace(/[-:T]|\.\d+/g, "");
}

/** Gives the date this many days after the start, as the program writes it: YYYY-MM-DD. */
export function dateAfter(days: number): string {
  return timeAfter(days).slice(0, 10);
}

/** Gives the text with the date of today in place of the word TODAY. */
export function withToday(text: string): string {
  return text.replace("TODAY", new Date().toISOString().slice(0, 10));
}

function timeAfter(days: number): string {
  return new Date(START + days * DAY).toISOString();
}
