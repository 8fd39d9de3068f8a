import type { HealthProblem, IngestHealth } from './health.ts';
import { HEALTH_PROBLEMS } from './health.ts';
import type { SourcePacket } from './tap.ts';

interface Arrival extends SourcePacket {
  readonly atMs: number;
}

/** What is measured, is measured over so long. */
const SPAN_MS = 2_000;
/**
 * A problem that lasts this long is told, and one that is gone this long is over: quick to warn, slow to be reassured, so that
 * a source at the brink is not told of again and again.
 */
const TOLD_AFTER = 2;
const OVER_AFTER = 10;
/** Of what was usual before. */
const FEWER_FRAMES = 0.7;
const LESS_BITRATE = 0.3;
/** Sources without a key frame for longer than this are slow to join; those with regular ones may take as long as they always do. */
const LONG_GROUP_SECONDS = 4.5;
const MOST_DRIFT_MS = 500;
/** What is usual is known after so many seconds. */
const LEARN_SECONDS = 4;
const FORGET = 0.9;

/** What the encoder and the machine add to what the source shows. */
export interface EncoderState {
  readonly speed: number;
  readonly droppedFrames: number;
  readonly isOverloaded: boolean;
  /** The source was to be passed through, and cannot be. */
  readonly lacksPassthrough: boolean;
}

/** Tells how a source is doing from its packets. `measure` is to be called once a second. */
export class HealthMeter {
  #arrivals: Arrival[] = [];
  #hasPicture = false;
  #keyFrameSeconds = 0;
  #usualKeySeconds = 0;
  #lastKeyAtMs: number | undefined;
  #lastKey: number | undefined;
  #latest: { video?: number; audio?: number } = {};
  #usualFrames: number | undefined;
  #usualBps: number | undefined;
  #usualDriftMs: number | undefined;
  #seconds = 0;
  readonly #bad = new Map<HealthProblem, number>();
  readonly #good = new Map<HealthProblem, number>();
  #problems: HealthProblem[] = [];

  take(packets: readonly SourcePacket[], nowMs: number): void {
    for (const packet of packets) {
      this.#arrivals.push({ ...packet, atMs: nowMs });
      this.#latest[packet.kind] = packet.decodeSeconds;
      if (packet.kind === 'video') this.#takePicture(packet, nowMs);
    }
  }

  #takePicture(packet: SourcePacket, nowMs: number): void {
    this.#hasPicture = true;
    this.#lastKeyAtMs ??= nowMs;
    if (!packet.isKey) return;
    if (this.#lastKey !== undefined) {
      this.#keyFrameSeconds = Math.max(0, packet.decodeSeconds - this.#lastKey);
      this.#usualKeySeconds = Math.max(this.#usualKeySeconds * FORGET, this.#keyFrameSeconds);
    }
    this.#lastKey = packet.decodeSeconds;
    this.#lastKeyAtMs = nowMs;
  }

  measure(nowMs: number, encoder: EncoderState): IngestHealth {
    this.#seconds += 1;
    this.#arrivals = this.#arrivals.filter(({ atMs }) => atMs > nowMs - SPAN_MS);
    const spanSeconds = SPAN_MS / 1_000;
    const bitrateBps = Math.round((this.#arrivals.reduce((sum, { bytes }) => sum + bytes, 0) * 8) / spanSeconds);
    const framesPerSecond = this.#arrivals.filter(({ kind }) => kind === 'video').length / spanSeconds;
    const driftMs = this.#driftMs();
    const sinceKeySeconds = (nowMs - (this.#lastKeyAtMs ?? nowMs)) / 1_000;
    const isLearnt = this.#seconds > LEARN_SECONDS;
    const now: Record<HealthProblem, boolean> = {
      'frame-rate': isLearnt && this.#hasPicture && framesPerSecond < (this.#usualFrames ?? 0) * FEWER_FRAMES,
      bitrate: isLearnt && bitrateBps < (this.#usualBps ?? 0) * LESS_BITRATE,
      'key-frames': sinceKeySeconds > Math.max(LONG_GROUP_SECONDS, this.#usualKeySeconds * 1.5),
      drift: Math.abs(driftMs) > MOST_DRIFT_MS,
      overload: encoder.isOverloaded,
      passthrough: encoder.lacksPassthrough,
    };
    if (this.#seconds > 1) this.#learn(framesPerSecond, bitrateBps, now);
    this.#judge(now);
    return {
      bitrateBps,
      framesPerSecond,
      keyFrameSeconds: Math.max(this.#keyFrameSeconds, Math.floor(sinceKeySeconds)),
      driftMs,
      speed: encoder.speed,
      droppedFrames: encoder.droppedFrames,
      problems: this.#problems,
    };
  }

  /** Sound ahead of the picture, against what it was to begin with: containers send one of the two some time before. */
  #driftMs(): number {
    const { video, audio } = this.#latest;
    if (video === undefined || audio === undefined) return 0;
    const aheadMs = Math.round((audio - video) * 1_000);
    this.#usualDriftMs ??= aheadMs;
    if (this.#seconds <= LEARN_SECONDS) this.#usualDriftMs = (this.#usualDriftMs + aheadMs) / 2;
    return Math.round(aheadMs - this.#usualDriftMs);
  }

  /** Slowly, and not from what is bad: else a source that stays bad would soon be as usual. */
  #learn(framesPerSecond: number, bitrateBps: number, now: Record<HealthProblem, boolean>): void {
    if (!now['frame-rate']) this.#usualFrames = blend(this.#usualFrames, framesPerSecond);
    if (!now.bitrate) this.#usualBps = blend(this.#usualBps, bitrateBps);
  }

  #judge(now: Record<HealthProblem, boolean>): void {
    this.#problems = HEALTH_PROBLEMS.filter((problem) => {
      const isTold = this.#problems.includes(problem);
      const bad = now[problem] ? (this.#bad.get(problem) ?? 0) + 1 : 0;
      const good = now[problem] ? 0 : (this.#good.get(problem) ?? 0) + 1;
      this.#bad.set(problem, bad);
      this.#good.set(problem, good);
      return isTold ? good < OVER_AFTER : bad >= (problem === 'key-frames' ? 1 : TOLD_AFTER);
    });
  }
}

function blend(before: number | undefined, now: number): number {
  return before === undefined ? now : Math.max(before * FORGET + now * (1 - FORGET), 0);
}
