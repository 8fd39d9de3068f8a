import { type BroadcastFormat, renditionsOf } from './broadcast.ts';
import { mayBeCopied } from './rhythm.ts';
import type { LiveSource } from './source.ts';

/** The renditions that a session has: those that its source has something for, without rungs that the machine is too slow for. */
export function sessionRenditions(format: BroadcastFormat, { video }: LiveSource, droppedRungs: number): string[] {
  const rungs = (format.video?.renditions ?? []).map(({ name }) => name);
  const kept = video ? rungs.slice(0, Math.max(1, rungs.length - droppedRungs)) : [];
  const sounds = renditionsOf(format).filter(({ name }) => !rungs.includes(name));
  return [...kept, ...sounds.map(({ name }) => name)];
}

/** How a publisher's bytes come. */
interface Sending {
  readonly container: 'flv' | 'mpegts' | 'matroska';
  readonly usesArrivalTimes: boolean;
  /** Whether its pictures keep to one set-up, which its head tells. */
  readonly isSteady: boolean;
}

/**
 * Whether the highest rung may be the packets of a source that has shown its rhythm before. Browsers set key frames when they
 * like, and times of arrival are the encoder's own. What changes its set-up again and again would be a session each time.
 */
export function mayCopyTop(
  { container, usesArrivalTimes, isSteady }: Sending,
  { video }: BroadcastFormat,
  source: LiveSource,
  renditions: readonly string[],
): boolean {
  const top = video?.renditions.at(-1);
  if (!video || !top || !source.video || !renditions.includes(top.name)) return false;
  return container !== 'matroska' && !usesArrivalTimes && isSteady && mayBeCopied(source.video, top, video.frameRate);
}
