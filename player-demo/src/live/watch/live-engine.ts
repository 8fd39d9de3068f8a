import type { Level } from '../../player/levels.ts';

/** What plays a live stream on a video element. A value of it is made for one broadcast, and thrown away after it. */
export interface LiveEngine {
  start(): void;
  stop(): void;
  read(): LiveReading;
  /** To so many seconds before the newest. */
  seekBehind(seconds: number): void;
  goLive(): void;
  /** -1 leaves the choice to the player, or to the edge. */
  choose(level: number): void;
}

export interface LiveReading {
  /** Age of the picture on the screen, by the server's clock. */
  readonly latencySeconds?: number;
  /** How far the picture is behind the place that the player aims at; undefined before there is one. */
  readonly behindSeconds?: number;
  /** How far back one can go from there; 0 without a window. */
  readonly windowSeconds: number;
  readonly bufferSeconds: number;
  /** Where the engine wants the latency, or the buffer, to be. */
  readonly targetSeconds?: number;
  readonly rate: number;
}

export interface LiveEngineListener {
  onLevels(levels: readonly Level[]): void;
  /** `playing` is the rung on the screen, `chosen` the fixed one or -1. */
  onQuality(playing: number, chosen: number): void;
  /** It cannot go on by itself: another engine has to be made. */
  onBroken(code: string): void;
}

export const NO_READING: LiveReading = { windowSeconds: 0, bufferSeconds: 0, rate: 1 };
