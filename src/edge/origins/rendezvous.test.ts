import { expect, test } from 'vitest';
import { ranked } from './rendezvous.ts';

const PARENTS = ['p1:8090', 'p2:8090', 'p3:8090', 'p4:8090'].map((name) => ({ name }));
const KEYS = Array.from({ length: 4_000 }, (_, at) => `/films/${at}/segment.m4s`);
const order = (key: string, parents = PARENTS) => ranked(parents, key).map(({ name }) => name);

test('everybody finds the same order, however the names are listed', () => {
  for (const key of KEYS.slice(0, 100)) expect(order(key, PARENTS.toReversed())).toEqual(order(key));
});

test('each has its share of the keys', () => {
  for (const { name } of PARENTS) {
    const share = KEYS.filter((key) => order(key)[0] === name).length / KEYS.length;
    expect(share).toBeGreaterThan(0.22);
    expect(share).toBeLessThan(0.28);
  }
});

test('when one goes, its keys go to the next in their order and no other key moves', () => {
  const left = PARENTS.filter(({ name }) => name !== 'p2:8090');
  for (const key of KEYS.slice(0, 500)) {
    const before = order(key).filter((name) => name !== 'p2:8090');
    expect(order(key, left)).toEqual(before);
  }
});

test('of none there is none, of one it is that one', () => {
  expect([order('/a', []), order('/a', PARENTS.slice(0, 1))]).toEqual([[], ['p1:8090']]);
});
