import fc from 'fast-check';
import { expect, test } from 'vitest';
import { carve } from './carve.ts';
import type { NewJob } from './queue.ts';

const job: NewJob = {
  kind: 'video',
  subject: 'as_one',
  lanes: ['360p', '480p'],
  firstSegment: 6,
  endSegment: 12,
  payload: { zero: 0 },
  priority: 500,
};

const shapes = (pieces: readonly NewJob[]) =>
  pieces.map(({ lanes, firstSegment, endSegment, priority }) => [lanes.join('+'), firstSegment, endSegment, priority]);

test('the wanted segment of one lane comes first, what follows it next, the rest keeps its place', () => {
  expect(shapes(carve(job, '480p', 8, 1_000))).toEqual([
    ['360p+480p', 6, 8, 500],
    ['480p', 8, 10, 1_000],
    ['360p', 8, 10, 500],
    ['360p+480p', 10, 12, 999],
  ]);
});

test('at the edges of a job no empty piece is made', () => {
  const alone = { ...job, lanes: ['240p'] };
  expect(shapes(carve(alone, '240p', 6, 1_000))).toEqual([
    ['240p', 6, 8, 1_000],
    ['240p', 8, 12, 999],
  ]);
  expect(shapes(carve(alone, '240p', 11, 1_000))).toEqual([
    ['240p', 6, 11, 500],
    ['240p', 11, 12, 1_000],
  ]);
});

test('the pieces publish every segment of every lane of the job exactly once', () => {
  const ranges = fc.tuple(fc.nat(50), fc.integer({ min: 1, max: 30 }), fc.nat(29));
  fc.assert(
    fc.property(ranges, fc.subarray(['240p', '360p', '480p'], { minLength: 1 }), ([first, length, at], lanes) => {
      const whole = { ...job, lanes, firstSegment: first, endSegment: first + length };
      const pieces = carve(whole, lanes[0] ?? '', first + (at % length), 1_000);
      expect(published(pieces)).toEqual(published([whole]));
      for (const piece of pieces) expect(piece.priority).toBeGreaterThanOrEqual(job.priority);
    }),
  );
});

function published(jobs: readonly NewJob[]): string[] {
  return jobs
    .flatMap(({ lanes, firstSegment, endSegment }) =>
      lanes.flatMap((lane) =>
        Array.from({ length: endSegment - firstSegment }, (_, offset) => `${lane} ${firstSegment + offset}`),
      ),
    )
    .sort();
}
