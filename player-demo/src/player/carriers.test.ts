import { describe, expect, test } from 'vitest';
import type { Asset, PlaybackGrant } from '../api/shapes.ts';
import { clearedCookies, cookiesReach, grantCookies, publicSource, signedSource } from './carriers.ts';

const EDGE = 'http://127.0.0.1:8090/assets/as_1';
const ASSET = {
  playbackUrl: `${EDGE}/master.m3u8`,
  posterUrl: `${EDGE}/poster.jpg`,
  storyboardUrl: `${EDGE}/storyboard.vtt`,
} as Asset;
const GRANT = {
  expiresAt: '2026-01-01T00:00:00.000Z',
  url: `${EDGE}/master.m3u8?Expires=1`,
  posterUrl: `${EDGE}/poster.jpg?Expires=1`,
  storyboardUrl: `${EDGE}/storyboard.vtt?Expires=1`,
  tokenUrl: `${EDGE}/master.m3u8?token=t`,
  cookies: { 'CloudFront-Policy': 'p', 'CloudFront-Signature': 's', 'CloudFront-Key-Pair-Id': 'K1' },
  cookiePath: '/assets/as_1/',
} as unknown as PlaybackGrant;

describe('where the player reads from', () => {
  test('a public film plays from its plain addresses', () => {
    expect(publicSource(ASSET)).toEqual({
      url: ASSET.playbackUrl,
      withCredentials: false,
      posterUrl: ASSET.posterUrl,
      storyboardUrl: ASSET.storyboardUrl,
    });
  });

  test.each([
    ['url', GRANT.url, false],
    ['cookies', ASSET.playbackUrl, true],
    ['token', GRANT.tokenUrl, false],
  ] as const)('the carrier %s has its address', (carrier, url, withCredentials) => {
    expect(signedSource(ASSET, GRANT, carrier)).toMatchObject({ url, withCredentials, posterUrl: GRANT.posterUrl });
  });

  test('a film without pictures asks for none', () => {
    const { posterUrl: _poster, storyboardUrl: _storyboard, ...audio } = ASSET;
    expect(signedSource(audio, GRANT, 'url')).toEqual({ url: GRANT.url, withCredentials: false });
  });
});

describe('the cookies of a grant', () => {
  test('are bound to the film’s folder and end with the grant', () => {
    expect(grantCookies(GRANT)).toEqual([
      'CloudFront-Policy=p; Path=/assets/as_1/; Expires=Thu, 01 Jan 2026 00:00:00 GMT; SameSite=Lax',
      'CloudFront-Signature=s; Path=/assets/as_1/; Expires=Thu, 01 Jan 2026 00:00:00 GMT; SameSite=Lax',
      'CloudFront-Key-Pair-Id=K1; Path=/assets/as_1/; Expires=Thu, 01 Jan 2026 00:00:00 GMT; SameSite=Lax',
    ]);
  });

  test('are taken away under the same path', () => {
    expect(clearedCookies('/assets/as_1/')[0]).toBe('CloudFront-Policy=; Path=/assets/as_1/; Max-Age=0; SameSite=Lax');
  });

  test('reach the edge by host name, whatever the port', () => {
    expect(cookiesReach(ASSET.playbackUrl, '127.0.0.1')).toBe(true);
    expect(cookiesReach(ASSET.playbackUrl, 'localhost')).toBe(false);
    expect(cookiesReach('', 'localhost')).toBe(false);
  });
});
