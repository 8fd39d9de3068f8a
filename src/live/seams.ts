/**
 * What the parts of the live role ask of one another: doors take in publishers, a broadcast encodes and packages what
 * they send, the channel tells viewers of it.
 */
import type { Readable } from 'node:stream';
import type { Fragment } from '../kernel/cmaf/splitter.ts';
import type { FaultCode } from '../kernel/errors.ts';
import type { BroadcastFormat, LivePart, LiveSegment, Session } from '../kernel/live/broadcast.ts';
import type { IngestHealth } from '../kernel/live/health.ts';
import type { SourcePacket } from '../kernel/live/tap.ts';

export type DoorName = 'rtmp' | 'srt' | 'websocket' | 'whip';

/** Somebody at a door, before a byte of media was read. */
export interface Caller {
  readonly door: DoorName;
  readonly streamKey: string;
  /** Of the peer: for delays, logs and health. */
  readonly address: string;
}

/** Where doors bring publishers. */
export interface Desk {
  /**
   * Lets a publisher in by its key, as the first or as the backup.
   * @throws Fault STREAM_KEY_REFUSED (late on purpose), LIVE_CLAIMS_LIMITED, LIVE_STREAM_BUSY, LIVE_STREAM_DISABLED, LIVE_FULL
   */
  admit(caller: Caller): Promise<Place>;
}

export interface Place {
  readonly streamId: string;
  /** The publisher begins; called once. */
  take(publisher: Publisher): void;
  /** The caller left before it began. */
  leave(): void;
}

/** A publisher whose media arrives. */
export interface Publisher {
  readonly door: DoorName;
  readonly address: string;
  /** What the bytes are in, by ffmpeg's name. */
  readonly container: 'flv' | 'mpegts' | 'matroska';
  /** The source as it comes; read at the reader's pace, and destroyed by whoever has had enough. Never errors. */
  readonly bytes: Readable;
  /** Resolves once: `finished` when the publisher said goodbye, `lost` when it just went. */
  readonly gone: Promise<'finished' | 'lost'>;
  /** Sends the publisher away, in its protocol's words where it has any. */
  close(reason: FaultCode): void;
}

/** Makes parts, segments and playlists of one broadcast, and its recording. */
export interface Packager {
  /** From here on everything belongs to this session, whose renditions are some of the format's. */
  openSession(session: Session, renditions: readonly string[]): void;
  /** The source's packets as they came, with times that count from the session's beginning: dates follow them. */
  takePackets(packets: readonly SourcePacket[], nowMs: number): void;
  takeInit(rendition: string, init: Uint8Array): void;
  takeFragment(rendition: string, fragment: Fragment): void;
  /** Closes what is open: the last segments may be short. */
  closeSession(): void;
  /** The broadcast is over: EXT-X-ENDLIST, everybody who waits is answered. Resolves when all of it is recorded. */
  end(): Promise<void>;
}

/** What a packager tells of what it published, at once and in order. */
export interface PackagerNews {
  init(rendition: string, session: Session, bytes: Uint8Array): void;
  part(part: LivePart): void;
  segment(segment: LiveSegment): void;
}

/** The channel of one stream, as the broadcast sees it. */
export interface ChannelFeed extends PackagerNews {
  started(broadcast: number, format: BroadcastFormat): void;
  /** Another session's media is about to come, of these renditions alone. */
  opening(renditions: readonly string[]): void;
  reconnecting(): void;
  health(health: IngestHealth): void;
  /** @param recordingId of what everybody may play of it from now on */
  ended(recordingId?: string): void;
}
