import type { VNode } from 'preact';
import { formatBytes, formatPercent } from '../format.ts';
import { type SegmentFact, sumHits } from './stats-ring.ts';

const VERDICT_LABELS = { hit: 'from the edge’s cache', miss: 'fetched from the origin', unknown: 'not said' } as const;

/** The last segments in order, one tick each: from the edge's cache, or fetched from the origin. */
export function SegmentStrip({ segments, slots }: { segments: readonly SegmentFact[]; slots: number }): VNode {
  const sum = sumHits(segments);
  const last = segments.at(-1);
  const empty = Array.from({ length: Math.max(0, slots - segments.length) }, (_, slot) => slot);
  return (
    <figure class="strip">
      <figcaption>
        <span>Cache hits</span>
        <strong class="tabular" data-testid="stats-hits" data-hits={sum.hits} data-known={sum.known}>
          {sum.share === undefined ? '–' : `${formatPercent(sum.share)} (${sum.hits} of ${sum.known})`}
        </strong>
      </figcaption>
      <ol class="strip-ticks" aria-label="Last segments">
        {segments.map((segment) => (
          <li
            key={segment.id}
            class={`tick tick-${segment.verdict}`}
            title={describe(segment)}
            data-testid="segment-tick"
          />
        ))}
        {empty.map((slot) => (
          <li key={`empty-${slot}`} class="tick" aria-hidden="true" />
        ))}
      </ol>
      <p class="strip-last tabular">{last ? describe(last) : 'No segment yet'}</p>
      <p class="strip-legend" aria-hidden="true">
        <span>
          <i class="tick tick-hit" /> hit
        </span>
        <span>
          <i class="tick tick-miss" /> miss
        </span>
        <span>
          <i class="tick tick-unknown" /> not said
        </span>
      </p>
    </figure>
  );
}

function describe(segment: SegmentFact): string {
  const age = segment.ageSeconds === undefined ? '' : `, ${segment.ageSeconds} s old`;
  const cost = `${formatBytes(segment.sizeBytes)} in ${Math.round(segment.loadMs)} ms`;
  return `${segment.rendition} ${segment.name}: ${VERDICT_LABELS[segment.verdict]}${age}, ${cost}`;
}
