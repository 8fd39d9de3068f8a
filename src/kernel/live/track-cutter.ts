import { type Frame, isKeyFrame } from './frames.ts';
import type { SegmentGrid } from './grid.ts';

/** What cutting a track brings, in order. */
export type Cut = PartCut | MissingPart | SegmentCut;

interface PartCut {
  readonly kind: 'part';
  /** Of the session, from 0. */
  readonly segment: number;
  /** Of the segment, from 0. */
  readonly part: number;
  readonly startTicks: number;
  readonly durationTicks: number;
  readonly isIndependent: boolean;
  readonly frames: readonly Frame[];
}

/** A time within a segment of which nothing came: a part with GAP=YES. */
interface MissingPart {
  readonly kind: 'missing';
  readonly segment: number;
  readonly part: number;
  readonly startTicks: number;
  readonly durationTicks: number;
}

interface SegmentCut {
  readonly kind: 'segment';
  readonly segment: number;
  readonly startTicks: number;
  readonly durationTicks: number;
  /** Nothing of it came. */
  readonly isGap: boolean;
}

export interface TrackRules {
  /** Pictures: they decide where segments begin, and cannot be decoded from anywhere. */
  readonly isVideo: boolean;
  readonly timescale: number;
  readonly partTargetSeconds: number;
  /** No segment is longer. */
  readonly segmentLimitSeconds: number;
  /** Whether another track decides where segments begin. */
  readonly follows: boolean;
}

/** A part that is not the last of its segment has at least this share of the target (RFC 8216bis section 4.4.4.9). */
const LEAST_OF_TARGET = 0.85;

/**
 * A track that begins with its session begins this late at most. Beside one that is encoded from the very beginning, its first
 * segment still ends where both have a key frame: there is room for that above every segment's length.
 */
export const LATEST_START_SECONDS = 0.4;

/** What is encoded at a steady rate beside the source itself has the same picture up to 1.1 of them earlier or later. */
const SLIP_FRAMES = 1.25;

/** A clock that jumps further than this within a session is no hole to be filled. */
export const LARGEST_HOLE_SECONDS = 30;

/** Cuts the frames of one track of one session into parts and segments, in ticks. */
export class TrackCutter {
  readonly #rules: TrackRules;
  readonly #grid: SegmentGrid;
  readonly #partTarget: number;
  readonly #limit: number;
  readonly #cuts: Cut[] = [];
  /** Frames for which it is not settled yet whether they begin a segment. */
  #held: Frame[] = [];
  #segment = 0;
  #start: number | undefined;
  /** Where the frames and holes taken so far end. */
  #at = 0;
  #parts = 0;
  #pending: Frame[] = [];
  #hasMedia = false;
  #awaitsKey: boolean;
  #lastKey: number | undefined;
  /** Of the last frame. */
  #frameTicks = 0;
  #dropped = 0;

  constructor(rules: TrackRules, grid: SegmentGrid) {
    this.#rules = rules;
    this.#grid = grid;
    // Ticks of a target such as 10/30 s are whole, though the fraction is not.
    this.#partTarget = Math.floor(rules.partTargetSeconds * rules.timescale + 1e-3);
    this.#limit = Math.floor(rules.segmentLimitSeconds * rules.timescale);
    this.#awaitsKey = rules.isVideo;
  }

  /** Frames that were of no use: too late, before a key frame, or beyond a jump of the clock. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Complete segments. */
  get segments(): number {
    return this.#segment;
  }

  get isOpen(): boolean {
    return this.#hasMedia || this.#pending.length > 0;
  }

  /** Where everything that came ends, in seconds. */
  get newestSeconds(): number {
    const last = this.#held.at(-1);
    const ticks = last ? last.startTicks + last.sample.durationTicks : this.#at;
    return ticks / this.#rules.timescale;
  }

  /** The part that comes next, as far as can be told: after one that ends where the segment should, the next segment's first. */
  next(): { readonly segment: number; readonly part: number } {
    const end = this.#grid.startOf(this.#segment + 1) ?? this.#grid.dueEnd(this.#segment);
    const isWhole = this.#pending.length === 0 && this.#at + this.#frameTicks / 2 >= this.#ticks(end);
    if (this.#parts > 0 && isWhole) return { segment: this.#segment + 1, part: 0 };
    return { segment: this.#segment, part: this.#parts };
  }

  take(frame: Frame): Cut[] {
    this.#held.push(frame);
    return this.advance();
  }

  /** Goes on as far as the grid allows. */
  advance(): Cut[] {
    let frame = this.#held[0];
    while (frame && this.#place(frame)) {
      this.#held.shift();
      frame = this.#held[0];
    }
    return this.#cuts.splice(0);
  }

  /** The segment will get nothing more: what is missing up to the end that the grid has for it is a hole. */
  giveUp(): Cut[] {
    const end = this.#grid.startOf(this.#segment + 1);
    if (end !== undefined) this.#closeSegment(Math.max(this.#at, this.#ticks(end)));
    // What is left of it comes too late, and what was made from that shows nothing.
    this.#awaitsKey = this.#rules.isVideo;
    return this.#cuts.splice(0);
  }

  /** Nothing follows: takes what is held, wherever the grid is. */
  flush(): Cut[] {
    for (const frame of this.#held.splice(0)) {
      while (this.#cutsBefore(frame, true)) this.#cutAt(frame);
      this.#append(frame);
    }
    this.#closePart();
    return this.#cuts.splice(0);
  }

  /** The end of a session: the open segment may be short; beyond it there is nothing until `endSeconds`. */
  finish(segments: number, endSeconds: number): Cut[] {
    if (this.#segment < segments && this.isOpen) {
      const next = this.#grid.startOf(this.#segment + 1);
      this.#closeSegment(next === undefined ? this.#at : Math.max(this.#at, this.#ticks(next)));
    }
    while (this.#segment < segments) {
      const end = this.#grid.startOf(this.#segment + 1) ?? endSeconds;
      this.#closeSegment(Math.max(this.#at + 1, this.#ticks(end)));
    }
    return this.#cuts.splice(0);
  }

  /** False when it has to wait for the grid. */
  #place(frame: Frame): boolean {
    const { isVideo, timescale } = this.#rules;
    if (frame.startTicks - this.#at > LARGEST_HOLE_SECONDS * timescale && this.#start !== undefined) {
      this.#dropped += 1;
      return true;
    }
    if (!isVideo && this.#waits(frame)) return false;
    while (this.#cutsBefore(frame, false)) {
      this.#cutAt(frame);
      if (!isVideo && this.#waits(frame)) return false;
    }
    this.#append(frame);
    if (isVideo && isKeyFrame(frame)) this.#lastKey = frame.startTicks;
    return true;
  }

  /** Sound does not know where a segment begins before the picture does. */
  #waits(frame: Frame): boolean {
    if (!this.#rules.follows || this.#grid.startOf(this.#segment + 1) !== undefined) return false;
    return this.#reaches(frame, this.#grid.dueEnd(this.#segment));
  }

  /** Whether the open segment ends before this frame. Settles where, when nobody has yet. */
  #cutsBefore(frame: Frame, isLast: boolean): boolean {
    const start = this.#startTicks();
    if (frame.startTicks < this.#at || frame.startTicks <= start) return false;
    const settled = this.#grid.startOf(this.#segment + 1);
    const isLong = frame.startTicks + this.#kept(frame).sample.durationTicks > this.#latestEnd();
    if (settled !== undefined) {
      if (!this.#rules.isVideo) return this.#reaches(frame, settled);
      return (isKeyFrame(frame) && this.#reaches(frame, settled, SLIP_FRAMES)) || isLong;
    }
    if (isLong) {
      // Into a hole, or behind the last frame for which there is room.
      const due = this.#ticks(this.#grid.dueEnd(this.#segment));
      const isAfterHole = frame.startTicks > this.#latestEnd();
      this.#grid.settle((isAfterHole ? Math.max(due, this.#at) : frame.startTicks) / this.#rules.timescale);
      return true;
    }
    if (isLast || !this.#endsNaturally(frame)) return false;
    this.#grid.settle(frame.startTicks / this.#rules.timescale);
    return true;
  }

  /** Whether a segment begins with this frame by the rule: the first key frame at which one is due, or the last in time. */
  #endsNaturally(frame: Frame): boolean {
    if (!this.#rules.isVideo) return this.#reaches(frame, this.#grid.dueEnd(this.#segment));
    if (!isKeyFrame(frame)) return false;
    if (frame.startTicks >= this.#ticks(this.#grid.dueEnd(this.#segment)) - 1) return true;
    const distance = this.#lastKey === undefined ? 0 : frame.startTicks - this.#lastKey;
    return frame.startTicks + distance > this.#latestEnd();
  }

  /** Whether the frame lies nearer behind a time than before it, or is at most so many of its like before. */
  #reaches(frame: Frame, seconds: number, frames = 0.5): boolean {
    return frame.startTicks + frame.sample.durationTicks * frames >= this.#ticks(seconds);
  }

  #cutAt(frame: Frame): void {
    const settled = this.#ticks(this.#grid.startOf(this.#segment + 1) ?? 0);
    const isBeyond = frame.startTicks - settled > frame.sample.durationTicks;
    const isLimit = frame.startTicks > this.#latestEnd();
    const end = isBeyond && isLimit ? Math.max(this.#at, settled) : frame.startTicks;
    this.#closeSegment(end);
    if (this.#rules.isVideo && !isKeyFrame(frame)) this.#awaitsKey = true;
  }

  #append(frame: Frame): void {
    const isUseless = this.#awaitsKey && !isKeyFrame(frame);
    if (frame.startTicks < this.#at || isUseless) {
      // Frames that lean on one that is missing show nothing but damage.
      this.#awaitsKey = this.#rules.isVideo;
      this.#dropped += 1;
      return;
    }
    this.#awaitsKey = false;
    if (this.#start === undefined) this.#begin(frame);
    if (frame.startTicks > this.#at) this.#fill(frame.startTicks);
    const kept = this.#kept(frame);
    const { durationTicks } = kept.sample;
    if (this.#pendingTicks() + durationTicks > this.#partTarget) this.#closePart();
    this.#pending.push(kept);
    this.#at = frame.startTicks + durationTicks;
    this.#frameTicks = durationTicks;
    const pending = this.#pendingTicks();
    // The next frame would not fit if it is like this one, so the part need not wait for it.
    if (pending + durationTicks > this.#partTarget && pending >= LEAST_OF_TARGET * this.#partTarget) this.#closePart();
  }

  /** A track need not begin with the session's clock; what begins much later has a hole before it. */
  #begin(frame: Frame): void {
    const isAtOnce = this.#segment === 0 && frame.startTicks <= LATEST_START_SECONDS * this.#rules.timescale;
    this.#start = isAtOnce ? frame.startTicks : this.#at;
    this.#at = this.#start;
  }

  /** A frame that no part has room for is shown for as long as a part is; behind it is a hole. */
  #kept(frame: Frame): Frame {
    if (frame.sample.durationTicks <= this.#partTarget) return frame;
    return { ...frame, sample: { ...frame.sample, durationTicks: this.#partTarget } };
  }

  #closePart(): void {
    const [first] = this.#pending;
    if (!first) return;
    const frames = this.#pending;
    this.#pending = [];
    this.#cuts.push({
      kind: 'part',
      segment: this.#segment,
      part: this.#parts,
      startTicks: first.startTicks,
      durationTicks: frames.reduce((sum, { sample }) => sum + sample.durationTicks, 0),
      isIndependent: frames.some(isKeyFrame),
      frames,
    });
    this.#parts += 1;
    this.#hasMedia = true;
  }

  #fill(end: number): void {
    this.#closePart();
    while (this.#at < end) {
      const durationTicks = Math.min(this.#partTarget, end - this.#at);
      this.#cuts.push({
        kind: 'missing',
        segment: this.#segment,
        part: this.#parts,
        startTicks: this.#at,
        durationTicks,
      });
      this.#parts += 1;
      this.#at += durationTicks;
    }
  }

  #closeSegment(end: number): void {
    const startTicks = this.#startTicks();
    this.#closePart();
    if (this.#hasMedia) this.#fill(end);
    this.#cuts.push({
      kind: 'segment',
      segment: this.#segment,
      startTicks,
      durationTicks: end - startTicks,
      isGap: !this.#hasMedia,
    });
    this.#segment += 1;
    this.#start = end;
    this.#at = end;
    this.#parts = 0;
    this.#hasMedia = false;
  }

  /** Sound that knew too late where its segment begins began after the picture, for which the end is the end too. */
  #latestEnd(): number {
    const settled = this.#ticks(this.#grid.startOf(this.#segment) ?? Number.POSITIVE_INFINITY);
    return Math.min(this.#startTicks(), settled) + this.#limit;
  }

  #startTicks(): number {
    return this.#start ?? 0;
  }

  #pendingTicks(): number {
    return this.#pending.reduce((sum, { sample }) => sum + sample.durationTicks, 0);
  }

  #ticks(seconds: number): number {
    return Math.round(seconds * this.#rules.timescale);
  }
}
