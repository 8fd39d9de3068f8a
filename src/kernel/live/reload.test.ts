import { expect, test } from 'vitest';
import { readDirectives } from './directives.ts';
import { decideReload, foresee, isPublished, type Progress } from './reload.ts';

/** Segment 7 is complete and had 6 parts; of segment 8 there are two. */
const now: Progress = { last: 7, lastParts: 6, openParts: 2, isEnded: false, partTargetSeconds: 0.4 };
const ended: Progress = { ...now, isEnded: true };
/** Three more are complete, and not listed yet. */
const withheld: Progress = { ...now, lastParts: 0, openParts: 0, withheld: 3 };

const NOW = { answer: 'now', isDelta: false };
const DELTA = { answer: 'now', isDelta: true };
const TOO_FAR = { answer: 'refuse', why: 'too-far-ahead' };
const MALFORMED = { answer: 'refuse', why: 'malformed' };
const hold = (sequence: number, part?: number, isDelta = false) => ({
  answer: 'hold',
  until: part === undefined ? { sequence } : { sequence, part },
  isDelta,
});

test.each([
  ['no directives', '', now, NOW],
  ['a playlist that ended ignores all of them', '_HLS_msn=99&_HLS_part=99&_HLS_skip=YES', ended, NOW],
  ['also those that mean nothing', '_HLS_part=1', ended, NOW],
  ['a part without a segment', '_HLS_part=1', now, MALFORMED],
  ['a segment that is no number', '_HLS_msn=x', now, MALFORMED],
  ['a directive twice', '_HLS_msn=1&_HLS_msn=1', now, MALFORMED],
  ['a segment that is complete', '_HLS_msn=7', now, NOW],
  ['one that left long ago', '_HLS_msn=0', now, NOW],
  ['the segment in progress', '_HLS_msn=8', now, hold(8)],
  ['the one after it', '_HLS_msn=9', now, hold(9)],
  ['three behind the newest complete one', '_HLS_msn=10', now, TOO_FAR],
  ['a part that is there', '_HLS_msn=8&_HLS_part=1', now, NOW],
  ['a part of a complete segment', '_HLS_msn=7&_HLS_part=5', now, NOW],
  ['the next part', '_HLS_msn=8&_HLS_part=2', now, hold(8, 2)],
  ['behind the last part of the last complete segment', '_HLS_msn=7&_HLS_part=6', now, NOW],
  ['the same while the next segment has none', '_HLS_msn=7&_HLS_part=6', { ...now, openParts: 0 }, hold(8, 0)],
  ['behind the parts of one before', '_HLS_msn=6&_HLS_part=60', now, NOW],
  ['as many parts ahead as may be: three seconds of them', '_HLS_msn=8&_HLS_part=9', now, hold(8, 9)],
  ['one more', '_HLS_msn=8&_HLS_part=10', now, TOO_FAR],
  ['parts of a second: three of them', '_HLS_msn=8&_HLS_part=4', { ...now, partTargetSeconds: 1 }, hold(8, 4)],
  ['and not four', '_HLS_msn=8&_HLS_part=5', { ...now, partTargetSeconds: 1 }, TOO_FAR],
  ['a part of the segment after', '_HLS_msn=9&_HLS_part=0', now, hold(9, 0)],
  ['far into the segment after', '_HLS_msn=9&_HLS_part=8', now, TOO_FAR],
  ['a delta', '_HLS_skip=YES', now, DELTA],
  ['a delta without date ranges, which is the same here', '_HLS_skip=v2', now, DELTA],
  ['a delta with the next part', '_HLS_msn=8&_HLS_part=2&_HLS_skip=YES', now, hold(8, 2, true)],
  ['a delta of another kind', '_HLS_skip=NO', now, MALFORMED],
  ['what is withheld', '_HLS_msn=10', withheld, hold(10)],
  ['far into what is withheld', '_HLS_msn=10&_HLS_part=60', withheld, hold(10, 60)],
  ['two behind what is withheld', '_HLS_msn=12', withheld, hold(12)],
  ['three behind what is withheld', '_HLS_msn=13', withheld, TOO_FAR],
  ['far into the segment behind what is withheld', '_HLS_msn=11&_HLS_part=8', withheld, TOO_FAR],
  ['before there is anything', '_HLS_msn=0&_HLS_part=0', { ...now, last: -1, lastParts: 0, openParts: 0 }, hold(0, 0)],
] as const)('%s', (_title, query, progress, answer) => {
  expect(decideReload(readDirectives(query), progress)).toEqual(answer);
});

test('what was waited for is there with itself, with anything later and with the end', () => {
  const until = { sequence: 8, part: 2 };
  expect(isPublished(until, now)).toBe(false);
  expect(isPublished(until, { ...now, openParts: 3 })).toBe(true);
  expect(isPublished(until, { ...now, last: 8, openParts: 0 })).toBe(true);
  expect(isPublished(until, ended)).toBe(true);
  expect(isPublished({ sequence: 8 }, { ...now, openParts: 5 })).toBe(false);
});

test.each([
  ['what was listed then', { sequence: 8, part: 1 }, 0, { sequence: 8, part: 1 }],
  ['what was not', { sequence: 8, part: 2 }, 0, { sequence: 8, part: 2 }],
  ['a part behind the last', { sequence: 7, part: 6 }, 0, { sequence: 8, part: 0 }],
  ['a part further ahead than is held', { sequence: 8, part: 99 }, 0, { sequence: 8, part: 99 }],
  ['as far as a bunch of segments may lead', { sequence: 12 }, 0, { sequence: 12 }],
  ['beyond', { sequence: 13 }, 0, 'too-far-ahead'],
  ['the same a moment later', { sequence: 13 }, 0.1, { sequence: 13 }],
  ['a part of it', { sequence: 13, part: 0 }, 0, 'too-far-ahead'],
] as const)('who saw the playlist some time ago says of %s what holds whatever has come', (_, asked, age, said) => {
  expect(foresee(asked, now, age)).toEqual(said);
});
