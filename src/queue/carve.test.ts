import fc from 'fast-check';
import { expect, test } from 'vitest';
import { carve, type Pieces } from './carve.ts';
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

const shape = (piece: NewJob | undefined) => piece && [piece.lanes.join('+'), piece.firstSegment, piece.endSegment];
const shapes = ({ wanted, next, rest }: Pieces<NewJob>) => [shape(wanted), shape(next), ...rest.map(shape)];

test('the wanted segment of one lane is a piece of its own, what follows it in that lane another', () => {
  expect(shapes(carve(job, '480p', 8))).toEqual([
    ['480p', 8, 10],
    ['480p', 10, 12],
    ['360p+480p', 6, 8],
    ['360p', 8, 12],
  ]);
});

test('at the edges of a job no empty piece is made', () => {
  const alone = { ...job, lanes: ['240p'] };
  expect(shapes(carve(alone, '240p', 6))).toEqual([
    ['240p', 6, 8],
    ['240p', 8, 12],
  ]);
  expect(shapes(carve(alone, '240p', 11))).toEqual([['240p', 11, 12], undefined, ['240p', 6, 11]]);
});

test('what is small already stays whole', () => {
  const small = { ...job, lanes: ['240p'], endSegment: 8 };
  expect(shapes(carve(small, '240p', 7))).toEqual([['240p', 6, 8], undefined]);
});

test('the pieces publish every segment of every lane of the job exactly once', () => {
  const ranges = fc.tuple(fc.nat(50), fc.integer({ min: 1, max: 30 }), fc.nat(29));
  fc.assert(
    fc.property(ranges, fc.subarray(['240p', '360p', '480p'], { minLength: 1 }), ([first, length, at], lanes) => {
      const whole = { ...job, lanes, firstSegment: first, endSegment: first + length };
      const { wanted, next, rest } = carve(whole, lanes[0] ?? '', first + (at % length));
      expect(published([wanted, ...(next ? [next] : []), ...rest])).toEqual(published([whole]));
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
