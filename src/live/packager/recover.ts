import { readFile } from 'node:fs/promises';
import type { RecordingRepository } from '../../database/recordings.ts';
import { boxesIn } from '../../kernel/cmaf/boxes.ts';
import { keyFrameRange, readSegment } from '../../kernel/cmaf/segment.ts';
import { segmentKey, sessionInitKey } from '../../kernel/film/paths.ts';
import { type BroadcastFormat, type LiveSegment, renditionsOf, type Session } from '../../kernel/live/broadcast.ts';
import { type DateRange, MOST_DATE_RANGES } from '../../kernel/live/date-range.ts';
import { fitting, missingSegments, spanBetween } from '../../kernel/live/recovered.ts';
import { unseenEnd } from '../../kernel/live/unseen-end.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { RECORDING_VERSION } from './recorder.ts';
import { readLeftovers } from './spool.ts';

export interface RecoveryDeps {
  readonly store: Pick<ObjectStore, 'put'>;
  readonly recordings: Pick<RecordingRepository, 'addSession' | 'addSegments' | 'addDateRange' | 'read' | 'dateRanges'>;
}

/** What there is of a broadcast whose process is no more. */
export interface Recovered {
  readonly sessions: readonly Session[];
  /** Of every rendition, by sequence number, and all of them have as many. */
  readonly segments: readonly LiveSegment[];
  /** The newest, in their order. */
  readonly dateRanges: readonly DateRange[];
  /** Numbers at the end that are left out, since another node may have given them. */
  readonly unseen: number;
}

/**
 * Records what the spool has and the store has not: the parts that were complete become the last segment of their
 * session. What a rendition has less than another is a gap, and so is what another node may have shown until `shownUntilMs`
 * and did not record.
 */
export async function recover(
  deps: RecoveryDeps,
  recordingId: string,
  format: BroadcastFormat,
  folder: string,
  shownUntilMs?: number,
): Promise<Recovered> {
  const before = await deps.recordings.read(recordingId);
  // Another node may have gone on with the broadcast after what lies here.
  const left = fitting(await readLeftovers(folder), before);
  for (const session of left.sessions) await deps.recordings.addSession(recordingId, session);
  for (const range of left.dateRanges) await deps.recordings.addDateRange(recordingId, range);
  const playable = new Set<string>();
  for (const { rendition, session, path } of left.inits) {
    const bytes = await readFile(path);
    if (bytes.length === 0) continue;
    playable.add(`${rendition}/${session}`);
    await deps.store.put(sessionInitKey(recordingId, RECORDING_VERSION, rendition, session), bytes);
  }
  // Of a day there are hundreds of thousands.
  const recorded = new Set(before.segments.map(nameOf));
  const isRecorded = (segment: { rendition: string; sequence: number }) => recorded.has(nameOf(segment));
  const found: LiveSegment[] = [];
  // Nobody can play what has no init segment, and no playlist with it has left that process.
  const whole = left.segments.filter(({ rendition, session }) => playable.has(`${rendition}/${session}`));
  for (const place of whole.filter((each) => !isRecorded(each))) {
    const bytes = wholeParts(await readFile(place.path));
    const described = describe(place, bytes, format);
    if (!described) continue;
    const shiftMs = left.shiftOf(place);
    const segment = { ...described, ...(shiftMs === 0 ? {} : { shiftMs }) };
    const key = segmentKey(recordingId, RECORDING_VERSION, place.rendition, place.sequence);
    await deps.store.put(key, bytes);
    found.push(segment);
  }
  const placed = spanBetween([...before.segments, ...found], isRecorded);
  const added = placed.filter((each) => !isRecorded(each));
  const gaps = missingSegments(placed, renditionsOf(format));
  const all = [...placed, ...gaps];
  const unseen = shownUntilMs === undefined ? [] : unseenEnd(all, before.sessions, format, shownUntilMs);
  await deps.recordings.addSegments(recordingId, [...added, ...gaps, ...unseen]);
  const dateRanges = await deps.recordings.dateRanges(recordingId, MOST_DATE_RANGES);
  const numbers = new Set(unseen.map(({ sequence }) => sequence));
  return { ...(await deps.recordings.read(recordingId)), dateRanges, unseen: numbers.size };
}

function nameOf({ rendition, sequence }: { rendition: string; sequence: number }): string {
  return `${rendition}/${sequence}`;
}

/** The file without a part that was being written. */
function wholeParts(bytes: Uint8Array): Uint8Array {
  let end = 0;
  for (const box of boxesIn(bytes)) if (box.type === 'mdat') end = box.end;
  return bytes.subarray(0, end);
}

function describe(
  { rendition, session, sequence }: { rendition: string; session: number; sequence: number },
  bytes: Uint8Array,
  { video }: BroadcastFormat,
): LiveSegment | undefined {
  const facts = readSegment(bytes);
  if (!facts || facts.sampleCount === 0) return undefined;
  const key = video?.renditions.some(({ name }) => name === rendition) ? keyFrameRange(bytes) : undefined;
  return {
    rendition,
    session,
    sequence,
    startTicks: facts.startTicks,
    durationTicks: facts.endTicks - facts.startTicks,
    bytes: bytes.length,
    ...(key ? { keyFrame: { startByte: key.start, sizeBytes: key.end - key.start } } : {}),
  };
}
