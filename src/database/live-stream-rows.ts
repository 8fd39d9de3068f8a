import type { Selectable } from 'kysely';
import type { BroadcastFormat } from '../kernel/live/broadcast.ts';
import type { HealthProblem, IngestHealth } from '../kernel/live/health.ts';
import type { EndReason, LiveOptions, LiveStreamState } from '../kernel/live/live-stream.ts';
import type { BroadcastTable, LiveStreamTable } from './schema.ts';

/** An address that can be published to. Its key is not part of it. */
export interface LiveStream {
  readonly id: string;
  readonly title: string;
  readonly policy: LiveStreamTable['policy'];
  readonly options: LiveOptions;
  /** Nobody may publish to a disabled one. */
  readonly isDisabled: boolean;
  readonly state: LiveStreamState;
  /** The number of the last broadcast; 0 before the first. */
  readonly broadcast: number;
  /** The origin of the node that has it; absent while none does. */
  readonly nodeUrl?: string;
  /** Until then that node counts as alive, unless it says so again. */
  readonly ownedUntilMs?: number;
  /** How the source of the broadcast under way last was. */
  readonly health?: IngestHealth;
  /** Its last source had key frames where segments begin: the packets of the next one may be a rendition. */
  readonly isRegular: boolean;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

export interface Broadcast {
  readonly streamId: string;
  /** From 1 in each stream. */
  readonly number: number;
  readonly recordingId: string;
  /** Whether the asset stays. */
  readonly isRecorded: boolean;
  readonly format: BroadcastFormat;
  readonly startedAtMs: number;
  readonly endedAtMs?: number;
  readonly endReason?: EndReason;
}

/** A stream and its broadcast as they were when something happened to them. */
export interface LiveMoment {
  readonly stream: LiveStream;
  readonly broadcast: Broadcast;
  readonly problems?: readonly HealthProblem[];
}

export function toLiveStream(row: Selectable<LiveStreamTable>): LiveStream {
  return {
    id: row.id,
    title: row.title,
    policy: row.policy,
    options: JSON.parse(row.options) as LiveOptions,
    isDisabled: row.disabled === 1,
    state: row.state,
    broadcast: row.broadcast,
    ...(row.node_url === null ? {} : { nodeUrl: row.node_url }),
    ...(row.owned_until === null ? {} : { ownedUntilMs: Number(row.owned_until) }),
    ...(row.health === null ? {} : { health: JSON.parse(row.health) as IngestHealth }),
    isRegular: row.regular === 1,
    createdAtMs: Number(row.created_at),
    updatedAtMs: Number(row.updated_at),
  };
}

export function toBroadcast(row: Selectable<BroadcastTable>): Broadcast {
  return {
    streamId: row.stream_id,
    number: row.number,
    recordingId: row.recording_id,
    isRecorded: row.recorded === 1,
    format: JSON.parse(row.format) as BroadcastFormat,
    startedAtMs: Number(row.started_at),
    ...(row.ended_at === null ? {} : { endedAtMs: Number(row.ended_at) }),
    ...(row.end_reason === null ? {} : { endReason: row.end_reason }),
  };
}
