import type { Settings } from '../config/settings.ts';
import type { Asset, AssetRepository } from '../database/assets.ts';
import { type FfmpegCommand, type ProcessLimits, runFfmpeg } from '../ffmpeg/ffmpeg.ts';
import { Fault } from '../kernel/errors.ts';
import { type Film, segmentCount, shortenFilm, type VideoTrack, withoutRendition } from '../kernel/film/film.ts';
import type { Job } from '../queue/queue.ts';
import type { LocalFile } from '../storage/object-store.ts';
import { ByteStreams } from './byte-streams.ts';
import {
  anyPictureCommand,
  audioCommand,
  type ChunkRange,
  type Gaps,
  hasIndex,
  seekLead,
  videoCommand,
} from './commands.ts';
import type { SourceLayout } from './plan.ts';
import { hasKeyFrame, lastPacketEnd } from './probe.ts';
import type { Publisher } from './publisher.ts';
import { SegmentLane } from './segment-lane.ts';

/** What the work on one chunk may use. */
export interface ChunkWork {
  readonly assets: AssetRepository;
  readonly publisher: Publisher;
  readonly settings: Pick<Settings, 'encodeNice' | 'encodeMemoryBytes' | 'chunkTimeoutSeconds' | 'sourceMaxPixels'>;
  readonly asset: Asset & { readonly film: Film };
  readonly source: LocalFile;
  /** More of the source is to come: where it ends now, the film does not. */
  readonly arriving: boolean;
  /** Fires when the lease is lost or the worker stops. */
  readonly abort: AbortSignal;
}

/** Encodes and publishes one chunk of the sound; where the source has none left, silence takes its place. */
export async function encodeAudio(work: ChunkWork, job: Job): Promise<void> {
  const range = within(work.asset.film, job);
  if (!range) return;
  const layout = job.payload as SourceLayout;
  const rendition = work.asset.film.audio?.renditions.find(({ name }) => job.lanes.includes(name));
  if (!rendition) throw new Fault('INTERNAL', { detail: { why: 'a rendition that is not planned', lanes: job.lanes } });
  let from = range.firstSegment;
  for (const silent of [false, true]) {
    const chunk = { ...range, firstSegment: from, silent };
    const lanes = await runLanes(work, [rendition.name], chunk, ([target]) =>
      audioCommand(work.asset.film, layout, rendition, chunk, work.source.path, target ?? ''),
    ).catch((cause: unknown) => {
      if (silent || work.abort.aborted || !isSpoilt(cause)) throw cause;
      return [];
    });
    // What was published before it spoilt stands: of a segment the first counts.
    from = lanes[0]?.nextSegment ?? from;
    if (from === range.endSegment) return;
    refuseIfArriving(work);
  }
  throw new Fault('ENCODE_FAILED', { says: 'The encoder gave up on this film: its sound ended too early.' });
}

/** Damaged sound may claim channels or a rate that nothing can be made of, which ends ffmpeg, or throws its clock off. */
const SPOILT = /while processing the decoded data|did not come out as planned/i;

function isSpoilt(cause: unknown): boolean {
  const fault = Fault.from(cause);
  return fault.code === 'ENCODE_FAILED' && SPOILT.test(fault.message);
}

/**
 * Encodes and publishes one chunk of some rungs. When fewer pictures come out than planned, either the film is shorter
 * than its container says, and is corrected, or the source has a hole, which the last picture before it fills.
 */
export async function encodeVideo(work: ChunkWork, job: Job): Promise<void> {
  const range = within(work.asset.film, job);
  if (!range) return;
  const layout = job.payload as SourceLayout;
  const lanes = await runVideo(work, job.lanes, layout, range, { padded: layout.video?.standsStill ?? false });
  const reached = Math.min(...lanes.map((lane) => lane.nextSegment));
  if (reached === range.endSegment) return;
  refuseIfArriving(work);
  const held = lanes.filter((lane) => lane.nextSegment === reached).map((lane) => lane.shortSamples);
  const frameCount = reached * framesPerSegment(work.asset.film) + Math.min(...held);
  if (!lacksTheLast(work.asset.film, frameCount)) {
    await withdrawCopied(work);
    if (!(await sourceGoesOn(work, layout, frameCount))) return endFilmAt(work, lanes, frameCount);
  }
  await fillHole(work, job.lanes, layout, { ...range, firstSegment: reached });
}

/** A chunk that came out short of a source that is still growing is made again when the source is whole. */
export function refuseIfArriving({ arriving }: ChunkWork): void {
  if (arriving) throw new Fault('ENCODE_FAILED', { detail: { why: 'its part of the source had not arrived' } });
}

/** Pictures for a part of which too few can be decoded: the last one before it, or black where there is none near. */
async function fillHole(work: ChunkWork, names: readonly string[], layout: SourceLayout, hole: ChunkRange) {
  const padded = await runVideo(work, names, layout, hole, { padded: true });
  const firstSegment = Math.min(...padded.map((lane) => lane.nextSegment));
  if (firstSegment === hole.endSegment) return;
  if (!(await hasAnyPicture(work, layout))) throw new Fault('SOURCE_NOT_MEDIA', { detail: { why: NO_PICTURE } });
  const black = await runVideo(work, names, layout, { ...hole, firstSegment }, { padded: false, blank: true });
  if (black.every((lane) => lane.nextSegment === hole.endSegment)) return;
  throw new Fault('ENCODE_FAILED', { says: 'The encoder gave up on this film: a part of it cannot be decoded.' });
}

const NO_PICTURE = 'not one picture could be decoded';

/** A film that is black from its start to its end was never one. */
async function hasAnyPicture(work: ChunkWork, layout: SourceLayout): Promise<boolean> {
  try {
    await runFfmpeg(anyPictureCommand(layout, work.source.path), limits(work));
    return true;
  } catch (cause) {
    if (!work.abort.aborted && Fault.from(cause).code === 'ENCODE_FAILED') return false;
    throw cause;
  }
}

/** A picture less than the index counts: times that are rounded lose the last one, which is there all the same. */
function lacksTheLast({ video }: Film, frameCount: number): boolean {
  const isCounted = video?.renditions.some(({ copied }) => copied) === true;
  return isCounted && video.frameCount - frameCount === 1;
}

/** What cannot be decoded here cannot be played elsewhere: the source's own packets are no rendition any more. */
async function withdrawCopied(work: ChunkWork): Promise<void> {
  const copied = work.asset.film.video?.renditions.find((each) => each.copied);
  if (copied) await withdrawRendition(work, copied.name);
}

/** The film goes on without a rendition: off the playlists, out of the store, and no work is left for it. */
export async function withdrawRendition({ assets, asset, publisher }: ChunkWork, name: string): Promise<void> {
  const film = await assets.correct(asset.id, asset.version, (current) => withoutRendition(current, name));
  if (film) await publisher.withdraw(asset, film, name);
}

function framesPerSegment(film: Film): number {
  return film.video?.framesPerSegment ?? 0;
}

/** The part of a job's range that the film, which may have been corrected since it was planned, still has. */
export function within(film: Film, { firstSegment, endSegment }: ChunkRange): ChunkRange | undefined {
  const end = Math.min(endSegment, segmentCount(film));
  return firstSegment < end ? { firstSegment, endSegment: end } : undefined;
}

async function runVideo(
  work: ChunkWork,
  names: readonly string[],
  layout: SourceLayout,
  range: ChunkRange,
  gaps: Gaps,
): Promise<SegmentLane[]> {
  const { film } = work.asset;
  const leadSeconds = await leadToKeyFrame(work, layout, range);
  const renditions = (film.video?.renditions ?? []).filter(({ name }) => names.includes(name));
  return runLanes(
    work,
    renditions.map(({ name }) => name),
    range,
    (targets) => {
      const rungs = renditions.map((rendition, index) => ({ rendition, target: targets[index] ?? '' }));
      const chunk = { ...range, leadSeconds, ...gaps };
      return videoCommand(film, layout, rungs, chunk, work.source.path);
    },
  );
}

/**
 * How long before a chunk reading must begin so that its first picture can be decoded. Where a container has no index,
 * that is known only by looking; a chunk that began after the wanted picture would repeat a later one in its place.
 */
async function leadToKeyFrame(work: ChunkWork, layout: SourceLayout, range: ChunkRange): Promise<number> {
  const { video } = work.asset.film;
  let lead = seekLead(layout);
  if (!video || !layout.video || hasIndex(layout.container)) return lead;
  const seconds = secondsAt(video, range.firstSegment * video.framesPerSegment);
  const at = layout.zeroSeconds + seconds;
  const look = (from: number) => {
    const stream = { container: layout.container, streamIndex: layout.video?.streamIndex ?? 0 };
    return hasKeyFrame(work.source.path, stream, [from, at], work.abort);
  };
  while (lead < seconds && !(await look(at - lead))) lead *= 2;
  return lead;
}

/** Runs one ffmpeg with an output for each rendition, publishing segments while it runs. */
async function runLanes(
  work: ChunkWork,
  names: readonly string[],
  range: ChunkRange,
  command: (targets: readonly string[]) => FfmpegCommand,
): Promise<SegmentLane[]> {
  const { asset, publisher } = work;
  const sink = {
    init: (rendition: string, bytes: Uint8Array) => publisher.init(asset, rendition, bytes),
    segment: (rendition: string, index: number, bytes: Uint8Array) => publisher.segment(asset, rendition, index, bytes),
  };
  const lanes = names.map((name) => new SegmentLane(asset.film, name, range.firstSegment, sink));
  const streams = await ByteStreams.open(names.length);
  const broken = new AbortController();
  try {
    const running = runFfmpeg(command(names.map((_, index) => streams.target(index))), {
      ...limits(work),
      abort: AbortSignal.any([work.abort, broken.signal]),
    });
    // A lane that fails stops ffmpeg; an ffmpeg that fails closes the streams under the lanes.
    const reading = lanes.map((lane, index) =>
      lane.take(bounded(streams.read(index), mostBytes(asset.film, lane.rendition, range))).catch((cause: unknown) => {
        broken.abort();
        throw cause;
      }),
    );
    const ended = running.finally(() => streams.close());
    const [ran, ...read] = await Promise.allSettled([ended, ...reading]);
    throwFirst([...read, ran]);
    return lanes;
  } finally {
    await streams.close();
  }
}

/** A lane's failure says more than the killed ffmpeg that follows from it. */
function throwFirst(results: readonly PromiseSettledResult<unknown>[]): void {
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

/**
 * How much more than its rate cap allows a rendition may write. The cap holds over a second and a half, so even a chunk
 * of one segment stays below two; small fragments of sound have headers as large as themselves.
 */
const OUTPUT_FACTOR = 4;

/** For what does not grow with time: the init, and the headers of a chunk that is nearly empty. */
const OUTPUT_FLOOR_BYTES = 1_048_576;

/** Most bytes that an honest encoder writes of one rendition of a chunk. */
function mostBytes(film: Film, name: string, { firstSegment, endSegment }: ChunkRange): number {
  const video = film.video?.renditions.find((each) => each.name === name);
  const audio = film.audio?.renditions.find((each) => each.name === name);
  const bitsPerSecond = video?.maxrateBps ?? audio?.bitrateBps ?? 0;
  const seconds = (endSegment - firstSegment) * film.segmentSeconds;
  return OUTPUT_FLOOR_BYTES + (OUTPUT_FACTOR * bitsPerSecond * seconds) / 8;
}

/**
 * The same bytes up to a limit: what ffmpeg writes is kept in memory until its box is whole, so a source that makes it
 * write without end must not fill ours.
 * @throws Fault ENCODE_OUTPUT
 */
export async function* bounded(stream: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let sizeBytes = 0;
  for await (const bytes of stream) {
    sizeBytes += bytes.length;
    if (sizeBytes > maxBytes) throw new Fault('ENCODE_OUTPUT', { detail: { maxBytes } });
    yield bytes;
  }
}

/** What an encoder may take. A chunk goes to sockets: only pictures are written to files, of `fileBytes` each. */
export function limits({ settings, abort }: Pick<ChunkWork, 'settings' | 'abort'>, fileBytes = 0): ProcessLimits {
  const { encodeNice, encodeMemoryBytes, chunkTimeoutSeconds, sourceMaxPixels } = settings;
  return {
    niceness: encodeNice,
    memoryBytes: encodeMemoryBytes,
    fileBytes,
    timeoutSeconds: chunkTimeoutSeconds,
    maxPixels: sourceMaxPixels,
    abort,
  };
}

/** A source that says something this long after its last picture is not at its end. */
const END_TOLERANCE_SECONDS = 1;

/** Whether any stream that is used goes on after the frame at which pictures ceased: then that is a hole, not the end. */
async function sourceGoesOn(work: ChunkWork, layout: SourceLayout, frame: number): Promise<boolean> {
  const { video } = work.asset.film;
  if (!video) return false;
  const fromSeconds = layout.zeroSeconds + secondsAt(video, frame);
  for (const stream of [layout.video, layout.audio]) {
    if (!stream) continue;
    const end = await lastPacketEnd(work.source.path, layout.container, stream.streamIndex, fromSeconds, work.abort);
    if (end !== undefined && end > fromSeconds + END_TOLERANCE_SECONDS) return true;
  }
  return false;
}

function secondsAt(video: VideoTrack, frame: number): number {
  return (frame * video.frameRate.den) / video.frameRate.num;
}

/** The last pictures have come: the film ends with them, in the database, on the playlists and in the store. */
async function endFilmAt(work: ChunkWork, lanes: readonly SegmentLane[], frameCount: number): Promise<void> {
  const { asset, assets, publisher } = work;
  if (frameCount === 0) throw new Fault('SOURCE_NOT_MEDIA', { detail: { why: NO_PICTURE } });
  const film = await assets.correct(asset.id, asset.version, (current) => shortenFilm(current, frameCount));
  if (film) {
    await publisher.playlists(asset, film);
    await publisher.removeFrom(asset, segmentCount(film));
  }
  for (const lane of lanes) await lane.publishShort();
  publisher.changed(asset.id);
}
