import { describe, expect, test } from 'vitest';
import { Claims, type Entry } from './claims.ts';

const HOUR_MS = 3_600_000;
const LIMITS = { open: 3, wrongPerHour: 4 };

/** As many claims with wrong keys as are let in, at one moment. */
function guess(claims: Claims, address: string, times: number, nowMs: number): Entry[] {
  return Array.from({ length: times }, () => {
    const entry = claims.enter(address, nowMs);
    if (!entry.isIn) return entry;
    claims.refuse(address, nowMs)?.done();
    entry.leave();
    return entry;
  });
}

const letIn = (entries: readonly Entry[]) => entries.filter(({ isIn }) => isIn).length;

describe('claims of one network', () => {
  const floods: [string, string, number, number][] = [
    ['all that an hour allows at once', '10.0.0.1', 0, 0],
    ['one more after its share of the hour', '10.0.0.1', HOUR_MS / 4, 1],
    ['half of them after half an hour', '10.0.0.1', HOUR_MS / 2, 2],
    ['all of them after an hour, and no more than that after ten', '10.0.0.1', 10 * HOUR_MS, 4],
    ['everything from another address', '10.0.0.2', 0, 4],
    ['nothing for the same address as IPv6 writes it', '::ffff:10.0.0.1', 0, 0],
  ];

  test.each(floods)('have, after a flood of wrong keys, %s', (_, address, laterMs, expected) => {
    const claims = new Claims(undefined, LIMITS);
    expect(letIn(guess(claims, '10.0.0.1', 20, 1_000))).toBe(4);
    expect(letIn(guess(claims, address, 20, 1_000 + laterMs))).toBe(expected);
  });

  test('of IPv6 are those of its /64', () => {
    const claims = new Claims(undefined, LIMITS);
    const flood = Array.from({ length: 20 }, (_, index) => guess(claims, `2001:db8::${index + 1}`, 1, 0)[0] as Entry);
    expect(letIn(flood)).toBe(4);
    expect(letIn(guess(claims, '2001:db8:0:1::1', 1, 0))).toBe(1);
  });

  test('are told when the next one will be looked at', () => {
    const claims = new Claims(undefined, LIMITS);
    const [entry] = guess(claims, '10.0.0.1', 5, 0).slice(-1);
    expect(entry).toEqual({ isIn: false, retryAfterSeconds: HOUR_MS / 4 / 1_000 });
  });

  test('are so many at once, and right keys count for nothing else', () => {
    const claims = new Claims(undefined, LIMITS);
    for (let round = 0; round < 100; round += 1) {
      const entries = Array.from({ length: 5 }, () => claims.enter('10.0.0.1', 0));
      expect(letIn(entries)).toBe(3);
      for (const entry of entries) if (entry.isIn) entry.leave();
    }
  });

  test('have no limit where the network is a proxy, behind which everybody is', () => {
    const claims = new Claims((address) => address === '10.0.0.1', LIMITS);
    expect(letIn(guess(claims, '10.0.0.1', 20, 0))).toBe(20);
  });
});

describe('wrong keys', () => {
  test('are refused later and later, each address for itself', () => {
    const claims = new Claims();
    const delays = (address: string) =>
      Array.from({ length: 6 }, (_, index) => {
        const wait = claims.refuse(address, index);
        wait?.done();
        return wait?.delayMs;
      });
    expect(delays('10.0.0.1')).toEqual([500, 1_000, 2_000, 4_000, 8_000, 8_000]);
    expect(delays('10.0.0.2')[0]).toBe(500);
  });

  test('hold only so many at once', () => {
    const claims = new Claims();
    const own = Array.from({ length: 6 }, () => claims.refuse('10.0.0.1', 0));
    expect(own.filter(Boolean)).toHaveLength(4);
    const all = Array.from({ length: 400 }, (_, index) => claims.refuse(`10.0.1.${index}`, 0));
    expect(all.filter(Boolean)).toHaveLength(196);
    own[0]?.done();
    expect(claims.refuse('10.0.2.1', 0)).toBeDefined();
  });
});

test('of more networks than are kept, the one that was longest unheard of is forgotten', () => {
  const claims = new Claims(() => false, LIMITS);
  guess(claims, '10.0.0.1', 4, 0);
  guess(claims, '10.0.0.2', 4, 0);
  const others = (count: number) => {
    for (let at = 0; at < count; at += 1) guess(claims, `11.0.${at >> 8}.${at & 255}`, 1, 0);
  };
  others(9_998);
  expect(letIn(guess(claims, '10.0.0.1', 1, 0))).toBe(0);
  claims.enter('12.0.0.1', 0);
  expect(letIn(guess(claims, '10.0.0.1', 1, 0))).toBe(0);
  expect(letIn(guess(claims, '10.0.0.2', 1, 0))).toBe(1);
});
