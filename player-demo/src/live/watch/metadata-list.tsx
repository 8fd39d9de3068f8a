import type { VNode } from 'preact';
import type { TimedMetadata } from '../channel/messages.ts';

/** What the broadcaster's backend attached to moments of the broadcast, newest first; nothing without any. */
export function MetadataList({ metadata }: { metadata: readonly TimedMetadata[] }): VNode | null {
  if (metadata.length === 0) return null;
  return (
    <section class="panel" aria-label="Timed metadata" data-testid="metadata">
      <h2 class="panel-title">Timed metadata</h2>
      <ul class="metadata">
        {[...metadata].reverse().map(({ id, atMs, data }) => (
          <li key={id}>
            <time class="tabular" dateTime={new Date(atMs).toISOString()}>
              {new Date(atMs).toLocaleTimeString()}
            </time>
            <code>{JSON.stringify(data)}</code>
          </li>
        ))}
      </ul>
    </section>
  );
}
