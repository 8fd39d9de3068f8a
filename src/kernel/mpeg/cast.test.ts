import { describe, expect, test } from 'vitest';
import { castTracks, hasGrown } from './cast.ts';
import type { Track } from './tables.ts';

const picture = (pid: number, codec = 'h264'): Track => ({ pid, kind: 'picture', codec });
const sound = (pid: number, language?: string, codec = 'aac'): Track => ({
  pid,
  kind: 'sound',
  codec,
  ...(language ? { language } : {}),
});

describe('a later track goes on as', () => {
  const cases: Readonly<Record<string, [first: Track[], later: Track[], numbers: Record<number, number>]>> = {
    'the only one like it, whatever its number': [[picture(1), sound(2)], [picture(7), sound(8)], { 7: 1, 8: 2 }],
    'one of its kind, where numbers are swapped': [[picture(1), sound(2)], [sound(1), picture(2)], { 1: 2, 2: 1 }],
    'the one of its language, in whatever order': [
      [picture(1), sound(2, 'eng'), sound(3, 'deu')],
      [picture(7), sound(8, 'deu'), sound(9, 'eng')],
      { 7: 1, 8: 3, 9: 2 },
    ],
    'what the languages leave, in their order': [
      [picture(1), sound(2, 'eng'), sound(3, 'deu'), sound(4, 'spa')],
      [picture(7), sound(8, 'fra'), sound(9, 'deu'), sound(10, 'ita')],
      { 7: 1, 8: 2, 9: 3, 10: 4 },
    ],
    'the one in its place, where nothing tells their languages': [
      [picture(1), sound(2), sound(3)],
      [sound(2), sound(3), picture(1, 'hevc'), picture(4)],
      { 2: 2, 3: 3, 4: 1 },
    ],
    'itself, where the pictures kept their number, though it comes first now': [
      [picture(1), sound(2), sound(3)],
      [picture(1), sound(3), sound(9)],
      { 1: 1, 3: 3, 9: 2 },
    ],
    'one coded alike, never as another': [
      [picture(1), sound(2, 'eng', 'ac3'), sound(3, 'eng')],
      [picture(7), sound(8, 'eng'), sound(9, 'eng', 'dts')],
      { 7: 1, 8: 3 },
    ],
  };
  test.each(Object.entries(cases))('%s', (_, [first, later, numbers]) => {
    const casting = castTracks(first, later);
    expect(Object.fromEntries(casting.numbers)).toEqual(numbers);
    expect(casting.homeless.map(({ pid }) => pid)).toEqual(later.map(({ pid }) => pid).filter((pid) => !numbers[pid]));
  });
});

test('a table has grown where it kept what it had and counts on, not where another begins', () => {
  const before = { program: 1, version: 0, tracks: [sound(2)] };
  expect(hasGrown(before, { ...before, version: 1, tracks: [picture(1), sound(2)] })).toBe(true);
  expect(hasGrown(before, { ...before, version: 0, tracks: [picture(1), sound(2)] })).toBe(false);
  expect(hasGrown(before, { ...before, version: 1, tracks: [picture(1), sound(3)] })).toBe(false);
});
