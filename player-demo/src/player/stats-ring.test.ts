import { describe, expect, test } from 'vitest';
import { qualityLabel, sortLevels } from './levels.ts';
import {
  bufferAheadSeconds,
  emptyRing,
  headerOf,
  pushRing,
  readVerdict,
  type SegmentFact,
  sparkline,
  sumHits,
} from './stats-ring.ts';

test('a ring keeps the newest and drops the oldest', () => {
  let ring = emptyRing<number>(3);
  for (const value of [1, 2, 3, 4, 5]) ring = pushRing(ring, value);
  expect(ring.items).toEqual([3, 4, 5]);
});

test.each([
  ['Hit from cloudfront', 'hit'],
  ['RefreshHit from frontrow', 'hit'],
  ['Miss from frontrow', 'miss'],
  ['Error from frontrow', 'miss'],
  ['something else', 'unknown'],
  [undefined, 'unknown'],
])('X-Cache %j counts as %s', (xCache, verdict) => expect(readVerdict(xCache)).toBe(verdict));

test('a header is found whatever its case, and only by its whole name', () => {
  const raw = 'content-type: video/mp4\r\nX-Cache: Hit from frontrow\r\nage: 12\r\n';
  expect(headerOf(raw, 'x-cache')).toBe('Hit from frontrow');
  expect(headerOf(raw, 'Age')).toBe('12');
  expect(headerOf(raw, 'x')).toBeUndefined();
});

test('hits are counted among the segments that say', () => {
  const fact = (verdict: SegmentFact['verdict']) => ({ verdict }) as SegmentFact;
  expect(sumHits([fact('hit'), fact('miss'), fact('hit'), fact('unknown')])).toEqual({
    hits: 2,
    known: 3,
    share: 2 / 3,
  });
  expect(sumHits([fact('unknown')]).share).toBeUndefined();
});

describe('the buffer ahead', () => {
  const ranges = [
    [0.05, 8],
    [20, 24],
  ] as const;

  test.each([
    [0, 8],
    [6, 2],
    [8, 0],
    [12, 0],
    [21, 3],
  ])('at second %d is %d s', (time, ahead) => expect(bufferAheadSeconds(ranges, time)).toBeCloseTo(ahead));
});

test('a chart draws its newest value at the right end, and nothing above its top', () => {
  expect(sparkline([0, 50, 200], 5, 100, 10, 100)).toBe('50.0,10.0 75.0,5.0 100.0,0.0');
  expect(sparkline([], 5, 100, 10, 100)).toBe('');
});

describe('the quality menu', () => {
  const level = (index: number, height: number) => ({
    index,
    label: `${height}p`,
    width: 0,
    height,
    bitrateBps: height,
    codecs: '',
  });
  const levels = sortLevels([level(0, 360), level(1, 720), level(2, 480)]);

  test('lists the best rung first and keeps the engine’s numbers', () => {
    expect(levels.map((one) => one.index)).toEqual([1, 2, 0]);
  });

  test('says what plays now while the choice is automatic', () => {
    expect(qualityLabel(levels, -1, 2)).toBe('Auto · 480p');
    expect(qualityLabel(levels, -1, -1)).toBe('Auto');
    expect(qualityLabel(levels, 1, 2)).toBe('720p');
  });
});
