/**
 * How much of a message has gone, for the transcript and for whoever waits.
 *
 * @module
 */

/** The least number of octets between two lines of the transcript. */
const STEP = 1024 * 1024;

/** The most lines of the transcript about one message. */
const MOST_LINES = 10;

/** How to count. */
export type CountOptions = {
  /** The size of the message, in octets. */
  total: number;
  /** Takes the number of octets that have gone, after each slice. */
  onSent: (octets: number) => void;
  /** Takes lines of the transcript. */
  transcript: (said: string) => void;
};

/** Gives the slices of a message, and counts those that have been asked for and so have gone. */
export function* counted(
  slices: Iterable<Uint8Array>,
  { total, onSent, transcript }: CountOptions,
): Generator<Uint8Array> {
  const step = Math.max(STEP, total / MOST_LINES);
  let octets = 0;
  let next = step;
  for (const slice of slices) {
    onSent(octets);
    if (octets >= next) {
      transcript(`* ${octets} of ${total} bytes of the message have gone`);
      next += step;
    }
    yield slice;
    octets += slice.length;
  }
  onSent(octets);
  transcript(`* The message has gone: ${octets} bytes`);
}
