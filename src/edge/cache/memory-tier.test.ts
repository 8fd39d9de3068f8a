import { expect, test } from 'vitest';
import { VaryMarker } from './cached-object.ts';
import { MemoryTier } from './memory-tier.ts';

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
