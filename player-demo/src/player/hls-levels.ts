import type Hls from 'hls.js';
import { type Level, levelLabel, sortLevels } from './levels.ts';

/** The rungs that hls.js found, best first. */
export function readLevels(hls: Hls): readonly Level[] {
  return sortLevels(
    hls.levels.map((level, index) => ({
      index,
      label: levelLabel(level.height, level.bitrate),
      width: level.width,
      height: level.height,
      bitrateBps: level.averageBitrate || level.bitrate,
      codecs: [level.videoCodec, level.audioCodec].filter(Boolean).join(', '),
      ...(level.frameRate > 0 ? { frameRate: level.frameRate } : {}),
    })),
  );
}
