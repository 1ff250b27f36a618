/**
 * Positions in a text, and in the same text with parts of it left out.
 *
 * @module
 */

/** Part of a text: from `start` up to, but not including, `end`. */
export type Span = { start: number; end: number };

/** Translates positions between a text and the same text without its gaps. */
export type PositionMap = { toSource: (span: Span) => Span; toDense: (position: number) => number };

/** Makes the map for a text; `gaps` matches all parts to leave out. */
export function mapOf(source: string, gaps: RegExp): PositionMap {
  const sourceStarts = [0];
  const denseStarts = [0];
  let removed = 0;
  for (const { index, 0: { length } } of source.matchAll(gaps)) {
    removed += length;
    sourceStarts.push(index + length);
    denseStarts.push(index + length - removed);
  }
  // If several pieces begin there, all but the last are empty.
  const pieceAt = (starts: readonly number[], position: number) =>
    Math.max(0, indexAbove(starts, position) - 1);
  const sourceOf = (position: number) => {
    const piece = pieceAt(denseStarts, position);
    return (sourceStarts[piece] ?? 0) + position - (denseStarts[piece] ?? 0);
  };
  return {
    toSource: ({ start, end }) => ({ start: sourceOf(start), end: sourceOf(end - 1) + 1 }),
    toDense: (position) => {
      const piece = pieceAt(sourceStarts, position);
      const offset = position - (sourceStarts[piece] ?? 0);
      return Math.min((denseStarts[piece] ?? 0) + offset, denseStarts[piece + 1] ?? Infinity);
    },
  };
}

/** The index of the first of the ascending numbers that is larger than the value. */
function indexAbove(numbers: readonly number[], value: number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The last of the ascending numbers that is not larger than the value, else -1. */
export function lastAtMost(numbers: readonly number[], value: number): number {
  return numbers[indexAbove(numbers, value) - 1] ?? -1;
}

/** The first of the ascending numbers that is not smaller than the value, else Infinity. */
export function firstAtLeast(numbers: readonly number[], value: number): number {
  return numbers[indexAbove(numbers, value - 1)] ?? Infinity;
}
