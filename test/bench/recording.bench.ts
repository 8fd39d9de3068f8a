import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { insertSegments } from '../../src/database/recorded-rows.ts';
import { transact } from '../../src/database/transact.ts';
import { mediaPlaylistKey, segmentKey, sessionInitKey } from '../../src/kernel/film/paths.ts';
import type { LiveSegment } from '../../src/kernel/live/broadcast.ts';
import { besideServer } from '../harness/broadcast-rows.ts';
import { freshFolder } from '../harness/folder.ts';
import { type PlacedBroadcast, placeRecorded } from '../harness/recorded-broadcast.ts';
import { type AssetBody, TestServer } from '../harness/server.ts';
import { median, type Table, worst } from './measure.ts';

type Beside = Awaited<ReturnType<typeof besideServer>>;

const ROUNDS = 5;
const MINUTE = 60;

/** From the end of a broadcast to a film that plays, and from asking for a clip to one that plays; beside copying by ffmpeg. */
export async function benchRecording(): Promise<Table[]> {
  const folder = await freshFolder();
  const scratch = await mkdtemp(join(tmpdir(), 'frontrow-bench-'));
  const server = await TestServer.start({ folder });
  const beside = await besideServer(folder);
  try {
    const ends: string[][] = [];
    const clips: string[][] = [];
    for (const minutes of [1, 60]) {
      process.stderr.write(`recording: ${minutes} min\n`);
      const placed: PlacedBroadcast[] = [];
      for (let round = 0; round < (minutes === 1 ? ROUNDS : 3); round += 1) placed.push(await place(beside, minutes));
      const times: number[] = [];
      for (const each of placed) times.push(await end(server, beside, each));
      const [first] = placed;
      if (!first) continue;
      const playlist = join(folder, 'media', mediaPlaylistKey(first.recordingId, 1, '360p'));
      const copyMs = await timed(() => ffmpeg(['-i', playlist, '-c', 'copy', join(scratch, `${minutes}.mp4`)]));
      ends.push([`${minutes} min`, cell(times), `${copyMs.toFixed(0)} ms`]);
      for (const span of minutes === 1 ? [30] : [30, 600]) {
        const made: number[] = [];
        for (let round = 0; round < ROUNDS; round += 1) made.push(await clip(server, first.recordingId, span));
        const from = ['-ss', '10', '-t', String(span), '-i', playlist];
        const cutMs = await timed(() => ffmpeg([...from, '-c', 'copy', join(scratch, `${minutes}-${span}.mp4`)]));
        clips.push([`${span} s of ${minutes} min`, cell(made), `${cutMs.toFixed(0)} ms`]);
      }
    }
    const beside360 = 'ffmpeg -c copy, one rendition';
    return [
      {
        title: 'From the end of a broadcast (median, worst in brackets)',
        head: ['broadcast', 'plays', beside360],
        rows: ends,
      },
      { title: 'From asking for a clip (median, worst in brackets)', head: ['clip', 'plays', beside360], rows: clips },
    ];
  } finally {
    await beside.close();
    await server.stop();
    for (const each of [folder, scratch]) await rm(each, { recursive: true, force: true });
  }
}

function cell(times: readonly number[]): string {
  return `${median(times).toFixed(0)} ms (${worst(times).toFixed(0)} ms)`;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

async function ffmpeg(args: readonly string[]): Promise<void> {
  await promisify(execFile)('ffmpeg', ['-v', 'error', '-y', ...args]);
}

/** A minute from a real encoder, as often as it takes: each time a session of its own. */
async function place({ database, store, recorded }: Beside, minutes: number): Promise<PlacedBroadcast> {
  const placed = await placeRecorded({ database, store, recorded }, [{ seconds: MINUTE, beganAtMs: 1_000 }]);
  const { recordingId, segments } = placed;
  const names = [...new Set(segments.map(({ rendition }) => rendition))];
  const perRendition = segments.length / names.length;
  for (let session = 2; session <= minutes; session += 1) {
    const again: LiveSegment[] = segments.map((each) => ({
      ...each,
      session,
      sequence: each.sequence + (session - 1) * perRendition,
    }));
    for (const name of names) {
      await store.copy(sessionInitKey(recordingId, 1, name, 1), sessionInitKey(recordingId, 1, name, session));
    }
    await Promise.all(
      again.map(({ rendition, sequence }, index) =>
        store.copy(
          segmentKey(recordingId, 1, rendition, segments[index]?.sequence ?? 0),
          segmentKey(recordingId, 1, rendition, sequence),
        ),
      ),
    );
    await transact(database, async (trx) => {
      const row = { recording_id: recordingId, session, began_at: 1_000 + 60_000 * session };
      await trx.insertInto('recording_sessions').values(row).execute();
      await insertSegments(trx, recordingId, again);
    });
  }
  return placed;
}

async function end(server: TestServer, beside: Beside, placed: PlacedBroadcast): Promise<number> {
  return timed(async () => {
    await beside.recordings.finish(placed);
    await plays(`${server.run.edge}/assets/${placed.recordingId}/master.m3u8`);
  });
}

async function clip(server: TestServer, assetId: string, span: number): Promise<number> {
  return timed(async () => {
    const wish = { inSeconds: 10, outSeconds: 10 + span };
    const answer = await server.api('POST', `/v1/assets/${assetId}/clips`, wish);
    await plays(((await answer.json()) as AssetBody).playbackUrl);
  });
}

/** What a player fetches before its first picture. */
async function plays(url: string): Promise<void> {
  const master = await text(url);
  const playlist = new URL(/^v1\/\d+p\/index\.m3u8$/m.exec(master)?.[0] ?? '', url).href;
  const media = await text(playlist);
  for (const uri of [/URI="(init-\d+\.mp4)"/.exec(media)?.[1], /^s\d+\.m4s$/m.exec(media)?.[0]]) {
    await text(new URL(uri ?? '', playlist).href);
  }
}

async function text(url: string): Promise<string> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return response.text();
}
