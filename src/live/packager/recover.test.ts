import { expect, test, vi } from 'vitest';
import type { BroadcastFormat, LiveSegment } from '../../kernel/live/broadcast.ts';
import { recover } from './recover.ts';

test('what is recorded of a day is read through once, not once for each segment', async () => {
  let looks = 0;
  const segments = Array.from({ length: 40_000 }, (_, sequence): LiveSegment => {
    const rest = { sequence, session: 1, startTicks: sequence * 2, durationTicks: 2, bytes: 1 };
    return {
      ...rest,
      get rendition() {
        looks += 1;
        return 'audio';
      },
    };
  });
  const recording = { sessions: [{ number: 1, beganAtMs: 0 }], segments };
  const recordings = {
    read: async () => recording,
    dateRanges: async () => [],
    addSession: vi.fn(),
    addSegments: vi.fn(async () => {}),
    addDateRange: vi.fn(),
  };
  const format: BroadcastFormat = { segmentSeconds: 2, targetDurationSeconds: 2, partTargetSeconds: 0.334 };
  await recover({ store: { put: vi.fn() }, recordings }, 'as_1', format, '/nowhere');
  expect(looks).toBeLessThan(20 * segments.length);
  expect(recordings.addSegments).toHaveBeenCalledWith('as_1', []);
});
