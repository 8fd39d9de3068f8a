import { expect, test } from 'vitest';
import type { Asset } from '../database/assets.ts';
import { systemClock } from '../kernel/clock.ts';
import { LocalSignals } from '../queue/signals.ts';
import { awaitObject } from './await-object.ts';

const ASSET_ID = 'as_aaaabbbbccccdddd';

test('whoever waits for what no chunk brings looks a few times a second, not all the time', async () => {
  const film = { segmentSeconds: 4, durationSeconds: 20, video: { renditions: [] } };
  const asset = { id: ASSET_ID, version: 1, status: 'queued', film } as unknown as Asset;
  let looks = 0;
  const outcome = await awaitObject(
    {
      assets: { find: async () => asset },
      queue: { raise: async () => expect.unreachable(), withdraw: async () => {} },
      signals: new LocalSignals(),
      clock: systemClock,
      holdMs: 600,
    },
    { kind: 'poster', assetId: ASSET_ID },
    async () => {
      looks += 1;
      return undefined;
    },
    { name: 'viewer', departure: new AbortController().signal },
  );
  expect(outcome).toBe('pending');
  // At first, after a tenth of a second, then every quarter, and at the end.
  expect(looks).toBeLessThanOrEqual(6);
});
