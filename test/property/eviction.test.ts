import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Eviction } from '../../src/edge/cache/eviction.ts';
import { S3Fifo } from '../../src/edge/cache/s3-fifo.ts';
import { Belady } from '../bench/eviction/belady.ts';
import { Lru } from '../bench/eviction/lru.ts';
import { Sieve } from '../bench/eviction/sieve.ts';
import { EvictingCache, ratiosOf, type SimulatedCache } from '../bench/eviction/simulated-cache.ts';
import { type Access, chanceFrom, zipf } from '../bench/eviction/traces.ts';
import { FrequencySketch, WTinyLfu } from '../bench/eviction/w-tinylfu.ts';

const access = (key: string, sizeBytes = 1, opens = false): Access => ({ key, sizeBytes, opens });
const letters = (text: string) => [...text].map((key) => access(key));

/** Which accesses were hits, as the letters in capitals. */
function play(cache: SimulatedCache, text: string): string {
  return letters(text)
    .map((each) => (cache.access(each) ? each.key.toUpperCase() : each.key))
    .join('');
}

test('LRU lets go what was not asked for the longest', () => {
  expect(play(new EvictingCache(3, new Lru()), 'abcadabc')).toBe('abcAdAbc');
});

test("SIEVE evicts as in its paper's figure: visited entries are spared in place, and the hand goes on from there", () => {
  const sieve = new Sieve();
  const slots = new Map(letters('abcdefg').map((each) => [each.key, sieve.add(each)]));
  const visit = (key: string) => sieve.touch(slots.get(key) ?? expect.fail());
  const miss = (key: string) => {
    const evicted = sieve.evict()?.key;
    slots.set(key, sieve.add(access(key)));
    return evicted;
  };
  for (const key of 'abg') visit(key);
  expect(miss('h')).toBe('c');
  for (const key of 'ad') visit(key);
  expect(miss('i')).toBe('e');
  visit('b');
  expect(miss('j')).toBe('f');
});

test('S3-FIFO lets what was asked for once pass through its small queue, and remembers it for the next time', () => {
  const eviction = new S3Fifo<Access>();
  const kept = letters('abcdefghi').map((each) => eviction.add(each));
  for (const slot of kept) eviction.touch(slot);
  eviction.add(access('once'));
  expect(eviction.evict()?.key).toBe('once');
  // A ghost enters the main queue, behind which newcomers leave first.
  eviction.add(access('once'));
  for (const each of ['new', 'newer']) eviction.add(access(each));
  expect(eviction.evict()?.key).toBe('new');
});

test('the sketch counts at least as often as a key was added, until it halves all counts', () => {
  const sketch = new FrequencySketch(100);
  for (let time = 0; time < 6; time += 1) sketch.add('often');
  sketch.add('once');
  expect([sketch.count('often'), sketch.count('once') >= 1, sketch.count('never') < 6]).toEqual([6, true, true]);
  for (let at = 0; at < 1_000; at += 1) sketch.add(`other ${at}`);
  expect(sketch.count('often')).toBeLessThan(6);
});

test('W-TinyLFU lets nobody in who was asked for less than who would have to go', () => {
  const limitBytes = 100;
  const cache = new EvictingCache(limitBytes, new WTinyLfu(limitBytes, 1_000));
  const loved = Array.from({ length: 90 }, (_, at) => access(`loved ${at}`));
  for (let round = 0; round < 4; round += 1) for (const each of loved) cache.access(each);
  for (let at = 0; at < 500; at += 1) cache.access(access(`once ${at}`));
  expect(loved.filter((each) => cache.access(each)).length).toBeGreaterThan(85);
});

test('Belady holds what comes back the soonest', () => {
  // The string of the paper's table, and the seven faults of the optimum with three frames.
  const accesses = letters('abcdabeabcde');
  const cache = new Belady(accesses, 3);
  expect(accesses.filter((each) => !cache.access(each)).length).toBe(7);
});

test('nobody who does not know the future has more hits than Belady, where all are of one size', () => {
  const key = fc.integer({ min: 0, max: 30 }).map((at) => access(String(at)));
  fc.assert(
    fc.property(fc.array(key, { minLength: 1, maxLength: 300 }), fc.integer({ min: 1, max: 20 }), (accesses, limit) => {
      const best = ratiosOf(accesses, new Belady(accesses, limit)).objects;
      const evictions = [
        new Lru(),
        new Sieve(),
        new WTinyLfu(limit, limit),
        new S3Fifo<Access>(),
        new Eviction<Access>(),
      ];
      for (const eviction of evictions) {
        expect(ratiosOf(accesses, new EvictingCache<never>(limit, eviction as never)).objects).toBeLessThanOrEqual(
          best,
        );
      }
    }),
  );
});

test('playlists asked for once an age outlive floods of segments, and floods of playlists do not push the rest out', () => {
  const cache = new EvictingCache(1_000, new Eviction<Access>());
  const playlists = Array.from({ length: 20 }, (_, at) => access(`playlist ${at}`, 2, true));
  const segments = Array.from({ length: 10 }, (_, at) => access(`segment ${at}`, 40));
  for (const each of [...playlists, ...segments, ...segments]) cache.access(each);
  for (let at = 0; at < 500; at += 1) cache.access(access(`once ${at}`, 40));
  expect(playlists.filter((each) => cache.access(each)).length).toBe(20);
  expect(segments.filter((each) => cache.access(each)).length).toBe(10);
  for (let at = 0; at < 5_000; at += 1) cache.access(access(`playlist once ${at}`, 2, true));
  expect(segments.filter((each) => cache.access(each)).length).toBe(10);
});

test('the Zipf picker wants the first twice as often as the second, at a skew of one', () => {
  const pick = zipf(100, 1, chanceFrom(7));
  const counts = [0, 0];
  for (let at = 0; at < 50_000; at += 1) {
    const place = pick();
    if (place < 2) counts[place] = (counts[place] ?? 0) + 1;
  }
  expect((counts[0] ?? 0) / (counts[1] ?? 1)).toBeCloseTo(2, 0);
});
