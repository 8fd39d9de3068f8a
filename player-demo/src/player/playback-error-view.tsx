import type { VNode } from 'preact';
import { Button } from '../ui/controls.tsx';
import { Icon } from '../ui/icons.tsx';
import type { PlaybackError } from './playback-error.ts';

export function PlaybackErrorView({ error, onRetry }: { error: PlaybackError; onRetry: () => void }): VNode {
  return (
    <div class="player-error" role="alert" data-testid="playback-error" data-code={error.code}>
      <Icon name={error.code.startsWith('GRANT') ? 'lock' : 'warn'} size={30} />
      <h2>{error.title}</h2>
      <p>{error.says}</p>
      <code class="code-chip">{error.code}</code>
      {error.mayRetry && (
        <Button icon="retry" onClick={onRetry} data-testid="playback-retry">
          Try again
        </Button>
      )}
    </div>
  );
}
