import { afterEach, expect, test } from 'vitest';
import { StagedBroadcast } from '../harness/staged-broadcast.ts';

const HOUR_MS = 3_600_000;

let live: StagedBroadcast | undefined;

afterEach(() => live?.close());

/** A broadcast under way whose time of day can be set. */
async function staged() {
  let steppedMs = 0;
  const broadcast = await StagedBroadcast.open({ now: () => Date.now() + steppedMs });
  live = broadcast;
  const publisher = broadcast.publish();
  await broadcast.until('parts', () => broadcast.partsOf(1, '180p').length > 3);
  const step = (ms: number) => {
    steppedMs = ms;
  };
  return { broadcast, publisher, step };
}

test('a time of day that is set an hour ahead makes nobody silent, and leaves the health alone', async () => {
  const { broadcast, publisher, step } = await staged();
  const { healths } = broadcast;
  // Nothing comes when the clock is looked at next.
  publisher.freeze();
  const before = healths.length;
  step(HOUR_MS);
  await broadcast.until('two looks', () => healths.length > before + 1);
  publisher.thaw();
  const parts = broadcast.partsOf(1, '180p').length;
  await broadcast.until('more parts', () => broadcast.partsOf(1, '180p').length > parts + 6);
  expect(publisher.sentAway).toBeUndefined();
  expect(broadcast.told).not.toContain('reconnecting');
  expect(broadcast.partsOf(2, '180p')).toEqual([]);
}, 60_000);

test('one that is set an hour back keeps no backup from taking over', async () => {
  const { broadcast, publisher, step } = await staged();
  broadcast.publish();
  await broadcast.until('a backup under way', () => broadcast.partsOf(1, '180p').length > 12);
  publisher.freeze();
  step(-HOUR_MS);
  await broadcast.until('the backup', () => broadcast.partsOf(2, '180p')[0]);
}, 60_000);
