import type { BroadcastFormat, LiveVideoRendition } from '../../src/kernel/live/broadcast.ts';

/** A rung of an ordinary screen's shape. */
export function rung(height: number, codecs: string, averageBps: number): LiveVideoRendition {
  const size = { width: (16 * height) / 9, height };
  return { name: `${height}p`, ...size, codecs, averageBps, maxrateBps: averageBps * 1.25 };
}

export interface FormatWish {
  /** None for sound alone. */
  readonly rungs?: readonly LiveVideoRendition[];
  readonly framesPerSecond?: number;
  readonly partSeconds?: number;
}

/** What a broadcast with segments of two seconds and stereo sound promises; its parts are whole pictures. */
export function broadcastFormat({ rungs = [], framesPerSecond = 25, partSeconds = 0.32 }: FormatWish): BroadcastFormat {
  const frameRate = { num: framesPerSecond, den: 1 };
  return {
    segmentSeconds: 2,
    targetDurationSeconds: 2,
    partTargetSeconds: partSeconds,
    ...(rungs.length > 0 ? { video: { frameRate, timescale: 90_000, renditions: rungs } } : {}),
    audio: {
      sampleRate: 48_000,
      renditions: [{ name: 'audio', codecs: 'mp4a.40.2', bitrateBps: 96_000, channels: 2 }],
    },
  };
}
