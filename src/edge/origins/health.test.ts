import { expect, test } from 'vitest';
import { HealthTally } from './health.ts';

test('so many checks in a row that say the opposite change the state, and fewer do not', () => {
  const tally = new HealthTally(3);
  const said = (text: string) => [...text].map((each) => tally.record(each === '+')).lastIndexOf(true);
  expect([said('--+--'), tally.up]).toEqual([-1, true]);
  expect([said('-'), tally.up]).toEqual([0, false]);
  expect([said('++-++'), tally.up]).toEqual([-1, false]);
  expect([said('+'), tally.up]).toEqual([0, true]);
});

test('with a threshold of 1 each check has its say', () => {
  const tally = new HealthTally(1);
  expect([tally.record(true), tally.record(false), tally.record(false), tally.record(true)]).toEqual([
    false,
    true,
    false,
    true,
  ]);
});
