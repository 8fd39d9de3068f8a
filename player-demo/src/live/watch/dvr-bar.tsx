import type { TargetedEvent, VNode } from 'preact';
import { useState } from 'preact/hooks';
import { formatBehind, isAtEdge } from './phase.ts';

interface DvrBarProps {
  readonly windowSeconds: number;
  readonly behindSeconds: number;
  readonly onSeek: (behindSeconds: number) => void;
}

/** A window of less is not worth a bar. */
const LEAST_SECONDS = 6;

/** The window that one can go back in; its right end is now. While it is dragged it shows where it would go. */
export function DvrBar({ windowSeconds, behindSeconds, onSeek }: DvrBarProps): VNode | null {
  const [dragged, setDragged] = useState<number>();
  const [hovered, setHovered] = useState<number>();
  if (windowSeconds < LEAST_SECONDS) return <div class="dvr" aria-hidden="true" />;
  const behind = Math.min(windowSeconds, dragged ?? behindSeconds);
  const share = 1 - behind / windowSeconds;
  // A key moves and lets go at once: where to is in the event, not in what was last drawn.
  const letGo = (event: TargetedEvent<HTMLInputElement>) => {
    onSeek(windowSeconds - Number(event.currentTarget.value));
    setDragged(undefined);
  };
  return (
    <div
      class="dvr"
      style={{ '--share': share.toFixed(4) }}
      onPointerMove={(event) => {
        const { left, width } = event.currentTarget.getBoundingClientRect();
        setHovered(Math.min(1, Math.max(0, (event.clientX - left) / width)));
      }}
      onPointerLeave={() => setHovered(undefined)}
    >
      <input
        type="range"
        aria-label="Position in the broadcast"
        aria-valuetext={isAtEdge(behind) ? 'Live' : `${formatBehind(behind)} from live`}
        min={0}
        max={windowSeconds}
        step="any"
        value={windowSeconds - behind}
        onInput={(event) => setDragged(windowSeconds - Number(event.currentTarget.value))}
        // preact/compat makes `onChange` an `input` event, before that of `onInput`: what is dragged would never be let go.
        onChangeCapture={letGo}
        data-testid="dvr"
      />
      {hovered !== undefined && (
        <output class="dvr-tip tabular" style={{ left: `${hovered * 100}%` }}>
          {formatBehind((1 - hovered) * windowSeconds)}
        </output>
      )}
    </div>
  );
}
