import { type FfmpegCommand, type FfmpegOutput, guardedInput } from '../ffmpeg/ffmpeg.ts';
import {
  AAC_FRAME,
  type AudioRendition,
  audioFrameAt,
  type Film,
  type Storyboard,
  type VideoRendition,
  type VideoTrack,
} from '../kernel/film/film.ts';
import { sheetCount, tilesPerSheet } from '../kernel/hls/storyboard.ts';
import { type AudioLayout, audioLayoutOf, type PictureFrame, type SourceLayout } from './plan.ts';
import { encoderOptions, THREADS } from './video-encoders.ts';

/**
 * Every ffmpeg command as a plan that can be read and compared. All ranges are in frames on the film's grid, counted
 * from its time 0; the source's own clock enters by the layout only.
 */
export interface ChunkRange {
  readonly firstSegment: number;
  /** Exclusive. */
  readonly endSegment: number;
}

/** Seeking this much early is cheap and lands before the wanted picture in containers that keep an index. */
const SEEK_LEAD_SECONDS = 1;

/** Without an index a seek lands anywhere: far enough back that mostly a key frame lies between. */
const SEEK_LEAD_UNINDEXED_SECONDS = 12;
const INDEXED = ['mov', 'matroska', 'avi', 'asf', 'flv', 'mxf', 'wav', 'nut'];

/** Whether a seek in this container lands on a key frame at or before the moment that was asked for. */
export function hasIndex(container: string): boolean {
  return INDEXED.includes(container);
}

/** How far before a moment reading begins, in seconds, where nothing else is known. */
export function seekLead({ container }: SourceLayout): number {
  return hasIndex(container) ? SEEK_LEAD_SECONDS : SEEK_LEAD_UNINDEXED_SECONDS;
}

function input(layout: SourceLayout, filmSeconds: number, lead = seekLead(layout)): string[] {
  const at = layout.zeroSeconds + filmSeconds - lead;
  const seek = filmSeconds > lead ? ['-noaccurate_seek', '-seek_timestamp', '1', '-ss', at.toFixed(6)] : [];
  // biome-ignore format: options read in pairs
  return [
    '-hide_banner', '-nostdin', '-v', 'warning', '-copyts', '-threads', THREADS,
    // A damaged stretch is no reason to fail: what came out is checked against the grid, and its gaps are filled.
    '-max_error_rate', '1',
    // Pictures may change their size: filters that were begun anew for that would tell the same moments once more.
    '-reinit_filter:v', '0',
    ...seek,
    ...guardedInput(layout.container),
  ];
}

/** What stands in for pictures that a damaged source lacks. */
export interface Gaps {
  /** The last picture before them. */
  readonly padded: boolean;
  /** Black all through: not one picture of the chunk can be decoded. */
  readonly blank?: boolean;
}

/** One chunk of some rungs: one decoding, as many encoders as there are rungs, one target each. */
export function videoCommand(
  film: Film,
  layout: SourceLayout,
  rungs: readonly { readonly rendition: VideoRendition; readonly target: string }[],
  chunk: ChunkRange & { readonly leadSeconds?: number } & Gaps,
  source: string,
): FfmpegCommand {
  const { video } = film;
  if (!video || !layout.video) throw new TypeError('a video command needs a film with video');
  const start = chunk.firstSegment * video.framesPerSegment;
  const end = Math.min(video.frameCount, chunk.endSegment * video.framesPerSegment);
  const { num, den } = video.frameRate;
  const seconds = (start * den) / num;
  const colours = outputMatrix(layout) === 'bt601' ? 'smpte170m' : 'bt709';
  const branches = rungs.map((_, index) => `[s${index}]`);
  const filter = [
    `${[
      ...(chunk.blank
        ? blackPictures(rungs[0]?.rendition, `${num}/${den}`, start)
        : sourcePictures(layout, chunk.padded)),
      `fps=${num}/${den}:start_time=${seconds.toFixed(6)}:round=near`,
      `trim=start_pts=${start}:end_pts=${end}`,
      ...(chunk.blank ? [] : toneMapping(layout.video.transfer)),
      `split=${rungs.length}`,
    ].join(',')}${branches.join('')}`,
    ...rungs.map(({ rendition }, index) => scaling(layout, rendition, `s${index}`, `v${index}`)),
  ].join(';');
  return {
    inputOptions: input(layout, seconds, chunk.leadSeconds),
    input: source,
    filter,
    outputs: rungs.map(({ rendition, target }, index) => ({
      options: [
        '-map',
        `[v${index}]`,
        ...encoderOptions(video, rendition),
        ...commonOptions(video, colours),
        ...fragments(chunk.firstSegment, 'frag_keyframe'),
      ],
      target,
    })),
  };
}

function sourcePictures({ video }: SourceLayout, padded: boolean): string[] {
  return [
    `[0:${video?.streamIndex}]setpts=PTS-(${video?.zeroPts})`,
    ...framing(video?.frame),
    // Before any frame is repeated, since a repeated one has no fields to weave.
    ...(video?.interlaced ? ['yadif=deint=interlaced'] : []),
    // The last picture stands in for what a damaged source lacks, when asked to.
    ...(padded ? ['tpad=stop=-1:stop_mode=clone'] : []),
  ];
}

/** How far a shape may be from another and be taken for the same: rounded sizes and shapes of pixels are never exact. */
const SAME_SHAPE = 0.02;

/**
 * Brings pictures of any size to one, whole and undistorted, with black beside them where they have another shape. Those
 * that have the size pass unchanged; filters that weave fields would read beyond smaller ones.
 */
function framing(frame: PictureFrame | undefined): string[] {
  if (!frame) return [];
  const { width, height, shape } = frame;
  const [narrow, wide] = [shape * (1 - SAME_SHAPE), shape * (1 + SAME_SHAPE)].map((each) => each.toFixed(6));
  const w = `if(lt(dar,${narrow}),2*round(${width}*dar/${shape.toFixed(6)}/2),${width})`;
  const h = `if(gt(dar,${wide}),2*round(${height}*${shape.toFixed(6)}/dar/2),${height})`;
  return [`scale=w='${w}':h='${h}':eval=frame:interl=-1`, `pad=${width}:${height}:-1:-1:eval=frame`];
}

function blackPictures(rendition: VideoRendition | undefined, rate: string, firstFrame: number): string[] {
  return [`color=black:size=${rendition?.width}x${rendition?.height}:rate=${rate}`, `setpts=PTS+${firstFrame}`];
}

/** High dynamic range is brought down to what every screen shows. */
function toneMapping(transfer: 'sdr' | 'pq' | 'hlg'): string[] {
  if (transfer === 'sdr') return [];
  return [
    'zscale=t=linear:npl=100',
    'format=gbrpf32le',
    'zscale=p=bt709',
    'tonemap=hable:desat=0',
    'zscale=t=bt709:m=bt709:r=tv',
    'format=yuv420p',
  ];
}

/**
 * Colours of what is encoded. Standard definition keeps the matrix it came with: every player reads the tag, and turning
 * one matrix into the other costs a third of a small rung's whole encode.
 */
function outputMatrix(layout: SourceLayout): 'bt601' | 'bt709' {
  return layout.video?.transfer === 'sdr' && layout.video.matrix === 'bt601' ? 'bt601' : 'bt709';
}

function scaling(layout: SourceLayout, { width, height }: VideoRendition, from: string, to: string): string {
  const colours = `in_color_matrix=${matrixAfterToneMapping(layout)}:out_color_matrix=${outputMatrix(layout)}:out_range=tv`;
  return `[${from}]scale=${width}:${height}:flags=bicubic:${colours},setsar=1,format=yuv420p[${to}]`;
}

function matrixAfterToneMapping({ video }: SourceLayout): string {
  return video?.transfer === 'sdr' ? video.matrix : 'bt709';
}

/** To the colours of JPEG, which are BT.601 in full range whatever the film's (JFIF 1.02). */
function pictureScaling(layout: SourceLayout, width: number, height: number): string {
  const colours = `in_color_matrix=${matrixAfterToneMapping(layout)}:out_color_matrix=bt601:out_range=pc`;
  return `scale=${width}:${height}:flags=bicubic:${colours},setsar=1,format=yuvj420p`;
}

function commonOptions(video: VideoTrack, colours: string): string[] {
  // biome-ignore format: options read in pairs
  return [
    '-fps_mode', 'passthrough',
    '-color_primaries', colours, '-color_trc', colours, '-colorspace', colours, '-color_range', 'tv',
    '-flags:v', '+bitexact', '-video_track_timescale', String(video.timescale),
  ];
}

/** Fragmented MP4 whose decode times stay on the film's clock and whose init is the same in every chunk. */
function fragments(firstSegment: number, cut: 'frag_keyframe' | 'frag_every_frame'): string[] {
  // biome-ignore format: options read in pairs
  return [
    '-map_metadata', '-1', '-map_chapters', '-1', '-fflags', '+bitexact', '-avoid_negative_ts', 'disabled',
    '-fragment_index', String(firstSegment + 1), '-flush_packets', '1',
    '-movflags', `+cmaf+empty_moov+${cut}+frag_discont+skip_trailer`, '-f', 'mp4',
  ];
}

/** AAC frames encoded before the first wanted one, in which the encoder settles; they are dropped again. */
const PRE_ROLL_FRAMES = 8;

/** AAC frames after the last wanted one, so that the encoder's look-ahead ends beyond it. */
const POST_ROLL_FRAMES = 3;

/**
 * One chunk of a rendition of sound, a fragment for every AAC frame, with exactly the frames of the grid. `silent` makes
 * silence of the same form instead, for where the track has no sound (any more).
 */
export function audioCommand(
  film: Film,
  layout: SourceLayout,
  rendition: AudioRendition,
  chunk: ChunkRange & { readonly silent: boolean },
  source: string,
  target: string,
): FfmpegCommand {
  const { audio } = film;
  const track = audioLayoutOf(layout, rendition);
  if (!audio || !track) throw new TypeError('an audio command needs a film with audio');
  const first = audioFrameAt(film, chunk.firstSegment) * AAC_FRAME;
  const end = audioFrameAt(film, chunk.endSegment) * AAC_FRAME;
  const from = first - PRE_ROLL_FRAMES * AAC_FRAME;
  const channels = channelLayout(rendition);
  const sound = chunk.silent
    ? [`anullsrc=r=${audio.sampleRate}:cl=${channels}`, `asetpts=PTS+(${from})`]
    : [
        `[0:${track.streamIndex}]asetpts=${soundTime(track)}`,
        // Two steps: told a first sample while it also changes the rate, the resampler of 5.1 skips too far.
        `aresample=${audio.sampleRate}:ochl=${channels}:${DOWNMIX}`,
        `aresample=${audio.sampleRate}:async=1:min_hard_comp=0.01:first_pts=${from}`,
        ...levelling(layout, track, rendition),
      ];
  const filter = [
    ...sound,
    `aformat=sample_fmts=fltp:sample_rates=${audio.sampleRate}:channel_layouts=${channels}`,
    'apad',
    `atrim=start_pts=${from}:end_pts=${end + POST_ROLL_FRAMES * AAC_FRAME}[a0]`,
  ].join(',');
  return {
    inputOptions: input(layout, from / audio.sampleRate),
    input: source,
    filter,
    outputs: [{ options: audioOptions(rendition, first, end), target }],
  };
}

/**
 * When a frame of sound is heard, in samples from the film's time 0. A chunk takes its place from the first frame that it
 * reads and keeps it, so with rounded times chunks would meet up to a millisecond apart. There frames are counted from the
 * track's first, and a time that is off by no more than rounding can make it stands for the place of a whole frame.
 */
function soundTime({ zeroSamples, startSamples }: AudioLayout): string {
  if (startSamples === undefined) return `PTS-(${zeroSamples})`;
  const counted = `st(0,${startSamples}+NB_SAMPLES*round((PTS-(${startSamples}))/NB_SAMPLES))`;
  return `'${counted};if(lt(abs(ld(0)-PTS),min(NB_SAMPLES/10,SR/500)),ld(0),PTS)-(${zeroSamples})'`;
}

/** A rendition's gain is the same in every chunk, so that chunks meet at one level. */
function levelling({ gainsDb }: SourceLayout, { channels = 0 }: AudioLayout, rendition: AudioRendition): string[] {
  const gainDb = gainsDb?.[rendition.name];
  if (gainDb !== undefined) return [`volume=${gainDb}dB`, LEVELLED_LIMITER];
  return channels > rendition.channels ? [LIMITER] : [];
}

/**
 * Where several channels become fewer: centre and surrounds 3 dB down (ITU-R BS.775), the bass channel 6 dB. Not scaled
 * down to what could never clip, which would take 9 dB from every voice: the few peaks are the limiter's.
 */
const DOWNMIX = 'osf=fltp:clev=0.707107:slev=0.707107:lfe_mix_level=0.5:rematrix_maxval=1000';

/**
 * Holds peaks 1 dB below full scale. It looks 5 ms ahead and lets go within 50, far less than the pre-roll, so that two
 * chunks meet under the same gain.
 */
const LIMITER = limiter(0.891);

/** 2 dB below full scale: between two samples a wave may rise higher than either, by a decibel at most (true peak -1). */
const LEVELLED_LIMITER = limiter(0.794);

function limiter(limit: number): string {
  return `alimiter=limit=${limit}:attack=5:release=50:level=0:latency=1`;
}

function channelLayout({ channels }: Pick<AudioRendition, 'channels'>): string {
  if (channels === 1) return 'mono';
  return channels === 2 ? 'stereo' : '5.1';
}

function audioOptions(rendition: AudioRendition, firstSample: number, endSample: number): string[] {
  // biome-ignore format: options read in pairs
  return [
    '-map', '[a0]', '-c:a', 'aac', '-b:a', String(rendition.bitrateBps), '-flags:a', '+bitexact',
    // The encoder's own first frame, the pre-roll and the post-roll: whatever is not on this chunk's part of the grid.
    '-bsf:a', `noise=drop='lt(pts,${firstSample})+gte(pts,${endSample})'`,
    ...fragments(0, 'frag_every_frame'),
  ];
}

/** Sound to be heard by a meter, from where a stretch begins, with the channels that a viewer gets. */
export interface MeteredTrack {
  readonly streamIndex: number;
  readonly channels: number;
  /** File for what the meter notes. */
  readonly report: string;
}

/** Notes how loud tracks are, every 100 ms (ITU-R BS.1770), in one reading. Where it begins need not be exact. */
export function loudnessCommand(
  { container }: SourceLayout,
  tracks: readonly MeteredTrack[],
  { atSeconds, seconds }: { readonly atSeconds: number; readonly seconds?: number },
  source: string,
): FfmpegCommand {
  const seek = atSeconds > 0 ? ['-noaccurate_seek', '-ss', atSeconds.toFixed(3)] : [];
  const length = seconds === undefined ? [] : ['-t', seconds.toFixed(3)];
  const metered = tracks.map(({ streamIndex, channels, report }, index) =>
    [
      `[0:${streamIndex}]aresample=${METER_HERTZ}:ochl=${channelLayout({ channels })}:${DOWNMIX}`,
      'ebur128=metadata=1',
      `ametadata=mode=print:key=lavfi.r128.M:file=${inFilter(report)}[m${index}]`,
    ].join(','),
  );
  return {
    // biome-ignore format: options read in pairs
    inputOptions: [
      '-hide_banner', '-nostdin', '-v', 'warning', '-threads', THREADS, '-max_error_rate', '1', ...seek, ...length,
      ...guardedInput(container),
    ],
    input: source,
    filter: metered.join(';'),
    outputs: [{ options: [...tracks.flatMap((_, index) => ['-map', `[m${index}]`]), '-f', 'null'], target: '-' }],
  };
}

const METER_HERTZ = 48_000;

/** A value within a filter's options, within a graph of filters: both levels have characters of their own. */
function inFilter(value: string): string {
  return value.replace(/[\\':]/g, '\\$&').replace(/[\\'[\],;]/g, '\\$&');
}

/** No film has so much to say; a file that goes on beyond it is cut off there. */
export const SUBTITLE_BYTES = 8 * 1024 * 1024;

/** Written subtitles of a source as WebVTT files, on the source's own clock, in one reading and without decoding a picture. */
export function subtitlesCommand(
  container: string,
  tracks: readonly { readonly streamIndex: number; readonly target: string }[],
  source: string,
): FfmpegCommand {
  return {
    inputOptions: ['-hide_banner', '-nostdin', '-v', 'warning', '-copyts', ...guardedInput(container)],
    input: source,
    outputs: tracks.map(({ streamIndex, target }) => ({
      // biome-ignore format: options read in pairs
      options: [
        '-map', `0:${streamIndex}`, '-c:s', 'webvtt', '-fs', String(SUBTITLE_BYTES), '-map_metadata', '-1',
        '-fflags', '+bitexact', '-f', 'webvtt',
      ],
      target,
    })),
  };
}

/** Input of work that looks at key frames only: nothing else is read where the container has an index, or decoded. */
function keyFrames(layout: SourceLayout, filmSeconds: number): string[] {
  return ['-skip_frame', 'nokey', '-discard', 'nokey', ...input(layout, filmSeconds)];
}

/** Fails when not one key frame of the film can be decoded, and ends at the first that can. */
export function anyPictureCommand(layout: SourceLayout, source: string): FfmpegCommand {
  if (!layout.video) throw new TypeError('pictures are looked for in a film with video');
  return {
    inputOptions: [...keyFrames(layout, 0), '-abort_on', 'empty_output_stream'],
    input: source,
    filter: `[0:${layout.video.streamIndex}]null[p0]`,
    outputs: [{ options: ['-map', '[p0]', '-frames:v', '1', '-f', 'null'], target: '-' }],
  };
}

/** Key frames that the poster is chosen from, starting a tenth into the film. */
export const POSTER_FRAMES = 12;
const POSTER_MOST_WIDE = 1_280;

/** What a poster is to know of a film. */
export interface PicturedFilm extends Pick<Film, 'durationSeconds'> {
  readonly video?: { readonly renditions: readonly Pick<VideoRendition, 'width' | 'height'>[] };
}

/** The most typical of some key frames; those that are nearly all black do not stand for election unless `anyPicture`. */
export function posterCommand(
  film: PicturedFilm,
  layout: SourceLayout,
  source: string,
  target: string,
  anyPicture: boolean,
): FfmpegCommand {
  const top = film.video?.renditions.at(-1);
  if (!top || !layout.video) throw new TypeError('a poster needs a film with video');
  const factor = Math.min(1, POSTER_MOST_WIDE / top.width);
  const even = (side: number) => 2 * Math.max(1, Math.round((side * factor) / 2));
  const filter = `[0:${layout.video.streamIndex}]${[
    ...(anyPicture
      ? []
      : ['blackframe=amount=0:threshold=36', 'metadata=select:key=lavfi.blackframe.pblack:value=90:function=less']),
    `thumbnail=${POSTER_FRAMES}`,
    ...toneMapping(layout.video.transfer),
    pictureScaling(layout, even(top.width), even(top.height)),
  ].join(',')}[p0]`;
  return {
    inputOptions: keyFrames(layout, anyPicture ? 0 : film.durationSeconds / 10),
    input: source,
    filter,
    outputs: [picture('[p0]', '3', ['-frames:v', '1', '-update', '1'], target)],
  };
}

/** Sprite sheets; `target` holds a `%03d` for the sheet's number. */
export function storyboardCommand(
  board: Storyboard,
  layout: SourceLayout,
  source: string,
  target: string,
): FfmpegCommand {
  if (!layout.video) throw new TypeError('a storyboard needs a film with video');
  const filter = [
    `[0:${layout.video.streamIndex}]setpts=PTS-(${layout.video.zeroPts})`,
    ...toneMapping(layout.video.transfer),
    pictureScaling(layout, board.tileWidth, board.tileHeight),
    'tpad=stop=-1:stop_mode=clone',
    `fps=1000/${Math.round(board.intervalSeconds * 1_000)}:start_time=0:round=up`,
    `trim=end_pts=${board.tileCount}`,
    `tile=${board.columns}x${board.rows}[t0]`,
  ].join(',');
  // What is laid out on sheets later is encoded once more.
  const quality = tilesPerSheet(board) === 1 ? '2' : '4';
  return {
    inputOptions: keyFrames(layout, 0),
    input: source,
    filter,
    outputs: [picture('[t0]', quality, ['-frames:v', String(sheetCount(board)), '-start_number', '0'], target)],
  };
}

/** The same of tiles that were made one by one, as JPEG pictures one after another in `source`. */
export function sheetsCommand(board: Storyboard, source: string, target: string): FfmpegCommand {
  return {
    inputOptions: ['-f', 'mjpeg'],
    input: source,
    filter: `[0:0]tile=${board.columns}x${board.rows}[t0]`,
    outputs: [picture('[t0]', '4', ['-frames:v', String(sheetCount(board)), '-start_number', '0'], target)],
  };
}

function picture(from: string, quality: string, options: readonly string[], target: string): FfmpegOutput {
  return {
    // biome-ignore format: options read in pairs
    options: [
      '-map', from, ...options, '-fps_mode', 'passthrough', '-c:v', 'mjpeg', '-q:v', quality,
      '-pix_fmt', 'yuvj420p', '-map_metadata', '-1', '-fflags', '+bitexact', '-flags:v', '+bitexact', '-f', 'image2',
    ],
    target,
  };
}
