import type { VNode } from 'preact';
import { useCallback } from 'preact/hooks';
import type { LiveStream } from '../api/live-shapes.ts';
import { api } from '../session.ts';
import { Notice } from '../ui/notice.tsx';
import { usePolled } from './use-polled.ts';

interface KnownStreamProps {
  readonly streamId: string;
  readonly everyMs: number;
  /** The class of what stands in its place until it is read. */
  readonly skeleton: string;
  readonly children: (stream: LiveStream, reload: () => void) => VNode;
}

/** A page of one stream, which is read again and again; says so where there is none. */
export function KnownStream({ streamId, everyMs, skeleton, children }: KnownStreamProps): VNode {
  const read = useCallback(() => api.live.get(streamId), [streamId]);
  const { value: stream, problem, reload } = usePolled(read, everyMs);
  if (stream) return children(stream, reload);
  if (problem) {
    return (
      <Notice icon="search" title="There is no such stream" code={problem.code} testId="live-missing">
        <p>
          {problem.message} Back to <a href="#/live">all streams</a>.
        </p>
      </Notice>
    );
  }
  return <div class={`${skeleton} skeleton`} role="status" aria-label="Loading" />;
}
