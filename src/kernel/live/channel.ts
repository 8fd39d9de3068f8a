import type { FaultCode } from '../errors.ts';
import { masterKey } from '../film/paths.ts';
import type { BroadcastFormat, LivePart, LiveSegment } from './broadcast.ts';
import type { ChatOptions, LiveStreamState } from './live-stream.ts';

/**
 * What the channel of a stream tells its viewers, as JSON. `docs/channel.md` is its public description. Numbered messages
 * (`sequence`) reach every viewer who asked for events once and in order; the others are about a present that passes.
 */

/** The WebSocket subprotocol; another number is another protocol. */
export const CHANNEL_PROTOCOL = 'frontrow.channel.v1';

/** Of a message from a viewer. */
export const MAX_MESSAGE_BYTES = 4_096;
export const MAX_CHAT_LENGTH = 500;
export const MAX_NAME_LENGTH = 40;
export const REACTIONS: readonly string[] = ['👍', '❤️', '😂', '😮', '👏', '🔥'];

export const CLOSE_CODES = {
  GOING_AWAY: 1001,
  UNSUPPORTED: 1003,
  TOO_LARGE: 1009,
  TRY_AGAIN: 1013,
  GRANT_ENDED: 4001,
  GRANT_REVOKED: 4003,
  STREAM_GONE: 4004,
  TOO_SLOW: 4008,
  TOO_MANY_MESSAGES: 4009,
  IDLE: 4010,
} as const;

export type CloseReason = keyof typeof CLOSE_CODES;

/** The kinds that a viewer can ask for; the last two only by name, since they are many. */
export const EVENT_KINDS = [
  'state',
  'chat',
  'chat-deleted',
  'chat-settings',
  'metadata',
  'viewers',
  'reactions',
  'health',
  'segment',
  'part',
] as const;

export type EventKind = (typeof EVENT_KINDS)[number];

const BY_NAME_ONLY: ReadonlySet<EventKind> = new Set(['segment', 'part']);
export const USUAL_EVENTS: readonly EventKind[] = EVENT_KINDS.filter((kind) => !BY_NAME_ONLY.has(kind));

export interface ChannelRendition {
  readonly name: string;
  readonly kind: 'video' | 'audio';
  /** RFC 6381. */
  readonly codecs: string;
  readonly averageBps: number;
  readonly timescale: number;
  readonly maxrateBps?: number;
  readonly width?: number;
  readonly height?: number;
  readonly channels?: number;
}

export interface ChannelBroadcast {
  readonly number: number;
  readonly startedAtMs: number;
  /** Null until its first media is there. */
  readonly session: {
    readonly number: number;
    readonly beganAtMs: number;
    /** By name, which of the broadcast's renditions it has: a machine that is too slow does without the upper ones. */
    readonly renditions: readonly string[];
  } | null;
  readonly partTargetSeconds: number;
  readonly segmentSeconds: number;
  /** Video from the lowest rung up, then sound; media names them by their place here. */
  readonly renditions: readonly ChannelRendition[];
}

export interface ChannelChat extends ChatOptions {
  readonly maxLength: number;
  readonly maxNameLength: number;
}

/** The film that a broadcast has become, where whoever likes may play it. */
export interface ChannelRecording {
  readonly recordingId: string;
  /** At every edge. */
  readonly playbackPath: string;
  /** Not yet in the moment of the end. */
  readonly isReady: boolean;
}

export type CoarseHealth = 'good' | 'poor' | 'unknown';

/** How the stream is now. */
export interface ChannelState {
  /** Names the numbering: numbers of another epoch mean nothing here. */
  readonly epoch: string;
  /** Of the newest numbered event; 0 before the first. */
  readonly sequence: number;
  /** Of the oldest one that is kept; one more than `sequence` when there is none. */
  readonly replayFrom: number;
  readonly state: LiveStreamState;
  readonly broadcast: ChannelBroadcast | null;
  /** Of the last broadcast, once it is over. */
  readonly recording: ChannelRecording | null;
  readonly viewers: number;
  readonly health: CoarseHealth;
  readonly chat: ChannelChat;
}

export interface Hello extends ChannelState {
  readonly type: 'hello';
  readonly protocol: typeof CHANNEL_PROTOCOL;
  readonly streamId: string;
  readonly nowMs: number;
  readonly reactions: readonly string[];
  readonly capabilities: readonly string[];
  readonly limits: {
    readonly messageBytes: number;
    readonly messagesPerTenSeconds: number;
    readonly idleSeconds: number;
  };
  readonly expiresAtMs: number | null;
}

export type StateChange = 'started' | 'session' | 'reconnecting' | 'ended' | 'recording';

/** A moment of the stream. */
export interface MediaTime {
  readonly broadcast: number;
  readonly session: number;
  /** Since the session began. */
  readonly seconds: number;
}

export interface ChatAuthor {
  /** The same for as long as the viewer's address and grant are. */
  readonly id: string;
  readonly name: string;
}

/** Numbered events before they have their number. */
export type Lasting =
  | {
      readonly type: 'state';
      readonly event: StateChange;
      readonly state: LiveStreamState;
      readonly broadcast: ChannelBroadcast | null;
      readonly recording: ChannelRecording | null;
      readonly atMs: number;
    }
  | {
      readonly type: 'chat';
      readonly id: string;
      readonly author: ChatAuthor;
      readonly text: string;
      readonly atMs: number;
    }
  | { readonly type: 'chat-deleted'; readonly ids: readonly string[] }
  | { readonly type: 'chat-settings'; readonly chat: ChannelChat }
  | {
      readonly type: 'metadata';
      readonly id: string;
      readonly media: MediaTime;
      readonly atMs: number;
      readonly data: unknown;
    };

export type Passing =
  | { readonly type: 'viewers'; readonly count: number }
  | { readonly type: 'reactions'; readonly counts: Readonly<Record<string, number>> }
  | { readonly type: 'health'; readonly health: CoarseHealth; readonly ingest?: unknown }
  | SegmentEvent
  | PartEvent;

interface SegmentEvent extends Pick<LiveSegment, 'rendition' | 'session' | 'startTicks' | 'durationTicks' | 'bytes'> {
  readonly type: 'segment';
  readonly broadcast: number;
  readonly mediaSequence: number;
  readonly isGap?: true;
}

interface PartEvent
  extends Pick<
    LivePart,
    'rendition' | 'session' | 'part' | 'startTicks' | 'durationTicks' | 'timescale' | 'isIndependent'
  > {
  readonly type: 'part';
  readonly broadcast: number;
  readonly mediaSequence: number;
  readonly bytes: number;
}

export interface Subscription {
  readonly events: readonly EventKind[];
  readonly video: string | null;
  readonly audio: string | null;
  readonly observe: boolean;
}

/** What only one viewer is told. */
export type Answer =
  | ({ readonly type: 'subscribed'; readonly ref?: string } & Subscription)
  | { readonly type: 'resumed'; readonly ref?: string; readonly sequence: number; readonly isComplete: boolean }
  | { readonly type: 'accepted'; readonly ref?: string }
  | { readonly type: 'authorized'; readonly ref?: string; readonly expiresAtMs: number | null }
  | { readonly type: 'pong'; readonly ref?: string; readonly nowMs: number }
  | {
      readonly type: 'quality';
      readonly video: string | null;
      readonly audio: string | null;
      readonly reason: QualityReason;
      readonly droppedParts: number;
    }
  | {
      readonly type: 'error';
      readonly ref?: string;
      readonly code: FaultCode;
      readonly message: string;
      readonly retryAfterMs?: number;
    };

export type QualityReason = 'asked' | 'slow' | 'recovered' | 'started';

/** The renditions of a broadcast in the order by which media frames name them. */
export function channelRenditions({ video, audio }: BroadcastFormat): ChannelRendition[] {
  const pictures = (video?.renditions ?? []).map(({ name, codecs, averageBps, maxrateBps, width, height }) => ({
    ...{ name, kind: 'video' as const, codecs, width, height, averageBps, maxrateBps },
    timescale: video?.timescale ?? 1,
  }));
  const sounds = (audio?.renditions ?? []).map(({ name, codecs, bitrateBps, channels }) => ({
    ...{ name, kind: 'audio' as const, codecs, averageBps: bitrateBps, channels },
    timescale: audio?.sampleRate ?? 1,
  }));
  return [...pictures, ...sounds];
}

export function channelRecording(recordingId: string, isReady: boolean): ChannelRecording {
  return { recordingId, playbackPath: `/${masterKey(recordingId)}`, isReady };
}

export function channelChat(options: ChatOptions): ChannelChat {
  return { ...options, maxLength: MAX_CHAT_LENGTH, maxNameLength: MAX_NAME_LENGTH };
}
