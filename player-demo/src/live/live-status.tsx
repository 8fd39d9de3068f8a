import type { VNode } from 'preact';
import type { LiveStatus, LiveStream } from '../api/live-shapes.ts';

const WORDS: Readonly<Record<LiveStatus, { tone: string; label: string; says: string }>> = {
  idle: { tone: 'idle', label: 'Off air', says: 'Nobody is publishing.' },
  live: { tone: 'live', label: 'Live', says: 'On air now.' },
  reconnecting: { tone: 'busy', label: 'Reconnecting', says: 'The publisher was lost and may still come back.' },
};

export function LiveChip({ status }: { status: LiveStatus }): VNode {
  const { tone, label, says } = WORDS[status];
  return (
    <span class={`chip chip-${tone}`} title={says} data-testid="live-status" data-status={status}>
      <i aria-hidden="true" />
      <span>{label}</span>
    </span>
  );
}

export function isOnAir(stream: LiveStream): boolean {
  return stream.status !== 'idle';
}
