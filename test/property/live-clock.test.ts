import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LiveClock } from '../../src/kernel/flv/live-clock.ts';

const sample = fc.record({
  track: fc.constantFrom(8, 9),
  timestampMs: fc.oneof(fc.nat(2 ** 32 - 1), fc.nat(2_000)),
  laterMs: fc.nat(3_000),
});

/** Both stand still for too long, after the second began a millisecond ahead of the first, and then it jumps. */
const AHEAD = [
  { track: 8, timestampMs: 0, laterMs: 0 },
  { track: 8, timestampMs: 0, laterMs: 1_001 },
  { track: 9, timestampMs: 1, laterMs: 0 },
  { track: 9, timestampMs: 0, laterMs: 1_001 },
  { track: 9, timestampMs: 1_143, laterMs: 143 },
];

test('whatever a publisher sends, no track goes back, and none is filled with more than a second that nobody waited for', () => {
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 200 }), (samples) => {
      const clock = new LiveClock();
      const last = new Map<number, number>();
      let arrivedMs = 0;
      let smoothMs = 0;
      for (const { track, timestampMs, laterMs } of samples) {
        arrivedMs += laterMs;
        const outMs = clock.straighten(track, timestampMs, arrivedMs);
        // A track begins beside the other one, or as much before or after it as is believed of a step.
        const stepMs = outMs - (last.get(track) ?? Math.max(0, ...last.values()));
        if (last.has(track)) expect(stepMs).toBeGreaterThanOrEqual(0);
        // Steps of a second and less are believed: a door paces whoever gains time by them.
        if (stepMs <= 1_000) smoothMs += Math.max(0, stepMs);
        else expect(outMs).toBeLessThanOrEqual(arrivedMs + smoothMs + 1_000);
        last.set(track, outMs);
      }
    }),
    { examples: [[AHEAD]] },
  );
});

test('honest clocks stay as they are, wherever they begin', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 32 - 1), fc.array(fc.integer({ min: 1, max: 900 }), { maxLength: 200 }), (start, steps) => {
      const clock = new LiveClock();
      let at = 0;
      for (const step of [0, ...steps]) {
        at += step;
        expect(clock.straighten(9, (start + at) % 2 ** 32, at)).toBe(at);
      }
    }),
  );
});
