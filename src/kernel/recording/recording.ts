import type { AudioRendition } from '../film/film.ts';
import type { BroadcastFormat, LiveAudioTrack, LiveSegment, LiveVideoTrack, Session } from '../live/broadcast.ts';
import type { DateRange } from '../live/date-range.ts';

/**
 * A recording: what was stored of a broadcast, or of a part of it, as an asset that plays. Its segments are those that
 * viewers had while it was live, so they last as long as they happened to, and begin anew with every session. Unlike a
 * `Film`, nothing of it can be computed: everything is read from what was stored.
 */
export interface Recording {
  readonly video?: LiveVideoTrack;
  readonly audio?: LiveAudioTrack;
  /** One for each session of which there is something, in order. */
  readonly stretches: readonly Stretch[];
  /** What was told at moments of it, in order; absent for nothing. */
  readonly dateRanges?: readonly DateRange[];
}

/** What was recorded without an interruption: the same numbers in every rendition, and what one of them lacks as a gap. */
export interface Stretch {
  readonly session: Session;
  readonly sequences: readonly number[];
  /** By rendition, in the order of `sequences`. */
  readonly segments: ReadonlyMap<string, readonly LiveSegment[]>;
}

/** What is stored, before anybody looked whether it fits together. */
export interface StoredRecording {
  readonly format: Pick<BroadcastFormat, 'video' | 'audio'>;
  readonly sessions: readonly Session[];
  /** In any order. */
  readonly segments: readonly LiveSegment[];
  readonly dateRanges?: readonly DateRange[];
}

/**
 * The recording that what is stored makes. A rendition of which more is missing than a segment for each session, as a rung
 * dropped under load, is left out: players would fall from it and back again. What little is missing of the others is a
 * gap, but for the ends, which are cut off where not all renditions have them: a crash leaves the last segment of some.
 * Undefined when nothing is left.
 */
export function makeRecording(stored: StoredRecording): Recording | undefined {
  const byName = Map.groupBy(
    stored.segments.filter(({ isGap }) => !isGap),
    ({ rendition }) => rendition,
  );
  const { video, audio } = stored.format;
  const most = stored.sessions.length;
  const pictures = fullest(video?.renditions ?? [], byName, most);
  const sounds = fullest(keptSound(audio?.renditions ?? [], byName, most), byName, most);
  const kept = new Map([...pictures, ...sounds].map(({ name }) => [name, byName.get(name) ?? []]));
  const all = withoutEnds(stored.segments, kept);
  const stretches = stored.sessions
    .toSorted((one, other) => one.number - other.number)
    .flatMap((session) => stretchOf(session, all, [...kept.keys()], timescales(stored.format)));
  if (stretches.length === 0) return undefined;
  const { dateRanges = [] } = stored;
  return {
    ...(video && pictures.length > 0 ? { video: { ...video, renditions: pictures } } : {}),
    ...(audio && sounds.length > 0 ? { audio: { ...audio, renditions: sounds } } : {}),
    stretches,
    ...(dateRanges.length > 0 ? { dateRanges } : {}),
  };
}

type Stored = ReadonlyMap<string, readonly LiveSegment[]>;

/** Those that have all that any of them has, but for so many segments. */
function fullest<T extends { readonly name: string }>(renditions: readonly T[], stored: Stored, lacking: number): T[] {
  const countOf = ({ name }: T) => stored.get(name)?.length ?? 0;
  const most = Math.max(0, ...renditions.map(countOf));
  return renditions.filter((each) => countOf(each) > 0 && most - countOf(each) <= lacking);
}

/** A second encoding of a track goes with the first. */
function keptSound(renditions: readonly AudioRendition[], stored: Stored, lacking: number): AudioRendition[] {
  const names = new Set(fullest(renditions, stored, lacking).map(({ name }) => name));
  return renditions.filter(({ surroundOf }) => surroundOf === undefined || names.has(surroundOf));
}

/** All segments between the first number and the last that every kept rendition has. */
function withoutEnds(segments: readonly LiveSegment[], kept: Stored): LiveSegment[] {
  const numbers = [...kept.values()].map((own) => own.map(({ sequence }) => sequence));
  const first = Math.max(...numbers.map((own) => own.reduce((least, each) => Math.min(least, each), Infinity)));
  const last = Math.min(...numbers.map((own) => own.reduce((most, each) => Math.max(most, each), -Infinity)));
  return segments.filter(({ rendition, sequence }) => kept.has(rendition) && sequence >= first && sequence <= last);
}

function stretchOf(
  session: Session,
  segments: readonly LiveSegment[],
  names: readonly string[],
  timescaleOf: ReadonlyMap<string, number>,
): Stretch[] {
  const there = segments.filter((each) => each.session === session.number);
  const own = [...there, ...lostEverywhere(there, timescaleOf)];
  const sequences = [...new Set(own.map(({ sequence }) => sequence))].sort((one, other) => one - other);
  if (!own.some(({ isGap }) => !isGap)) return [];
  const at = new Map(own.map((each) => [keyOf(each.rendition, each.sequence), each]));
  const whole = sequences.map((sequence) => {
    const models = names.flatMap((name) => at.get(keyOf(name, sequence)) ?? []);
    return names.map((name) => at.get(keyOf(name, sequence)) ?? gapLike(models[0], name, timescaleOf));
  });
  const rows = names.map((name, index) => [name, whole.flatMap((each) => each[index] ?? [])] as const);
  return [{ session, sequences, segments: new Map(rows) }];
}

/**
 * Gaps for numbers of which no rendition has anything, so that time goes on over them: they share what lies between the
 * segments around them. One rendition's are enough, since the others lack them as they lack any.
 */
function lostEverywhere(own: readonly LiveSegment[], timescaleOf: ReadonlyMap<string, number>): LiveSegment[] {
  const known = [...new Map(own.map((each) => [each.sequence, each])).values()];
  const ordered = known.toSorted((one, other) => one.sequence - other.sequence);
  return ordered.flatMap((before, index) => {
    const after = ordered[index + 1];
    const count = after ? after.sequence - before.sequence - 1 : 0;
    if (!after || count === 0) return [];
    const { rendition, session, shiftMs } = before;
    const moved = shiftMs === undefined ? {} : { shiftMs };
    const from = before.startTicks + before.durationTicks;
    const factor = (timescaleOf.get(rendition) ?? 1) / (timescaleOf.get(after.rendition) ?? 1);
    const span = Math.max(0, Math.round(after.startTicks * factor) - from);
    const startOf = (at: number) => from + Math.round((at * span) / count);
    return Array.from({ length: count }, (_, at): LiveSegment => {
      const place = { rendition, session, sequence: before.sequence + 1 + at, startTicks: startOf(at) };
      return { ...place, ...moved, durationTicks: startOf(at + 1) - startOf(at), bytes: 0, isGap: true };
    });
  });
}

function keyOf(rendition: string, sequence: number): string {
  return `${sequence} ${rendition}`;
}

/** The time that another rendition's segment takes, on this one's clock. */
function gapLike(
  model: LiveSegment | undefined,
  rendition: string,
  timescaleOf: ReadonlyMap<string, number>,
): LiveSegment | undefined {
  if (!model) return undefined;
  const factor = (timescaleOf.get(rendition) ?? 1) / (timescaleOf.get(model.rendition) ?? 1);
  const startTicks = Math.round(model.startTicks * factor);
  const endTicks = Math.round((model.startTicks + model.durationTicks) * factor);
  const { sequence, session, shiftMs } = model;
  const gap = { rendition, sequence, session, startTicks, durationTicks: endTicks - startTicks, bytes: 0 };
  return { ...gap, ...(shiftMs === undefined ? {} : { shiftMs }), isGap: true };
}

/** Ticks a second of every rendition. */
export function timescales({ video, audio }: Pick<BroadcastFormat, 'video' | 'audio'>): Map<string, number> {
  return new Map([
    ...(video?.renditions ?? []).map(({ name }) => [name, video?.timescale ?? 1] as const),
    ...(audio?.renditions ?? []).map(({ name }) => [name, audio?.sampleRate ?? 1] as const),
  ]);
}

/** Every rendition's name, lowest video rung first, audio last. */
export function recordedNames({ video, audio }: Pick<Recording, 'video' | 'audio'>): string[] {
  return [...(video?.renditions ?? []), ...(audio?.renditions ?? [])].map(({ name }) => name);
}

/** What there is of tracks, without anything else. */
export function tracksOf({ video, audio }: Pick<BroadcastFormat, 'video' | 'audio'>) {
  return { ...(video ? { video } : {}), ...(audio ? { audio } : {}) };
}

export function allSegments({ stretches }: Recording): LiveSegment[] {
  return stretches.flatMap(({ segments }) => [...segments.values()].flat());
}

/** When each segment of a recording begins and ends for whoever plays it, in seconds; the picture says, where there is one. */
export interface Moment {
  readonly session: number;
  readonly sequence: number;
  readonly startSeconds: number;
  readonly endSeconds: number;
}

export function momentsOf(recording: Recording): Moment[] {
  const scales = timescales(recording);
  const [clock = ''] = recordedNames(recording);
  let seconds = 0;
  return recording.stretches.flatMap(({ segments }) =>
    (segments.get(clock) ?? []).map(({ session, sequence, durationTicks }) => {
      const startSeconds = seconds;
      seconds += durationTicks / (scales.get(clock) ?? 1);
      return { session, sequence, startSeconds, endSeconds: seconds };
    }),
  );
}

export function recordedSeconds(recording: Recording): number {
  return momentsOf(recording).at(-1)?.endSeconds ?? 0;
}

/** When a segment was recorded, which is what was said while it was live; undefined of a film, where nobody knows. */
export function dateOf({ startTicks, shiftMs = 0 }: LiveSegment, { beganAtMs }: Session, scale: number) {
  return beganAtMs > 0 ? beganAtMs + shiftMs + Math.round((1_000 * startTicks) / scale) : undefined;
}

/** The dates at which a recording begins and ends. Undefined where nobody knows them. */
export function datesOf(recording: Recording): { readonly fromMs: number; readonly untilMs: number } | undefined {
  const { stretches } = recording;
  const [clock = ''] = recordedNames(recording);
  const scale = timescales(recording).get(clock) ?? 1;
  const [first, last] = [stretches[0], stretches.at(-1)];
  const [opening, ending] = [first?.segments.get(clock)?.[0], last?.segments.get(clock)?.at(-1)];
  if (!first || !last || !opening || !ending) return undefined;
  const fromMs = dateOf(opening, first.session, scale);
  const untilMs = dateOf({ ...ending, startTicks: ending.startTicks + ending.durationTicks }, last.session, scale);
  return fromMs === undefined || untilMs === undefined ? undefined : { fromMs, untilMs };
}
