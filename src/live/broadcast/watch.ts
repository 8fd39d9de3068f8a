import { readFragmentSamples } from '../../kernel/cmaf/segment.ts';
import type { Fragment } from '../../kernel/cmaf/splitter.ts';
import { type BroadcastFormat, renditionsOf } from '../../kernel/live/broadcast.ts';
import type { IngestHealth } from '../../kernel/live/health.ts';
import { HealthMeter } from '../../kernel/live/health-meter.ts';
import { type ClockTrouble, SourceClock } from '../../kernel/live/jump.ts';
import { PaceMeter } from '../../kernel/live/pace.ts';
import { type Rhythm, RhythmWatch } from '../../kernel/live/rhythm.ts';
import type { SourcePacket } from '../../kernel/live/tap.ts';

/** A session that begins. */
interface Watched {
  readonly format: BroadcastFormat;
  readonly renditions: readonly string[];
  /** Its source was to be passed through, and cannot be. */
  readonly lacksPassthrough: boolean;
}

/** Follows one session after the other: how the source does, and whether the encoder keeps up. */
export class Watch {
  #meter = new HealthMeter();
  #clock = new SourceClock();
  #pace = new PaceMeter();
  #rhythm = new RhythmWatch(0);
  /** What the pace is read from: the highest rung is the last to come. */
  #paced: { readonly name: string; readonly timescale: number } | undefined;
  #mediaSeconds = 0;
  #beganAtMs = 0;
  #droppedFrames = 0;
  #lacksPassthrough = false;

  get speed(): number {
    return this.#pace.speed;
  }

  get isHanging(): boolean {
    return this.#pace.isHanging;
  }

  get rhythm(): Rhythm {
    return this.#rhythm.rhythm;
  }

  /** Of the source's pictures, by their own clock. */
  get pictureBps(): number {
    return this.#rhythm.bitrateBps;
  }

  begin({ format, renditions, lacksPassthrough }: Watched, nowMs: number): void {
    this.#meter = new HealthMeter();
    this.#clock = new SourceClock();
    this.#pace = new PaceMeter();
    this.#rhythm = new RhythmWatch(format.segmentSeconds);
    this.#paced = renditionsOf(format).filter(({ name }) => renditions.includes(name))[
      renditions.length > 1 ? renditions.length - 2 : 0
    ];
    this.#mediaSeconds = 0;
    this.#beganAtMs = nowMs;
    this.#droppedFrames = 0;
    this.#lacksPassthrough = lacksPassthrough;
  }

  encoded(rendition: string, { moof }: Fragment): void {
    if (rendition !== this.#paced?.name) return;
    this.#mediaSeconds = (readFragmentSamples(moof)?.startTicks ?? 0) / this.#paced.timescale;
  }

  /** Frames left out by the encoder, in all of the session. */
  dropped(frames: number): void {
    this.#droppedFrames = frames;
  }

  /** What is wrong with the source's clock, of the packets that have just been read. */
  packets(packets: readonly SourcePacket[], nowMs: number): ClockTrouble | undefined {
    this.#meter.take(packets, nowMs);
    this.#rhythm.take(packets);
    return this.#clock.take(packets, nowMs);
  }

  livedMs(nowMs: number): number {
    return nowMs - this.#beganAtMs;
  }

  /** Once a second; `blockedMs` is how long the source has waited for the encoder in all. */
  measure(nowMs: number, blockedMs: number): IngestHealth {
    this.#pace.measure({ nowMs, blockedMs, mediaSeconds: this.#mediaSeconds });
    const { speed, isOverloaded } = this.#pace;
    const [droppedFrames, lacksPassthrough] = [this.#droppedFrames, this.#lacksPassthrough];
    return this.#meter.measure(nowMs, { speed, isOverloaded, droppedFrames, lacksPassthrough });
  }
}
