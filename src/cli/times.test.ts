import { describe, expect, test } from 'vitest';
import { parseMoment } from './times.ts';

const NOW_MS = 1_800_000_000_000;

describe('a moment to come', () => {
  test.each([
    ['90s', 90_000],
    ['1h', 3_600_000],
    ['1h30m', 5_400_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
  ])('%s is so long from now', (text, spanMs) => {
    expect(parseMoment(text, '--expires', NOW_MS)).toBe(NOW_MS + spanMs);
  });

  test('a date is that date', () => {
    expect(parseMoment('2030-01-31T12:00:00Z', '--expires', NOW_MS)).toBe(Date.UTC(2030, 0, 31, 12));
  });

  test.each(['', '1', 'h', '1y', '-1h', '1.5h', 'tomorrow', '2030-13-01'])(
    '%j is refused by the option’s name',
    (text) => {
      expect(() => parseMoment(text, '--expires', NOW_MS)).toThrow(/^--expires must be/);
    },
  );
});
