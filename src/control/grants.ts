import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { Secrets } from '../config/secrets.ts';
import { signToken } from '../kernel/access/grant-token.ts';
import { type SignRequest, signCookies, signUrl } from '../kernel/access/sign.ts';
import { filmPrefix, manifestKey, masterKey, posterKey, storyboardKey } from '../kernel/film/paths.ts';
import { randomSymbols } from '../kernel/ids.ts';
import { liveChannelPath, liveFolder, liveMasterPath } from '../kernel/live/paths.ts';
import type { GrantBody } from './schemas.ts';

/** What is to be watched. Without a manifest there is no address of one to sign. */
export type Watched = { readonly assetId: string; readonly hasManifest: boolean } | { readonly streamId: string };

export interface GrantTerms {
  readonly watched: Watched;
  readonly expiresAtMs: number;
  readonly startsAtMs?: number;
  /** Address or CIDR block of the viewers. */
  readonly ip?: string;
}

/** Issues one grant in every carrier, signed with the server's own key. */
export class GrantIssuer {
  readonly #keyPairId: string;
  readonly #privateKey: KeyObject;

  constructor(grantKey: Secrets['grantKey']) {
    this.#keyPairId = grantKey.keyPairId;
    this.#privateKey = createPrivateKey(grantKey.privateKeyPem);
  }

  get keyPairId(): string {
    return this.#keyPairId;
  }

  /** `edgeUrl` is where viewers reach the edge. @throws Fault INVALID_REQUEST when `ip` is no address or block. */
  issue(terms: GrantTerms, edgeUrl: string): GrantBody {
    const { watched, ...limits } = terms;
    const { folder, master } = placesOf(watched);
    // An id of its own: two on the same terms are two, of which one can be revoked.
    const claims = { id: randomSymbols(16), paths: [`${folder}*`], ...limits };
    const token = signToken(claims, this.#keyPairId, this.#privateKey);
    const signed = (path: string) => signUrl(this.#request(`${edgeUrl}${path}`, terms));
    return {
      ...('assetId' in watched ? urlsOfAsset(watched, signed) : urlsOfStream(watched, edgeUrl, token)),
      expiresAt: new Date(terms.expiresAtMs).toISOString(),
      keyPairId: this.#keyPairId,
      url: signed(master),
      cookies: this.#cookies(`${edgeUrl}${folder}*`, terms),
      cookiePath: folder,
      token,
      tokenUrl: `${edgeUrl}${master}?token=${token}`,
      pathUrl: `${edgeUrl}/t/${token}${master}`,
    };
  }

  #cookies(resource: string, terms: GrantTerms): GrantBody['cookies'] {
    const cookies = signCookies(this.#request(resource, terms));
    return {
      'CloudFront-Policy': cookies['CloudFront-Policy'] ?? '',
      'CloudFront-Signature': cookies['CloudFront-Signature'] ?? '',
      'CloudFront-Key-Pair-Id': cookies['CloudFront-Key-Pair-Id'] ?? '',
    };
  }

  #request(url: string, { expiresAtMs, startsAtMs, ip }: GrantTerms): SignRequest {
    return {
      url,
      keyPairId: this.#keyPairId,
      privateKey: this.#privateKey,
      expiresAtMs,
      ...(startsAtMs === undefined ? {} : { startsAtMs }),
      ...(ip === undefined ? {} : { ip }),
    };
  }
}

function placesOf(watched: Watched): { readonly folder: string; readonly master: string } {
  if ('streamId' in watched) return { folder: liveFolder(watched.streamId), master: liveMasterPath(watched.streamId) };
  return { folder: `/${filmPrefix(watched.assetId)}`, master: `/${masterKey(watched.assetId)}` };
}

function urlsOfAsset(
  { assetId, hasManifest }: Extract<Watched, { assetId: string }>,
  signed: (path: string) => string,
): Partial<GrantBody> {
  return {
    assetId,
    ...(hasManifest ? { dashUrl: signed(`/${manifestKey(assetId)}`) } : {}),
    posterUrl: signed(`/${posterKey(assetId)}`),
    storyboardUrl: signed(`/${storyboardKey(assetId)}`),
  };
}

/** The channel goes by the token: it is a WebSocket, and a signed URL is of http. */
function urlsOfStream(
  { streamId }: Extract<Watched, { streamId: string }>,
  edgeUrl: string,
  token: string,
): Partial<GrantBody> {
  const channel = `${edgeUrl.replace(/^http/, 'ws')}${liveChannelPath(streamId)}`;
  return { streamId, channelUrl: `${channel}?token=${token}` };
}
