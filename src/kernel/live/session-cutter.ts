import { type BroadcastFormat, renditionsOf } from './broadcast.ts';
import type { Frame } from './frames.ts';
import { SegmentGrid } from './grid.ts';
import { type Cut, TrackCutter } from './track-cutter.ts';

/** A cut and the rendition it is of. */
export type RenditionCut = Cut & { readonly rendition: string };

interface Track {
  readonly rendition: string;
  readonly cutter: TrackCutter;
  readonly isVideo: boolean;
  /** Whether the session has it at all; what it has not is a gap in every segment. */
  readonly isPresent: boolean;
}

/** A clock of sound rounds a boundary by half a frame at both ends: what a segment may lack to its limit. */
const ROUNDING_SECONDS = 0.05;

/** The longest that a segment may be, so that its duration, rounded, is not above the target. */
export function segmentLimitSeconds({ targetDurationSeconds }: BroadcastFormat): number {
  return targetDurationSeconds + 0.5 - ROUNDING_SECONDS;
}

/**
 * Cuts all tracks of one session into parts and segments. All renditions have the same number of segments, whatever comes
 * or does not: a track that is behind by more than a target duration is not waited for any longer, and what is missing of
 * it is a gap.
 */
export class SessionCutter {
  readonly #format: BroadcastFormat;
  readonly #grid: SegmentGrid;
  readonly #tracks: readonly Track[];

  constructor(format: BroadcastFormat, present: readonly string[]) {
    this.#format = format;
    this.#grid = new SegmentGrid(format.segmentSeconds, segmentLimitSeconds(format));
    const video = new Set(format.video?.renditions.map(({ name }) => name));
    const follows = present.some((name) => video.has(name));
    this.#tracks = renditionsOf(format).map(({ name, timescale }) => {
      const isVideo = video.has(name);
      const rules = {
        isVideo,
        timescale,
        partTargetSeconds: format.partTargetSeconds,
        segmentLimitSeconds: segmentLimitSeconds(format),
        follows: follows && !isVideo,
      };
      return {
        rendition: name,
        cutter: new TrackCutter(rules, this.#grid),
        isVideo,
        isPresent: present.includes(name),
      };
    });
  }

  /** Frames that were of no use. */
  get dropped(): number {
    return this.#tracks.reduce((sum, { cutter }) => sum + cutter.dropped, 0);
  }

  /** Which part of which segment comes next in a rendition, as far as can be told. */
  next(rendition: string): { readonly segment: number; readonly part: number } | undefined {
    const track = this.#tracks.find((each) => each.rendition === rendition);
    return track?.isPresent ? track.cutter.next() : undefined;
  }

  take(rendition: string, frames: readonly Frame[]): RenditionCut[] {
    const track = this.#tracks.find((each) => each.rendition === rendition);
    if (!track?.isPresent) return [];
    return frames.flatMap((frame) => {
      const settled = this.#grid.length;
      const own = named(track, track.cutter.take(frame));
      const others = this.#grid.length > settled ? this.#followGrid() : [];
      return [...own, ...others, ...this.#leaveBehind(track)];
    });
  }

  /** The session is over. */
  close(): RenditionCut[] {
    const present = this.#tracks.filter(({ isPresent }) => isPresent);
    const flushed = present.flatMap((track) => named(track, track.cutter.flush()));
    const segments = Math.max(0, ...present.map(({ cutter }) => cutter.segments + (cutter.isOpen ? 1 : 0)));
    const end = Math.max(0, ...present.map(({ cutter }) => cutter.newestSeconds));
    return [...flushed, ...this.#tracks.flatMap((track) => named(track, track.cutter.finish(segments, end)))];
  }

  /** Everybody who waited for the next beginning of a segment goes on. */
  #followGrid(): RenditionCut[] {
    return this.#tracks.flatMap((track) => {
      const cuts = named(track, track.isPresent ? track.cutter.advance() : []);
      while (!track.isPresent && track.cutter.segments + 1 < this.#grid.length) {
        cuts.push(...named(track, track.cutter.giveUp()));
      }
      return cuts;
    });
  }

  /** Gives up what is so far behind the track that just went on that viewers would wait for it too long. */
  #leaveBehind(leader: Track): RenditionCut[] {
    const newest = leader.cutter.newestSeconds - this.#format.targetDurationSeconds;
    const cuts: RenditionCut[] = [];
    for (const track of this.#tracks) {
      while (track.isPresent && track !== leader && this.#isLate(track, newest)) {
        if (this.#grid.startOf(track.cutter.segments + 1) === undefined) {
          this.#grid.settle(this.#grid.dueEnd(track.cutter.segments));
        }
        cuts.push(...named(track, track.cutter.giveUp()), ...this.#followGrid());
      }
    }
    return cuts;
  }

  /** Also one that stopped where its segment ends, or behind that in want of a key frame. */
  #isLate({ cutter }: Track, newestSeconds: number): boolean {
    const end = this.#grid.startOf(cutter.segments + 1) ?? this.#grid.dueEnd(cutter.segments);
    return newestSeconds > Math.max(end, cutter.newestSeconds);
  }
}

function named({ rendition }: Track, cuts: readonly Cut[]): RenditionCut[] {
  return cuts.map((cut) => ({ ...cut, rendition }));
}
