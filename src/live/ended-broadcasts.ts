import type { BroadcastRepository } from '../database/broadcasts.ts';
import type { Broadcast } from '../database/live-stream-rows.ts';
import type { RecordingRepository } from '../database/recordings.ts';
import type { Clock } from '../kernel/clock.ts';
import { Fault } from '../kernel/errors.ts';
import { renditionsOf } from '../kernel/live/broadcast.ts';
import { RenditionStage } from './packager/rendition-stage.ts';

/** A broadcast that is over, as it is served until the next one of its stream begins. */
export interface EndedBroadcast {
  readonly broadcast: Broadcast;
  readonly stages: ReadonlyMap<string, RenditionStage>;
}

/** Each may have a text of a megabyte. */
const MOST_KEPT = 20;
/** How long one is not looked at again: what nobody keeps is gone some time after its end. */
const KEPT_MS = 60_000;
/** So soon after its end the last of it may still be on its way to the store, at the node that had it. */
const SETTLING_MS = 120_000;
const SETTLING_KEPT_MS = 10_000;

interface Kept {
  readonly ended: Promise<EndedBroadcast>;
  readonly readAtMs: number;
}

/** Reads ended broadcasts back from what was recorded of them, and keeps those that are asked for. */
export class EndedBroadcasts {
  readonly #broadcasts: Pick<BroadcastRepository, 'latest'>;
  readonly #recordings: Pick<RecordingRepository, 'read'>;
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();

  constructor(
    broadcasts: Pick<BroadcastRepository, 'latest'>,
    recordings: Pick<RecordingRepository, 'read'>,
    clock: Clock,
  ) {
    this.#broadcasts = broadcasts;
    this.#recordings = recordings;
    this.#clock = clock;
  }

  /**
   * The stream's last broadcast; undefined unless anything of it is left.
   * @throws Fault UNAVAILABLE while it is under way: not here then, or not yet again
   */
  async find(streamId: string): Promise<EndedBroadcast | undefined> {
    const latest = await this.#broadcasts.latest(streamId);
    if (!latest) return undefined;
    // Players give up a stream that is not there, and come back to one that is away.
    if (latest.endedAtMs === undefined) throw new Fault('UNAVAILABLE', { retryAfterSeconds: 1 });
    const ended = await this.#load(latest);
    return ended.stages.size > 0 ? ended : undefined;
  }

  #load(latest: Broadcast): Promise<EndedBroadcast> {
    const { recordingId } = latest;
    const kept = this.#fresh(latest) ?? { ended: this.#read(latest), readAtMs: this.#clock.now() };
    this.#kept.delete(recordingId);
    this.#kept.set(recordingId, kept);
    // What could not be read now can be read later.
    kept.ended.catch(() => this.#kept.delete(recordingId));
    for (const [oldest] of this.#kept) if (this.#kept.size > MOST_KEPT) this.#kept.delete(oldest);
    return kept.ended;
  }

  #fresh({ recordingId, endedAtMs = 0 }: Broadcast): Kept | undefined {
    const kept = this.#kept.get(recordingId);
    const isSettling = (kept?.readAtMs ?? 0) - endedAtMs < SETTLING_MS;
    const ageMs = Math.abs(this.#clock.now() - (kept?.readAtMs ?? 0));
    return ageMs < (isSettling ? SETTLING_KEPT_MS : KEPT_MS) ? kept : undefined;
  }

  async #read(broadcast: Broadcast): Promise<EndedBroadcast> {
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
      stage.timeline.end();
      if (stage.timeline.segments.length > 0) stages.set(name, stage);
    }
    return { broadcast, stages };
  }
}
