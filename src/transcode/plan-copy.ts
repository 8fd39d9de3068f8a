import { readBoxHeader } from '../kernel/cmaf/boxes.ts';
import { cutPoints, fitSegments, framesOf, hasPlainEdits } from '../kernel/cmaf/cut-grid.ts';
import { readCodecs } from '../kernel/cmaf/init.ts';
import type { SampleTable } from '../kernel/cmaf/sample-table.ts';
import { copiedBoxBytes } from '../kernel/cmaf/write-copied.ts';
import { type Rational, rationalToNumber, type VideoRendition, videoCodecOf } from '../kernel/film/film.ts';
import { averageBandwidthBps, type MeasuredSegment, peakBandwidthBps } from '../kernel/hls/bandwidth.ts';
import type { SourceVideo } from './source.ts';

/** The source's own packets as a rendition, and the grid that they lie on. */
export interface CopyPlan {
  readonly rendition: VideoRendition;
  readonly framesPerSegment: number;
  readonly frameCount: number;
}

/** Name of the rendition that is the source itself. */
export const COPIED = 'source';

// Segments shorter or longer than this make every rendition worse, to spare the encoding of one.
const SHORTEST_SECONDS = 2;
const LONGEST_SECONDS = 6;

/** Level 5.2, times ten: what decoders in browsers and televisions end at. */
const HIGHEST_LEVEL = 52;

/** Baseline, Main and High. */
const PROFILES = ['42', '4d', '64'];

/**
 * Whether, and how, the source can be played as it is: pictures on a constant grid, key frames that segments of one
 * length can begin at, and a form that every player takes. `wantedFrames` is the length of a segment left to itself.
 */
export function planCopy(video: SourceVideo, frameRate: Rational, wantedFrames: number): CopyPlan | undefined {
  const { samples } = video;
  const form = samples && readForm(samples);
  const frames = form && hasPlainEdits(samples) ? framesOf(samples, frameRate) : undefined;
  if (!form || !frames || !fitsEveryPlayer(video)) return undefined;
  const perSecond = rationalToNumber(frameRate);
  const framesPerSegment = fitSegments(cutPoints(frames, samples.sync), {
    wanted: wantedFrames,
    least: Math.ceil(SHORTEST_SECONDS * perSecond),
    most: Math.floor(LONGEST_SECONDS * perSecond),
  });
  if (framesPerSegment === undefined) return undefined;
  const segments = measure(samples, framesPerSegment, perSecond);
  const peakBps = peakBandwidthBps(segments, Math.round(framesPerSegment / perSecond));
  return {
    framesPerSegment,
    frameCount: samples.count,
    rendition: {
      name: COPIED,
      width: video.width,
      height: video.height,
      codecs: form.codecs,
      level: form.level,
      crf: 0,
      maxrateBps: peakBps,
      copied: { peakBps, averageBps: averageBandwidthBps(segments) },
    },
  };
}

function readForm({ entry }: SampleTable): { codecs: string; level: number } | undefined {
  const header = entry && readBoxHeader(entry, 0);
  if (!entry || header?.type !== 'avc1') return undefined;
  const codecs = readCodecs(entry, { type: 'avc1', start: 0, bodyStart: header.headerBytes, end: entry.length });
  const level = Number.parseInt(codecs?.slice(-2) ?? '', 16);
  if (codecs === undefined || !PROFILES.includes(codecs.slice(5, 7)) || !(level <= HIGHEST_LEVEL)) return undefined;
  return { codecs, level };
}

function fitsEveryPlayer({ width, height, pixelShape, rotation }: SourceVideo): boolean {
  return width % 2 === 0 && height % 2 === 0 && pixelShape.num === pixelShape.den && rotation % 360 === 0;
}

function measure({ sizeBytes, count }: SampleTable, framesPerSegment: number, perSecond: number): MeasuredSegment[] {
  const segments: MeasuredSegment[] = [];
  for (let from = 0; from < count; from += framesPerSegment) {
    const sizes = sizeBytes.subarray(from, from + framesPerSegment);
    const bytes = sizes.reduce((sum, size) => sum + size, copiedBoxBytes(sizes.length));
    segments.push({ bytes, durationSeconds: sizes.length / perSecond });
  }
  return segments;
}

/** A source that needs more than this many times the cap of its size's own rung is nothing to send to anybody. */
const CEILING = 3;

/** A source that needs no more than this of it makes that rung needless. */
const REPLACES = 1.25;

/**
 * The encoded rungs and the copied one together, lowest first; undefined when the copied one asks too much of a line.
 * One rung at least is always encoded: what plays should anything be wrong with the source's own packets.
 */
export function withCopied(rungs: readonly VideoRendition[], copied: VideoRendition): VideoRendition[] | undefined {
  const top = rungs.at(-1);
  // Players keep to one codec: two beside one another are two ladders of which most play one.
  if (!top || videoCodecOf(top) !== 'h264' || copied.maxrateBps > CEILING * top.maxrateBps) return undefined;
  const same = top.width === copied.width && top.height === copied.height;
  const replaces = same && rungs.length > 1 && copied.maxrateBps <= REPLACES * top.maxrateBps;
  return [...(replaces ? rungs.slice(0, -1) : rungs), copied];
}
