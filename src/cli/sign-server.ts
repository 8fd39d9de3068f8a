import { FAULTS } from '../kernel/errors.ts';
import { isId } from '../kernel/ids.ts';
import type { Given } from './command.ts';
import { Failure, usage } from './failure.ts';
import type { Api } from './server.ts';
import type { SignCarrier, Signed } from './sign.ts';
import { parseMoment } from './times.ts';

/** A playback grant as the API tells it. */
interface PlaybackGrant {
  readonly keyPairId: string;
  readonly expiresAt: string;
  readonly url: string;
  /** Of one that is not encrypted. */
  readonly dashUrl?: string;
  /** Of an asset, as is the next. */
  readonly posterUrl?: string;
  readonly storyboardUrl?: string;
  readonly cookies: Readonly<Record<string, string>>;
  readonly token: string;
  readonly tokenUrl: string;
  readonly pathUrl: string;
}

/** Has the server sign with its own key. It signs assets and live streams, by a URL of one or just its id. */
export async function signByServer(url: string, carrier: SignCarrier, given: Given, api: Api): Promise<Signed> {
  const nowMs = Date.now();
  const starts = given.text('starts');
  const expiresAtMs = parseMoment(given.text('expires') ?? '1h', '--expires', nowMs);
  const grant = await api.call<PlaybackGrant>('POST', '/v1/playback-grants', {
    ...watchedOf(url),
    expiresInSeconds: Math.round((expiresAtMs - nowMs) / 1000),
    startsAt: starts === undefined ? undefined : new Date(parseMoment(starts, '--starts', nowMs)).toISOString(),
    ip: given.text('ip'),
  });
  const { keyPairId, expiresAt, cookies, token, tokenUrl, pathUrl } = grant;
  if (carrier === 'cookies') return { keyPairId, expiresAt, cookies };
  if (carrier === 'token') return { keyPairId, expiresAt, token, tokenUrl, pathUrl };
  return { keyPairId, expiresAt, url: signedOf(url, grant) };
}

function watchedOf(url: string): { readonly assetId: string } | { readonly streamId: string } {
  const found = /\/(?:assets|live)\/([^/?]+)\//.exec(url)?.[1] ?? url;
  if (isId(found, 'as')) return { assetId: found };
  if (isId(found, 'ls')) return { streamId: found };
  throw usage('The server signs its own assets and live streams: give a URL or an id, or sign with a key of yours.');
}

function noManifest(): never {
  const { says } = FAULTS.DASH_UNAVAILABLE;
  throw new Failure('DASH_UNAVAILABLE', says);
}

function signedOf(url: string, grant: PlaybackGrant): string {
  if (/\/manifest\.mpd$/.test(url)) return grant.dashUrl ?? noManifest();
  const picture = /\/poster\.jpg$/.test(url) ? grant.posterUrl : undefined;
  const named = picture ?? (/\/storyboard\.vtt$/.test(url) ? grant.storyboardUrl : undefined);
  if (named !== undefined) return named;
  if (/\/master\.m3u8$/.test(url) || isId(url, 'as') || isId(url, 'ls')) return grant.url;
  throw usage(
    'The server signs master.m3u8, manifest.mpd, poster.jpg and storyboard.vtt; cookies or a token cover the rest.',
  );
}
