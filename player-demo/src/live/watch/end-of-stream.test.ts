import { expect, test } from 'vitest';
import { isAppended, type ListedTrack } from './end-of-stream.ts';

const piece = (start: number, duration: number) => ({ start, duration });
const track = (live: boolean, fragments: object[], partList: object[] | null): ListedTrack =>
  ({ live, fragments, partList }) as ListedTrack;
const segments = [piece(10, 2), piece(12, 1.1)];
const parts = [piece(12, 0.5), piece(12.5, 0.5), piece(13, 0.1)];

test.each([
  ['its playlist is not known', undefined, 100, false],
  ['it may go on', track(true, segments, parts), 100, false],
  ['its last part is missing', track(false, segments, parts), 13.01, false],
  ['its last part is there', track(false, segments, parts), 13.09, true],
  ['its last segment is missing, where no parts are listed', track(false, segments, null), 12.01, false],
  ['its last segment is there, where no parts are listed', track(false, segments, null), 13.05, true],
  ['there is no part any more', track(false, segments, []), 13.05, true],
  ['it is empty', track(false, [], []), 0, false],
])('of a track it is told whether it is there to its end: %s', (_, listed, appendedToSeconds, expected) => {
  expect(isAppended(listed, appendedToSeconds)).toBe(expected);
});
