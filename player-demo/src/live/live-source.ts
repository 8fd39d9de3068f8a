import type { LiveStream } from '../api/live-shapes.ts';
import type { CarrierName } from '../player/carrier-names.ts';
import { setGrantCookies } from '../player/grant-cookies.ts';
import { liveGrants } from '../stores.ts';

export interface LiveAddresses {
  readonly masterUrl: string;
  readonly channelUrl: string;
  /** The grant is in cookies. */
  readonly withCredentials?: true;
}

/** Where a stream is watched. Addresses of a signed one carry a grant, which is renewed when it is over. */
export interface LiveSource {
  read(): Promise<LiveAddresses>;
  renew(): void;
  /** Takes away what was set for it. */
  release(): void;
}

type Watched = Pick<LiveStream, 'streamId' | 'policy' | 'playbackUrl' | 'channelUrl'>;

/** For somebody who is signed in. A signed stream's grant travels in its addresses, or in cookies to see that way work. */
export function sourceOf(stream: Watched, carrier: CarrierName = 'url'): LiveSource {
  const { streamId, policy, playbackUrl, channelUrl } = stream;
  const plain = { masterUrl: playbackUrl, channelUrl };
  if (policy === 'public') return fixedSource(plain);
  let clear = () => {};
  return {
    read: async () => {
      const grant = await liveGrants.get(streamId);
      if (carrier !== 'cookies') return { masterUrl: grant.url, channelUrl: grant.channelUrl };
      clear = setGrantCookies(grant);
      return { ...plain, withCredentials: true };
    },
    renew: () => liveGrants.forget(streamId),
    release: () => clear(),
  };
}

/** For a link as it was shared, whatever grant it carries. */
export function sourceOfLink(masterUrl: string): LiveSource | undefined {
  const channelUrl = channelUrlOf(masterUrl);
  return channelUrl === undefined ? undefined : fixedSource({ masterUrl, channelUrl });
}

function fixedSource(addresses: LiveAddresses): LiveSource {
  return { read: async () => addresses, renew: () => {}, release: () => {} };
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
