import { expect, test } from 'vitest';
import { joinBytes } from '../cmaf/boxes.ts';
import { writePart } from './frames.ts';
import { storedPart } from './stored-part.ts';

const LENGTH = 10;

/** One frame of that time. */
function partAt(startTicks: number): Uint8Array {
  const sample = { durationTicks: LENGTH, sizeBytes: 4, flags: 0x02000000, compositionTicks: 0 };
  return writePart(startTicks + 1, [{ startTicks, sample, data: new Uint8Array(4).fill(startTicks) }]);
}

const found = (starts: readonly number[], startTicks = 100) => {
  const bytes = joinBytes(starts.map(partAt));
  return [0, 1, 2, 3].map((part) => storedPart(bytes, { startTicks }, part));
};

test.each<[string, number[], (number | undefined)[]]>([
  ['as they were cut', [100, 110, 120], [100, 110, 120, undefined]],
  ['up to one that is missing', [100, 120, 130], [100, undefined, undefined, undefined]],
  ['not at all where the first one is missing', [110, 120], [undefined, undefined, undefined, undefined]],
  ['not of nothing', [], [undefined, undefined, undefined, undefined]],
])('parts are found in the bytes of their segment %s', (_, starts, expected) => {
  expect(found(starts)).toEqual(expected.map((start) => (start === undefined ? undefined : partAt(start))));
});

test('bytes that are no segment have no parts', () => {
  const bytes = joinBytes([partAt(100), new Uint8Array(40).fill(7)]);
  expect(storedPart(bytes, { startTicks: 100 }, 1)).toBeUndefined();
  expect(storedPart(new Uint8Array(40), { startTicks: 100 }, 0)).toBeUndefined();
});
