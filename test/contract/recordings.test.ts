import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RecordingRepository } from '../../src/database/recordings.ts';
import type { LiveSegment } from '../../src/kernel/live/broadcast.ts';
import { DATABASES, type FreshDatabase } from './databases.ts';

const segment = (rendition: string, sequence: number): LiveSegment => ({
  rendition,
  sequence,
  session: 1,
  startTicks: sequence * 180_000,
  durationTicks: 180_000,
  bytes: 1_000 + sequence,
});

describe.each(DATABASES)('recordings in $name', ({ fresh }) => {
  let on: FreshDatabase;
  let recordings: RecordingRepository;

  beforeEach(async () => {
    on = await fresh();
    recordings = new RecordingRepository(on.database);
  });
  afterEach(() => on.discard());

  test('are read back as they were noted, each rendition in its order', async () => {
    await recordings.addSession('as_a', { number: 1, beganAtMs: 1_750_000_000_123 });
    const shown: LiveSegment = { ...segment('720p', 0), keyFrame: { startByte: 0, sizeBytes: 700 } };
    const gap: LiveSegment = { ...segment('720p', 1), startTicks: 2 ** 40, bytes: 0, isGap: true };
    await recordings.addSegments('as_a', [segment('audio', 0), gap]);
    await recordings.addSegments('as_a', [shown]);
    await recordings.addSegments('as_b', [segment('audio', 5)]);
    expect(await recordings.read('as_a')).toEqual({
      sessions: [{ number: 1, beganAtMs: 1_750_000_000_123 }],
      segments: [shown, gap, segment('audio', 0)],
    });
  });

  test('noted twice, what was noted first counts', async () => {
    for (const beganAtMs of [1, 2]) await recordings.addSession('as_a', { number: 1, beganAtMs });
    for (const bytes of [10, 20]) await recordings.addSegments('as_a', [{ ...segment('audio', 0), bytes }]);
    expect(await recordings.read('as_a')).toEqual({
      sessions: [{ number: 1, beganAtMs: 1 }],
      segments: [{ ...segment('audio', 0), bytes: 10 }],
    });
  });

  test('of nothing there is nothing', async () => {
    await recordings.addSegments('as_a', []);
    expect(await recordings.read('as_a')).toEqual({ sessions: [], segments: [] });
  });
});
