import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Database } from '../../src/database/open.ts';
import type { RecordedAssetRepository } from '../../src/database/recorded-assets.ts';
import { insertSegments } from '../../src/database/recorded-rows.ts';
import { transact } from '../../src/database/transact.ts';
import { joinBytes } from '../../src/kernel/cmaf/boxes.ts';
import { keyFrameRange, readSegment } from '../../src/kernel/cmaf/segment.ts';
import { type Fragment, FragmentSplitter } from '../../src/kernel/cmaf/splitter.ts';
import { segmentKey, sessionInitKey } from '../../src/kernel/film/paths.ts';
import { newId } from '../../src/kernel/ids.ts';
import type { LiveSegment } from '../../src/kernel/live/broadcast.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { broadcastFormat, rung } from './broadcast-format.ts';

/** Two rungs and sound, as a broadcast sends them. */
export const FORMAT = broadcastFormat({
  rungs: [rung(180, 'avc1.42c00d', 200_000), rung(360, 'avc1.42c01e', 500_000)],
});

/** What a test says of one session of a broadcast. */
export interface SessionWish {
  readonly seconds: number;
  readonly beganAtMs: number;
  /** Segments, by their number in the broadcast, that some renditions lack. */
  readonly lost?: Readonly<Record<string, readonly number[]>>;
  /** Of H.264: another one needs another init segment. */
  readonly profile?: 'baseline' | 'main';
}

export interface PlacedBroadcast {
  readonly streamId: string;
  readonly number: number;
  readonly recordingId: string;
  readonly segments: readonly LiveSegment[];
}

/** A broadcast's rows and stored segments, made by a real encoder, as a packager leaves them. It has ended. */
export async function placeBroadcast(
  { database, store }: { readonly database: Database; readonly store: ObjectStore },
  sessions: readonly SessionWish[],
): Promise<PlacedBroadcast> {
  const ids = { streamId: newId('ls'), number: 1, recordingId: newId('as') };
  const segments: LiveSegment[] = [];
  let first = 0;
  for (const [index, wish] of sessions.entries()) {
    const number = index + 1;
    const made = await Promise.all(
      ['180p', '360p', 'audio'].map((name) => encode(name, wish, number).then((cut) => ({ name, ...cut }))),
    );
    const count = Math.min(...made.map(({ cuts }) => cuts.length));
    for (const { name, init, cuts } of made) {
      await store.put(sessionInitKey(ids.recordingId, 1, name, number), init);
      for (const [at, bytes] of cuts.slice(0, count).entries()) {
        const sequence = first + at;
        if (wish.lost?.[name]?.includes(sequence)) continue;
        await store.put(segmentKey(ids.recordingId, 1, name, sequence), bytes);
        segments.push(rowOf(name, number, sequence, bytes));
      }
    }
    first += count;
  }
  await transact(database, async (trx) => {
    const { streamId: stream_id, number, recordingId: recording_id } = ids;
    const ended = { recorded: 0, started_at: 1, ended_at: 2, end_reason: 'finished' as const };
    await trx
      .insertInto('broadcasts')
      .values({ stream_id, number, recording_id, format: JSON.stringify(FORMAT), ...ended })
      .execute();
    for (const [index, { beganAtMs: began_at }] of sessions.entries()) {
      await trx
        .insertInto('recording_sessions')
        .values({ recording_id, session: index + 1, began_at })
        .execute();
    }
    await insertSegments(trx, recording_id, segments);
  });
  return { ...ids, segments };
}

/** The same, with an asset that waits for its end. */
export async function placeRecorded(
  parts: { readonly database: Database; readonly store: ObjectStore; readonly recorded: RecordedAssetRepository },
  sessions: readonly SessionWish[],
): Promise<PlacedBroadcast> {
  const placed = await placeBroadcast(parts, sessions);
  await parts.recorded.begin(placed, { title: 'Harbour', policy: 'public' }, FORMAT);
  return placed;
}

function rowOf(rendition: string, session: number, sequence: number, bytes: Uint8Array): LiveSegment {
  const facts = readSegment(bytes);
  if (!facts) throw new Error('the encoder wrote no segment');
  const { startTicks, durationTicks } = facts;
  const key = rendition === 'audio' ? undefined : keyFrameRange(bytes);
  const place = { rendition, sequence, session, startTicks, durationTicks, bytes: bytes.length };
  return { ...place, ...(key ? { keyFrame: { startByte: key.start, sizeBytes: key.end - key.start } } : {}) };
}

/** The init segment, and segments that begin at the first key frame, or frame of sound, at or after every two seconds. */
async function encode(rendition: string, { seconds, profile = 'baseline' }: SessionWish, session: number) {
  const height = Number(rendition.slice(0, -1));
  const size = `${(height * 16) / 9}x${height}`;
  // biome-ignore format: options read in pairs
  const track = rendition === 'audio'
    ? ['-f', 'lavfi', '-i', `sine=frequency=${220 * session}:sample_rate=48000`, '-ac', '2', '-c:a', 'aac', '-b:a', '96k',
       '-bsf:a', 'noise=drop=lt(n\\,1)']
    : ['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=25,hue=h=${120 * session}`, '-c:v', 'libx264',
       '-profile:v', profile, '-preset', 'veryfast', '-tune', 'zerolatency', '-g', '50', '-sc_threshold', '0',
       '-video_track_timescale', '90000', '-pix_fmt', 'yuv420p'];
  // biome-ignore format: options read in pairs
  const args = ['-v', 'error', ...track, '-t', String(seconds), '-threads', '1', '-fflags', '+bitexact',
    '-movflags', '+cmaf+frag_every_frame+skip_trailer', '-f', 'mp4', 'pipe:1'];
  const { stdout } = await promisify(execFile)('ffmpeg', args, { encoding: 'buffer', maxBuffer: 1 << 28 });
  const pieces = new FragmentSplitter().push(stdout);
  const init = pieces.find((piece) => piece.kind === 'init')?.bytes;
  if (!init) throw new Error('the encoder wrote no init segment');
  const fragments = pieces.flatMap((piece) => (piece.kind === 'fragment' ? [piece.fragment] : []));
  return { init, cuts: cut(fragments, rendition === 'audio' ? 48_000 : 90_000) };
}

function cut(fragments: readonly Fragment[], timescale: number): Uint8Array[] {
  const segments: Uint8Array[][] = [];
  for (const { moof, mdat } of fragments) {
    const facts = readSegment(joinBytes([moof, mdat]));
    const isDue = (facts?.startTicks ?? 0) / timescale >= 2 * segments.length;
    if (facts?.startsWithSync && isDue) segments.push([]);
    segments.at(-1)?.push(moof, mdat);
  }
  return segments.map(joinBytes);
}
