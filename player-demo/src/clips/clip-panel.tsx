import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Problem } from '../api/problem.ts';
import type { Asset } from '../api/shapes.ts';
import { writeRoute } from '../route.ts';
import { Button } from '../ui/controls.tsx';
import { Icon } from '../ui/icons.tsx';
import { type ClipSpan, firstSpan, formatMoment, moveIn, moveOut, parseMoment } from './clip-times.ts';
import { useClips } from './use-clips.ts';

interface ClipPanelProps {
  readonly asset: Asset;
  /** What it is cut by: its time is taken over, and it goes where an end is moved to. */
  readonly video: HTMLVideoElement | null;
}

/** A part of the film as a film of its own. */
export function ClipPanel({ asset, video }: ClipPanelProps): VNode | null {
  const { durationSeconds, title } = asset;
  const { made, busy, problem, make } = useClips(asset.assetId);
  const [span, setSpan] = useState<ClipSpan>();
  const [name, setName] = useState('');
  if (asset.status !== 'ready' || durationSeconds === undefined) return null;
  const submit = (event: Event) => {
    event.preventDefault();
    if (span) void make({ ...span, ...(name.trim() === '' ? {} : { title: name.trim() }) });
  };
  return (
    <section class="panel side-by-side clip-panel" aria-label="Clips" data-testid="clip-panel">
      <header class="panel-head">
        <h2 class="panel-title">Clips</h2>
        {!span && (
          <Button
            icon="scissors"
            onClick={() => setSpan(firstSpan(video?.currentTime ?? 0, durationSeconds))}
            data-testid="clip-open"
          >
            Make a clip
          </Button>
        )}
      </header>
      {!span && made.length === 0 && <p class="muted small">A part of this film as a film of its own, at once.</p>}
      {span && (
        <form class="stack" onSubmit={submit}>
          <EndField
            label="From"
            seconds={span.inSeconds}
            durationSeconds={durationSeconds}
            video={video}
            onMove={(to) => setSpan(moveIn(span, to, durationSeconds))}
            testId="clip-in"
          />
          <EndField
            label="To"
            seconds={span.outSeconds}
            durationSeconds={durationSeconds}
            video={video}
            onMove={(to) => setSpan(moveOut(span, to, durationSeconds))}
            testId="clip-out"
          />
          <input
            class="input"
            aria-label="Title of the clip"
            placeholder={title}
            value={name}
            maxLength={200}
            onInput={(event) => setName(event.currentTarget.value)}
            data-testid="clip-title"
          />
          <ClipProblem problem={problem} />
          <div class="clip-actions">
            <span class="muted small tabular">
              {(span.outSeconds - span.inSeconds).toFixed(1)} s, in whole segments
            </span>
            <Button onClick={() => setSpan(undefined)}>Cancel</Button>
            <Button look="primary" type="submit" busy={busy} data-testid="clip-submit">
              Make clip
            </Button>
          </div>
        </form>
      )}
      <ClipList made={made} />
    </section>
  );
}

interface EndFieldProps {
  readonly label: string;
  readonly seconds: number;
  readonly durationSeconds: number;
  readonly video: HTMLVideoElement | null;
  readonly onMove: (seconds: number) => void;
  readonly testId: string;
}

/** One end of a clip: dragged, typed, or where the film is just now. */
function EndField({ label, seconds, durationSeconds, video, onMove, testId }: EndFieldProps): VNode {
  const [typed, setTyped] = useState<string>();
  const show = (to: number) => {
    onMove(to);
    if (video) video.currentTime = Math.min(to, durationSeconds - 0.1);
  };
  const enter = (event: KeyboardEvent) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    take();
  };
  const take = () => {
    const to = parseMoment(typed ?? '');
    if (to !== undefined) show(to);
    setTyped(undefined);
  };
  return (
    <div class="clip-end">
      <span class="field-label">{label}</span>
      <input
        type="range"
        aria-label={`${label}, on the film`}
        aria-valuetext={formatMoment(seconds)}
        min={0}
        max={durationSeconds}
        step={0.1}
        value={seconds}
        onInput={(event) => show(Number(event.currentTarget.value))}
        data-testid={`${testId}-slider`}
      />
      <input
        class="input tabular"
        aria-label={label}
        inputMode="decimal"
        value={typed ?? formatMoment(seconds)}
        onInput={(event) => setTyped(event.currentTarget.value)}
        onBlur={take}
        onKeyDown={enter}
        data-testid={testId}
      />
      <Button
        onClick={() => onMove(video?.currentTime ?? 0)}
        aria-label={`${label} where the film is now`}
        data-testid={`${testId}-here`}
      >
        Here
      </Button>
    </div>
  );
}

export function ClipProblem({ problem }: { problem: Problem | undefined }): VNode | null {
  if (!problem) return null;
  return (
    <p class="alert small" role="alert" data-testid="clip-problem">
      {problem.message} <code>{problem.code}</code>
    </p>
  );
}

export function ClipList({ made }: { made: readonly Asset[] }): VNode | null {
  if (made.length === 0) return null;
  return (
    <ul class="rows" role="status">
      {made.map(({ assetId, title, clip }) => (
        <li key={assetId} class="row" data-testid="clip-row">
          <Icon name="scissors" />
          <span class="row-text">
            <strong>{title}</strong>
            {clip && (
              <span class="muted small tabular">
                {formatMoment(clip.inSeconds)} to {formatMoment(clip.outSeconds)}
              </span>
            )}
          </span>
          <a
            class="button button-quiet"
            href={writeRoute({ page: 'watch', assetId })}
            target="_blank"
            rel="noreferrer"
            data-testid="clip-link"
          >
            Watch
          </a>
        </li>
      ))}
    </ul>
  );
}
