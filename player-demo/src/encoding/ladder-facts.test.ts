import { expect, test } from 'vitest';
import { ladderFacts, ladderNote } from './ladder-facts.ts';

const ladder = (...rungs: [string, number][]) => ({
  name: 'one',
  isDefault: false,
  rungs: rungs.map(([codec, height]) => ({ codec, height, maxrateBps: 1 })),
});

test('a ladder is told by the codecs and the span of each', () => {
  expect(ladderFacts(ladder(['h264', 240], ['h264', 1080], ['av1', 720]))).toEqual([
    'H.264, 240p to 1080p',
    'AV1, 720p',
  ]);
});

test('only a ladder with H.264 is said to play everywhere', () => {
  expect(ladderNote(ladder(['h264', 240]))).toBe('Plays everywhere.');
  expect(ladderNote(ladder(['h264', 240], ['av1', 720]))).toMatch(/^Plays everywhere;/);
  expect(ladderNote(ladder(['av1', 720]))).not.toMatch(/everywhere/);
});
