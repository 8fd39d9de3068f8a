import { keyFrameRange } from '../../kernel/cmaf/segment.ts';
import type { BroadcastFormat, LiveSegment, Session } from '../../kernel/live/broadcast.ts';
import type { DateRange } from '../../kernel/live/date-range.ts';
import { type LivePlaylist, writeLivePlaylist } from '../../kernel/live/live-playlist.ts';
import type { Progress } from '../../kernel/live/reload.ts';
import { LEAST_WINDOW_TARGETS, type PartPlace, RenditionTimeline } from '../../kernel/live/timeline.ts';
import { PlaylistText } from './playlist-text.ts';
import { Shelf } from './shelf.ts';

/** What a playlist says that lies outside of its rendition. */
export interface Surroundings {
  readonly reports: readonly ({ readonly rendition: string } & PartPlace)[];
  readonly dateRanges: readonly DateRange[];
}

/** A segment that is complete, as it was cut. */
export type ClosedSegment = Pick<LiveSegment, 'session' | 'sequence' | 'startTicks' | 'durationTicks'> & {
  readonly isGap: boolean;
  readonly shiftMs: number;
};

/** Of the newest parts and segments of one rendition. */
const SHELF_BYTES = 32 * 1024 * 1024;

/** One rendition of a broadcast as viewers see it: what is listed, its newest bytes, its playlist's text. */
export class RenditionStage {
  readonly name: string;
  readonly timeline: RenditionTimeline;
  readonly shelf: Shelf;
  readonly inits = new Map<number, Uint8Array>();
  /** Sessions of which anything was recorded before this process began, and so their init segments. */
  readonly #recorded = new Set<number>();
  /** RFC 6381, as its last init segment says. */
  codecs: string | undefined;
  readonly #format: BroadcastFormat;
  #texts: { readonly state: string; full?: PlaylistText; delta?: PlaylistText } = { state: '' };

  constructor(name: string, timescale: number, format: BroadcastFormat) {
    const { targetDurationSeconds, dvrSeconds } = format;
    this.name = name;
    this.#format = format;
    this.timeline = new RenditionTimeline({ timescale, targetDurationSeconds, windowSeconds: dvrSeconds });
    // Parts stay for as long again as they are listed, and the window is never shorter than that.
    this.shelf = new Shelf((LEAST_WINDOW_TARGETS + 1) * targetDurationSeconds * timescale, SHELF_BYTES);
  }

  get progress(): Progress {
    const { timeline } = this;
    const { nextSequence, open, withheld } = timeline.listedEnd;
    return {
      last: nextSequence - 1,
      // What is withheld follows what was recorded, which has none.
      lastParts: withheld > 0 ? 0 : (timeline.segments.at(-1)?.parts.length ?? 0),
      openParts: open?.parts.length ?? 0,
      withheld,
      isEnded: timeline.isEnded,
      partTargetSeconds: this.#format.partTargetSeconds,
    };
  }

  /** The open segment is complete: its bytes, and what is to be recorded of it. */
  closeSegment(closed: ClosedSegment): { segment: LiveSegment; bytes: Uint8Array } {
    const { session, sequence, startTicks, durationTicks, isGap, shiftMs } = closed;
    const bytes = this.shelf.closeSegment(durationTicks);
    const isVideo = this.#format.video?.renditions.some(({ name }) => name === this.name);
    const key = isVideo ? keyFrameRange(bytes) : undefined;
    this.timeline.addSegment(startTicks, durationTicks, isGap, shiftMs);
    const segment: LiveSegment = {
      rendition: this.name,
      session,
      sequence,
      startTicks,
      durationTicks,
      bytes: bytes.length,
      ...(shiftMs === 0 ? {} : { shiftMs }),
      ...(key ? { keyFrame: { startByte: key.start, sizeBytes: key.end - key.start } } : {}),
      ...(isGap ? { isGap: true as const } : {}),
    };
    return { segment, bytes };
  }

  /** A segment from before this process began. */
  addRecorded(segment: LiveSegment, session: Session): void {
    if (!segment.isGap) this.#recorded.add(session.number);
    this.timeline.addRecorded(segment, session);
  }

  /** Of the session that a segment belongs to, or would; undefined for one that is not there yet. */
  sessionOf(sequence: number): number | undefined {
    return this.timeline.sessionOf(sequence);
  }

  hasInit(session: number): boolean {
    return this.inits.has(session) || this.#recorded.has(session);
  }

  /** Nothing is asked any more of sessions before this one. */
  forgetSessions(before: number): void {
    this.timeline.forgetSessions(before);
    for (const session of this.inits.keys()) if (session < before) this.inits.delete(session);
    for (const session of this.#recorded) if (session < before) this.#recorded.delete(session);
  }

  /** The text of the present state, made once for each state and form, when the first one asks. */
  text(isDelta: boolean, around: () => Surroundings, dateRangesVersion: number): PlaylistText {
    const state = `${this.timeline.version}.${dateRangesVersion}`;
    if (this.#texts.state !== state) this.#texts = { state };
    const form = isDelta ? 'delta' : 'full';
    this.#texts[form] ??= new PlaylistText(writeLivePlaylist(this.#playlist(around()), isDelta));
    return this.#texts[form];
  }

  #playlist({ reports, dateRanges }: Surroundings): LivePlaylist {
    const { timeline } = this;
    const { targetDurationSeconds, partTargetSeconds, dvrSeconds } = this.#format;
    return {
      header: { targetDurationSeconds, partTargetSeconds, isWhole: dvrSeconds === undefined },
      timescale: timeline.rules.timescale,
      discontinuitySequence: timeline.discontinuitySequence,
      segments: timeline.listed,
      ...timeline.listedEnd,
      hintSession: timeline.session?.number,
      reports,
      dateRanges,
      hasInit: (session) => this.hasInit(session),
      isEnded: timeline.isEnded,
    };
  }
}
