import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readSegment } from '../../src/kernel/cmaf/segment.ts';
import { masterKey, mediaPlaylistKey, segmentKey } from '../../src/kernel/film/paths.ts';
import { parsePlaylist } from '../../src/kernel/hls/parse.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { Recordings } from '../../src/live/recordings.ts';
import {
  type PlacedBroadcast,
  placeBroadcast,
  placeRecorded,
  type SessionWish,
} from '../harness/recorded-broadcast.ts';
import { TranscodeScenario } from '../harness/transcode-scenario.ts';

const run = promisify(execFile);

let scenario: TranscodeScenario;
let recordings: Recordings;

beforeEach(async () => {
  scenario = await TranscodeScenario.open();
  recordings = new Recordings({ ...scenario, log: silentLog });
});
afterEach(() => scenario.close());

const text = async (key: string) => {
  const object = await scenario.store.open(key);
  return object && (await buffer(object.body)).toString();
};

const TWO_SESSIONS = [
  { seconds: 6, beganAtMs: Date.parse('2026-03-01T10:00:00Z') },
  { seconds: 5, beganAtMs: Date.parse('2026-03-01T10:00:30Z') },
];

describe('a broadcast that ended', () => {
  let placed: PlacedBroadcast;

  beforeEach(async () => {
    placed = await placeRecorded(scenario, TWO_SESSIONS);
    await recordings.finish(placed);
  });

  test('is an asset within a second, of the very segments that were live', async () => {
    const { recordingId } = placed;
    const asset = await scenario.assets.find(recordingId);
    expect(asset).toMatchObject({ status: 'ready', recording: { durationSeconds: 11 } });
    for (const { rendition, sequence, bytes } of placed.segments) {
      expect((await scenario.store.head(segmentKey(recordingId, 1, rendition, sequence)))?.sizeBytes).toBe(bytes);
    }
    const events = await scenario.database.selectFrom('events').select('type').orderBy('created_at').execute();
    expect(events.map(({ type }) => type)).toEqual(['asset.created', 'asset.ready']);
  });

  test('has playlists that name what is there, with the lengths that its boxes say', async () => {
    for (const [name, timescale] of [
      ['180p', 90_000],
      ['360p', 90_000],
      ['audio', 48_000],
    ] as const) {
      const key = mediaPlaylistKey(placed.recordingId, 1, name);
      const playlist = parsePlaylist((await text(key)) ?? '');
      if (playlist?.kind !== 'media') throw new Error('no media playlist');
      expect(playlist.segments).toHaveLength(6);
      for (const { uri, durationSeconds } of playlist.segments) {
        const object = await scenario.store.open(join(dirname(key), uri));
        const facts = object && readSegment(await buffer(object.body));
        expect(durationSeconds).toBeCloseTo((facts?.durationTicks ?? 0) / timescale, 5);
      }
    }
    expect(await text(mediaPlaylistKey(placed.recordingId, 1, '360p'))).toMatchInlineSnapshot(`
      "#EXTM3U
      #EXT-X-VERSION:6
      #EXT-X-TARGETDURATION:2
      #EXT-X-MEDIA-SEQUENCE:0
      #EXT-X-PLAYLIST-TYPE:VOD
      #EXT-X-MAP:URI="init-1.mp4"
      #EXT-X-PROGRAM-DATE-TIME:2026-03-01T10:00:00.000Z
      #EXTINF:2.000000,
      s00000.m4s
      #EXTINF:2.000000,
      s00001.m4s
      #EXTINF:2.000000,
      s00002.m4s
      #EXT-X-DISCONTINUITY
      #EXT-X-MAP:URI="init-2.mp4"
      #EXT-X-PROGRAM-DATE-TIME:2026-03-01T10:00:30.000Z
      #EXTINF:2.000000,
      s00003.m4s
      #EXTINF:2.000000,
      s00004.m4s
      #EXTINF:1.000000,
      s00005.m4s
      #EXT-X-ENDLIST
      "
    `);
  });

  test('is read whole from its playlist by ffmpeg, and decoded without a complaint', async () => {
    const playlist = join(scenario.folder, 'media', mediaPlaylistKey(placed.recordingId, 1, '360p'));
    const counted = ['-v', 'error', '-count_packets', '-show_entries', 'stream=nb_read_packets', '-of', 'csv=p=0'];
    expect((await run('ffprobe', [...counted, playlist])).stdout).toContain('275');
    const master = join(scenario.folder, 'media', masterKey(placed.recordingId));
    expect((await run('ffmpeg', ['-v', 'error', '-i', master, '-f', 'null', '-'])).stderr).toBe('');
  });
});

test('a broadcast that was not to be kept leaves nothing, once nobody can be watching its end', async () => {
  const placed = await placeBroadcast(scenario, [{ seconds: 2, beganAtMs: 1 }]);
  await recordings.finish(placed, 0);
  expect(await scenario.encodings.due()).toEqual([{ assetId: placed.recordingId, version: 1 }]);
});

test('what ended before a segment was whole is errored, and says so', async () => {
  const placed = await placeRecorded(scenario, []);
  await recordings.finish(placed);
  expect(await scenario.assets.find(placed.recordingId)).toMatchObject({
    status: 'errored',
    error: { code: 'RECORDING_EMPTY' },
  });
});

test('a recording gets its poster and storyboard from a worker', async () => {
  const placed = await placeRecorded(scenario, TWO_SESSIONS);
  await recordings.finish(placed);
  await scenario.start();
  await expect
    .poll(async () => (await scenario.assets.find(placed.recordingId))?.recording?.storyboard, { timeout: 30_000 })
    .toMatchObject({ tileWidth: 160, tileHeight: 90 });
  const poster = join(scenario.folder, 'media', `assets/${placed.recordingId}/poster.jpg`);
  const args = ['-v', 'error', '-show_entries', 'stream=width,height', '-of', 'csv=p=0', poster];
  expect((await run('ffprobe', args)).stdout.trim()).toBe('640,360');
  expect(await text(`assets/${placed.recordingId}/storyboard.vtt`)).toContain('00:00:10.500 --> 00:00:11.000');
});

/** All samples of the one sheet that a broadcast's storyboard has. */
async function sheetOf(sessions: readonly SessionWish[]): Promise<Buffer> {
  const placed = await placeRecorded(scenario, sessions);
  await recordings.finish(placed);
  await expect
    .poll(async () => (await scenario.assets.find(placed.recordingId))?.recording?.storyboard, { timeout: 60_000 })
    .toMatchObject({ columns: 5, rows: 5, tileCount: 20 });
  const sheet = join(scenario.folder, 'media', `assets/${placed.recordingId}/v1/storyboard/sheet-000.jpg`);
  const args = ['-v', 'error', '-i', sheet, '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'];
  return (await run('ffmpeg', args, { encoding: 'buffer', maxBuffer: 1 << 26 })).stdout;
}

/** How far the samples of two pictures lie apart, on average. */
function distance(one: Buffer, other: Buffer): number {
  expect(one.length).toBe(other.length);
  return one.reduce((sum, sample, at) => sum + Math.abs(sample - (other[at] ?? 0)), 0) / one.length;
}

test('every tile shows its own moment, also where sessions need init segments of their own', async () => {
  await scenario.start();
  const sessions = [3, 4, 3].map((seconds, index) => ({ seconds, beganAtMs: 60_000 * (index + 1) }));
  const alike = await sheetOf(sessions);
  const mixed = await sheetOf(
    sessions.map((each, index) => (index === 1 ? { ...each, profile: 'main' as const } : each)),
  );
  expect(distance(alike, mixed)).toBeLessThan(5);
}, 120_000);
