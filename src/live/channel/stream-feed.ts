import type { BroadcastFormat, LivePart, LiveSegment, Session } from '../../kernel/live/broadcast.ts';
import type { IngestHealth } from '../../kernel/live/health.ts';
import type { ChannelFeed } from '../seams.ts';

/**
 * What a broadcast keeps of its channel: whichever channel the stream has when there is something to tell. One that nobody
 * needed may have been let go since.
 */
export class StreamFeed implements ChannelFeed {
  readonly #channel: () => ChannelFeed;

  constructor(channel: () => ChannelFeed) {
    this.#channel = channel;
  }

  started(broadcast: number, format: BroadcastFormat): void {
    this.#channel().started(broadcast, format);
  }

  opening(renditions: readonly string[]): void {
    this.#channel().opening(renditions);
  }

  init(rendition: string, session: Session, bytes: Uint8Array): void {
    this.#channel().init(rendition, session, bytes);
  }

  part(part: LivePart): void {
    this.#channel().part(part);
  }

  segment(segment: LiveSegment): void {
    this.#channel().segment(segment);
  }

  reconnecting(): void {
    this.#channel().reconnecting();
  }

  health(health: IngestHealth): void {
    this.#channel().health(health);
  }

  ended(recordingId?: string): void {
    this.#channel().ended(recordingId);
  }
}
