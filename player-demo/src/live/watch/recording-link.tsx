import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { type Route, writeRoute } from '../../route.ts';
import { Icon } from '../../ui/icons.tsx';
import type { ChannelRecording } from '../channel/messages.ts';
import type { LiveSource } from '../live-source.ts';

/** On from a broadcast that is over to the film that it became. */
export function RecordingLink({ to, label }: { to: Route; label: string }): VNode {
  return (
    <a class="button button-primary" href={writeRoute(to)} data-testid="watch-recording">
      <Icon name="play" size={17} />
      <span>{label}</span>
    </a>
  );
}

interface PublicRecordingProps {
  readonly source: LiveSource;
  readonly recording: ChannelRecording | undefined;
  readonly label: string;
}

/** For whoever has no account: the film at the edge that the broadcast came from. */
export function PublicRecordingLink({ source, recording, label }: PublicRecordingProps): VNode | null {
  const [masterUrl, setMasterUrl] = useState<string>();
  useEffect(() => {
    // Without an address there is no link, and the page says the same as without a recording.
    source.read().then(
      (addresses) => setMasterUrl(addresses.masterUrl),
      () => undefined,
    );
  }, [source]);
  if (!recording || masterUrl === undefined) return null;
  return <RecordingLink to={{ page: 'play', url: new URL(recording.playbackPath, masterUrl).href }} label={label} />;
}
