import { expect, test } from 'vitest';
import type { PlaybackGrant } from '../api/shapes.ts';
import { GrantCache } from './grant-cache.ts';

const HOUR_MS = 3_600_000;

function bench() {
  const kept = new Map<string, string>();
  const clock = { nowMs: 0 };
  const calls: string[] = [];
  const issue = async (assetId: string, seconds: number): Promise<PlaybackGrant> => {
    calls.push(assetId);
    const expiresAt = new Date(clock.nowMs + seconds * 1_000).toISOString();
    return { assetId, expiresAt, posterUrl: `poster-${calls.length}` } as PlaybackGrant;
  };
  const shelter = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
  return { cache: new GrantCache(issue, shelter, () => clock.nowMs), clock, calls };
}

test('one grant serves until shortly before it ends', async () => {
  const { cache, clock, calls } = bench();
  const first = await cache.get('as_1');
  clock.nowMs = 3 * HOUR_MS;
  expect(await cache.get('as_1')).toEqual(first);
  clock.nowMs = 4 * HOUR_MS - 60_000;
  expect((await cache.get('as_1')).posterUrl).toBe('poster-2');
  expect(calls).toHaveLength(2);
});

test('cards that ask at the same time share one request', async () => {
  const { cache, calls } = bench();
  await Promise.all([cache.get('as_1'), cache.get('as_1'), cache.get('as_2')]);
  expect(calls).toEqual(['as_1', 'as_2']);
});

test('a forgotten grant is asked for again', async () => {
  const { cache, calls } = bench();
  await cache.get('as_1');
  cache.forget('as_1');
  await cache.get('as_1');
  expect(calls).toHaveLength(2);
});
