/**
 * Reports how much of a message has been sent.
 *
 * @module
 */

/** The fewest octets between two lines of the transcript. */
const STEP = 1024 * 1024;

/** The most lines of the transcript about one message. */
const MOST_LINES = 10;

/** The size of the message, and where to report the progress. */
export type ProgressOptions = {
  /** The size of the message, in octets. */
  total: number;
  /** Called with the number of octets sent, after each slice. */
  onSent: (octets: number) => void;
  /** Called with lines for the transcript. */
  transcript: (said: string) => void;
};

/** Gives the slices of a message. A slice counts as sent when the next one is requested. */
export function* withProgress(
  slices: Iterable<Uint8Array>,
  { total, onSent, transcript }: ProgressOptions,
): Generator<Uint8Array> {
  const step = Math.max(STEP, total / MOST_LINES);
  let octets = 0;
  let next = step;
  for (const slice of slices) {
    onSent(octets);
    if (octets >= next) {
      transcript(`* ${octets} of ${total} bytes of the message are sent`);
      next += step;
    }
    yield slice;
    octets += slice.length;
  }
  onSent(octets);
  transcript(`* The message is sent: ${octets} bytes`);
}
