import { expect, test } from 'vitest';
import { averageBandwidthBps, peakBandwidthBps } from './bandwidth.ts';

const segment = (bytes: number, durationSeconds: number) => ({ bytes, durationSeconds });

const peaks: [string, Parameters<typeof peakBandwidthBps>[0], number][] = [
  ['no segments', [], 0],
  ['one segment', [segment(500, 4)], 1_000],
  ['the greatest of equal lengths', [segment(500, 4), segment(1_000, 4), segment(500, 4)], 2_000],
  ['a clip shorter than half a target is its own peak', [segment(250, 1)], 2_000],
  ['a tiny last segment counts only with its neighbour', [segment(500, 4), segment(500, 0.5)], 1_778],
  ['short segments are judged in runs', [segment(250, 1), segment(750, 1), segment(250, 1), segment(250, 1)], 4_000],
  [
    'a run longer than one and a half targets does not count',
    [segment(725, 5.8), segment(9_000, 0.5), segment(725, 5.8)],
    1_000,
  ],
];

test.each(peaks)('peak: %s', (_name, segments, bps) => expect(peakBandwidthBps(segments, 4)).toBe(bps));

test('the average is all bits over all seconds', () => {
  expect(averageBandwidthBps([segment(500, 4), segment(500, 1)])).toBe(1_600);
  expect(averageBandwidthBps([])).toBe(0);
});
