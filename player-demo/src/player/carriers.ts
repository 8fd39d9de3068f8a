import type { Asset, PlaybackGrant } from '../api/shapes.ts';
import type { CarrierName } from './carrier-names.ts';

/** Where the player reads from, and whether cookies go along. */
export interface PlaybackSource {
  readonly url: string;
  readonly withCredentials: boolean;
  readonly posterUrl?: string;
  readonly storyboardUrl?: string;
}

/** The source of a public film: its plain addresses. */
export function publicSource(asset: Asset): PlaybackSource {
  return {
    url: asset.playbackUrl,
    withCredentials: false,
    ...(asset.posterUrl ? { posterUrl: asset.posterUrl } : {}),
    ...(asset.storyboardUrl ? { storyboardUrl: asset.storyboardUrl } : {}),
  };
}

/** The source of a signed film by one carrier. Poster and storyboard always travel by signed URL: `<img>` and `<track>` send no cookies across ports under CORS. */
export function signedSource(asset: Asset, grant: PlaybackGrant, carrier: CarrierName): PlaybackSource {
  const url = { url: grant.url, cookies: asset.playbackUrl, token: grant.tokenUrl }[carrier];
  return {
    url,
    withCredentials: carrier === 'cookies',
    ...(asset.posterUrl ? { posterUrl: grant.posterUrl } : {}),
    ...(asset.storyboardUrl ? { storyboardUrl: grant.storyboardUrl } : {}),
  };
}

/** The texts for `document.cookie` that carry a grant. No Domain: cookies ignore ports, so the edge's port gets them too. */
export function grantCookies(grant: Pick<PlaybackGrant, 'cookies' | 'cookiePath' | 'expiresAt'>): readonly string[] {
  const expires = new Date(grant.expiresAt).toUTCString();
  return Object.entries(grant.cookies).map(
    ([name, value]) => `${name}=${value}; Path=${grant.cookiePath}; Expires=${expires}; SameSite=Lax`,
  );
}

/** The texts that take the cookies of a grant away again. */
export function clearedCookies(cookiePath: string): readonly string[] {
  return ['CloudFront-Policy', 'CloudFront-Expires', 'CloudFront-Signature', 'CloudFront-Key-Pair-Id'].map(
    (name) => `${name}=; Path=${cookiePath}; Max-Age=0; SameSite=Lax`,
  );
}

/** Cookies set by this page reach the edge only when both have the same host name. */
export function cookiesReach(playbackUrl: string, pageHostname: string): boolean {
  return URL.canParse(playbackUrl) && new URL(playbackUrl).hostname === pageHostname;
}
