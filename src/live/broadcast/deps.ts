import type { BroadcastRepository, Hold } from '../../database/broadcasts.ts';
import type { Broadcast, LiveStream } from '../../database/live-stream-rows.ts';
import type { LiveStreamRepository } from '../../database/live-streams.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Ladder } from '../../kernel/ladder/ladder.ts';
import type { BroadcastFormat } from '../../kernel/live/broadcast.ts';
import type { Log } from '../../kernel/log.ts';
import type { ChannelFeed, Packager, PackagerNews } from '../seams.ts';
import type { StreamKeys } from '../stream-keys.ts';

/** Which broadcast is packaged, and as what. */
export interface BroadcastPlace {
  readonly streamId: string;
  readonly broadcast: number;
  readonly recordingId: string;
  readonly format: BroadcastFormat;
  /** Whether all of it stays. */
  readonly isRecorded: boolean;
}

/** A packager, which the process may leave to the next one, or the node to another. */
export interface Packaging extends Packager {
  /** 0 before the first. */
  readonly lastSession: number;
  /** Whether all that was published is recorded, after this long at most. */
  isRecorded(limitMs: number): Promise<boolean>;
  abandon(): Promise<void>;
  /** Another node has the broadcast: what is not recorded is not wanted any more. */
  forsake(): Promise<void>;
}

/** How a broadcast comes to a node that goes on with it. */
export interface Inheritance {
  /** Until when a node that fell silent may have shown viewers more than it recorded; absent where all of it is known. */
  readonly shownUntilMs?: number;
}

/** What a broadcast needs of the rest. */
export interface BroadcastDeps {
  readonly streams: Pick<
    LiveStreamRepository,
    'find' | 'claim' | 'renew' | 'letGo' | 'release' | 'setHealth' | 'setRegular'
  >;
  readonly keys: Pick<StreamKeys, 'open'>;
  readonly broadcasts: Pick<
    BroadcastRepository,
    'lost' | 'reconnected' | 'end' | 'unhealthy' | 'recovered' | 'unfinished' | 'abandoned'
  >;
  readonly packagers: {
    /** Nothing is recorded while `isHeld` is false: the broadcast may be another node's. */
    open(place: BroadcastPlace, news: PackagerNews, isHeld: () => boolean): Packaging;
    recover(
      place: BroadcastPlace,
      news: PackagerNews,
      isHeld: () => boolean,
      inheritance: Inheritance,
    ): Promise<Packaging>;
  };
  /** Asks the node that has a stream to give it up. @throws Fault LIVE_STREAM_BUSY when somebody publishes there */
  readonly askToYield: (stream: LiveStream) => Promise<void>;
  /** A broadcast goes on elsewhere: viewers are led there. */
  readonly left: (streamId: string) => void;
  readonly channels: { open(streamId: string): Promise<ChannelFeed> };
  readonly readLadder: (name: string) => Promise<Ladder>;
  /** Undefined when the stream is not this node's any more. */
  readonly begin: (hold: Hold, stream: LiveStream, format: BroadcastFormat) => Promise<Broadcast | undefined>;
  /** All of it is stored, and it has ended. */
  readonly finished: (broadcast: Broadcast) => Promise<void>;
  /** Where other nodes reach the broadcasts of this one. */
  readonly nodeUrl: () => string;
  readonly settings: BroadcastSettings;
  readonly clock: Clock;
  readonly log: Log;
  readonly nextId: () => number;
  readonly count: (name: 'live_encoder_restarts' | 'live_rungs_dropped') => void;
}

export interface BroadcastSettings {
  readonly sourceMaxPixels: number;
  readonly liveStreams: number;
  readonly liveLeaseMs: number;
  readonly liveSegmentSeconds: number;
  readonly liveSilenceSeconds: number;
}
