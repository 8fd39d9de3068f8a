import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AssetRepository } from '../../src/database/assets.ts';
import { ContentKeyRepository } from '../../src/database/content-keys.ts';
import { EncodingRepository } from '../../src/database/encodings.ts';
import { RecordedAssetRepository } from '../../src/database/recorded-assets.ts';
import { insertDateRanges, insertSegments } from '../../src/database/recorded-rows.ts';
import { RemovalRepository } from '../../src/database/removals.ts';
import { transact } from '../../src/database/transact.ts';
import { parseLadder } from '../../src/kernel/ladder/ladder.ts';
import type { LiveSegment } from '../../src/kernel/live/broadcast.ts';
import { planClip } from '../../src/kernel/recording/clip.ts';
import { makeRecording, type StoredRecording } from '../../src/kernel/recording/recording.ts';
import { broadcastFormat } from '../harness/broadcast-format.ts';
import { DATABASES, type FreshDatabase } from './databases.ts';
import { HandClock } from './hand-clock.ts';

const SECRET = 'a secret';
const BROADCAST = { streamId: 'ls_a', number: 1, recordingId: 'as_r' };
const ABOUT = { title: 'Harbour', policy: 'signed' } as const;
const FORMAT = broadcastFormat({});
/** As many as one statement does not take. */
const SEGMENTS: LiveSegment[] = Array.from({ length: 1_203 }, (_, sequence) => ({
  rendition: 'audio',
  sequence,
  session: 1,
  startTicks: 96_000 * sequence,
  durationTicks: 96_000,
  bytes: 1_000,
  ...(sequence === 0 ? { keyFrame: { startByte: 1, sizeBytes: 2 } } : {}),
  ...(sequence === 5 ? { isGap: true as const } : {}),
}));

/** One every ten seconds of the first minute. */
const TOLD = Array.from({ length: 6 }, (_, at) => {
  return { id: `md_${at}`, class: 'com.example', startsAtMs: 2_000 + 10_000 * at, text: String(at) };
});

describe.each(DATABASES)('recorded assets on $name', ({ fresh }) => {
  let on: FreshDatabase;
  let clock: HandClock;
  let assets: AssetRepository;
  let recorded: RecordedAssetRepository;
  let removals: RemovalRepository;

  beforeEach(async () => {
    on = await fresh();
    clock = new HandClock();
    assets = new AssetRepository(on.database, clock);
    recorded = new RecordedAssetRepository(on.database, clock, SECRET);
    removals = new RemovalRepository(on.database, clock);
  });
  afterEach(() => on.discard());

  const events = async () =>
    (await on.database.selectFrom('events').select('type').orderBy('created_at').execute()).map(({ type }) => type);
  const end = (number: number, recordingId: string, isRecorded = true) =>
    on.database
      .insertInto('broadcasts')
      .values({
        stream_id: 'ls_a',
        number,
        recording_id: recordingId,
        recorded: isRecorded ? 1 : 0,
        format: JSON.stringify(FORMAT),
        started_at: 1,
        ended_at: 2,
        end_reason: 'finished',
      })
      .execute();
  const record = (recordingId: string) =>
    transact(on.database, async (trx) => {
      const session = { recording_id: recordingId, session: 1, began_at: 1_000 };
      await trx.insertInto('recording_sessions').values(session).execute();
      await insertSegments(trx, recordingId, SEGMENTS);
      await insertDateRanges(trx, recordingId, TOLD);
    });
  const storedOf = async (id: string): Promise<StoredRecording> => {
    const asset = await assets.find(id);
    const stored = asset && (await recorded.stored(asset));
    if (!stored) throw new Error(`nothing is stored of ${id}`);
    return stored;
  };
  const finish = async (addWork = async () => {}) => {
    const recording = makeRecording(await storedOf('as_r'));
    if (!recording) throw new Error('no recording');
    return recorded.finish('as_r', recording, addWork);
  };
  const clipOf = async (inSeconds: number, outSeconds: number) => {
    const clip = planClip(await storedOf('as_r'), { inSeconds, outSeconds });
    if (!clip) throw new Error('no clip');
    return {
      ...ABOUT,
      id: 'as_c',
      recording: clip.recording,
      from: { assetId: 'as_r', ...clip, leadSeconds: 0 },
      subtitles: [],
    };
  };

  test('of a clip have what was told in its time, whatever becomes of the one that it was taken of', async () => {
    await recorded.begin(BROADCAST, ABOUT, FORMAT);
    await record('as_r');
    const clip = await clipOf(12, 35);
    await recorded.expectClip('as_c', 60_000);
    expect(await recorded.addClip(clip, async () => {})).toMatchObject({ id: 'as_c' });
    await finish();
    await assets.delete('as_r');
    expect((await storedOf('as_c')).dateRanges).toEqual(TOLD.slice(2, 4));
  });

  test('are there from the beginning of a broadcast, begun once, and ready at its end, once', async () => {
    await recorded.begin(BROADCAST, ABOUT, FORMAT);
    clock.turn(1);
    await recorded.begin(BROADCAST, { ...ABOUT, title: 'Other' }, FORMAT);
    expect(await assets.find('as_r')).toMatchObject({ ...ABOUT, status: 'uploading', arriving: false });
    await record('as_r');
    expect(await storedOf('as_r')).toMatchObject({ segments: SEGMENTS, dateRanges: TOLD });
    let worked = 0;
    const addWork = async () => {
      worked += 1;
    };
    expect([await finish(addWork), await finish(addWork)]).toEqual([true, false]);
    expect(worked).toBe(1);
    expect(await assets.find('as_r')).toMatchObject({
      status: 'ready',
      sourceBytes: 1_203_000,
      recording: { from: { streamId: 'ls_a', broadcast: 1 }, durationSeconds: 2_406 },
    });
    expect(await events()).toEqual(['asset.created', 'asset.ready']);
  });

  test('take their segments along when they are deleted, and are never encoded again', async () => {
    await recorded.begin(BROADCAST, ABOUT, FORMAT);
    await record('as_r');
    await finish();
    const ladder = parseLadder(
      JSON.stringify({
        name: 'one',
        codec: 'h264',
        preset: 'veryfast',
        rungs: [{ height: 240, crf: 25, maxrateBps: 400_000 }],
        audio: { codec: 'aac', bitrateBps: 128_000, sampleRate: 48_000, channels: 2 },
      }),
    );
    const again = new EncodingRepository(on.database, clock).request('as_r', { ladder }, async () => {});
    await expect(again).rejects.toThrow(expect.objectContaining({ code: 'ASSET_WITHOUT_SOURCE' }));
    await assets.delete('as_r');
    expect(await on.database.selectFrom('recording_segments').selectAll().execute()).toEqual([]);
    expect(await on.database.selectFrom('recording_sessions').selectAll().execute()).toEqual([]);
    expect(await on.database.selectFrom('recording_date_ranges').selectAll().execute()).toEqual([]);
  });

  test('that a crash left unfinished are known, and what nobody wants to keep until its removal is due', async () => {
    await recorded.begin(BROADCAST, ABOUT, FORMAT);
    await end(1, 'as_r');
    await record('as_r');
    await end(2, 'as_unwanted', false);
    await record('as_unwanted');
    await end(3, 'as_nothing');
    const ids = async () => (await recorded.unfinished()).map(({ recordingId }) => recordingId).sort();
    expect(await ids()).toEqual(['as_r', 'as_unwanted']);
    await finish();
    await recorded.release('as_unwanted', 60_000);
    await recorded.release('as_unwanted', 0);
    expect(await ids()).toEqual([]);
    const encodings = new EncodingRepository(on.database, clock);
    expect(await encodings.due()).toEqual([]);
    clock.turn(60_000);
    expect(await encodings.due()).toEqual([{ assetId: 'as_unwanted', version: 1 }]);
    await encodings.forget({ assetId: 'as_unwanted', version: 1 });
    const left = await on.database.selectFrom('recording_segments').select('recording_id').distinct().execute();
    expect(left).toEqual([{ recording_id: 'as_r' }]);
  });

  test('that a crash kept from being made are made up for, where there is something of them', async () => {
    const made = (number: number, recordingId: string) => recorded.makeUp({ streamId: 'ls_a', number, recordingId });
    await end(1, 'as_r');
    await record('as_r');
    await end(2, 'as_unwanted', false);
    await record('as_unwanted');
    await end(3, 'as_nothing');
    expect([await made(1, 'as_r'), await made(2, 'as_unwanted'), await made(3, 'as_nothing')]).toEqual([
      true,
      false,
      false,
    ]);
    // The stream is gone, and with it the word that everybody may see it.
    expect(await assets.find('as_r')).toMatchObject({ status: 'uploading', title: 'ls_a', policy: 'signed' });
    expect(await finish()).toBe(true);
  });

  test('have pictures from when these are stored', async () => {
    await recorded.begin(BROADCAST, ABOUT, FORMAT);
    const board = { tileWidth: 160, tileHeight: 90, columns: 5, rows: 5, intervalSeconds: 1, tileCount: 1 };
    expect([await recorded.pictured('as_r', board), await recorded.pictured('as_none', board)]).toEqual([true, false]);
    expect((await assets.find('as_r'))?.recording?.storyboard).toEqual(board);
  });

  test('made as clips have segments of their own, and the key of those that they were taken from', async () => {
    await recorded.begin(BROADCAST, ABOUT, FORMAT);
    await record('as_r');
    const clip = await clipOf(21, 30);
    await recorded.expectClip('as_c', 60_000);
    const contentKey = Buffer.alloc(16, 7);
    expect(await recorded.addClip({ ...clip, contentKey }, async () => {})).toMatchObject({
      status: 'ready',
      encryption: 'aes-128',
      recording: { from: { assetId: 'as_r', inSeconds: 20, outSeconds: 30 }, durationSeconds: 10 },
    });
    expect((await storedOf('as_c')).segments.map(({ sequence }) => sequence)).toEqual([10, 11, 12, 13, 14]);
    expect(await new ContentKeyRepository(on.database, SECRET).find('as_c', 1)).toEqual(contentKey);
    expect(await removals.list({ settledOnly: false, limit: 10 })).toEqual([]);
    clock.turn(4_000_000);
    expect(await removals.list({ settledOnly: true, limit: 10 })).toEqual([]);
  });

  test('that take too long to be made as clips come to nothing, and what there is of them is removed', async () => {
    await recorded.begin(BROADCAST, ABOUT, FORMAT);
    await record('as_r');
    const clip = await clipOf(0, 2);
    await recorded.expectClip('as_c', 60_000);
    expect(await removals.list({ settledOnly: false, limit: 10 })).toEqual([]);
    clock.turn(60_000);
    expect(await recorded.addClip(clip, async () => {})).toBeUndefined();
    expect(await assets.find('as_c')).toBeUndefined();
  });
});
