import type { SourcePacket } from './tap.ts';

/** A source's clock may run ahead or back by so much without being another one. */
const FORWARD_SECONDS = 3;
const BACK_SECONDS = 1;
/** Pictures that came while the clock hardly moved, before it counts as standing still. */
const STILL_PACKETS = 45;
const STILL_MS = 2_500;
const STILL_SECONDS = 0.25;

export type ClockTrouble = 'jump' | 'still';

/** Watches whether a source's times go on as time does. */
export class SourceClock {
  readonly #last = new Map<SourcePacket['kind'], number>();
  #mark: { readonly seconds: number; readonly atMs: number; packets: number } | undefined;

  /** What is wrong with the times of these packets; nothing for most. */
  take(packets: readonly SourcePacket[], nowMs: number): ClockTrouble | undefined {
    let trouble: ClockTrouble | undefined;
    for (const packet of packets) {
      const before = this.#last.get(packet.kind);
      this.#last.set(packet.kind, packet.decodeSeconds);
      const step = before === undefined ? 0 : packet.decodeSeconds - before;
      if (step > FORWARD_SECONDS || step < -BACK_SECONDS) trouble = 'jump';
      if (this.#isStill(packet, nowMs)) trouble ??= 'still';
    }
    return trouble;
  }

  #isStill({ decodeSeconds }: SourcePacket, nowMs: number): boolean {
    const mark = this.#mark;
    if (!mark || Math.abs(decodeSeconds - mark.seconds) > STILL_SECONDS) {
      this.#mark = { seconds: decodeSeconds, atMs: nowMs, packets: 0 };
      return false;
    }
    mark.packets += 1;
    return mark.packets > STILL_PACKETS && nowMs - mark.atMs > STILL_MS;
  }
}
