import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { formatBitrate } from '../../format.ts';
import type { ChannelView } from '../channel/channel-view.ts';
import type { Delivery } from '../deliveries.ts';
import { HlsLive } from './hls-live.ts';
import type { LivePlayback } from './live-deck.ts';
import { readTimeCode } from './time-code-reader.ts';

const LOOK_MS = 500;
const NAMES: Readonly<Record<Delivery, string>> = { 'll-hls': 'LL-HLS', channel: 'Channel', hls: 'HLS' };

interface LiveStatsProps {
  readonly video: HTMLVideoElement | null;
  readonly playback: LivePlayback;
  readonly view: ChannelView;
}

interface Look {
  readonly droppedFrames: number;
  readonly totalFrames: number;
  readonly size: string | undefined;
  /** Read off the picture itself, where it carries a time code. */
  readonly pictureAgeSeconds: number | undefined;
}

/** What is behind the picture, over a corner of it. */
export function LiveStats({ video, playback, view }: LiveStatsProps): VNode {
  const look = useLook(video);
  const { reading, delivery } = playback;
  const level = playback.levels.find(({ index }) => index === playback.playingLevel);
  const bufferName = delivery === 'channel' ? 'Reserve wanted' : 'Latency wanted';
  const facts: readonly (readonly [name: string, value: string | undefined, testId?: string])[] = [
    ['Delivery', HlsLive.isSupported() ? NAMES[delivery] : 'HLS by the browser', 'stats-delivery'],
    ['Latency', seconds(reading.latencySeconds), 'stats-latency'],
    ['Latency by time code', seconds(look.pictureAgeSeconds), 'stats-picture-age'],
    ['Buffer', seconds(reading.bufferSeconds), 'stats-live-buffer'],
    [bufferName, seconds(reading.targetSeconds)],
    ['Speed', `${reading.rate.toFixed(2)} ×`],
    ['Rendition', level && `${level.label} · ${formatBitrate(level.bitrateBps)}`, 'stats-live-rendition'],
    ['Resolution', look.size],
    ['Dropped frames', `${look.droppedFrames} of ${look.totalFrames}`, 'stats-live-dropped'],
    ['Stalls', `${playback.stalls}`, 'stats-live-stalls'],
    ...(delivery === 'channel' && view.quality
      ? ([['Parts left out by the edge', `${view.quality.droppedParts}`]] as const)
      : []),
  ];
  return (
    <dl class="live-stats tabular" data-testid="live-stats">
      {facts.map(([name, value, testId]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd data-testid={testId}>{value ?? '–'}</dd>
        </div>
      ))}
    </dl>
  );
}

function seconds(value: number | undefined): string | undefined {
  return value === undefined ? undefined : `${value.toFixed(2)} s`;
}

function useLook(video: HTMLVideoElement | null): Look {
  const [look, setLook] = useState<Look>({
    droppedFrames: 0,
    totalFrames: 0,
    size: undefined,
    pictureAgeSeconds: undefined,
  });
  useEffect(() => {
    if (!video) return;
    const take = () => {
      const { droppedVideoFrames, totalVideoFrames } = video.getVideoPlaybackQuality();
      const nowMs = Date.now();
      const codeMs = readTimeCode(video, nowMs);
      setLook({
        droppedFrames: droppedVideoFrames,
        totalFrames: totalVideoFrames,
        size: video.videoWidth > 0 ? `${video.videoWidth} × ${video.videoHeight}` : undefined,
        pictureAgeSeconds: codeMs === undefined ? undefined : (nowMs - codeMs) / 1_000,
      });
    };
    const timer = setInterval(take, LOOK_MS);
    return () => clearInterval(timer);
  }, [video]);
  return look;
}
