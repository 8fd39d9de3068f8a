import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LiveSegment, Session } from '../../src/kernel/live/broadcast.ts';
import { RenditionTimeline } from '../../src/kernel/live/timeline.ts';

const RULES = { timescale: 10, targetDurationSeconds: 2, windowSeconds: 12 };

interface Published extends LiveSegment {
  readonly of: Session;
}

/** Sessions of segments that last as long as they happen to, some of them of nothing at all. */
const sessions: fc.Arbitrary<number[][]> = fc.array(fc.array(fc.integer({ min: 1, max: 24 }), { maxLength: 30 }), {
  maxLength: 6,
});

/** Publishes all of it, and says after each segment what there was so far. */
function publish(lengths: readonly number[][], look: (made: RenditionTimeline, so: readonly Published[]) => void) {
  const made = new RenditionTimeline(RULES);
  const published: Published[] = [];
  for (const [index, own] of lengths.entries()) {
    const session = { number: index + 1, beganAtMs: 1_000 * index, discontinuities: made.nextDiscontinuity };
    made.enter(session);
    let startTicks = 0;
    for (const durationTicks of own) {
      const sequence = made.nextSequence;
      made.addSegment(startTicks, durationTicks, false);
      const place = { rendition: 'audio', sequence, session: session.number, bytes: 1 };
      published.push({ ...place, startTicks, durationTicks, of: session });
      startTicks += durationTicks;
      look(made, published);
    }
  }
}

/** By segment, its discontinuity sequence number: the playlist's, and one more with every tag. */
function discontinuities(made: RenditionTimeline): [number, number][] {
  let number = made.discontinuitySequence;
  return made.segments.map(({ sequence, isDiscontinuity }) => {
    if (isDiscontinuity) number += 1;
    return [sequence, number];
  });
}

test('whatever was removed behind the window, who reads back the rest lists the same under the same numbers', () => {
  fc.assert(
    fc.property(sessions, fc.double({ min: 0, max: 1, noNaN: true }), (lengths, share) => {
      publish(lengths, (made, published) => {
        const from = Math.floor(share * made.reachableFrom);
        const again = new RenditionTimeline(RULES);
        for (const each of published) if (each.sequence >= from) again.addRecorded(each, each.of);
        expect(discontinuities(again)).toEqual(discontinuities(made));
        expect(again.nextSequence).toBe(made.nextSequence);
        expect(again.nextDiscontinuity).toBe(made.nextDiscontinuity);
      });
    }),
    { numRuns: 50 },
  );
});

test('a segment can be reached for as long as it lasts and the longest playlist that had it', () => {
  fc.assert(
    fc.property(sessions, (lengths) => {
      /** By number, how much had been published when it was no longer listed; and the longest playlist before. */
      const removedAt: number[] = [];
      let longest = 0;
      publish(lengths, (made, published) => {
        const now = published.reduce((sum, { durationTicks }) => sum + durationTicks, 0);
        const listed = made.segments.reduce((sum, { durationTicks }) => sum + durationTicks, 0);
        longest = Math.max(longest, listed);
        for (const { sequence } of published) {
          if (sequence < (made.segments[0]?.sequence ?? 0)) removedAt[sequence] ??= now;
        }
        for (const { sequence, durationTicks } of published) {
          if (sequence >= made.reachableFrom) continue;
          // What is published between two segments that leave comes at once: as much as the one that comes.
          const slack = 24 + 24;
          expect(now - (removedAt[sequence] ?? Infinity)).toBeGreaterThanOrEqual(durationTicks + longest - slack);
        }
        expect(made.segments[0]?.sequence ?? 0).toBeGreaterThanOrEqual(made.reachableFrom);
        expect(made.nextSequence - made.reachableFrom).toBeLessThanOrEqual(published.length);
      });
    }),
    { numRuns: 50 },
  );
});
