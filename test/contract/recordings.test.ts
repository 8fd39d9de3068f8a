import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AssetRepository } from '../../src/database/assets.ts';
import { BroadcastRepository, type Hold } from '../../src/database/broadcasts.ts';
import { LiveStreamRepository } from '../../src/database/live-streams.ts';
import { RecordedAssetRepository } from '../../src/database/recorded-assets.ts';
import { insertDateRanges } from '../../src/database/recorded-rows.ts';
import { RecordingRepository } from '../../src/database/recordings.ts';
import type { LiveSegment } from '../../src/kernel/live/broadcast.ts';
import { type DateRange, MOST_RECORDED_DATE_RANGES } from '../../src/kernel/live/date-range.ts';
import { DATABASES, type FreshDatabase } from './databases.ts';
import { HandClock } from './hand-clock.ts';

const segment = (rendition: string, sequence: number): LiveSegment => ({
  rendition,
  sequence,
  session: 1,
  startTicks: sequence * 180_000,
  durationTicks: 180_000,
  bytes: 1_000 + sequence,
});

const range = (at: number): DateRange => ({
  id: `md_${at}`,
  class: 'com.example',
  startsAtMs: at,
  text: `{"at":${at}}`,
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

  test('what was told is read back in its order, the same for ever, and the newest of it as long as there is more', async () => {
    const lasting = { ...range(2), durationSeconds: 1.25 };
    for (const each of [range(3), lasting, { ...range(3), text: 'another' }])
      await recordings.addDateRange('as_a', each);
    await recordings.addDateRange('as_b', range(9));
    expect(await recordings.dateRanges('as_a')).toEqual([lasting, range(3)]);
    expect(await recordings.dateRanges('as_a', 1)).toEqual([range(3)]);
    const many = Array.from({ length: MOST_RECORDED_DATE_RANGES }, (_, at) => range(at + 10));
    await insertDateRanges(on.database, 'as_a', many);
    await recordings.addDateRange('as_a', range(5_000));
    expect(await recordings.dateRanges('as_a', 5_000)).toEqual([...many.slice(1), range(5_000)]);
    expect(await recordings.dateRanges('as_b')).toEqual([range(9)]);
  });

  test('a node adds nothing to what another one has taken over, and nobody to what is finished', async () => {
    const clock = new HandClock();
    const streams = new LiveStreamRepository(on.database, clock, 'a secret');
    const broadcasts = new BroadcastRepository(on.database, clock);
    const [here, there] = ['http://here', 'http://there'].map((nodeUrl) => ({ streamId: 'ls_a', nodeUrl })) as [
      Hold,
      Hold,
    ];
    const at = ({ nodeUrl }: Hold) => new RecordingRepository(on.database, () => nodeUrl);
    const chat = { isOpen: true, slowSeconds: 0 };
    const options = { reconnectSeconds: 60, isRecorded: true, ladder: 'h264', passthrough: 'auto', chat } as const;
    await streams.create({ id: 'ls_a', title: '', policy: 'public', options, streamKey: 'lsk_a' }, 1);
    await streams.claim(here, 1_000);
    const format = { segmentSeconds: 2, targetDurationSeconds: 2, partTargetSeconds: 0.334 };
    await broadcasts.begin(here, { recordingId: 'as_a', format });
    await at(here).addSegments('as_a', [segment('audio', 0)]);
    expect(await Promise.all([here, there].map((each) => at(each).isOpen('as_a')))).toEqual([true, false]);

    await streams.letGo(here);
    expect(await streams.claim(there, 1_000)).toMatchObject({ nodeUrl: 'http://there', state: 'live' });
    await expect(at(here).addSegments('as_a', [segment('audio', 1)])).rejects.toMatchObject({
      code: 'LIVE_STREAM_BUSY',
    });
    await expect(at(here).addSession('as_a', { number: 2, beganAtMs: 1 })).rejects.toThrow();
    await expect(at(here).addDateRange('as_a', range(1))).rejects.toThrow();
    await at(there).addSegments('as_a', [segment('audio', 2)]);

    await broadcasts.end(there, 1, 'finished');
    await at(there).addSegments('as_a', [segment('audio', 3)]);
    const assets = new AssetRepository(on.database, clock);
    await assets.create({ id: 'as_a', title: '', policy: 'public', sourceName: '' });
    await assets.fail('as_a', { code: 'RECORDING_EMPTY', says: '' });
    await expect(at(there).addSegments('as_a', [segment('audio', 4)])).rejects.toThrow();
    expect((await recordings.read('as_a')).segments.map(({ sequence }) => sequence)).toEqual([0, 2, 3]);
  });

  test('are whole when they are an asset or are to go, and of what is gone nothing can come', async () => {
    const clock = new HandClock();
    const recorded = new RecordedAssetRepository(on.database, clock, 'a secret');
    const format = { segmentSeconds: 2, targetDurationSeconds: 2, partTargetSeconds: 0.334 };
    await recorded.begin({ streamId: 'ls_a', number: 1, recordingId: 'as_a' }, { title: '', policy: 'public' }, format);
    for (const id of ['as_a', 'as_b']) await recordings.addSession(id, { number: 1, beganAtMs: 1 });
    const areWhole = () => Promise.all(['as_a', 'as_b', 'as_c'].map((id) => recordings.isWhole(id)));
    expect(await areWhole()).toEqual([false, false, true]);
    await recorded.finish('as_a', { stretches: [] }, async () => {});
    await recorded.release('as_b', 60_000);
    expect(await areWhole()).toEqual([true, true, true]);
  });

  test('of nothing there is nothing', async () => {
    await recordings.addSegments('as_a', []);
    expect(await recordings.read('as_a')).toEqual({ sessions: [], segments: [] });
  });
});
