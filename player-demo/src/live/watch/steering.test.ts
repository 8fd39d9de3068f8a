import { expect, test } from 'vitest';
import { isDry, LowestOf, reserveAfterCalm, reserveAfterStall, steer } from './steering.ts';

test.each([
  ['goes on as it is where the reserve is what it should be', 0.45, 0.16, { kind: 'rate', rate: 1 }],
  ['plays a little faster with too much of it', 0.6, 0.24, { kind: 'rate', rate: 1.05 }],
  ['never so fast that it is heard', 1.8, 1.5, { kind: 'rate', rate: 1.1 }],
  ['plays a little slower with too little', 0.3, 0.06, { kind: 'rate', rate: 0.96 }],
  ['never slower than that', 0.1, -0.9, { kind: 'rate', rate: 0.95 }],
  ['jumps when it is far behind', 2.4, 2, { kind: 'jump' }],
])('it %s', (_name, ahead, reserve, wanted) => expect(steer(ahead, reserve, 0.14)).toEqual(wanted));

test('each stall asks for more reserve, and calm gives it back bit by bit', () => {
  const after = reserveAfterStall(reserveAfterStall(0.14));
  expect(after).toBeCloseTo(0.3);
  expect(reserveAfterStall(0.79)).toBe(0.8);
  expect(reserveAfterCalm(after, 60)).toBeCloseTo(0.18);
  expect(reserveAfterCalm(after, 3_600)).toBe(0.1);
});

test('the lowest point is forgotten after a while', () => {
  const lowest = new LowestOf(1_000);
  expect(lowest.lowest).toBeUndefined();
  for (const [value, atMs] of [
    [0.1, 0],
    [0.4, 500],
    [0.3, 900],
  ] as const)
    lowest.add(value, atMs);
  expect(lowest.lowest).toBe(0.1);
  lowest.add(0.5, 1_200);
  expect(lowest.lowest).toBe(0.3);
});

test('a browser that stopped shortly before the end of what it has is dry', () => {
  expect(isDry(0.4, 4)).toBe(false);
  expect(isDry(0.06, 2)).toBe(true);
  expect(isDry(0.01, 3)).toBe(true);
});
