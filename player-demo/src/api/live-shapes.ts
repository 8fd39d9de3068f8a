/** Live streams as the control API sends them. Fields that this console does not use are left out. */
import type { AssetPolicy } from './shapes.ts';

export type LiveStatus = 'idle' | 'live' | 'reconnecting';

export interface LiveStream {
  readonly streamId: string;
  readonly title: string;
  readonly policy: AssetPolicy;
  readonly status: LiveStatus;
  readonly isDisabled: boolean;
  /** For whoever may change the stream. */
  readonly streamKey?: string;
  /** Absent are doors that are not open on this server. */
  readonly ingest: IngestAddresses;
  readonly playbackUrl: string;
  readonly channelUrl: string;
  /** The last one, which is under way until it has an end. */
  readonly broadcast?: Broadcast;
  /** About a second ago, while somebody publishes. */
  readonly health?: IngestHealth;
  readonly createdAt: string;
}

export interface IngestAddresses {
  readonly rtmp?: string;
  readonly rtmps?: string;
  readonly srt?: string;
  readonly websocket?: string;
  readonly whip?: string;
}

export interface IngestHealth {
  readonly bitrateBps: number;
  readonly framesPerSecond: number;
  readonly keyFrameSeconds: number;
  /** Sound ahead of the picture is positive. */
  readonly driftMs: number;
  /** Under 1 the encoder falls behind. */
  readonly speed: number;
  readonly droppedFrames: number;
  readonly problems: readonly HealthProblem[];
}

export type HealthProblem = 'frame-rate' | 'bitrate' | 'key-frames' | 'drift' | 'overload' | 'passthrough';

export type Passthrough = 'auto' | 'always' | 'never';

export interface Broadcast {
  readonly number: number;
  readonly startedAt: string;
  readonly endedAt?: string;
  /** The asset that it becomes, where it is recorded. */
  readonly recordingId?: string;
}

/** Carriers of one grant: a signed address for the playlist and a token for the channel, or cookies for both. */
export interface LiveGrant {
  readonly expiresAt: string;
  readonly url: string;
  readonly channelUrl: string;
  readonly cookies: Readonly<Record<string, string>>;
  readonly cookiePath: string;
}

export interface NewLiveStream {
  readonly title: string;
  readonly policy: AssetPolicy;
  /** Whether the best quality may be the publisher's own packets. */
  readonly passthrough?: Passthrough;
}
