import type { LiveSegment, Session } from './broadcast.ts';

/** A part as a playlist lists it. */
export interface ListedPart {
  readonly durationTicks: number;
  readonly isIndependent: boolean;
  readonly isGap: boolean;
}

/** A segment as a playlist lists it, complete or with the parts that it has so far. */
export interface ListedSegment {
  readonly sequence: number;
  readonly session: Session;
  readonly startTicks: number;
  readonly durationTicks: number;
  /** What its date is moved by. */
  readonly shiftMs: number;
  readonly isGap: boolean;
  readonly parts: readonly ListedPart[];
  /** First of its session, and not the broadcast's first: EXT-X-DISCONTINUITY. */
  readonly isDiscontinuity: boolean;
}

/** A part by its place: of a segment, from 0. */
export interface PartPlace {
  readonly sequence: number;
  readonly part: number;
}

/** How playlists end. */
export interface ListedEnd {
  /** Of the segment in progress, or of the one that comes next. */
  readonly nextSequence: number;
  readonly open?: ListedSegment | undefined;
  readonly hint?: PartPlace | undefined;
  /** Segments from there on that are complete, and not listed yet. */
  readonly withheld: number;
}

/** Without it the window would fall below what clients may count on. */
export const LEAST_WINDOW_TARGETS = 6;

/** Longer than playlists list them. */
const KEEP_PARTS_TARGETS = 4;

export interface TimelineRules {
  readonly timescale: number;
  readonly targetDurationSeconds: number;
  /** How much stays listed; undefined for all of it. */
  readonly windowSeconds?: number | undefined;
}

/** What is listed of one rendition: the window of complete segments, and the parts of the one in progress. */
export class RenditionTimeline {
  readonly rules: TimelineRules;
  readonly #segments: ListedSegment[] = [];
  #open: ListedSegment | undefined;
  #session: Session | undefined;
  /** The first segment of each session that has any. */
  readonly #sessionStarts: { readonly session: number; readonly sequence: number }[] = [];
  /** Discontinuities before those. */
  #earlierDiscontinuities = 0;
  #nextSequence = 0;
  #discontinuitySequence = 0;
  #windowTicks = 0;
  /** Of any playlist that there was. */
  #longestTicks = 0;
  /** Segments that are listed no more, and that players with an old playlist may still ask for. */
  readonly #removed: Pick<ListedSegment, 'sequence' | 'durationTicks'>[] = [];
  #removedTicks = 0;
  #hint: PartPlace | undefined;
  #withheldFrom: number | undefined;
  #isEnded = false;
  #version = 0;

  constructor(rules: TimelineRules) {
    this.rules = rules;
  }

  /** Grows with every change that a playlist shows. */
  get version(): number {
    return this.#version;
  }

  get segments(): readonly ListedSegment[] {
    return this.#segments;
  }

  /** Those that playlists have. */
  get listed(): readonly ListedSegment[] {
    const [from, first] = [this.#withheldFrom, this.#segments[0]];
    return from === undefined || !first ? this.#segments : this.#segments.slice(0, from - first.sequence);
  }

  get listedEnd(): ListedEnd {
    const from = this.#withheldFrom;
    if (from !== undefined) return { nextSequence: from, withheld: this.#nextSequence - from };
    return { nextSequence: this.#nextSequence, open: this.#open, hint: this.hint, withheld: 0 };
  }

  /** The date at which the last complete segment ends; -Infinity before there is one. */
  get listedUntilMs(): number {
    const last = this.#segments.at(-1);
    if (!last) return -Infinity;
    const { session, shiftMs, startTicks, durationTicks } = last;
    return session.beganAtMs + shiftMs + (1_000 * (startTicks + durationTicks)) / this.rules.timescale;
  }

  get open(): ListedSegment | undefined {
    return this.#open;
  }

  /** Of the segment in progress, or of the one that comes next. */
  get nextSequence(): number {
    return this.#nextSequence;
  }

  get discontinuitySequence(): number {
    return this.#discontinuitySequence;
  }

  /** Of the session that comes next, whatever has slid out of the window. */
  get nextDiscontinuity(): number {
    return this.#earlierDiscontinuities + this.#sessionStarts.length;
  }

  /**
   * The first segment that anybody may still ask for: each stays for as long as it lasts and the longest playlist that
   * had it (RFC 8216 section 6.2.2), counted by what is published meanwhile.
   */
  get reachableFrom(): number {
    return this.#removed[0]?.sequence ?? this.#segments[0]?.sequence ?? this.#nextSequence;
  }

  /** The part that is expected next; undefined while none is. */
  get hint(): PartPlace | undefined {
    return this.#isEnded ? undefined : this.#hint;
  }

  /** That it is in; the last one there was while there is none. */
  get session(): Session | undefined {
    return this.#session;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** The session that a segment is of, listed or not; undefined when nothing of it is there yet. */
  sessionOf(sequence: number): number | undefined {
    const newest = this.#open ? this.#nextSequence : this.#nextSequence - 1;
    if (sequence > newest) return undefined;
    return this.#sessionStarts.findLast((start) => start.sequence <= sequence)?.session;
  }

  /**
   * A whole segment whose beginning is beyond doubt: where one before it is listed of the same session, it is that one's
   * end, whatever is missing of its own.
   */
  following(sequence: number): ListedSegment | undefined {
    const at = sequence - (this.#segments[0]?.sequence ?? 0);
    const [before, segment] = [this.#segments[at - 1], this.#segments[at]];
    const follows = segment?.sequence === sequence && before?.session.number === segment.session.number;
    return follows ? segment : undefined;
  }

  /** Whether a part is one of those that can be next. */
  mayComeNext({ sequence, part }: PartPlace): boolean {
    const { hint } = this;
    if (!hint) return false;
    if (sequence === hint.sequence) return part === hint.part;
    return sequence === this.#nextSequence && part === (this.#open?.parts.length ?? 0);
  }

  /** Whose segments come from now on. */
  enter(session: Session): void {
    this.#session = session;
  }

  /** What is expected next, or that nothing is. */
  expect(hint: PartPlace | undefined): void {
    this.#hint = hint;
  }

  addPart(startTicks: number, part: ListedPart, shiftMs = 0): void {
    const session = this.#session;
    if (!session) return;
    if (!this.#open) this.#start(session);
    const open = this.#open ?? {
      sequence: this.#nextSequence,
      session,
      startTicks,
      durationTicks: 0,
      shiftMs,
      isGap: false,
      parts: [],
      isDiscontinuity: this.#isDiscontinuity(session),
    };
    const durationTicks = open.durationTicks + part.durationTicks;
    this.#open = { ...open, durationTicks, parts: [...open.parts, part] };
    this.#version += 1;
  }

  /** The open segment, or one of which nothing came, is complete. */
  addSegment(startTicks: number, durationTicks: number, isGap: boolean, shiftMs = 0): void {
    const session = this.#session;
    if (!session) return;
    if (!this.#open) this.#start(session);
    this.#push({
      sequence: this.#nextSequence,
      session,
      startTicks: this.#open?.startTicks ?? startTicks,
      durationTicks,
      shiftMs: this.#open?.shiftMs ?? shiftMs,
      isGap,
      parts: this.#open?.parts ?? [],
      isDiscontinuity: this.#isDiscontinuity(session),
    });
  }

  /** One that was complete before this process began. */
  addRecorded(segment: LiveSegment, session: Session): void {
    // What came before it may be removed.
    if (this.#sessionStarts.length === 0) {
      this.#earlierDiscontinuities = session.discontinuities ?? 0;
      this.#discontinuitySequence = this.#earlierDiscontinuities;
    }
    this.#session = session;
    this.#nextSequence = segment.sequence;
    this.addSegment(segment.startTicks, segment.durationTicks, segment.isGap === true, segment.shiftMs);
  }

  /**
   * The gaps at the end, and what follows them, are not listed until that is a whole segment that can be played: players that
   * come to the end of a playlist by a gap may stay there for ever.
   */
  withholdEnd(): void {
    const last = this.#segments.findLast(({ isGap }) => !isGap);
    if (!last || last.sequence === this.#nextSequence - 1) return;
    this.#withheldFrom = last.sequence + 1;
    this.#version += 1;
  }

  /** Nothing is asked any more of sessions before this one. */
  forgetSessions(before: number): void {
    const kept = this.#sessionStarts.findIndex(({ session }) => session >= before);
    if (kept > 0) this.#earlierDiscontinuities += this.#sessionStarts.splice(0, kept).length;
  }

  end(): void {
    this.#isEnded = true;
    this.#version += 1;
  }

  #start(session: Session): void {
    if (this.#sessionStarts.at(-1)?.session === session.number) return;
    this.#sessionStarts.push({ session: session.number, sequence: this.#nextSequence });
  }

  #push(segment: ListedSegment): void {
    this.#segments.push(segment);
    this.#windowTicks += segment.durationTicks;
    this.#longestTicks = Math.max(this.#longestTicks, this.#windowTicks);
    this.#open = undefined;
    this.#nextSequence = segment.sequence + 1;
    this.#version += 1;
    this.#slide();
    this.#forgetParts();
    const from = this.#withheldFrom ?? Number.POSITIVE_INFINITY;
    if (!segment.isGap || (this.#segments[0]?.sequence ?? 0) >= from) this.#withheldFrom = undefined;
  }

  /** Parts of segments that are listed without them for ever: of a day there would be a million. */
  #forgetParts(): void {
    const keep = KEEP_PARTS_TARGETS * this.rules.targetDurationSeconds * this.rules.timescale;
    let behind = 0;
    for (let at = this.#segments.length - 1; at >= 0; at -= 1) {
      const segment = this.#segments[at];
      if (!segment || (behind > keep && segment.parts.length === 0)) return;
      if (behind > keep) this.#segments[at] = { ...segment, parts: [] };
      behind += segment.durationTicks;
    }
  }

  #isDiscontinuity(session: Session): boolean {
    const last = this.#segments.at(-1);
    return last !== undefined && last.session.number !== session.number;
  }

  #slide(): void {
    const { windowSeconds, timescale, targetDurationSeconds } = this.rules;
    if (windowSeconds === undefined) return;
    const window = Math.max(windowSeconds, LEAST_WINDOW_TARGETS * targetDurationSeconds) * timescale;
    for (let first = this.#segments[0]; first && this.#windowTicks - first.durationTicks >= window; ) {
      this.#segments.shift();
      this.#windowTicks -= first.durationTicks;
      if (first.isDiscontinuity) this.#discontinuitySequence += 1;
      this.#removed.push(first);
      this.#removedTicks += first.durationTicks;
      first = this.#segments[0];
    }
    this.#forgetRemoved();
  }

  #forgetRemoved(): void {
    for (let first = this.#removed[0]; first; first = this.#removed[0]) {
      const sinceTicks = this.#removedTicks - first.durationTicks;
      if (sinceTicks < first.durationTicks + this.#longestTicks) return;
      this.#removed.shift();
      this.#removedTicks = sinceTicks;
    }
  }
}
