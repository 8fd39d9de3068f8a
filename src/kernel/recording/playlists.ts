import { segmentName, sessionInitName } from '../film/paths.ts';
import { averageBandwidthBps, peakBandwidthBps } from '../hls/bandwidth.ts';
import { type Bandwidth, type IframeRendition, multivariantPlaylist } from '../hls/film-playlists.ts';
import type { IframePlaylist, MediaPlaylist, MultivariantPlaylist } from '../hls/playlist.ts';
import type { LiveSegment } from '../live/broadcast.ts';
import { reaches } from '../live/date-range.ts';
import { dateOf, datesOf, type Recording, recordedNames, type Stretch, timescales } from './recording.ts';

/**
 * The media playlist of one rendition. `keyUri` is where the key of an encrypted one is: numbers go on from where they
 * were, since they open its segments.
 */
export function recordedMediaPlaylist(recording: Recording, rendition: string, keyUri?: string): MediaPlaylist {
  const scale = timescales(recording).get(rendition) ?? 1;
  const firstSequence = recording.stretches[0]?.sequences[0] ?? 0;
  return {
    ...headOf(recording),
    ...(keyUri === undefined ? {} : { keyUri }),
    ...(firstSequence === 0 ? {} : { firstSequence }),
    ...datedRanges(recording),
    segments: spliced(recording, rendition, (segment, splice, { session }, before) => {
      const isDated = !before || before.shiftMs !== segment.shiftMs;
      const recordedAtMs = isDated ? dateOf(segment, session, scale) : undefined;
      return {
        uri: segmentName(segment.sequence),
        durationSeconds: segment.durationTicks / scale,
        ...splice,
        ...(recordedAtMs === undefined ? {} : { recordedAtMs }),
        ...(segment.isGap ? { isGap: true as const } : {}),
      };
    }),
  };
}

/** What was told, the same in every rendition. It means nothing where segments have no dates. */
function datedRanges(recording: Recording): Pick<MediaPlaylist, 'dateRanges'> {
  const dates = datesOf(recording);
  const dateRanges = dates && recording.dateRanges?.filter((each) => reaches(each, dates.fromMs));
  return dateRanges?.length ? { dateRanges } : {};
}

/** Undefined where some segment's key frame is not known, as in one that is encrypted. */
export function recordedIframePlaylist(recording: Recording, rendition: string): IframePlaylist | undefined {
  const scale = timescales(recording).get(rendition) ?? 1;
  const frames = spliced(recording, rendition, ({ sequence, durationTicks, keyFrame, isGap }, splice) => {
    if (!keyFrame && !isGap) return undefined;
    const { startByte = 0, sizeBytes = 0 } = keyFrame ?? {};
    return { uri: segmentName(sequence), startByte, sizeBytes, durationSeconds: durationTicks / scale, ...splice };
  });
  const known = frames.filter((each) => each !== undefined);
  if (known.length === 0 || known.length < frames.length) return undefined;
  return { ...headOf(recording), frames: overGaps(known) };
}

type Frames = IframePlaylist['frames'];

/** A key frame is shown until the next one, also where what follows it is missing. */
function overGaps(frames: Frames): Frames {
  const shown: Frames[number][] = [];
  let splice: Splice = {};
  for (const frame of frames) {
    if (frame.isSplice && frame.initUri !== undefined) splice = { isSplice: true, initUri: frame.initUri };
    const before = shown.at(-1);
    if (frame.sizeBytes > 0) {
      shown.push({ ...frame, ...splice });
      splice = {};
    } else if (before) {
      shown[shown.length - 1] = { ...before, durationSeconds: before.durationSeconds + frame.durationSeconds };
    }
  }
  return shown;
}

type Splice = Pick<Frames[number], 'isSplice' | 'initUri'>;

/** What `write` makes of every segment; the first of each session but the first is told which init holds from there on. */
function spliced<T>(
  { stretches }: Recording,
  rendition: string,
  write: (segment: LiveSegment, splice: Splice, stretch: Stretch, before: LiveSegment | undefined) => T,
): T[] {
  return stretches.flatMap((stretch, at) => {
    const own = stretch.segments.get(rendition) ?? [];
    // Of a session that this rendition has nothing of there is no init segment either.
    const init = own.some(({ isGap }) => !isGap) ? { initUri: sessionInitName(stretch.session.number) } : {};
    return own.map((segment, index) => {
      const isSplice = at > 0 && index === 0;
      return write(segment, isSplice ? { isSplice, ...init } : {}, stretch, own[index - 1]);
    });
  });
}

function headOf(recording: Recording): { targetDurationSeconds: number; initUri: string } {
  const first = recording.stretches[0]?.session.number ?? 1;
  return { targetDurationSeconds: targetDurationSeconds(recording), initUri: sessionInitName(first) };
}

/** One target for every rendition, as players demand of renditions they switch between. */
function targetDurationSeconds(recording: Recording): number {
  let longest = 1;
  for (const [name, scale] of timescales(recording)) {
    for (const { segments } of recording.stretches) {
      for (const { durationTicks } of segments.get(name) ?? []) {
        longest = Math.max(longest, Math.round(durationTicks / scale));
      }
    }
  }
  return longest;
}

/** What every rendition really needs; gaps need nothing, and what is around them is not thinned by them. */
export function recordedBandwidths(recording: Recording): Map<string, Bandwidth> {
  const scales = timescales(recording);
  const target = targetDurationSeconds(recording);
  return new Map(
    recordedNames(recording).map((name) => {
      const stored = recording.stretches.flatMap(({ segments }) => segments.get(name) ?? []);
      const measured = stored
        .filter(({ isGap }) => !isGap)
        .map(({ bytes, durationTicks }) => ({ bytes, durationSeconds: durationTicks / (scales.get(name) ?? 1) }));
      return [name, { peakBps: peakBandwidthBps(measured, target), averageBps: averageBandwidthBps(measured) }];
    }),
  );
}

/** `startSeconds`: where players begin, for a clip that had to begin before what was asked for. */
export function recordedMultivariantPlaylist(
  recording: Recording,
  playlistUri: (rendition: string) => string,
  measured: ReadonlyMap<string, Bandwidth>,
  iframes: ReadonlyMap<string, IframeRendition>,
  startSeconds = 0,
): MultivariantPlaylist {
  const of = (name: string) => measured.get(name) ?? { peakBps: 0, averageBps: 0 };
  const playlist = multivariantPlaylist(recording, playlistUri, of, iframes);
  return startSeconds > 0 ? { ...playlist, startSeconds } : playlist;
}
