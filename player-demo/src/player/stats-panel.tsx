import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { formatBitrate } from '../format.ts';
import { SegmentStrip } from './segment-strip.tsx';
import { bufferAheadSeconds, emptyRing, pushRing, type Ring, sparkline } from './stats-ring.ts';
import type { Playback } from './use-playback.ts';

const SAMPLE_MS = 500;
const SAMPLES = 80;
const CHART = { width: 280, height: 56 };

interface Sample {
  readonly bufferSeconds: Ring<number>;
  readonly bandwidthBps: number | undefined;
  readonly droppedFrames: number;
  readonly totalFrames: number;
  readonly width: number;
  readonly height: number;
}

interface StatsPanelProps {
  readonly video: HTMLVideoElement | null;
  readonly playback: Playback;
  readonly bandwidthBps: () => number | undefined;
}

export function StatsPanel({ video, playback, bandwidthBps }: StatsPanelProps): VNode {
  const sample = useSamples(video, bandwidthBps);
  const level = playback.levels.find((one) => one.index === playback.playingLevel);
  return (
    <section class="panel stats" aria-label="Playback stats" data-testid="stats-panel">
      <h2 class="panel-title">Stats</h2>
      <BufferChart values={sample.bufferSeconds} />
      <dl class="facts tabular">
        <Fact name="Rendition" value={level?.label} testId="stats-rendition" />
        <Fact name="Resolution" value={sample.width > 0 ? `${sample.width} × ${sample.height}` : undefined} />
        <Fact name="Codecs" value={level?.codecs} />
        <Fact name="Bitrate" value={level && formatBitrate(level.bitrateBps)} />
        <Fact
          name="Bandwidth"
          value={sample.bandwidthBps && formatBitrate(sample.bandwidthBps)}
          testId="stats-bandwidth"
        />
        <Fact
          name="First picture"
          value={playback.firstFrameMs && `${Math.round(playback.firstFrameMs)} ms`}
          testId="stats-startup"
        />
        <Fact name="Dropped frames" value={`${sample.droppedFrames} of ${sample.totalFrames}`} testId="stats-dropped" />
      </dl>
      <SegmentStrip segments={playback.segments.items} slots={playback.segments.limit} />
    </section>
  );
}

function Fact({ name, value, testId }: { name: string; value: string | number | undefined; testId?: string }): VNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd data-testid={testId}>{value || '–'}</dd>
    </div>
  );
}

function BufferChart({ values }: { values: Ring<number> }): VNode {
  const now = values.items.at(-1) ?? 0;
  const ceiling = Math.max(30, ...values.items) * 1.1;
  const line = sparkline(values.items, values.limit, CHART.width, CHART.height, ceiling);
  const firstX = line.split(',')[0] ?? '0';
  return (
    <figure class="buffer">
      <figcaption>
        <span>Buffer ahead</span>
        <strong class="tabular" data-testid="stats-buffer">
          {now.toFixed(1)} s
        </strong>
      </figcaption>
      <svg viewBox={`0 0 ${CHART.width} ${CHART.height}`} preserveAspectRatio="none" aria-hidden="true">
        {line && <polygon points={`${firstX},${CHART.height} ${line} ${CHART.width},${CHART.height}`} />}
        <polyline points={line} vector-effect="non-scaling-stroke" />
      </svg>
    </figure>
  );
}

function useSamples(video: HTMLVideoElement | null, bandwidthBps: () => number | undefined): Sample {
  const [sample, setSample] = useState<Sample>({
    bufferSeconds: emptyRing(SAMPLES),
    bandwidthBps: undefined,
    droppedFrames: 0,
    totalFrames: 0,
    width: 0,
    height: 0,
  });
  useEffect(() => {
    if (!video) return;
    const take = () => setSample((last) => takeSample(last, video, bandwidthBps()));
    take();
    const timer = setInterval(take, SAMPLE_MS);
    return () => clearInterval(timer);
  }, [video, bandwidthBps]);
  return sample;
}

function takeSample(last: Sample, video: HTMLVideoElement, bandwidthBps: number | undefined): Sample {
  const quality = video.getVideoPlaybackQuality();
  return {
    bufferSeconds: pushRing(last.bufferSeconds, bufferAheadSeconds(rangesOf(video.buffered), video.currentTime)),
    bandwidthBps,
    droppedFrames: quality.droppedVideoFrames,
    totalFrames: quality.totalVideoFrames,
    width: video.videoWidth,
    height: video.videoHeight,
  };
}

function rangesOf(ranges: TimeRanges): readonly (readonly [number, number])[] {
  return Array.from({ length: ranges.length }, (_, index) => [ranges.start(index), ranges.end(index)] as const);
}
