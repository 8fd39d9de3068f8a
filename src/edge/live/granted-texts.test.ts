import { expect, test } from 'vitest';
import { derivedKeyOf, derivedSecretOf, deriveToken } from '../../kernel/access/derive.ts';
import type { Grant } from '../../kernel/access/proof.ts';
import { GrantedTexts } from './granted-texts.ts';

const PLAYLIST = Buffer.from(
  [
    '#EXTM3U',
    '#EXT-X-MAP:URI="1/init.mp4"',
    '#EXTINF:2,',
    '1/s00001.m4s',
    '#EXT-X-PART:DURATION=0.3,URI="1/s00002.p0.m4s",INDEPENDENT=YES',
    '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="1/s00002.p1.m4s"',
    '#EXT-X-RENDITION-REPORT:URI="../360p/index.m3u8",LAST-MSN=2,LAST-PART=0',
    '',
  ].join('\n'),
);

test('each viewer gets his own names of all children, and the rest as it stands', () => {
  const texts = new GrantedTexts();
  for (const prefix of ['/t/one/', '/t/two/']) {
    const expected = PLAYLIST.toString().replaceAll('1/init', `${prefix}1/init`).replaceAll('1/s0', `${prefix}1/s0`);
    expect(texts.write(PLAYLIST, prefix)).toBe(expected);
  }
});

test('a token is the same while its grant and the key are, and of every grant and path another', () => {
  const texts = new GrantedTexts();
  const [key, other] = [derivedKeyOf(derivedSecretOf('a')), derivedKeyOf(derivedSecretOf('b'))];
  const grant = (id: string): Grant => ({ id, keyPairId: 'K', expiresAtMs: 2e12, carrier: 'url' }) as Grant;
  const first = texts.token(grant('1'), '/a/*', key);
  expect(texts.token(grant('1'), '/a/*', key)).toBe(first);
  expect(first).toBe(deriveToken(grant('1'), '/a/*', key));
  const others = [
    texts.token(grant('2'), '/a/*', key),
    texts.token(grant('1'), '/b/*', key),
    texts.token(grant('1'), '/a/*', other),
  ];
  expect(new Set([first, ...others]).size).toBe(4);
});

test('grants that differ in any one thing have each its own token', () => {
  const texts = new GrantedTexts();
  const key = derivedKeyOf(derivedSecretOf('a'));
  const grant = { id: '1', keyPairId: 'K', expiresAtMs: 2e12, carrier: 'url' } as Grant;
  const grants = [
    grant,
    { ...grant, id: '2' },
    { ...grant, keyPairId: 'L' },
    { ...grant, expiresAtMs: 2e12 + 1_000 },
    { ...grant, ip: '10.0.0.1' },
    { ...grant, ip: '10.0.0.0/8' },
  ];
  for (const each of grants) expect(texts.token(each, '/a/*', key)).toBe(deriveToken(each, '/a/*', key));
});
