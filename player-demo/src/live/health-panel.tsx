import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { IngestHealth, LiveStream } from '../api/live-shapes.ts';
import { emptyRing, pushRing, type Ring } from '../player/stats-ring.ts';
import { Icon } from '../ui/icons.tsx';
import { HEALTH_PLOTS, type HealthPlot, heightOf, PROBLEM_WORDS } from './health-history.ts';
import { isOnAir } from './live-status.tsx';

const SAMPLES = 80;
const BOX = { width: 240, height: 54 };

/** How what arrives is doing, over the last two minutes. */
export function HealthPanel({ stream }: { stream: LiveStream }): VNode | null {
  const history = useHistory(stream);
  const now = stream.health;
  if (!isOnAir(stream)) return null;
  return (
    <section class="panel stack" aria-label="Health" data-testid="health">
      <div class="panel-head">
        <h2 class="panel-title">Health</h2>
        <HealthChip health={now ?? undefined} />
      </div>
      {now?.problems.map((problem) => (
        <p key={problem} class="alert" data-testid="health-problem" data-problem={problem}>
          <Icon name="warn" />
          <span>{PROBLEM_WORDS[problem]}</span>
        </p>
      ))}
      <div class="health-plots">
        {HEALTH_PLOTS.map((plot) => (
          <Plot key={plot.id} plot={plot} history={history} isBad={now?.problems.includes(plot.problem) ?? false} />
        ))}
      </div>
      {now && (
        <p class="muted small tabular">
          Key frame every {now.keyFrameSeconds.toFixed(1)} s · {now.droppedFrames} dropped{' '}
          {now.droppedFrames === 1 ? 'frame' : 'frames'}
        </p>
      )}
    </section>
  );
}

function HealthChip({ health }: { health: IngestHealth | undefined }): VNode {
  const tone = !health ? 'idle' : health.problems.length > 0 ? 'bad' : 'good';
  return (
    <span class={`chip chip-${tone}`}>
      <i aria-hidden="true" />
      <span>{{ idle: 'Measuring', bad: 'Needs a look', good: 'Healthy' }[tone]}</span>
    </span>
  );
}

interface PlotProps {
  readonly plot: HealthPlot;
  readonly history: Ring<IngestHealth>;
  readonly isBad: boolean;
}

function Plot({ plot, history, isBad }: PlotProps): VNode {
  const values = history.items.map(plot.pick);
  const last = values.at(-1);
  const step = BOX.width / (SAMPLES - 1);
  const left = BOX.width - (values.length - 1) * step;
  const points = values.map((value, at) => {
    const y = BOX.height * (1 - heightOf(plot, value, values));
    return `${(left + at * step).toFixed(1)},${y.toFixed(1)}`;
  });
  return (
    <figure class={isBad ? 'buffer is-bad' : 'buffer'}>
      <figcaption>
        <span>{plot.label}</span>
        <strong class="tabular" data-testid={`health-${plot.id}`}>
          {last === undefined ? '–' : plot.say(last)}
        </strong>
      </figcaption>
      <svg viewBox={`0 0 ${BOX.width} ${BOX.height}`} preserveAspectRatio="none" aria-hidden="true">
        {plot.isSigned && <line x1="0" x2={BOX.width} y1={BOX.height / 2} y2={BOX.height / 2} />}
        {points.length > 0 && !plot.isSigned && (
          <polygon points={`${left.toFixed(1)},${BOX.height} ${points.join(' ')} ${BOX.width},${BOX.height}`} />
        )}
        <polyline points={points.join(' ')} vector-effect="non-scaling-stroke" />
      </svg>
    </figure>
  );
}

/** Every reading of the stream adds a sample; a stream that went off air begins anew. */
function useHistory(stream: LiveStream): Ring<IngestHealth> {
  const [history, setHistory] = useState<Ring<IngestHealth>>(emptyRing(SAMPLES));
  useEffect(() => {
    const { health } = stream;
    if (!isOnAir(stream)) setHistory(emptyRing(SAMPLES));
    else if (health) setHistory((ring) => pushRing(ring, health));
  }, [stream]);
  return history;
}
