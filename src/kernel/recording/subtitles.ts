import { subtitleSegmentName } from '../film/paths.ts';
import type { MediaPlaylist } from '../hls/playlist.ts';
import { type Cue, cuesWithin, moveCues } from '../subtitles/cue.ts';
import { writeVtt, writeVttSegment } from '../subtitles/write.ts';
import { type Moment, momentsOf, type Recording, recordedNames, timescales } from './recording.ts';

/** Segments of the recording that share one of its subtitles, as with films: about a minute in twos. */
const SEGMENTS = 30;

/** One segment of text: it lies within one session. Seconds of the recording. */
interface Piece {
  readonly session: number;
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** Where its session begins. */
  readonly sessionSeconds: number;
}

function piecesOf(recording: Recording): Piece[] {
  const sessions = Map.groupBy(momentsOf(recording), ({ session }) => session);
  return [...sessions].flatMap(([session, moments]) => {
    const sessionSeconds = moments[0]?.startSeconds ?? 0;
    const count = Math.ceil(moments.length / SEGMENTS);
    return Array.from({ length: count }, (_, index) => {
      const own = moments.slice(index * SEGMENTS, (index + 1) * SEGMENTS);
      return { session, sessionSeconds, ...spanOf(own) };
    });
  });
}

function spanOf(moments: readonly Moment[]): Pick<Moment, 'startSeconds' | 'endSeconds'> {
  return { startSeconds: moments[0]?.startSeconds ?? 0, endSeconds: moments.at(-1)?.endSeconds ?? 0 };
}

/** The media playlist of any subtitles of a recording, which breaks off where the media does. */
export function recordedSubtitlePlaylist(recording: Recording): MediaPlaylist {
  const pieces = piecesOf(recording);
  const segments = pieces.map(({ session, startSeconds, endSeconds }, index) => ({
    uri: subtitleSegmentName(index),
    durationSeconds: endSeconds - startSeconds,
    ...(index > 0 && pieces[index - 1]?.session !== session ? { isSplice: true as const } : {}),
  }));
  const targetDurationSeconds = Math.max(1, ...segments.map(({ durationSeconds }) => Math.ceil(durationSeconds)));
  return { targetDurationSeconds, segments };
}

/** The text of every segment, in order. Times count from where the session begins, which is said on the media's own clock. */
export function recordedSubtitleSegments(
  recording: Recording,
  cues: readonly Cue[],
): { readonly name: string; readonly text: string }[] {
  return piecesOf(recording).map(({ session, startSeconds, endSeconds, sessionSeconds }, index) => {
    const own = cuesWithin(cues, Math.round(startSeconds * 1_000), Math.round(endSeconds * 1_000));
    const text = writeVttSegment(moveCues(own, sessionSeconds), clockSeconds(recording, session));
    return { name: subtitleSegmentName(index), text };
  });
}

/** All of a session's text in one file, as a period of DASH has it. */
export function recordedSubtitleFile(recording: Recording, cues: readonly Cue[], session: number): string {
  const own = momentsOf(recording).filter((each) => each.session === session);
  const { startSeconds, endSeconds } = spanOf(own);
  const within = cuesWithin(cues, Math.round(startSeconds * 1_000), Math.round(endSeconds * 1_000));
  return writeVtt(moveCues(within, startSeconds));
}

export function sessionSubtitleName(session: number): string {
  return `all-${session}.vtt`;
}

/** What the session's own clock says where the recording of it begins. */
function clockSeconds(recording: Recording, session: number): number {
  const [clock = ''] = recordedNames(recording);
  const stretch = recording.stretches.find((each) => each.session.number === session);
  const first = stretch?.segments.get(clock)?.[0];
  return (first?.startTicks ?? 0) / (timescales(recording).get(clock) ?? 1);
}
