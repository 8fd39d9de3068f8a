import { expect, test } from 'vitest';
import { BanList } from '../invalidation/ban-list.ts';
import { parseTarget, type Target } from '../invalidation/target.ts';
import { CachedObject, VaryMarker } from './cached-object.ts';
import { MemoryTier } from './memory-tier.ts';
import { Representation } from './representation.ts';

const lifetime = { freshSeconds: 60, staleWhileRevalidateSeconds: 0, staleIfErrorSeconds: 0 };
const target = (text: string) => parseTarget(text) as Target;

function tagged(key: string, tag: string): CachedObject {
  const head = new Representation({ status: 200, fields: ['Cache-Tag', tag] }, 0);
  return new CachedObject(key, head, Buffer.from('x'), { bornAtMs: 0, lifetime });
}

test('room that cannot be had costs no entry', () => {
  const tier = new MemoryTier(10_000);
  tier.put(new VaryMarker('kept', []));
  expect(tier.reserve(8_000)).toBe(true);
  expect(tier.reserve(8_000)).toBe(false);
  expect(tier.get('kept')).toBeDefined();
});

test('room given back can be used again', () => {
  const tier = new MemoryTier(10_000);
  expect(tier.reserve(10_000)).toBe(true);
  tier.release(10_000);
  expect(tier.put(new VaryMarker('entry', []))).toBe(true);
});

test('what is put again takes the place of what was there', () => {
  const tier = new MemoryTier(10_000);
  const before = new VaryMarker('a', ['x']);
  const after = new VaryMarker('a', ['y']);
  tier.put(before);
  tier.put(after);
  expect([tier.get('a'), tier.entryCount, tier.usedBytes]).toEqual([after, 1, after.sizeBytes]);
});

test('what is banned is neither found nor counted as there, before anybody has swept; what is newer is', () => {
  const bans = new BanList();
  const tier = new MemoryTier(1_000_000, bans);
  for (const key of ['/a', '/b', '/c']) tier.put(tagged(key, key === '/c' ? 'red' : 'blue'));
  bans.add([target('/a'), target('#red')], false, 0);
  expect(['/a', '/b', '/c'].map((key) => tier.has(key))).toEqual([false, true, false]);
  expect(['/a', '/b', '/c'].map((key) => tier.get(key)?.key)).toEqual([undefined, '/b', undefined]);
  expect(tier.entryCount).toBe(1);
  const newer = tagged('/a', 'blue');
  newer.checked = bans.sequence;
  expect([tier.put(newer), tier.get('/a')]).toEqual([true, newer]);
});

test('what was asked for before a ban is not stored after it, and pushes nothing newer out', () => {
  const bans = new BanList();
  const tier = new MemoryTier(1_000_000, bans);
  const late = tagged('/a', 'red');
  bans.add([target('/a')], false, 0);
  const newer = tagged('/a', 'red');
  newer.checked = bans.sequence;
  tier.put(newer);
  expect([tier.put(late), tier.get('/a')]).toEqual([false, newer]);
});

test('a soft ban makes stale from its moment what it covers, and nothing fresh again', () => {
  const bans = new BanList();
  const tier = new MemoryTier(1_000_000, bans);
  tier.put(tagged('/a', 'red'));
  bans.add([target('#red')], true, 20_000);
  const found = tier.get('/a') as CachedObject;
  expect([found.freshUntilMs, found.isFresh(19_999), found.isFresh(20_000)]).toEqual([20_000, true, false]);
  bans.add([target('/a')], true, 30_000);
  expect((tier.get('/a') as CachedObject).freshUntilMs).toBe(20_000);
});
