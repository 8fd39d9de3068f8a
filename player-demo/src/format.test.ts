import { describe, expect, test } from 'vitest';
import {
  formatAgo,
  formatBitrate,
  formatBytes,
  formatClock,
  formatPercent,
  formatSpan,
  formatTimeLeft,
  titleFromFilename,
} from './format.ts';

describe('sizes and rates', () => {
  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_500, '1.5 KB'],
    [999_600, '1.0 MB'],
    [123_400_000, '123 MB'],
    [5_000_000_000_000_000, '5000 TB'],
  ])('%i bytes read as %s', (sizeBytes, text) => expect(formatBytes(sizeBytes)).toBe(text));

  test.each([
    [128_000, '128 kbit/s'],
    [999_900, '1.0 Mbit/s'],
    [2_450_000, '2.5 Mbit/s'],
    [240_000_000, '240 Mbit/s'],
  ])('%i bits a second read as %s', (bitrateBps, text) => expect(formatBitrate(bitrateBps)).toBe(text));
});

describe('times', () => {
  test.each([
    [30.02, '0:30'],
    [59.6, '1:00'],
    [725, '12:05'],
    [3_723, '1:02:03'],
  ])('%d seconds of film read as %s', (seconds, text) => expect(formatClock(seconds)).toBe(text));

  test.each([
    [1, '1 second'],
    [59, '59 seconds'],
    [90, '2 minutes'],
    [7_200, '2 hours'],
    [86_400, '1 day'],
    [0, '0 seconds'],
  ])('a span of %d seconds reads as %s', (seconds, text) => expect(formatSpan(seconds)).toBe(text));

  test('what happened a moment ago is not counted in seconds', () => {
    expect(formatAgo(1_000, 5_000)).toBe('just now');
    expect(formatAgo(0, 180_000)).toBe('3 minutes ago');
  });

  test('time left is unknown while there is no speed', () => {
    expect(formatTimeLeft(undefined)).toBeUndefined();
    expect(formatTimeLeft(Number.POSITIVE_INFINITY)).toBeUndefined();
    expect(formatTimeLeft(0.2)).toBe('1 s left');
    expect(formatTimeLeft(150)).toBe('3 min left');
    expect(formatTimeLeft(5_400)).toBe('1.5 h left');
  });
});

test('a share is 100 % only when all of it is there', () => {
  expect(formatPercent(0.9999)).toBe('99%');
  expect(formatPercent(1)).toBe('100%');
  expect(formatPercent(1.2)).toBe('100%');
});

test.each([
  ['big-buck_bunny-480p.mp4', 'big buck bunny 480p'],
  ['Holiday 2024.final.MOV', 'Holiday 2024.final'],
  ['.mp4', '.mp4'],
])('the file %s is titled %s', (filename, title) => expect(titleFromFilename(filename)).toBe(title));
