import { adaptationSets, runsOf, textSets, type UriOf } from '../dash/film-manifest.ts';
import type { AdaptationSet, Manifest, Period } from '../dash/manifest.ts';
import { SEGMENT_DIGITS, sessionInitName } from '../film/paths.ts';
import type { Bandwidth } from '../hls/film-playlists.ts';
import type { LiveSegment } from '../live/broadcast.ts';
import type { SubtitleTrack } from '../subtitles/track.ts';
import { type Recording, recordedNames, type Stretch, timescales } from './recording.ts';

/** A text's address; each session has a file of its own, because its clock begins anew. */
type SessionUriOf = (track: SubtitleTrack, session: number) => string;

/**
 * The DASH manifest over the segments that the playlists name: a period for each session. Numbers and times of a period
 * go on without a hole, so a rendition's gap ends it as well: the next one offers what there is.
 */
export function recordedManifest(
  recording: Recording,
  version: number,
  measured: ReadonlyMap<string, Bandwidth>,
  texts: { readonly tracks: readonly SubtitleTrack[]; readonly uriOf: SessionUriOf },
): Manifest {
  const names = recordedNames(recording);
  const pieces = recording.stretches.flatMap((stretch) => gapless(stretch, names));
  const uriOf =
    ({ session }: Stretch): UriOf =>
    (track) =>
      texts.uriOf(track, session.number);
  return {
    bufferSeconds: Math.max(1, ...pieces.map((piece) => firstSeconds(recording, piece))),
    periods: pieces.map((piece) => ({
      ...periodOf(recording, version, measured, piece),
      texts: textSets(texts.tracks, uriOf(piece)),
    })),
  };
}

interface Piece extends Stretch {
  /** Of one rendition, all that lies before the next piece: also what is missing everywhere. */
  readonly spanned: readonly LiveSegment[];
}

/**
 * A stretch cut where some rendition begins or ceases to have segments, each piece with those that have all of it. Where
 * none has any the piece before lasts on, as a playlist's time does.
 */
function gapless({ session, sequences, segments }: Stretch, names: readonly string[]): Piece[] {
  const present = sequences.map((_, index) => names.filter((name) => segments.get(name)?.[index]?.isGap !== true));
  const pieces: Piece[] = [];
  let from = 0;
  for (let end = 1; end <= sequences.length; end += 1) {
    const own = present[from] ?? [];
    if (end < sequences.length && own.join() === present[end]?.join()) continue;
    const rows = own.map((name) => [name, (segments.get(name) ?? []).slice(from, end)] as const);
    const last = pieces.at(-1);
    const [clock] = own.length > 0 ? own : (last?.segments.keys() ?? []);
    const spanned = (segments.get(clock ?? '') ?? []).slice(from, end);
    if (own.length > 0)
      pieces.push({ session, sequences: sequences.slice(from, end), segments: new Map(rows), spanned });
    else if (last) pieces[pieces.length - 1] = { ...last, spanned: [...last.spanned, ...spanned] };
    from = end;
  }
  return pieces;
}

function periodOf(
  recording: Recording,
  version: number,
  measured: ReadonlyMap<string, Bandwidth>,
  { session, sequences, segments, spanned }: Piece,
): Omit<Period, 'texts'> {
  const scales = timescales(recording);
  const seconds = (name: string, ticks: number) => ticks / (scales.get(name) ?? 1);
  const has = ({ name }: { readonly name: string }) => segments.has(name);
  const video = recording.video && { ...recording.video, renditions: recording.video.renditions.filter(has) };
  const audio = recording.audio && { ...recording.audio, renditions: recording.audio.renditions.filter(has) };
  // What both tracks call the period's first moment: neither may begin before it.
  const startSeconds = Math.min(...[...segments].map(([name, [first]]) => seconds(name, first?.startTicks ?? 0)));
  const folder = `v${version}/$RepresentationID$/`;
  const segmentsOf = (name: string): Placed => {
    const own = segments.get(name) ?? [];
    const timescale = scales.get(name) ?? 1;
    return {
      timescale,
      startTicks: own[0]?.startTicks ?? 0,
      periodTicks: Math.round(startSeconds * timescale),
      startNumber: sequences[0] ?? 0,
      timeline: runsOf(own.map(({ durationTicks }) => durationTicks)),
      initTemplate: `${folder}${sessionInitName(session.number)}`,
      mediaTemplate: `${folder}s$Number%0${SEGMENT_DIGITS}d$.m4s`,
    };
  };
  const [clock = ''] = segments.keys();
  return {
    durationSeconds: seconds(clock, sumOf(spanned)),
    sets: adaptationSets(
      {
        ...(video && video.renditions.length > 0 ? { video } : {}),
        ...(audio && audio.renditions.length > 0 ? { audio } : {}),
      },
      (name) => measured.get(name)?.peakBps ?? 0,
      segmentsOf,
    ),
  };
}

type Placed = Pick<
  AdaptationSet,
  'timescale' | 'startTicks' | 'periodTicks' | 'startNumber' | 'timeline' | 'initTemplate' | 'mediaTemplate'
>;

function sumOf(segments: readonly LiveSegment[]): number {
  return segments.reduce((sum, { durationTicks }) => sum + durationTicks, 0);
}

function firstSeconds(recording: Recording, { segments }: Stretch): number {
  const [[name, own] = ['', []]] = segments;
  return Math.ceil((own[0]?.durationTicks ?? 0) / (timescales(recording).get(name) ?? 1));
}
