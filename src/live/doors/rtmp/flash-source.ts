import { isEnhanced, readAnnouncement, withSaneDelay } from '../../../kernel/flv/announcement.ts';
import { LiveClock } from '../../../kernel/flv/live-clock.ts';
import { flvHeader, flvTag, TAG_TYPE } from '../../../kernel/flv/write.ts';
import type { AmfObject } from '../../../kernel/rtmp/amf.ts';
import type { RtmpMessage } from '../../../kernel/rtmp/message.ts';

/** Turns RTMP's media messages into Flash video with a sane clock. */
export class FlashSource {
  readonly #write: (bytes: Uint8Array) => void;
  readonly #clock = new LiveClock();
  #hasBegun = false;

  constructor(write: (bytes: Uint8Array) => void) {
    this.#write = write;
  }

  /** How far what was taken is ahead of the time that has passed since it began. */
  leadMs(nowMs: number): number {
    return this.#clock.leadMs(nowMs);
  }

  /** Only what is said before the first media counts. */
  announce(fields: AmfObject): void {
    const announced = this.#hasBegun ? undefined : readAnnouncement(fields);
    if (!announced) return;
    this.#begin(announced);
    this.#write(flvTag(TAG_TYPE.script, 0, announced.body));
  }

  /** False for a codec that is not read here. */
  take({ type, timestampMs, payload }: RtmpMessage, nowMs: number): boolean {
    if (payload.length === 0) return true;
    if (isEnhanced(type, payload)) return false;
    if (!this.#hasBegun) this.#begin({ audio: true, video: true });
    const body = type === TAG_TYPE.video ? withSaneDelay(payload) : payload;
    this.#write(flvTag(type, this.#clock.straighten(type, timestampMs, nowMs), body));
    return true;
  }

  #begin(has: { readonly audio: boolean; readonly video: boolean }): void {
    this.#hasBegun = true;
    this.#write(flvHeader(has));
  }
}
