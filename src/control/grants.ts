import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { Secrets } from '../config/secrets.ts';
import { signToken } from '../kernel/access/grant-token.ts';
import { type SignRequest, signCookies, signUrl } from '../kernel/access/sign.ts';
import { filmPrefix, manifestKey, masterKey, posterKey, storyboardKey } from '../kernel/film/paths.ts';
import type { GrantBody } from './schemas.ts';

export interface GrantTerms {
  readonly assetId: string;
  /** Without a manifest there is no address of one to sign. */
  readonly hasManifest: boolean;
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
    const { assetId, hasManifest, ...limits } = terms;
    const folder = filmPrefix(assetId);
    const token = signToken({ paths: [`/${folder}*`], ...limits }, this.#keyPairId, this.#privateKey);
    const signed = (key: string) => signUrl(this.#request(`${edgeUrl}/${key}`, terms));
    const master = masterKey(assetId);
    return {
      assetId,
      expiresAt: new Date(terms.expiresAtMs).toISOString(),
      keyPairId: this.#keyPairId,
      url: signed(master),
      ...(hasManifest ? { dashUrl: signed(manifestKey(assetId)) } : {}),
      posterUrl: signed(posterKey(assetId)),
      storyboardUrl: signed(storyboardKey(assetId)),
      cookies: this.#cookies(`${edgeUrl}/${folder}*`, terms),
      cookiePath: `/${folder}`,
      token,
      tokenUrl: `${edgeUrl}/${master}?token=${token}`,
      pathUrl: `${edgeUrl}/t/${token}/${master}`,
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
