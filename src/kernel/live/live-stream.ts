/**
 * Whether the top rung may be the publisher's own packets, where these allow it. `auto`: once a source has shown that its key
 * frames are regular; `always`: from its first packet on, by the broadcaster's word, until it shows the contrary.
 */
export const PASSTHROUGHS = ['auto', 'always', 'never'] as const;

export type Passthrough = (typeof PASSTHROUGHS)[number];

/** What a stream is set to; changes count from its next broadcast on. */
export interface LiveOptions {
  /** How far back viewers may go while it is live; absent for all of it. */
  readonly dvrSeconds?: number;
  /** How long a publisher that was lost may take to come back before the broadcast ends. */
  readonly reconnectSeconds: number;
  /** Whether a broadcast becomes an asset when it ends. */
  readonly isRecorded: boolean;
  /** Name of the encoding ladder. */
  readonly ladder: string;
  readonly passthrough: Passthrough;
  readonly chat: ChatOptions;
}

export interface ChatOptions {
  readonly isOpen: boolean;
  /** Each viewer may say something once in so many seconds. */
  readonly slowSeconds: number;
}

/** `reconnecting`: the publisher is gone and may still come back. */
export type LiveStreamState = 'idle' | 'live' | 'reconnecting';

/**
 * Why a broadcast ended. `finished`: the publisher said so. `lost`: it went and did not come back in time. `requested`: by
 * the API. `deleted`, `disabled`: its stream was. `interrupted`: the server that it was at went down and nobody came back.
 */
export const END_REASONS = ['finished', 'lost', 'requested', 'deleted', 'disabled', 'interrupted'] as const;

export type EndReason = (typeof END_REASONS)[number];
