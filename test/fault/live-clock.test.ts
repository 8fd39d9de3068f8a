import { expect, test } from 'vitest';
import { StagedBroadcast } from '../harness/staged-broadcast.ts';

const HOUR_MS = 3_600_000;

test.each([
  ['an hour ahead', HOUR_MS],
  ['an hour back', -HOUR_MS],
])(
  'a time of day that is set %s ends neither a session nor a broadcast, and leaves its health alone',
  async (_, stepMs) => {
    let stepped = 0;
    const live = await StagedBroadcast.open({ now: () => Date.now() + stepped });
    try {
      const publisher = live.publish();
      await live.until('parts', () => live.partsOf(1, '180p').length > 3);
      stepped = stepMs;
      const healths = live.healths.length;
      await live.until('more parts', () => live.partsOf(1, '180p').length > 12 && live.healths.length > healths + 3);
      expect(live.told).toEqual(['reconnected']);
      expect(publisher.sentAway).toBeUndefined();
      expect(live.partsOf(2, '180p')).toEqual([]);
      for (const { problems, bitrateBps } of live.healths.slice(healths + 1)) {
        expect(problems).toEqual([]);
        expect(bitrateBps).toBeGreaterThan(50_000);
      }
      // Nor does it keep a publisher that is silent from being missed.
      const backup = live.publish();
      await live.until('a backup under way', () => live.partsOf(1, '180p').length > 18);
      publisher.freeze();
      await live.until('the backup', () => live.partsOf(2, '180p')[0]);
      expect(backup.sentAway).toBeUndefined();
    } finally {
      await live.close();
    }
  },
  60_000,
);
