import { type FileHandle, open } from 'node:fs/promises';
import { joinBytes } from '../kernel/cmaf/boxes.ts';
import { framesOf } from '../kernel/cmaf/cut-grid.ts';
import type { SampleTable } from '../kernel/cmaf/sample-table.ts';
import { readSegment, type Sample } from '../kernel/cmaf/segment.ts';
import { writeSamples } from '../kernel/cmaf/write.ts';
import {
  avcConfiguration,
  OTHER_SAMPLE,
  pictureKind,
  SYNC_SAMPLE,
  unitLengthBytes,
  writeCopiedInit,
} from '../kernel/cmaf/write-copied.ts';
import { Fault } from '../kernel/errors.ts';
import { type Film, frameTicks, segmentTiming, type VideoRendition, type VideoTrack } from '../kernel/film/film.ts';
import type { Job } from '../queue/queue.ts';
import { type ChunkWork, refuseIfArriving, withdrawRendition, within } from './encode.ts';
import type { SourceLayout } from './plan.ts';
import { readVideoIndex } from './source-index.ts';

/** The source's packets and where they belong. */
interface Packets {
  readonly table: SampleTable;
  /** The frame that each one shows. */
  readonly frames: Int32Array;
  readonly avcC: Uint8Array;
  readonly unitLengthBytes: number;
}

/**
 * Publishes one chunk of the rendition that is the source itself. Nothing is decoded; what a player would stumble over
 * ends the rendition, not the film, whose other rungs are encoded from the same pictures.
 */
export async function copyVideo(work: ChunkWork, job: Job): Promise<void> {
  const { film } = work.asset;
  const range = within(film, job);
  const rendition = film.video?.renditions.find(({ name }) => job.lanes.includes(name));
  if (!range || !rendition || !film.video) return;
  const packets = await readPackets(work.source.path, film.video, job.payload as SourceLayout);
  if (!packets) return giveUp(work, rendition.name);
  const file = await open(work.source.path, 'r');
  try {
    const { width, height } = rendition;
    const init = writeCopiedInit({ width, height, timescale: film.video.timescale, avcC: packets.avcC });
    await work.publisher.init(work.asset, rendition.name, init);
    for (let index = range.firstSegment; index < range.endSegment; index += 1) {
      work.abort.throwIfAborted();
      const segment = await copySegment(file, packets, film, rendition, index);
      if (!segment) return giveUp(work, rendition.name);
      await work.publisher.segment(work.asset, rendition.name, index, segment);
    }
  } finally {
    await file.close();
  }
}

function giveUp(work: ChunkWork, name: string): Promise<void> {
  refuseIfArriving(work);
  return withdrawRendition(work, name);
}

async function readPackets(path: string, video: VideoTrack, layout: SourceLayout): Promise<Packets | undefined> {
  const table = (await readVideoIndex(path)).find(({ trackId }) => trackId === layout.video?.trackId);
  const frames = table && framesOf(table, video.frameRate);
  const avcC = table?.entry && avcConfiguration(table.entry);
  const lengthBytes = avcC && unitLengthBytes(avcC);
  return table && frames && avcC && lengthBytes ? { table, frames, avcC, unitLengthBytes: lengthBytes } : undefined;
}

/** One segment, checked as an encoder's would be; undefined when the packets are not what the index promised. */
async function copySegment(
  file: FileHandle,
  packets: Packets,
  film: Film,
  { name }: VideoRendition,
  index: number,
): Promise<Uint8Array | undefined> {
  const { video } = film;
  const timing = segmentTiming(film, name, index);
  if (!video || !timing) throw new Fault('INTERNAL', { detail: { why: 'a segment that is not on the grid' } });
  const ticks = frameTicks(video);
  const first = timing.startTicks / ticks;
  const read = await readSamples(file, packets, first, first + timing.durationTicks / ticks, ticks);
  if (read?.samples[0]?.flags !== SYNC_SAMPLE) return undefined;
  const bytes = writeSamples(index + 1, { startTicks: timing.startTicks, samples: read.samples }, read.data);
  const facts = readSegment(bytes);
  const fits = facts?.startTicks === timing.startTicks && facts.durationTicks === timing.durationTicks;
  return fits ? bytes : undefined;
}

/** Samples `[first, end)` in decoding order; undefined when one of them is broken. */
async function readSamples(
  file: FileHandle,
  { table, frames, unitLengthBytes: lengthBytes }: Packets,
  first: number,
  end: number,
  ticks: number,
): Promise<{ samples: Sample[]; data: Uint8Array } | undefined> {
  const samples: Sample[] = [];
  const data: Uint8Array[] = [];
  for (const run of runsOf(table, first, end)) {
    const bytes = await readRun(file, run);
    data.push(bytes);
    let at = 0;
    for (let sample = run.firstSample; sample < run.endSample; sample += 1) {
      const sizeBytes = table.sizeBytes[sample] ?? 0;
      const kind = pictureKind(bytes.subarray(at, at + sizeBytes), lengthBytes);
      if (kind === 'broken') return undefined;
      at += sizeBytes;
      const compositionTicks = ((frames[sample] ?? 0) - sample) * ticks;
      const flags = kind === 'idr' ? SYNC_SAMPLE : OTHER_SAMPLE;
      samples.push({ durationTicks: ticks, sizeBytes, flags, compositionTicks });
    }
  }
  return { samples, data: joinBytes(data) };
}

/** Samples that lie one behind the other in the file, so that one reading brings them all. */
interface Run {
  readonly firstSample: number;
  readonly endSample: number;
  readonly offset: number;
  readonly bytes: number;
}

function* runsOf({ offsets, sizeBytes }: SampleTable, first: number, end: number): Generator<Run> {
  for (let firstSample = first; firstSample < end; ) {
    const offset = offsets[firstSample] ?? 0;
    let bytes = 0;
    let endSample = firstSample;
    do {
      bytes += sizeBytes[endSample] ?? 0;
      endSample += 1;
    } while (endSample < end && offsets[endSample] === offset + bytes);
    yield { firstSample, endSample, offset, bytes };
    firstSample = endSample;
  }
}

async function readRun(file: FileHandle, { offset, bytes }: Run): Promise<Buffer> {
  const into = Buffer.allocUnsafe(bytes);
  let done = 0;
  while (done < bytes) {
    const { bytesRead } = await file.read(into, done, bytes - done, offset + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  // Beyond the file's end: a shorter sample is a broken one.
  return into.subarray(0, done);
}
