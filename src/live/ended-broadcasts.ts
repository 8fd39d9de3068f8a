import type { BroadcastRepository } from '../database/broadcasts.ts';
import type { Broadcast } from '../database/live-stream-rows.ts';
import type { RecordingRepository } from '../database/recordings.ts';
import type { Clock } from '../kernel/clock.ts';
import { Fault } from '../kernel/errors.ts';
import { renditionsOf } from '../kernel/live/broadcast.ts';
import { type DateRange, MOST_DATE_RANGES } from '../kernel/live/date-range.ts';
import { RenditionStage } from './packager/rendition-stage.ts';

/** A broadcast that is over, as it is served until the next one of its stream begins. */
export interface EndedBroadcast {
  readonly broadcast: Broadcast;
  readonly stages: ReadonlyMap<string, RenditionStage>;
  readonly dateRanges: readonly DateRange[];
}

/** Each may have a text of a megabyte. */
const MOST_KEPT = 20;
/** How long one is not looked at again: what nobody keeps is gone some time after its end. */
const KEPT_MS = 60_000;
/** One of which more may come is read again so soon: its viewers wait for the rest. */
const COMING_KEPT_MS = 2_000;
/** After so long nobody waits for the last of it any more: the store, or the node that had it, stays away. */
const COMING_MS = 120_000;

interface Kept {
  readonly ended: Promise<EndedBroadcast>;
  readonly readAtMs: number;
  isWhole: boolean;
}

/**
 * Reads ended broadcasts back from what was recorded of them, and keeps those that are asked for. A broadcast ends in the
 * database before the node that had it has stored the last of it: until then its playlists go on without an end, since
 * players never look again at one that has ended.
 */
export class EndedBroadcasts {
  readonly #broadcasts: Pick<BroadcastRepository, 'latest'>;
  readonly #recordings: Pick<RecordingRepository, 'read' | 'isWhole' | 'dateRanges'>;
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();

  constructor(
    broadcasts: Pick<BroadcastRepository, 'latest'>,
    recordings: Pick<RecordingRepository, 'read' | 'isWhole' | 'dateRanges'>,
    clock: Clock,
  ) {
    this.#broadcasts = broadcasts;
    this.#recordings = recordings;
    this.#clock = clock;
  }

  /**
   * The stream's last broadcast; undefined unless anything of it is left.
   * @throws Fault UNAVAILABLE while it is under way: not here then, or not yet again; and before anything of it is stored
   */
  async find(streamId: string): Promise<EndedBroadcast | undefined> {
    const latest = await this.#broadcasts.latest(streamId);
    if (!latest) return undefined;
    // Players give up a stream that is not there, and come back to one that is away.
    if (latest.endedAtMs === undefined) throw new Fault('UNAVAILABLE', { retryAfterSeconds: 1 });
    const kept = this.#load(latest);
    const ended = await kept.ended;
    if (ended.stages.size > 0) return ended;
    if (!kept.isWhole) throw new Fault('UNAVAILABLE', { retryAfterSeconds: 1 });
    return undefined;
  }

  #load(latest: Broadcast): Kept {
    const { recordingId } = latest;
    const kept = this.#fresh(recordingId) ?? this.#readAnew(latest);
    this.#kept.delete(recordingId);
    this.#kept.set(recordingId, kept);
    for (const [oldest] of this.#kept) if (this.#kept.size > MOST_KEPT) this.#kept.delete(oldest);
    return kept;
  }

  #fresh(recordingId: string): Kept | undefined {
    const kept = this.#kept.get(recordingId);
    if (!kept) return undefined;
    const ageMs = Math.abs(this.#clock.now() - kept.readAtMs);
    return ageMs < (kept.isWhole ? KEPT_MS : COMING_KEPT_MS) ? kept : undefined;
  }

  #readAnew(latest: Broadcast): Kept {
    const kept: Kept = {
      readAtMs: this.#clock.now(),
      isWhole: false,
      ended: this.#isWhole(latest).then((isWhole) => {
        kept.isWhole = isWhole;
        return this.#read(latest, isWhole);
      }),
    };
    // What could not be read now can be read later.
    kept.ended.catch(() => {
      if (this.#kept.get(latest.recordingId) === kept) this.#kept.delete(latest.recordingId);
    });
    return kept;
  }

  /** Asked before the segments are read: what is added between the two is in them then. */
  async #isWhole({ recordingId, endedAtMs = 0 }: Broadcast): Promise<boolean> {
    return this.#clock.now() - endedAtMs >= COMING_MS || this.#recordings.isWhole(recordingId);
  }

  async #read(broadcast: Broadcast, isWhole: boolean): Promise<EndedBroadcast> {
    const { recordingId, format } = broadcast;
    const { sessions, segments } = await this.#recordings.read(recordingId);
    const bySession = new Map(sessions.map((session) => [session.number, session]));
    const stages = new Map<string, RenditionStage>();
    for (const { name, timescale } of renditionsOf(format)) {
      const stage = new RenditionStage(name, timescale, format);
      for (const segment of segments.filter(({ rendition }) => rendition === name)) {
        const session = bySession.get(segment.session);
        if (session) stage.addRecorded(segment, session);
      }
      if (isWhole) stage.timeline.end();
      if (stage.timeline.segments.length > 0) stages.set(name, stage);
    }
    return { broadcast, stages, dateRanges: await this.#recordings.dateRanges(recordingId, MOST_DATE_RANGES) };
  }
}
