import type { VNode } from 'preact';
import type { LiveStream } from '../api/live-shapes.ts';
import { writeRoute } from '../route.ts';
import { CopyButton } from '../ui/controls.tsx';
import { Icon } from '../ui/icons.tsx';

type Shared = Pick<LiveStream, 'streamId' | 'policy' | 'playbackUrl'>;

/** Opens beside this page: one that is on air must not be left. */
export function WatchButton({ streamId, testId }: { streamId: string; testId?: string }): VNode {
  return (
    <a
      class="button button-plain"
      href={writeRoute({ page: 'tune-in', streamId })}
      target="_blank"
      rel="noreferrer"
      title="Opens in a new tab"
      data-testid={testId}
    >
      <Icon name="play" size={16} />
      <span>Watch</span>
    </a>
  );
}

/** The link for viewers without an account; nothing for a stream that needs a grant. */
export function CopyViewerLink({ policy, playbackUrl }: Omit<Shared, 'streamId'>): VNode | null {
  if (policy !== 'public') return null;
  const address = `${location.origin}${location.pathname}${writeRoute({ page: 'play', url: playbackUrl })}`;
  return <CopyButton text={address} label="Copy viewers’ link" />;
}
