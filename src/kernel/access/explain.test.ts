import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { encodeUrlSafe } from './canonical.ts';
import { derivedKeyOf, deriveToken } from './derive.ts';
import { explainGrant } from './explain.ts';
import { signUrl } from './sign.ts';

const NOW_MS = 1_800_000_000_000;
const ORIGIN = 'https://media.example';
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const keys = { find: (id: string) => (id === 'KEC' ? publicKey : undefined) };
const TERMS = { url: `${ORIGIN}/a.mp4`, keyPairId: 'KEC', privateKey, expiresAtMs: NOW_MS + 60_000 };

function explain(url: string, more: { origin?: string; ip?: string } = {}) {
  const { origin = ORIGIN, ip } = more;
  return explainGrant({ origin, target: url.slice(ORIGIN.length), ip, nowMs: NOW_MS }, keys);
}

function failedChecks(url: string, more: { origin?: string; ip?: string } = {}): string[] {
  const { checks } = explain(url, more);
  return checks.filter(({ outcome }) => outcome === 'failed').map(({ check }) => check);
}

test('a good URL passes every check', () => {
  const explanation = explain(signUrl({ ...TERMS, ip: '10.0.0.0/8' }), { ip: '10.1.1.1' });
  expect(explanation).toMatchObject({ granted: true, carrier: 'url', keyPairId: 'KEC', url: `${ORIGIN}/a.mp4` });
  expect(explanation.checks.map(({ outcome }) => outcome)).toEqual(Array(9).fill('passed'));
});

test('all that fails is told, not only the first', () => {
  const url = signUrl({ ...TERMS, expiresAtMs: NOW_MS - 1_000, ip: '10.0.0.0/8' }).replace('/a.mp4', '/b.mp4');
  expect(failedChecks(url, { ip: '192.0.2.1' })).toEqual(['expiry', 'address', 'resource']);
});

describe('what fails is named', () => {
  test.each([
    ['nothing presented', `${ORIGIN}/a.mp4`, 'credential'],
    ['an unknown key', signUrl(TERMS).replace('=KEC', '=KNONE'), 'key'],
    ['a policy that is none', `${ORIGIN}/a.mp4?Policy=${encodeUrlSafe('{}')}&Signature=AAAA&Key-Pair-Id=KEC`, 'terms'],
    ['a changed path', signUrl(TERMS).replace('/a.mp4', '/b.mp4'), 'signature'],
  ])('%s', (_, url, check) => expect(failedChecks(url)).toEqual([check]));
});

test('the decoded policy is shown', () => {
  expect(explain(signUrl({ ...TERMS, ip: '10.0.0.0/8' })).policy).toEqual({
    Statement: [
      {
        Resource: `${ORIGIN}/a.mp4`,
        Condition: { DateLessThan: { 'AWS:EpochTime': 1_800_000_060 }, IpAddress: { 'AWS:SourceIp': '10.0.0.0/8' } },
      },
    ],
  });
});

test('without the viewer’s address nobody is said to be outside', () => {
  const explanation = explain(signUrl({ ...TERMS, ip: '10.0.0.0/8' }));
  expect(explanation.granted).toBe(true);
  expect(explanation.checks.find(({ check }) => check === 'address')?.outcome).toBe('unknown');
});

describe('a signature that nearly fits comes with a hint', () => {
  test('another scheme, as behind a proxy', () => {
    expect(explain(signUrl(TERMS), { origin: 'http://media.example' }).hints).toEqual([
      'The signature fits over https.',
    ]);
  });

  test('another digest', () => {
    const url = signUrl({ ...TERMS, hash: 'SHA256' }).replace('&Hash-Algorithm=SHA256', '');
    expect(explain(url).hints).toEqual(['The signature fits with Hash-Algorithm=SHA256.']);
  });
});

test('a token that an edge made is called so, not of an unknown key', () => {
  const grant = { carrier: 'url', id: 'x', keyPairId: 'KEC', derived: false, expiresAtMs: TERMS.expiresAtMs } as const;
  const token = deriveToken(grant, '/a/*', derivedKeyOf('secret'));
  const explanation = explain(`${ORIGIN}/t/${token}/a/b.m4s`);
  expect(explanation).toMatchObject({ granted: false, why: 'token-of-edge', keyPairId: 'KEC' });
});
