import { type VideoCodec, type VideoRendition, type VideoTrack, videoCodecOf } from '../kernel/film/film.ts';

/**
 * What each encoder is told. All keep the same promises: a key frame at the start of every segment and nowhere else,
 * closed groups, a rate cap, and parameter sets that depend on nothing but these options.
 */

/** Threads of one encoder or decoder: more gain little at these sizes, and several run side by side. */
export const THREADS = '2';

/** Buffer of the rate cap, in seconds at that cap: what bounds how far a single segment may pass it. */
const BUFFER_SECONDS = 1.5;

/** Of films planned before a rendition named its own. */
const USUAL_PRESET = 'veryfast';

export const ENCODER_NAMES: Readonly<Record<VideoCodec, string>> = {
  h264: 'libx264',
  hevc: 'libx265',
  av1: 'libsvtav1',
};

export function encoderOptions(video: VideoTrack, rendition: VideoRendition): string[] {
  const codec = videoCodecOf(rendition);
  const gop = String(video.framesPerSegment);
  return OPTIONS[codec](rendition, gop, ENCODER_NAMES[codec]);
}

const OPTIONS: Readonly<Record<VideoCodec, (rendition: VideoRendition, gop: string, encoder: string) => string[]>> = {
  h264: (rendition, gop, encoder) =>
    // biome-ignore format: options read in pairs
    [
      '-c:v', encoder, '-preset', rendition.preset ?? USUAL_PRESET, '-threads', THREADS,
      '-profile:v', 'high', '-level:v', (rendition.level / 10).toFixed(1),
      // The one preset without it, which would make another profile of the stream than the playlists name.
      ...(rendition.preset === 'ultrafast' ? ['-8x8dct', '1'] : []),
      ...rate(rendition),
      // Every segment opens on a key frame in every rendition; scene cuts would add fragments between them.
      '-g', gop, '-keyint_min', gop, '-sc_threshold', '0',
    ],
  hevc: (rendition, gop, encoder) =>
    // biome-ignore format: options read in pairs
    [
      // hvc1: parameter sets in the init segment alone, which is what Apple plays.
      '-c:v', encoder, '-preset', rendition.preset ?? USUAL_PRESET, '-tag:v', 'hvc1', '-profile:v', 'main',
      ...rate(rendition),
      '-g', gop, '-keyint_min', gop,
      // It takes neither threads nor scene cuts from ffmpeg's own options, and would write its options into the init.
      '-x265-params', [
        'scenecut=0', 'open-gop=0', `level-idc=${rendition.level}`, 'high-tier=0',
        `pools=${THREADS}`, 'frame-threads=2', 'info=0', 'log-level=error',
      ].join(':'),
    ],
  av1: (rendition, gop, encoder) =>
    // biome-ignore format: options read in pairs
    [
      '-c:v', encoder, '-preset', rendition.preset ?? '10', '-level:v', String(rendition.level),
      ...rate(rendition),
      '-g', gop, '-svtav1-params', `scd=0:lp=${THREADS}`,
    ],
};

function rate({ crf, maxrateBps }: VideoRendition): string[] {
  const buffer = Math.round(maxrateBps * BUFFER_SECONDS);
  return ['-crf', String(crf), '-maxrate', String(maxrateBps), '-bufsize', String(buffer)];
}
