import { expect, test } from 'vitest';
import { LiveClock } from './live-clock.ts';

const PICTURE = 9;
const SOUND = 8;

/** What comes of one track's timestamps that arrive at these moments. */
function straightened(samples: readonly (readonly [timestampMs: number, arrivedMs: number])[]): number[] {
  const clock = new LiveClock();
  return samples.map(([timestampMs, arrivedMs]) => clock.straighten(PICTURE, timestampMs, arrivedMs));
}

test('a clock that is in order is only moved to begin at 0', () => {
  expect(straightened([0, 40, 80, 120].map((at) => [7_000_000 + at, at]))).toEqual([0, 40, 80, 120]);
});

test('a clock of 32 bits begins anew unnoticed', () => {
  const last = 2 ** 32 - 40;
  expect(
    straightened([
      [last, 0],
      [0, 40],
      [40, 80],
    ]),
  ).toEqual([0, 40, 80]);
});

test('a jump ahead or back takes the time that really passed', () => {
  expect(
    straightened([
      [0, 0],
      [40, 40],
      [3_600_040, 80],
      [3_600_080, 120],
    ]),
  ).toEqual([0, 40, 80, 120]);
  expect(
    straightened([
      [9_000, 0],
      [9_040, 40],
      [0, 80],
      [40, 120],
    ]),
  ).toEqual([0, 40, 80, 120]);
});

test('a network that stalls and then catches up is no jump', () => {
  const late: [number, number][] = [
    [0, 0],
    [40, 40],
    [80, 10_000],
    [120, 10_001],
    [9_960, 10_002],
    [10_000, 10_040],
  ];
  expect(straightened(late)).toEqual([0, 40, 80, 120, 9_960, 10_000]);
});

test('a clock that stands still is replaced by that of arrival, with nothing lost', () => {
  const still = Array.from({ length: 6 }, (_, index): [number, number] => [500, index * 400]);
  expect(straightened(still)).toEqual([0, 0, 0, 1_200, 1_600, 2_000]);
});

test('a clock that creeps back does not hold the picture for ever', () => {
  const back = Array.from({ length: 6 }, (_, index): [number, number] => [10_000 - index, index * 400]);
  expect(straightened(back)).toEqual([0, 0, 0, 1_200, 1_600, 2_000]);
});

test('one wild timestamp leaves no trace', () => {
  const samples: [number, number][] = [
    [0, 0],
    [40, 40],
    [5_000_000, 80],
    [120, 120],
    [160, 160],
  ];
  expect(straightened(samples)).toEqual([0, 40, 80, 120, 160]);
});

test('sound and picture that jump one behind the other stay together', () => {
  const clock = new LiveClock();
  const both = (raw: number, arrived: number) => [
    clock.straighten(PICTURE, raw, arrived),
    clock.straighten(SOUND, raw + 10, arrived + 10),
  ];
  expect(both(0, 0)).toEqual([0, 10]);
  expect(clock.straighten(PICTURE, 900_000, 43)).toBe(43);
  expect(clock.straighten(SOUND, 50, 50)).toBe(50); // late, and of the clock before
  expect(clock.straighten(SOUND, 900_012, 60)).toBe(55);
  expect(both(900_040, 83)).toEqual([83, 93]);
});

test('set-up data at 0 before media at an hour puts nothing off', () => {
  expect(
    straightened([
      [0, 0],
      [3_600_000, 5],
      [3_600_040, 45],
    ]),
  ).toEqual([0, 5, 45]);
});

test('a publisher that sends faster than time passes is known by its lead', () => {
  const clock = new LiveClock();
  for (let at = 0; at <= 8_000; at += 40) clock.straighten(PICTURE, at, at / 8);
  expect(clock.leadMs(1_000)).toBe(7_000);
});
