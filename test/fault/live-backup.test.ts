import { afterEach, expect, test } from 'vitest';
import { testSource } from '../harness/live.ts';
import { StagedBroadcast, type StagedPublisher } from '../harness/staged-broadcast.ts';

let stage: StagedBroadcast | undefined;

afterEach(() => stage?.close());

const RENDITION = '180p';
/** Parts of a third of a second: long enough that the backup has a key frame. */
const ENOUGH_PARTS = 12;

async function takenOver(container: 'flv' | 'mpegts', keyFrameSeconds: number, fail: (first: StagedPublisher) => void) {
  const live = await StagedBroadcast.open();
  stage = live;
  const first = live.publish(testSource({ keyFrameSeconds }), container);
  await live.until('the first publisher', () => live.partsOf(1, RENDITION)[0]);
  live.publish(testSource({ keyFrameSeconds }), container);
  await live.until('both to be under way', () => live.partsOf(1, RENDITION).length > ENOUGH_PARTS);
  const [failedAtMs, failedAt] = [Date.now(), performance.now()];
  fail(first);
  await live.until('the backup', () => live.partsOf(2, RENDITION)[0] && live.beganAtMs.size === 2);
  return { live, failedAtMs, failedAt };
}

/** By the clock that playlists show: from the end of what the first one sent to the beginning of what the backup sent. */
function gapMs(live: StagedBroadcast): number {
  const last = live.partsOf(1, RENDITION).at(-1);
  return (live.beganAtMs.get(2) ?? Number.NaN) - (last ? live.endsAtMs(last) : Number.NaN);
}

test.each([
  ['Flash video', 'flv', 1],
  ['Flash video', 'flv', 10],
  ['a transport stream', 'mpegts', 2],
] as const)(
  'a backup in %s (%s) with a key frame each %i s is there within a second of the loss',
  async (_, container, seconds) => {
    const { live, failedAtMs, failedAt } = await takenOver(container, seconds, (first) => void first.kill());
    // It is half a second of an idle machine; waiting for the next key frame would be six at the longest distance.
    expect((live.partsOf(2, RENDITION)[0]?.atMs ?? Number.NaN) - failedAt).toBeLessThan(4_000);
    expect((live.beganAtMs.get(2) ?? Number.NaN) - failedAtMs).toBeLessThan(500);
    expect(gapMs(live)).toBeLessThan(1_000);
    expect(live.partsOf(2, RENDITION)[0]).toMatchObject({ startTicks: 0, isIndependent: true });
  },
  60_000,
);

test('one that stands still is passed over within two seconds', async () => {
  const { live, failedAtMs } = await takenOver('flv', 1, (first) => first.freeze());
  expect((live.beganAtMs.get(2) ?? Number.NaN) - failedAtMs).toBeLessThan(1_500);
  expect(gapMs(live)).toBeLessThan(2_000);
}, 60_000);
