/** What a live channel says, of docs/channel.md, as far as this player reads it. */
import type { LiveStatus } from '../../api/live-shapes.ts';

export interface ChannelRendition {
  readonly name: string;
  readonly kind: 'video' | 'audio';
  readonly codecs: string;
  readonly width?: number;
  readonly height?: number;
  readonly averageBps: number;
  readonly timescale: number;
}

export interface ChannelBroadcast {
  readonly number: number;
  readonly startedAtMs: number;
  readonly partTargetSeconds: number;
  readonly renditions: readonly ChannelRendition[];
  /** With the names of those that come; null until the first media is there. */
  readonly session?: { readonly renditions: readonly string[] } | null;
}

export interface ChatSettings {
  readonly isOpen: boolean;
  readonly slowSeconds: number;
  readonly maxLength: number;
  readonly maxNameLength: number;
}

/** The film that the last broadcast became, where whoever likes may play it. */
export interface ChannelRecording {
  readonly recordingId: string;
  /** At the same edge. */
  readonly playbackPath: string;
  readonly isReady: boolean;
}

export interface Hello {
  readonly type: 'hello';
  readonly nowMs: number;
  readonly epoch: string;
  readonly sequence: number;
  readonly replayFrom: number;
  readonly state: LiveStatus;
  readonly broadcast: ChannelBroadcast | null;
  readonly recording?: ChannelRecording | null;
  readonly viewers: number;
  readonly chat: ChatSettings;
  readonly reactions: readonly string[];
}

export interface ChatMessage {
  readonly id: string;
  readonly author: { readonly id: string; readonly name: string };
  readonly text: string;
  readonly atMs: number;
}

export interface TimedMetadata {
  readonly id: string;
  readonly atMs: number;
  readonly data: unknown;
}

type Numbered = { readonly sequence: number } & (
  | {
      readonly type: 'state';
      readonly event: 'started' | 'session' | 'reconnecting' | 'ended' | 'recording';
      readonly state: LiveStatus;
      readonly broadcast: ChannelBroadcast | null;
      readonly recording?: ChannelRecording | null;
      readonly atMs: number;
    }
  | ({ readonly type: 'chat' } & ChatMessage)
  | { readonly type: 'chat-deleted'; readonly ids: readonly string[] }
  | { readonly type: 'chat-settings'; readonly chat: ChatSettings }
  | ({ readonly type: 'metadata' } & TimedMetadata)
);

export type ChannelMessage =
  | Hello
  | Numbered
  | { readonly type: 'viewers'; readonly count: number }
  | { readonly type: 'reactions'; readonly counts: Readonly<Record<string, number>> }
  | {
      readonly type: 'quality';
      readonly video: string | null;
      readonly audio: string | null;
      readonly droppedParts: number;
    }
  | { readonly type: 'resumed'; readonly sequence: number; readonly isComplete: boolean }
  | { readonly type: 'accepted'; readonly ref?: string }
  | {
      readonly type: 'error';
      readonly code: string;
      readonly message?: string;
      readonly ref?: string;
      readonly retryAfterMs?: number;
    };
