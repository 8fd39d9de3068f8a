import { expect, test } from 'vitest';
import { readWishes, suits } from './request-directives.ts';

const FRESH = { ageSeconds: 30, leftSeconds: 30, mayBeStale: true, immutable: false };
const EXPIRED = { ageSeconds: 70, leftSeconds: -10, mayBeStale: true, immutable: false };

test.each([
  ['no-cache', FRESH, 'no'],
  ['max-age=30', FRESH, 'fresh'],
  ['max-age=29', FRESH, 'no'],
  ['max-age=0', FRESH, 'no'],
  ['max-age=0', { ...FRESH, ageSeconds: 0 }, 'no'],
  ['max-age=0', { ...FRESH, immutable: true }, 'fresh'],
  ['no-cache', { ...FRESH, immutable: true }, 'no'],
  ['max-age=0', { ...EXPIRED, immutable: true }, 'no'],
  ['max-age=soon', FRESH, 'no'],
  ['min-fresh=30', FRESH, 'fresh'],
  ['min-fresh=31', FRESH, 'no'],
  ['max-stale=10', EXPIRED, 'stale'],
  ['max-stale', EXPIRED, 'stale'],
  ['max-stale=9', EXPIRED, 'no'],
  ['max-stale', { ...EXPIRED, mayBeStale: false }, 'no'],
  ['max-stale, max-age=69', EXPIRED, 'no'],
  ['only-if-cached', FRESH, 'fresh'],
  ['only-if-cached', EXPIRED, 'no'],
  ['foo', FRESH, 'fresh'],
] as const)('%s of what stands so: %j', (text, standing, verdict) => {
  const wishes = readWishes(text, undefined);
  expect(wishes && suits(wishes, standing)).toBe(verdict);
});

test('Pragma counts where there is no Cache-Control', () => {
  expect(readWishes(undefined, 'foo, No-Cache')?.noCache).toBe(true);
  expect(readWishes('max-age=5', 'no-cache')?.noCache).toBe(false);
  expect(readWishes(undefined, 'no-cache-at-all')).toBeUndefined();
  expect(readWishes(undefined, undefined)).toBeUndefined();
});
