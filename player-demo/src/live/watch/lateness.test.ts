import { expect, test } from 'vitest';
import { followLateness, type Lateness } from './lateness.ts';

const PART_MS = 333;

interface Source {
  /** Of the source's clock: 1.001 is a thousandth fast. */
  readonly speed: number;
  /** What encoding takes, at a moment since the beginning. */
  readonly encodingMs: (atMs: number) => number;
  readonly joinsAtMs: number;
  readonly looksAtMs: number;
}

/** By how much the delay that is told is off from the true one. */
function faultMs({ speed, encodingMs, joinsAtMs, looksAtMs }: Source): number {
  let lateness: Lateness | undefined;
  for (let atMs = joinsAtMs; atMs <= looksAtMs; atMs += PART_MS)
    lateness = followLateness(lateness, atMs * speed, atMs + encodingMs(atMs));
  return Math.round(Math.abs(looksAtMs * speed + (lateness?.offMs ?? 0) - looksAtMs));
}

const HOUR_MS = 3_600_000;
const steady = () => 300;
/** Every fifth part is held up. */
const shaky = (atMs: number) => (Math.round(atMs / PART_MS) % 5 === 0 ? 1_400 : 300);

test.each([
  ['a good clock', { speed: 1, encodingMs: steady, joinsAtMs: 0, looksAtMs: HOUR_MS }, 10],
  ['a clock that is a thousandth fast', { speed: 1.001, encodingMs: steady, joinsAtMs: 0, looksAtMs: HOUR_MS }, 50],
  ['one that is a thousandth slow', { speed: 0.999, encodingMs: steady, joinsAtMs: 0, looksAtMs: HOUR_MS }, 50],
  ['a shaky network', { speed: 1, encodingMs: shaky, joinsAtMs: 0, looksAtMs: 60_000 }, 10],
  [
    'who joins a fast one late',
    { speed: 1.001, encodingMs: steady, joinsAtMs: HOUR_MS, looksAtMs: HOUR_MS + 5_000 },
    310,
  ],
  [
    'who joins a slow one late',
    { speed: 0.999, encodingMs: steady, joinsAtMs: HOUR_MS, looksAtMs: HOUR_MS + 5_000 },
    710,
  ],
])('with %s the delay that is told is the true one', (_name, source, mostMs) => {
  expect(faultMs(source)).toBeLessThanOrEqual(mostMs);
});

test('a server that cannot keep up is no clock that is slow: its delay is told', () => {
  const falling = (atMs: number) => 300 + atMs * 0.05;
  // After a minute it is 3 s late, of which no more is taken for the clock than a clock would make up.
  expect(faultMs({ speed: 1, encodingMs: falling, joinsAtMs: 0, looksAtMs: 60_000 })).toBeLessThanOrEqual(400);
});
