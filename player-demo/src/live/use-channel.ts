import { useEffect, useMemo } from 'preact/hooks';
import type { LiveStream } from '../api/live-shapes.ts';
import { useCell } from '../cell.ts';
import type { CarrierName } from '../player/carrier-names.ts';
import { ChannelClient } from './channel/channel-client.ts';
import type { ChannelView } from './channel/channel-view.ts';
import { type LiveSource, sourceOf } from './live-source.ts';

export interface Channel {
  readonly client: ChannelClient;
  readonly view: ChannelView;
}

/** Where the stream is watched, for as long as the page shows it. */
export function useLiveSource(stream: LiveStream, carrier?: CarrierName): LiveSource {
  const { streamId, policy, playbackUrl, channelUrl } = stream;
  const source = useMemo(
    () => sourceOf({ streamId, policy, playbackUrl, channelUrl }, carrier),
    [streamId, policy, playbackUrl, channelUrl, carrier],
  );
  useEffect(() => () => source.release(), [source]);
  return source;
}

/** A connection to the stream's channel for as long as the page shows it. */
export function useChannel(source: LiveSource, observes = false): Channel {
  const client = useMemo(
    () =>
      new ChannelClient({ url: async () => (await source.read()).channelUrl, onGrantEnded: source.renew, observes }),
    [source, observes],
  );
  useEffect(() => {
    client.start();
    return () => client.stop();
  }, [client]);
  return { client, view: useCell(client.view) };
}
