import { expect, test } from 'vitest';
import { RhythmWatch } from './rhythm.ts';
import type { SourcePacket } from './tap.ts';

/** Pictures at 30 a second, with key frames at these seconds. */
function watched(keys: readonly number[], seconds: number, startSeconds = 0) {
  const watch = new RhythmWatch(2);
  for (let frame = 0; frame < seconds * 30; frame += 1) {
    const at = startSeconds + frame / 30;
    const isKey = keys.some((key) => Math.abs(key + startSeconds - at) < 0.001);
    const packet: SourcePacket = { kind: 'video', decodeSeconds: at, showSeconds: at, bytes: 1, isKey };
    watch.take([packet]);
  }
  return watch.rhythm;
}

const every = (seconds: number) => Array.from({ length: 40 }, (_, index) => index * seconds);

test.each([
  ['every two seconds', every(2), 9, 'regular'],
  ['every second', every(1), 9, 'regular'],
  ['every half second', every(0.5), 9, 'regular'],
  ['every second, seen for three', every(1), 3, 'unknown'],
  ['every one and a half', every(1.5), 9, 'irregular'],
  ['every four', every(4), 9, 'irregular'],
  ['at scene cuts too', [0, 2, 2.7, 4, 6, 8], 9, 'irregular'],
  ['no more after a while', every(2).slice(0, 6), 14, 'irregular'],
])('key frames %s', (_when, keys, seconds, rhythm) => {
  expect(watched(keys, seconds)).toBe(rhythm);
});

test('a source that begins long after its sound is none to copy', () => {
  expect(watched(every(2), 9, 0.5)).toBe('irregular');
});

test('a rate is told by the clock of the source, and not by how fast it is read', () => {
  const watch = new RhythmWatch(2);
  const packets = Array.from({ length: 241 }, (_, frame): SourcePacket => {
    const at = frame / 30;
    return {
      kind: 'video',
      decodeSeconds: at,
      showSeconds: at,
      bytes: frame < 120 ? 1_000 : 2_000,
      isKey: frame % 30 === 0,
    };
  });
  const rates = [60, 61, 121, 241].map((end, index, ends) => {
    watch.take(packets.slice(ends[index - 1] ?? 0, end));
    return watch.bitrateBps;
  });
  expect(rates).toEqual([0, 240_000, 240_000, 480_000]);
});
