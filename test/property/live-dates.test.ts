import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DateKeeper } from '../../src/kernel/live/date-keeper.ts';

const BEGAN_MS = 1_750_000_000_000;
const SEGMENT_SECONDS = 2;
const PACKETS = 10;

/** How late a segment is dated, by the wall: what a player takes for its delay. And how its date is moved. */
interface Dated {
  readonly shiftMs: number;
  readonly delayMs: number;
}

/**
 * A source of so many segments. `arriveMs` says when the media of a moment of its own clock comes, counted from the
 * session's beginning by the wall.
 */
function dated(segments: number, arriveMs: (sourceMs: number) => number): Dated[] {
  const keeper = new DateKeeper(BEGAN_MS);
  return Array.from({ length: segments }, (_, sequence) => {
    const startMs = sequence * SEGMENT_SECONDS * 1_000;
    // A segment is begun when the first of its media is there.
    for (let at = sequence === 0 ? PACKETS : 1; at <= PACKETS; at += 1) {
      const sourceMs = startMs - ((PACKETS - at) * SEGMENT_SECONDS * 1_000) / PACKETS;
      const packet = {
        kind: 'video' as const,
        decodeSeconds: sourceMs / 1_000,
        showSeconds: 0,
        bytes: 1,
        isKey: false,
      };
      keeper.take([packet], BEGAN_MS + arriveMs(sourceMs));
    }
    const shiftMs = keeper.next(startMs / 1_000);
    return { shiftMs, delayMs: Math.round(arriveMs(startMs) - startMs - shiftMs) };
  });
}

const DAY = 24 * 1_800;

test.each([
  ['fast', 0.001],
  ['slow', -0.001],
  ['badly fast', 0.02],
  ['badly slow', -0.015],
])('dates of a source whose clock is %s are those of its arrival after a day', (_, off) => {
  const all = dated(DAY, (sourceMs) => sourceMs / (1 + off));
  for (const { delayMs } of all.slice(10)) expect(Math.abs(delayMs)).toBeLessThan(700);
  const [last] = all.slice(-1);
  expect(Math.abs(last?.shiftMs ?? 0)).toBeGreaterThan(80_000);
});

test.each([3_000, 10_000])(
  'what had been held up by %i ms before the first of it came is dated by its arrival soon',
  (heldMs) => {
    // Everything of the time that it was held up for comes at once.
    const all = dated(60, (sourceMs) => Math.max(0, sourceMs - heldMs));
    const steps = Math.ceil(heldMs / 500) + 1;
    for (const { delayMs } of all.slice(steps)) expect(delayMs).toBe(0);
  },
);

test('what is held up in the middle and catches up keeps its dates: viewers are told of a delay that is one', () => {
  const all = dated(100, (sourceMs) => (sourceMs > 60_000 && sourceMs < 68_000 ? 68_000 : sourceMs));
  expect(all.map(({ shiftMs }) => shiftMs)).toEqual(all.map(() => 0));
  expect(Math.max(...all.map(({ delayMs }) => delayMs))).toBe(6_000);
});

test('a network that is slower from now on is followed little by little', () => {
  const all = dated(100, (sourceMs) => (sourceMs > 60_000 ? sourceMs + 800 : sourceMs));
  const [before, after] = [all[29], all[99]];
  expect([before?.delayMs, after?.shiftMs]).toEqual([0, 720]);
});

test('jitter moves no dates, and whatever comes, dates go on and are not far in the future', () => {
  const jitter = fc.array(fc.integer({ min: 0, max: 2_000 }), { minLength: 200, maxLength: 200 });
  fc.assert(
    fc.property(jitter, (lateMs) => {
      // The one in five that nothing holds up is what a network is like.
      const all = dated(100, (sourceMs) => {
        const index = Math.floor(sourceMs / 200);
        return sourceMs + (index % 5 === 0 ? 0 : (lateMs[index % 200] ?? 0));
      });
      expect(new Set(all.map(({ shiftMs }) => shiftMs))).toEqual(new Set([0]));
    }),
    { numRuns: 50 },
  );
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -5_000, max: 5_000 }), { minLength: 100, maxLength: 100 }), (lateMs) => {
      const all = dated(100, (sourceMs) => sourceMs + (lateMs[Math.floor(sourceMs / 2_000)] ?? 0));
      for (const [index, { shiftMs }] of all.entries()) {
        const before = all[index - 1];
        if (before) expect(shiftMs - before.shiftMs).toBeGreaterThanOrEqual(-500);
        if (before) expect(shiftMs - before.shiftMs).toBeLessThanOrEqual(40);
      }
    }),
    { numRuns: 50 },
  );
});
