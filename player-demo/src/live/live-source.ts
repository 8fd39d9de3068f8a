import type { LiveStream } from '../api/live-shapes.ts';
import { liveGrants } from '../stores.ts';

export interface LiveAddresses {
  readonly masterUrl: string;
  readonly channelUrl: string;
}

/** Where a stream is watched. Addresses of a signed one carry a grant, which is renewed when it is over. */
export interface LiveSource {
  read(): Promise<LiveAddresses>;
  renew(): void;
}

/** For somebody who is signed in. */
export function sourceOf(stream: Pick<LiveStream, 'streamId' | 'policy' | 'playbackUrl' | 'channelUrl'>): LiveSource {
  const { streamId, policy, playbackUrl, channelUrl } = stream;
  if (policy === 'public') return fixedSource({ masterUrl: playbackUrl, channelUrl });
  return {
    read: async () => {
      const grant = await liveGrants.get(streamId);
      return { masterUrl: grant.url, channelUrl: grant.channelUrl };
    },
    renew: () => liveGrants.forget(streamId),
  };
}

/** For a link as it was shared, whatever grant it carries. */
export function sourceOfLink(masterUrl: string): LiveSource | undefined {
  const channelUrl = channelUrlOf(masterUrl);
  return channelUrl === undefined ? undefined : fixedSource({ masterUrl, channelUrl });
}

function fixedSource(addresses: LiveAddresses): LiveSource {
  return { read: async () => addresses, renew: () => {} };
}

const LIVE_MASTER = /^(?:\/t\/[^/]+)?\/live\/ls_[a-z0-9]{16}\/master\.m3u8$/;

/** The channel beside a live stream's multivariant playlist, with the same grant; undefined for other addresses. */
export function channelUrlOf(masterUrl: string): string | undefined {
  if (!URL.canParse(masterUrl)) return undefined;
  const url = new URL(masterUrl);
  if (!LIVE_MASTER.test(url.pathname) || !/^https?:$/.test(url.protocol)) return undefined;
  // The query stays as it is, byte for byte: it is signed.
  return masterUrl.replace(/^http/, 'ws').replace('/master.m3u8', '/channel');
}
