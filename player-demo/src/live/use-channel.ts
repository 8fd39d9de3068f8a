import { useEffect, useMemo } from 'preact/hooks';
import { useCell } from '../cell.ts';
import { ChannelClient } from './channel/channel-client.ts';
import type { ChannelView } from './channel/channel-view.ts';
import type { LiveSource } from './live-source.ts';

export interface Channel {
  readonly client: ChannelClient;
  readonly view: ChannelView;
}

/** A connection to the stream's channel for as long as the page shows it. */
export function useChannel(source: LiveSource): Channel {
  const client = useMemo(
    () => new ChannelClient({ url: async () => (await source.read()).channelUrl, onGrantEnded: source.renew }),
    [source],
  );
  useEffect(() => {
    client.start();
    return () => client.stop();
  }, [client]);
  return { client, view: useCell(client.view) };
}
