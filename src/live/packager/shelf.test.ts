import { expect, test } from 'vitest';
import { Shelf } from './shelf.ts';

const SECOND = 90_000;

/** Segments of one part each, of a second and of so many bytes. */
function filled(shelf: Shelf, count: number, bytes: number): Shelf {
  for (let at = 0; at < count; at += 1) {
    shelf.addPart(at, new Uint8Array(bytes).fill(at));
    shelf.closeSegment(SECOND);
  }
  return shelf;
}

const kept = (shelf: Shelf) => Array.from({ length: 10 }, (_, at) => at).filter((at) => shelf.segment(at));

test.each([
  ['by its time', 3 * SECOND, 1_000_000, 100, [7, 8, 9]],
  ['by its bytes', 100 * SECOND, 250, 100, [8, 9]],
  ['whatever its size', 0, 10, 100, [9]],
])('the newest stays on a shelf, and as much as may %s', (_, keepTicks, keepBytes, bytes, expected) => {
  const shelf = filled(new Shelf(keepTicks, keepBytes), 10, bytes);
  expect(kept(shelf)).toEqual(expected);
  expect(shelf.part(9, 0)).toEqual(new Uint8Array(bytes).fill(9));
  expect(shelf.part(0, 0)).toBeUndefined();
});
