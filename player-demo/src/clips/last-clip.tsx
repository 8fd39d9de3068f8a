import type { VNode } from 'preact';
import { Button } from '../ui/controls.tsx';
import { ClipList, ClipProblem } from './clip-panel.tsx';
import { useClips } from './use-clips.ts';

const LAST_SECONDS = 30;

/** What has just been on air, kept as a film of its own while the broadcast goes on. */
export function LastClip({ recordingId }: { recordingId: string }): VNode {
  const { made, busy, problem, make } = useClips(recordingId);
  return (
    <div class="last-clip">
      <Button
        icon="scissors"
        busy={busy}
        onClick={() => void make({ lastSeconds: LAST_SECONDS })}
        data-testid="clip-last"
      >
        Clip the last {LAST_SECONDS} s
      </Button>
      <ClipProblem problem={problem} />
      <ClipList made={made} />
    </div>
  );
}
